//! Making a server hold what a node's plan says, as often as one likes.
//!
//! What is there is read, the plan is laid over it, and only a difference is written: so a second
//! run changes nothing, and what the server adds on its own is left alone. Nothing is ever
//! deleted here: a stream that the plan no longer names may hold the only copy of something.

use std::time::Duration;

use async_nats::jetstream::consumer::{self, AckPolicy, DeliverPolicy};
use async_nats::jetstream::stream::{
    Config, DiscardPolicy, Info, Republish, RetentionPolicy, StorageType,
};
use serde_json::json;

use super::connect::Bus;
use super::error::BusError;
use crate::address::{Discard, DurableSpec, NodePlan, Retention, StreamSpec};
use crate::notice::MAX_MESSAGE_BYTES;

/// The server's smallest. Zero would mean two minutes; no message carries an id to compare.
const DUPLICATE_WINDOW: Duration = Duration::from_millis(100);
/// How long a delivered message may stay unsettled before it comes again.
const ACK_WAIT: Duration = Duration::from_secs(30);
/// Unsettled messages per durable: one pull's worth.
const ACK_PENDING: i64 = 64;

/// What was done. Streams by name, durables as `stream/durable`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// New.
    pub created: Vec<String>,
    /// Changed to what the plan says.
    pub updated: Vec<String>,
    /// As planned already.
    pub unchanged: Vec<String>,
    /// Durables whose filters grew, set back to the start of their stream.
    pub reset: Vec<String>,
}

/// Which part of a plan could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProvisionError {
    /// Replicas must be 1, 3 or 5.
    #[error("{0} replicas: 1, 3 or 5 are possible")]
    Replicas(usize),
    /// A stream.
    #[error("stream {name}: {cause}")]
    Stream {
        /// Its name.
        name: String,
        /// What went wrong.
        cause: BusError,
    },
    /// A durable.
    #[error("durable {name}: {cause}")]
    Durable {
        /// Its stream and name.
        name: String,
        /// What went wrong.
        cause: BusError,
    },
}

#[derive(Clone, Copy)]
enum Done {
    Created,
    Updated,
    Unchanged,
}

/// Creates or updates every stream and durable of a plan, streams first. Each one takes at most
/// three requests of [`super::REQUEST_TIMEOUT`]. `bus` is the provisioner's.
///
/// # Errors
/// [`ProvisionError`] at the first that fails; running again goes on from there.
pub async fn provision(
    bus: &Bus,
    plan: &NodePlan,
    replicas: usize,
) -> Result<Report, ProvisionError> {
    if ![1, 3, 5].contains(&replicas) {
        return Err(ProvisionError::Replicas(replicas));
    }
    let mut report = Report::default();
    for spec in &plan.streams {
        let done = bus.provision_stream(spec, replicas).await;
        let failed = |cause| ProvisionError::Stream { name: spec.name.clone(), cause };
        report.note(done.map_err(failed)?, spec.name.clone());
    }
    for spec in &plan.durables {
        let name = format!("{}/{}", spec.stream, spec.name);
        let (done, reset) = bus
            .provision_durable(spec)
            .await
            .map_err(|cause| ProvisionError::Durable { name: name.clone(), cause })?;
        report.reset.extend(reset.then(|| name.clone()));
        report.note(done, name);
    }
    Ok(report)
}

impl Report {
    fn note(&mut self, done: Done, name: String) {
        match done {
            Done::Created => self.created.push(name),
            Done::Updated => self.updated.push(name),
            Done::Unchanged => self.unchanged.push(name),
        }
    }
}

impl Bus {
    async fn provision_stream(&self, spec: &StreamSpec, replicas: usize) -> Result<Done, BusError> {
        let name = &spec.name;
        let asked: Result<Info, _> =
            self.api(false, format!("STREAM.INFO.{name}"), &json!({}), name).await;
        let (verb, done, wanted) = match asked {
            Err(BusError::Missing { .. }) => {
                ("CREATE", Done::Created, laid_over(Config::default(), spec, replicas))
            }
            Err(error) => return Err(error),
            Ok(info) => {
                let wanted = laid_over(info.config.clone(), spec, replicas);
                if wanted == info.config {
                    return Ok(Done::Unchanged);
                }
                ("UPDATE", Done::Updated, wanted)
            }
        };
        let wanted = serde_json::to_value(&wanted).map_err(|error| BusError::other(name, error))?;
        let _: Info = self.api(false, format!("STREAM.{verb}.{name}"), &wanted, name).await?;
        Ok(done)
    }

    async fn provision_durable(&self, spec: &DurableSpec) -> Result<(Done, bool), BusError> {
        match self.durable_config(spec).await? {
            None => {
                self.write_durable(spec, durable_over(consumer::Config::default(), spec)).await?;
                Ok((Done::Created, false))
            }
            Some(found) => {
                let wanted = durable_over(found.clone(), spec);
                if wanted == found {
                    return Ok((Done::Unchanged, false));
                }
                let wider = widens(&found.filter_subjects, &spec.filters) && !spec.fold;
                self.write_durable(spec, wanted).await?;
                if wider {
                    self.reset(&spec.stream, &spec.name, 1).await?;
                }
                Ok((Done::Updated, wider))
            }
        }
    }

