//! The JetStream API, asked directly.
//!
//! The library's handles ask for stream information first, which no user but the provisioner is
//! granted; these calls send exactly one request to exactly one subject.

use async_nats::jetstream::consumer::{FromConsumer, Info, PullConsumer};
use async_nats::jetstream::context::RequestErrorKind;
use async_nats::jetstream::response::Response;
use async_nats::jetstream::{Context, ErrorCode, stream};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::connect::{Bus, BusError, refused};
use super::pull::Reading;

/// What says that something is not there.
const ABSENT: [ErrorCode; 3] =
    [ErrorCode::STREAM_NOT_FOUND, ErrorCode::CONSUMER_NOT_FOUND, ErrorCode::NO_MESSAGE_FOUND];

/// How much is in a stream, and how much may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fullness {
    /// Bytes stored, with headers and subjects.
    pub bytes: u64,
    /// Messages stored.
    pub messages: u64,
    /// Its bound in bytes.
    pub max_bytes: u64,
}

/// How far a durable has come, in deliveries; both begin again when it is set back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Up to this one all are settled.
    pub settled: u64,
    /// This one comes last of what is there now.
    pub due: u64,
}

impl Bus {
    /// One API request, `subject` without its prefix; `what` is what an error calls it.
    pub(super) async fn api<V: DeserializeOwned>(
        &self,
        reading: Reading,
        subject: String,
        payload: &Value,
        what: &str,
    ) -> Result<V, BusError> {
        let full = format!("{}.{subject}", reading.prefix());
        let context = self.context(reading);
        let asking = context.request(subject, payload);
        match self.while_possible(&full, asking).await? {
            Ok(Response::Ok(value)) => Ok(value),
            Ok(Response::Err { error }) if ABSENT.contains(&error.error_code()) => {
                Err(BusError::Missing { what: what.to_owned(), why: error.to_string() })
            }
            Ok(Response::Err { error }) => Err(refused(what, &error)),
            Err(error) if error.kind() == RequestErrorKind::TimedOut => {
                Err(BusError::NoAnswer { what: what.to_owned() })
            }
            Err(error) => Err(refused(what, &error)),
        }
    }

    /// Needs nothing but `CONSUMER.INFO` of that durable.
    pub(super) async fn durable(
        &self,
        reading: Reading,
        stream: &str,
        durable: &str,
    ) -> Result<PullConsumer, BusError> {
        let what = format!("{stream}.{durable}");
        let subject = format!("CONSUMER.INFO.{what}");
        let info: Info = self.api(reading, subject, &json!({}), &what).await?;
        pull_consumer(info, self.context(reading), &what)
    }

    /// Whether a durable is there and may be read: a [`super::Pull`] waits for one that is not.
    /// Needs nothing but `CONSUMER.INFO` of it.
    ///
    /// # Errors
    /// [`BusError::Missing`], [`BusError::NotGranted`] or what else the server says.
    pub async fn has_durable(
        &self,
        reading: Reading,
        stream: &str,
        durable: &str,
    ) -> Result<(), BusError> {
        self.durable(reading, stream, durable).await.map(drop)
    }

    /// How many messages of a durable of the own account are not settled. Needs nothing but
    /// `CONSUMER.INFO` of it.
    ///
    /// # Errors
    /// As [`Self::has_durable`].
    pub async fn waiting(&self, stream: &str, durable: &str) -> Result<u64, BusError> {
        let durable = self.durable(Reading::Own, stream, durable).await?;
        let info = durable.cached_info();
        Ok(info.num_pending + u64::try_from(info.num_ack_pending).unwrap_or_default())
    }

    /// How full a stream of the own account is. Needs nothing but `STREAM.INFO` of it.
    ///
    /// # Errors
    /// [`BusError`].
    pub async fn fullness(&self, stream: &str) -> Result<Fullness, BusError> {
        let subject = format!("STREAM.INFO.{stream}");
        let info: stream::Info = self.api(Reading::Own, subject, &json!({}), stream).await?;
        // Without a bound it is never full.
        let max_bytes = u64::try_from(info.config.max_bytes).unwrap_or(u64::MAX);
        Ok(Fullness { bytes: info.state.bytes, messages: info.state.messages, max_bytes })
    }

    /// How far a durable has come that an upstream made for this node. Needs nothing but
    /// `CONSUMER.INFO` of it.
    ///
    /// # Errors
    /// As [`Self::has_durable`].
    pub async fn progress(&self, stream: &str, durable: &str) -> Result<Progress, BusError> {
        let durable = self.durable(Reading::Link, stream, durable).await?;
        let info = durable.cached_info();
        let settled = info.ack_floor.consumer_sequence;
        Ok(Progress { settled, due: info.delivered.consumer_sequence + info.num_pending })
    }

    /// Sets a durable of the own account back to a stream sequence; needs `CONSUMER.RESET` of it.
    ///
    /// What it had delivered and not yet settled is forgotten, and everything from there on that
    /// its filters match comes again. Whoever pulls goes on undisturbed.
    ///
    /// # Errors
    /// [`BusError`].
    pub async fn reset(&self, stream: &str, durable: &str, sequence: u64) -> Result<(), BusError> {
        self.reset_consumer(stream, durable, sequence).await.map(drop)
    }

    pub(super) async fn reset_consumer(
        &self,
        stream: &str,
        durable: &str,
        sequence: u64,
    ) -> Result<PullConsumer, BusError> {
        let what = format!("{stream}.{durable}");
        let subject = format!("CONSUMER.RESET.{what}");
        let payload = json!({"seq": sequence});
        let info: Info = self.api(Reading::Own, subject, &payload, &what).await?;
        pull_consumer(info, self.jetstream.clone(), &what)
    }
}

fn pull_consumer(info: Info, context: Context, what: &str) -> Result<PullConsumer, BusError> {
    let config = FromConsumer::try_from_consumer_config(info.config.clone())
        .map_err(|error| refused(what, &error))?;
    Ok(PullConsumer::new(config, info, context))
}
