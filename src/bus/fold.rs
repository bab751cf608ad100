//! Reading a whole stream from its first message, at start.

use std::time::Duration;

use async_nats::jetstream::consumer::pull::{Config, Stream};
use futures_util::StreamExt as _;

use super::connect::{Bus, BusError, refused};
use super::pull::Delivery;

const FOLD: &str = "fold";
const BATCH: usize = 5_000;
const HEARTBEAT: Duration = Duration::from_secs(5);
const EXPIRES: Duration = Duration::from_secs(30);

/// A reader that ends with the stream's last message.
pub struct Fold {
    open: Option<Stream>,
    stream: String,
}

impl Bus {
    /// Resets the durable `fold` of a stream to its start and reads to its end.
    ///
    /// # Errors
    /// [`BusError::Refused`] if there is no such durable or no answer in five seconds.
    pub async fn fold(&self, stream: &str) -> Result<Fold, BusError> {
        let what = format!("{stream}.{FOLD}");
        let mut consumer = self
            .jetstream
            .get_consumer_from_stream::<Config, _, _>(FOLD, stream)
            .await
            .map_err(|e| refused(&what, &e))?;
        // Sequence 1 may be gone; a reset to before the first message starts at the first.
        let reset = consumer.reset(Some(1)).await.map_err(|e| refused(&what, &e))?;
        if reset.info.num_pending == 0 {
            return Ok(Fold { open: None, stream: stream.to_owned() });
        }
        let open = consumer
            .stream()
            .max_messages_per_batch(BATCH)
            .expires(EXPIRES)
            .heartbeat(HEARTBEAT)
            .messages()
            .await
            .map_err(|e| refused(&what, &e))?;
        Ok(Fold { open: Some(open), stream: stream.to_owned() })
    }
}

impl Fold {
    /// The next message; `None` after the last.
    ///
    /// # Errors
    /// [`BusError::Refused`] if the server is lost on the way: fold again from the start.
    pub async fn next(&mut self) -> Result<Option<Delivery>, BusError> {
        let Some(open) = self.open.as_mut() else { return Ok(None) };
        match open.next().await {
            Some(Ok(message)) => {
                let delivery = Delivery::from_jetstream(message);
                if delivery.pending == 0 {
                    self.open = None;
                }
                Ok(Some(delivery))
            }
            Some(Err(error)) => Err(refused(&self.stream, &error)),
            None => Err(refused(&self.stream, &"the durable was deleted")),
        }
    }
}