    /// Gives an existing durable new filters and, if they let anything new through, sets it back
    /// to the start of its stream; the server would not deliver the older messages otherwise.
    /// Returns whether it was set back. Needs `CONSUMER.INFO`, `CONSUMER.CREATE` and
    /// `CONSUMER.RESET` of that durable by name. Readers pull on undisturbed.
    ///
    /// # Errors
    /// [`BusError`]; [`BusError::Missing`] if the durable was never provisioned.
    pub async fn change_filters(&self, spec: &DurableSpec) -> Result<bool, BusError> {
        let Some(found) = self.durable_config(spec).await? else {
            let what = format!("{}/{}", spec.stream, spec.name);
            return Err(BusError::Missing { what, code: 10_014, text: "not provisioned".into() });
        };
        let mut wanted = found.clone();
        wanted.filter_subjects.clone_from(&spec.filters);
        wanted.filter_subject.clear();
        if wanted == found {
            return Ok(false);
        }
        let wider = widens(&found.filter_subjects, &spec.filters);
        self.write_durable(spec, wanted).await?;
        if wider {
            self.reset(&spec.stream, &spec.name, 1).await?;
        }
        Ok(wider)
    }

    async fn durable_config(
        &self,
        spec: &DurableSpec,
    ) -> Result<Option<consumer::Config>, BusError> {
        match self.durable(&spec.stream, &spec.name, false).await {
            Ok(found) => Ok(Some(found.cached_info().config.clone())),
            Err(BusError::Missing { what, code, text }) if code == 10_059 => {
                Err(BusError::Missing { what, code, text })
            }
            Err(BusError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn write_durable(
        &self,
        spec: &DurableSpec,
        wanted: consumer::Config,
    ) -> Result<(), BusError> {
        let what = format!("{}/{}", spec.stream, spec.name);
        let subject = format!("CONSUMER.CREATE.{}.{}", spec.stream, spec.name);
        let payload = json!({"stream_name": spec.stream, "config": wanted, "action": ""});
        let _: consumer::Info = self.api(false, subject, &payload, &what).await?;
        Ok(())
    }
}

/// Whether anything passes `new` that did not pass `old`; no filter at all lets all pass.
fn widens(old: &[String], new: &[String]) -> bool {
    !old.is_empty() && (new.is_empty() || new.iter().any(|filter| !old.contains(filter)))
}

fn laid_over(mut config: Config, spec: &StreamSpec, replicas: usize) -> Config {
    config.name.clone_from(&spec.name);
    config.subjects.clone_from(&spec.subjects);
    config.storage = StorageType::File;
    config.num_replicas = replicas;
    config.retention = match spec.retention {
        Retention::Limits => RetentionPolicy::Limits,
        Retention::WorkQueue => RetentionPolicy::WorkQueue,
    };
    config.discard = match spec.discard {
        Discard::New => DiscardPolicy::New,
        Discard::Old => DiscardPolicy::Old,
    };
    config.max_messages = -1;
    config.max_messages_per_subject = spec.per_subject.unwrap_or(-1);
    config.discard_new_per_subject = spec.discard == Discard::New && spec.per_subject.is_some();
    config.max_bytes = spec.max_bytes;
    config.max_age = spec.max_age.unwrap_or_default();
    config.max_message_size = i32::try_from(MAX_MESSAGE_BYTES).unwrap_or(i32::MAX);
    // The server refuses a window longer than the greatest age.
    config.duplicate_window = DUPLICATE_WINDOW;
    config.allow_message_ttl = spec.ttl;
    config.allow_direct = true;
    config.allow_rollup = false;
    // Erasing withdrawals delete single messages; emptying a stream is nobody's business.
    (config.deny_delete, config.deny_purge) = (false, true);
    config.republish = spec.republish.as_ref().map(|(source, destination)| Republish {
        source: source.clone(),
        destination: destination.clone(),
        headers_only: false,
    });
    config
}

fn durable_over(mut config: consumer::Config, spec: &DurableSpec) -> consumer::Config {
    config.durable_name = Some(spec.name.clone());
    config.name = Some(spec.name.clone());
    config.deliver_policy = DeliverPolicy::All;
    config.filter_subject.clear();
    config.filter_subjects.clone_from(&spec.filters);
    config.headers_only = spec.fold;
    config.max_deliver = -1;
    if spec.fold {
        config.ack_policy = AckPolicy::None;
    } else {
        config.ack_policy = AckPolicy::Explicit;
        config.ack_wait = ACK_WAIT;
        config.max_ack_pending = ACK_PENDING;
    }
    config
}

#[cfg(test)]
mod tests {
    use super::widens;

    fn list(filters: &[&str]) -> Vec<String> {
        filters.iter().map(|f| (*f).to_owned()).collect()
    }

    #[test]
    fn a_new_filter_widens_and_a_dropped_one_does_not() {
        assert!(widens(&list(&["a.*"]), &list(&["a.*", "b.*"])));
        assert!(!widens(&list(&["a.*", "b.*"]), &list(&["a.*"])));
    }

    #[test]
    fn no_filter_lets_everything_pass() {
        assert!(widens(&list(&["a.*"]), &[]));
        assert!(!widens(&[], &list(&["a.*"])));
    }
}
