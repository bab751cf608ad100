//! Reading a whole stream from its first message, at start.
//!
//! A durable made for this (no acknowledgements; headers only where bodies are large) is set back
//! to the start and read to its end. It beats direct gets, which bring every body along, and an
//! ordered consumer, which needs the right to create consumers. 100 000 headers take two seconds.

use std::pin::Pin;
use std::time::Duration;

use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::pull::Stream;
use futures_util::StreamExt as _;
use futures_util::stream::Peekable;

use super::connect::{Bus, BusError, SUBSCRIPTION_CAPACITY, refused};
use super::delivery::Delivery;
use super::pull::{BATCH_BYTES, Reading};

const FOLD: &str = "fold";
/// Two pulls are under way at most, and the library drops what does not fit its buffer.
const BATCH: usize = 1_000;
const _: () = assert!(2 * BATCH < SUBSCRIPTION_CAPACITY);
const HEARTBEAT: Duration = Duration::from_secs(5);
const EXPIRES: Duration = Duration::from_secs(30);
/// After so long without a message the server is asked whether there are any more.
const IDLE: Duration = Duration::from_secs(1);

/// A reader that ends with the stream's last message.
pub struct Fold {
    open: Option<Pin<Box<Peekable<Stream>>>>,
    stream: String,
    bus: Bus,
    /// The durable's count at the last delivery, which a reset sets to 0: a step of more than one
    /// is a loss.
    delivered: u64,
}

impl Bus {
    /// The node for which the durable `fold` of a stream was provisioned; `None` if that was not
    /// noted. Whoever connects with another node's seed finds this out before it writes there.
    ///
    /// # Errors
    /// [`BusError`]: no such durable, not granted, no answer in five seconds.
    pub async fn owner(&self, stream: &str) -> Result<Option<String>, BusError> {
        let durable = self.durable(Reading::Own, stream, FOLD).await?;
        Ok(durable.cached_info().config.description.clone())
    }

    /// Resets the durable `fold` of a stream to its start and reads to its end.
    ///
    /// # Errors
    /// [`BusError`]: no such durable, not granted, no answer in five seconds.
    pub async fn fold(&self, stream: &str) -> Result<Fold, BusError> {
        let what = format!("{stream}.{FOLD}");
        // A reset of what was never provisioned is not answered at all; this question is.
        self.durable(Reading::Own, stream, FOLD).await?;
        // Sequence 1 may be gone; a reset to before the first message starts at the first.
        let consumer = self.reset_consumer(stream, FOLD, 1).await?;
        let (stream_name, bus) = (stream.to_owned(), self.clone());
        let mut fold = Fold { open: None, stream: stream_name, bus, delivered: 0 };
        if consumer.cached_info().num_pending == 0 && fold.is_empty().await? {
            return Ok(fold);
        }
        let open = consumer
            .stream()
            .max_messages_per_batch(BATCH)
            .max_bytes_per_batch(BATCH_BYTES)
            .expires(EXPIRES)
            .heartbeat(HEARTBEAT)
            .messages()
            .await
            .map_err(|e| refused(&what, &e))?;
        fold.open = Some(Box::pin(open.peekable()));
        Ok(fold)
    }
}

impl Fold {
    /// The next message; `None` after the last.
    ///
    /// # Errors
    /// [`BusError::Refused`] if messages were lost on the way, or after ten seconds without a sign
    /// of the server: fold again from the start.
    pub async fn next(&mut self) -> Result<Option<Delivery>, BusError> {
        while let Some(open) = self.open.as_mut() {
            match tokio::time::timeout(IDLE, open.next()).await {
                Ok(Some(Ok(message))) => return self.took(message).map(Some),
                Ok(Some(Err(error))) => return Err(refused(&self.stream, &error)),
                Ok(None) => return Err(refused(&self.stream, &"the durable was deleted")),
                Err(_) => self.end_if_empty().await?,
            }
        }
        Ok(None)
    }

    fn took(&mut self, message: Message) -> Result<Delivery, BusError> {
        let delivery = Delivery::unsettled(message);
        let count = delivery.turn;
        if count != self.delivered + 1 {
            let why =
                format!("messages were lost on the way: {count} came after {}", self.delivered);
            return Err(refused(&self.stream, &why));
        }
        self.delivered = count;
        if delivery.pending == 0 {
            self.open = None;
        }
        Ok(delivery)
    }

    /// What the last message counted as pending may have expired meanwhile and then never comes.
    async fn end_if_empty(&mut self) -> Result<(), BusError> {
        if self.is_empty().await? && !self.has_more().await {
            self.open = None;
        }
        Ok(())
    }

    /// Asked on its own: the counts in the answer to a reset are now and then those of before.
    async fn is_empty(&self) -> Result<bool, BusError> {
        let durable = self.bus.durable(Reading::Own, &self.stream, FOLD).await?;
        Ok(durable.cached_info().num_pending == 0)
    }

    /// Whether something came while the server was asked; it is first in line then.
    async fn has_more(&mut self) -> bool {
        match self.open.as_mut() {
            Some(open) => tokio::time::timeout(IDLE, open.as_mut().peek()).await.is_ok(),
            None => false,
        }
    }
}
