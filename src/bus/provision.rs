//! Making a node's streams and durables, at installation and after each change. Idempotent.
//!
//! What is there is read, the plan is laid over it, and only a difference is written: so a second
//! run changes nothing, and what the server adds on its own is left alone. Nothing is ever
//! deleted here: a stream that the plan no longer names may hold the only copy of something.

use std::collections::BTreeMap;
use std::time::Duration;

use async_nats::jetstream::consumer::{self, AckPolicy, DeliverPolicy};
use async_nats::jetstream::stream::{
    Config, DiscardPolicy, Info, Republish, RetentionPolicy, StorageType,
};
use serde_json::json;

use super::connect::{Bus, BusError, refused};
use super::pull::Reading;
use crate::address::{Discard, DurableSpec, NodePlan, Retention, StreamSpec};
use crate::notice::MAX_MESSAGE_BYTES;

/// Smallest that the server takes; 0 would mean two minutes. Nobody sends message ids.
const DUPLICATE_WINDOW: Duration = Duration::from_millis(100);
/// Longer than verify, place and a reconnect together.
const ACK_WAIT: Duration = Duration::from_secs(30);
const MAX_ACK_PENDING: i64 = 256;
/// What is held is all in hand, each with its own delay: an alert must not stand behind a few
/// hundred that wait for room.
const MAX_HELD_PENDING: i64 = 4_096;
/// A server makes files for every stream, and syncs each: on a slow disk that holds many nodes,
/// seconds for one.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often one request is made: each may be made again, and a server whose disk stood still, or
/// an answer that was lost, is no reason to leave a node half made.
const TRIES: usize = 6;

