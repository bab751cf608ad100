//! One message that a durable delivered, and its settling.
//!
//! Every settlement waits for the server's confirmation: an acknowledgement that was lost on the
//! way would otherwise be found out by a redelivery 30 s later. The confirmation is not a promise:
//! a server that is killed forgets the last settlements of a second or so, confirmed ones too, and
//! delivers again. Whoever reads has to take a repetition well in any case.

use std::time::Duration;

use async_nats::jetstream::Message;

use super::connect::Bus;
use super::error::BusError;
use super::headers::Headers;

/// A message from a durable. If it is dropped unsettled, it comes again after 30 s.
#[derive(Debug)]
pub struct Delivery {
    /// The subject on which it was stored.
    pub subject: String,
    /// All its headers.
    pub headers: Headers,
    /// Its payload.
    pub payload: Vec<u8>,
    /// Which delivery this is, from 1.
    pub delivered: u64,
    /// Its sequence in the stream.
    pub sequence: u64,
    /// How many more wait behind it.
    pub pending: u64,
    reply: String,
    bus: Bus,
}

impl Delivery {
    /// `None` if it did not come from a durable.
    pub(super) fn new(bus: &Bus, message: Message) -> Option<Self> {
        let (delivered, sequence, pending) = {
            let info = message.info().ok()?;
            let delivered = u64::try_from(info.delivered).unwrap_or(0);
            (delivered, info.stream_sequence, info.pending)
        };
        let message = message.message;
        Some(Self {
            subject: message.subject.to_string(),
            headers: Headers::from_map(message.headers.as_ref()),
            delivered,
            sequence,
            pending,
            reply: message.reply?.to_string(),
            payload: message.payload.into(),
            bus: bus.clone(),
        })
    }

    /// Done: not again, unless the server is killed right now.
    ///
    /// # Errors
    /// [`BusError::Away`], [`BusError::Lost`] or [`BusError::Timeout`]: it may come again.
    pub async fn ack(&self) -> Result<(), BusError> {
        self.settle("+ACK".to_owned()).await
    }

    /// Given up: never again. `reason` stands in the server's advisory, which monitors read, so
    /// it is a code and never content.
    ///
    /// # Errors
    /// As [`Delivery::ack`].
    pub async fn term(&self, reason: &str) -> Result<(), BusError> {
        self.settle(format!("+TERM {reason}")).await
    }

    /// Not now: again after `delay`.
    ///
    /// # Errors
    /// As [`Delivery::ack`].
    pub async fn nak(&self, delay: Duration) -> Result<(), BusError> {
        self.settle(format!("-NAK {{\"delay\":{}}}", delay.as_nanos())).await
    }

    /// Still at it: starts the 30 s anew.
    ///
    /// # Errors
    /// As [`Delivery::ack`].
    pub async fn progress(&self) -> Result<(), BusError> {
        self.settle("+WPI".to_owned()).await
    }

    async fn settle(&self, word: String) -> Result<(), BusError> {
        self.bus.request(&self.reply, word.into_bytes()).await.map(drop)
    }
}
