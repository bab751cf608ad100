//! The JetStream API, asked directly.
//!
//! The library's handles ask for stream information first, which no user but the provisioner is
//! granted; these calls send exactly one request to exactly one subject.

use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::{FromConsumer, Info, PullConsumer};
use async_nats::jetstream::response::Response;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::connect::{Bus, prefix};
use super::error::BusError;

impl Bus {
    /// One API request, `subject` without its prefix, which `via_prefix`
    /// chooses; `what` is what an error calls it.
    pub(super) async fn api<V: DeserializeOwned>(
        &self,
        via_prefix: bool,
        subject: String,
        payload: &Value,
        what: &str,
    ) -> Result<V, BusError> {
        self.require_up()?;
        let full = format!("{}.{subject}", prefix(via_prefix));
        let asking = self.context(via_prefix).request(subject, payload);
        match self.while_possible(&full, asking).await? {
            Ok(Response::Ok(value)) => Ok(value),
            Ok(Response::Err { error }) => Err(BusError::api(what, &error)),
            Err(error) => Err(BusError::request(what, &error)),
        }
    }

    /// Needs nothing but `CONSUMER.INFO` of that durable.
    pub(super) async fn durable(
        &self,
        stream: &str,
        durable: &str,
        via_prefix: bool,
    ) -> Result<PullConsumer, BusError> {
        let what = format!("{stream}/{durable}");
        let subject = format!("CONSUMER.INFO.{stream}.{durable}");
        let info: Info = self.api(via_prefix, subject, &json!({}), &what).await?;
        pull_consumer(info, self.context(via_prefix), &what)
    }

    /// Sets a durable back to a stream sequence; needs `CONSUMER.RESET` of that durable.
    ///
    /// What it had delivered and not yet settled is forgotten, and everything from there on that
    /// its filters match comes again.
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
        let what = format!("{stream}/{durable}");
        let subject = format!("CONSUMER.RESET.{stream}.{durable}");
        let info: Info = self.api(false, subject, &json!({"seq": sequence}), &what).await?;
        pull_consumer(info, &self.js, &what)
    }
}

fn pull_consumer(info: Info, context: &Context, what: &str) -> Result<PullConsumer, BusError> {
    let config = FromConsumer::try_from_consumer_config(info.config.clone())
        .map_err(|error| BusError::other(what, error))?;
    Ok(PullConsumer::new(config, info, context.clone()))
}
