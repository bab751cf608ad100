//! Start-up reads everything that a stream holds, headers first of all.
//!
//! A durable made for this (no acknowledgements; for large streams headers only) is set back to
//! the start and read to its end. It beats direct gets, which bring every body along, and an
//! ordered consumer, which needs the right to create consumers.

use std::time::Duration;

use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::consumer::pull::Stream;
use futures_util::StreamExt;

use super::connect::Bus;
use super::error::BusError;
use super::headers::Headers;
use super::pull::PULL_BYTES;

/// Messages that one pull asks for.
const BATCH: usize = 5_000;
const HEARTBEAT: Duration = Duration::from_secs(5);
const EXPIRES: Duration = Duration::from_secs(30);
/// What a durable without bodies puts in their place.
const SIZE: &str = "Nats-Msg-Size";

/// One stored message, as a fold sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded {
    /// Its subject.
    pub subject: String,
    /// All its headers.
    pub headers: Headers,
    /// Its payload's length in bytes.
    pub size: u64,
    /// Its payload; empty if the durable is headers-only.
    pub payload: Vec<u8>,
    /// Its sequence in the stream.
    pub sequence: u64,
}

impl Bus {
    /// Gives every message that the durable's filters match to `each`, in the stream's order, and
    /// returns how many there were. Ends when the durable has nothing more, so it wants a stream
    /// that nobody writes to meanwhile. Fails after 10 s without a sign of the server.
    /// 100 000 headers take two to three seconds.
    ///
    /// # Errors
    /// [`BusError`]; what `each` has seen by then is incomplete.
    pub async fn fold(
        &self,
        stream: &str,
        durable: &str,
        mut each: impl FnMut(Folded),
    ) -> Result<u64, BusError> {
        let consumer = self.reset_consumer(stream, durable, 1).await?;
        let what = format!("{stream}/{durable}");
        let mut left = consumer.cached_info().num_pending;
        if left == 0 {
            return Ok(0);
        }
        let mut messages = pull(&consumer, &what).await?;
        let mut seen = 0;
        while left > 0 {
            let next = messages.next().await.ok_or_else(|| BusError::Timeout(what.clone()))?;
            let message = next.map_err(|error| BusError::other(&what, error))?;
            left = pending(&message, &what)?;
            each(folded(message, &what)?);
            seen += 1;
        }
        Ok(seen)
    }
}

async fn pull(consumer: &PullConsumer, what: &str) -> Result<Stream, BusError> {
    consumer
        .stream()
        .max_messages_per_batch(BATCH)
        .max_bytes_per_batch(PULL_BYTES)
        .expires(EXPIRES)
        .heartbeat(HEARTBEAT)
        .messages()
        .await
        .map_err(|error| BusError::other(what, error))
}

fn pending(message: &Message, what: &str) -> Result<u64, BusError> {
    message.info().map(|info| info.pending).map_err(|error| BusError::other(what, error))
}

fn folded(message: Message, what: &str) -> Result<Folded, BusError> {
    let sequence = message
        .info()
        .map(|info| info.stream_sequence)
        .map_err(|error| BusError::other(what, error))?;
    let message = message.message;
    let headers = Headers::from_map(message.headers.as_ref());
    let length = u64::try_from(message.payload.len()).unwrap_or(u64::MAX);
    let size = headers.values(SIZE).first().and_then(|s| s.parse().ok()).unwrap_or(length);
    let (subject, payload) = (message.subject.to_string(), message.payload.into());
    Ok(Folded { subject, headers, size, payload, sequence })
}