/// What provisioning did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Provisioned {
    /// Streams that are as planned now.
    pub streams: usize,
    /// Durables that are as planned now.
    pub durables: usize,
    /// How many of these are new.
    pub created: usize,
    /// How many of these had to be changed.
    pub updated: usize,
    /// Durables whose filters grew, so that they were set back to the start of their stream.
    pub reset: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Done {
    Created,
    Updated,
    Reset,
    Unchanged,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Stream(&'p StreamSpec, usize),
    Durable(&'p DurableSpec, Option<&'p str>),
}

impl Bus {
    /// Makes streams and durables as planned; `replicas` is 1 or 3. At most three requests for
    /// each, every one of at most two minutes.
    ///
    /// # Errors
    /// [`BusError`] naming the first stream or durable that fails; running again goes on from
    /// there.
    pub async fn provision(
        &self,
        plan: &NodePlan,
        replicas: usize,
    ) -> Result<Provisioned, BusError> {
        let (mut report, patient) = (Provisioned::default(), self.patient(PATIENCE));
        for spec in &plan.streams {
            report.note(patient.made(Step::Stream(spec, replicas)).await?);
            report.streams += 1;
        }
        let owner = plan.accounts.first().map(|account| account.name.as_str());
        for spec in &plan.durables {
            report.note(patient.made(Step::Durable(spec, owner)).await?);
            report.durables += 1;
        }
        Ok(report)
    }

    /// The subject of every message in a stream, as often as it lies there, for whoever may see
    /// them (the provisioner). The listing comes in pages: what arrives meanwhile can put one
    /// subject onto two of them, which is no second message.
    ///
    /// # Errors
    /// [`BusError::Refused`].
    pub async fn subjects(&self, stream: &str) -> Result<Vec<String>, BusError> {
        let handle = self.jetstream.get_stream_no_info(stream).await;
        let handle = handle.map_err(|e| refused(stream, &e))?;
        let mut listed = handle.info_with_subjects(">").await.map_err(|e| refused(stream, &e))?;
        let mut messages = BTreeMap::new();
        while let Some(next) = futures_util::StreamExt::next(&mut listed).await {
            let (subject, count) = next.map_err(|e| refused(stream, &e))?;
            messages.insert(subject, count);
        }
        let each = |(subject, count)| std::iter::repeat_n(subject, count);
        Ok(messages.into_iter().flat_map(each).collect())
    }

    /// As [`Self::subjects`], of a stream that may not be there yet.
    ///
    /// # Errors
    /// [`BusError`].
    pub async fn subjects_if_any(&self, stream: &str) -> Result<Vec<String>, BusError> {
        let subject = format!("STREAM.INFO.{stream}");
        let asked: Result<Info, _> = self.api(Reading::Own, subject, &json!({}), stream).await;
        match asked {
            Ok(_) => self.subjects(stream).await,
            Err(BusError::Missing { .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Takes a step until it is answered.
    async fn made(&self, step: Step<'_>) -> Result<Done, BusError> {
        let mut tries = 1;
        loop {
            let made = match step {
                Step::Stream(spec, replicas) => self.provision_stream(spec, replicas).await,
                Step::Durable(spec, owner) => self.provision_durable(spec, owner).await,
            };
            match made {
                Err(BusError::NoAnswer { .. }) if tries < TRIES => tries += 1,
                answered => return answered,
            }
        }
    }

    async fn provision_stream(&self, spec: &StreamSpec, replicas: usize) -> Result<Done, BusError> {
        let name = &spec.name;
        let subject = format!("STREAM.INFO.{name}");
        let asked: Result<Info, _> = self.api(Reading::Own, subject, &json!({}), name).await;
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
        let payload = serde_json::to_value(&wanted).map_err(|e| refused(name, &e))?;
        let subject = format!("STREAM.{verb}.{name}");
        let _: Info = self.api(Reading::Own, subject, &payload, name).await?;
        Ok(done)
    }

    async fn provision_durable(
        &self,
        spec: &DurableSpec,
        owner: Option<&str>,
    ) -> Result<Done, BusError> {
        let over = |config| consumer::Config {
            description: owner.map(str::to_owned),
            ..durable_over(config, spec)
        };
        match self.durable(Reading::Own, &spec.stream, &spec.name).await {
            Err(BusError::Missing { .. }) => {
                self.write(spec, &over(consumer::Config::default())).await?;
                Ok(Done::Created)
            }
            Err(error) => Err(error),
            Ok(found) => {
                let found = found.cached_info().config.clone();
                self.change(spec, &found, &over(found.clone())).await
            }
        }
    }

    /// Gives an existing durable the filters of `spec` and, if these let anything new through,
    /// sets it back to the start of its stream: the server would not deliver the older messages
    /// otherwise. Returns whether it was set back. Needs `CONSUMER.INFO`, `CONSUMER.CREATE` and
    /// `CONSUMER.RESET` of that durable by name. Whoever pulls goes on undisturbed.
    ///
    /// # Errors
    /// [`BusError`]; [`BusError::Missing`] if the durable was never provisioned.
    pub async fn change_filters(&self, spec: &DurableSpec) -> Result<bool, BusError> {
        let found = self.durable(Reading::Own, &spec.stream, &spec.name).await?;
        let found = found.cached_info().config.clone();
        let mut wanted = found.clone();
        wanted.filter_subjects.clone_from(&spec.filters);
        wanted.filter_subject.clear();
        Ok(self.change(spec, &found, &wanted).await? == Done::Reset)
    }

    async fn change(
        &self,
        spec: &DurableSpec,
        found: &consumer::Config,
        wanted: &consumer::Config,
    ) -> Result<Done, BusError> {
        if wanted == found {
            return Ok(Done::Unchanged);
        }
        self.write(spec, wanted).await?;
        if spec.fold || !widens(&found.filter_subjects, &wanted.filter_subjects) {
            return Ok(Done::Updated);
        }
        self.reset(&spec.stream, &spec.name, 1).await?;
        Ok(Done::Reset)
    }

    async fn write(&self, spec: &DurableSpec, wanted: &consumer::Config) -> Result<(), BusError> {
        let what = format!("{}.{}", spec.stream, spec.name);
        let subject = format!("CONSUMER.CREATE.{what}");
        let payload = json!({"stream_name": spec.stream, "config": wanted, "action": ""});
        let _: consumer::Info = self.api(Reading::Own, subject, &payload, &what).await?;
        Ok(())
    }
}

impl Provisioned {
    fn note(&mut self, done: Done) {
        self.created += usize::from(done == Done::Created);
        self.updated += usize::from(matches!(done, Done::Updated | Done::Reset));
        self.reset += usize::from(done == Done::Reset);
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
    config.headers_only = spec.headers_only;
    config.max_deliver = -1;
    if spec.fold {
        config.ack_policy = AckPolicy::None;
    } else {
        config.ack_policy = AckPolicy::Explicit;
        config.ack_wait = ACK_WAIT;
        let held = spec.stream == "HELD";
        config.max_ack_pending = if held { MAX_HELD_PENDING } else { MAX_ACK_PENDING };
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
