//! One message, taken apart, and its settling.
//!
//! Every settlement waits for the server's confirmation: an acknowledgement that was lost on the
//! way would otherwise be found out by a redelivery 30 s later. The confirmation is not a promise:
//! a server that is killed forgets the settlements of its last moments, confirmed ones too, and
//! delivers again. Whoever reads has to take a repetition well in any case.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::{HeaderMap, HeaderValue, jetstream};

use super::connect::{Bus, BusError, REQUEST_TIMEOUT};
use crate::notice::{HEADER_BODY_SIG, HEADER_HOPS, HEADER_NOTICE, Time, Wire, WireError};

/// What every sender of ours asks of the server, which stores it with the message.
const EXPECTED: &str = "Nats-Expected-Last-Subject-Sequence";
const TTL: &str = "Nats-TTL";
/// How large a payload is that was left out.
const LEFT_OUT: &str = "Nats-Msg-Size";

/// One message, taken apart; nothing in it is believed.
pub struct Delivery {
    /// The subject that it was stored under.
    pub subject: String,
    /// Every value of the notice header.
    pub notice: Vec<String>,
    /// Every value of the custody header.
    pub hops: Vec<String>,
    /// Every value of the detached signature's header.
    pub body_sig: Vec<String>,
    /// How many other headers it had, besides those with which it was placed.
    pub foreign_headers: usize,
    /// The body.
    pub payload: Vec<u8>,
    /// How large the body is, also where it was left out.
    pub size: u64,
    /// How often it was delivered, this time included.
    pub delivered: u64,
    /// Its sequence in the stream; 0 if it did not come from one.
    pub sequence: u64,
    /// How many more wait behind it.
    pub pending: u64,
    /// Its place among all that its durable has delivered since its last reset, from 1 on.
    pub(super) turn: u64,
    /// When the stream took it, by its server's clock; 1970 if it did not come from one.
    pub stored: Time,
    settling: Option<Settling>,
}

/// Where a message is settled.
struct Settling {
    bus: Bus,
    reply: String,
    /// Set when the server does not answer.
    doubt: Arc<AtomicBool>,
}

impl Delivery {
    /// `doubt` hears of settlements that were not answered.
    pub(super) fn from_jetstream(
        bus: &Bus,
        message: jetstream::Message,
        doubt: &Arc<AtomicBool>,
    ) -> Self {
        let settling = message.reply.as_ref().map(|reply| Settling {
            bus: bus.clone(),
            reply: reply.as_str().to_owned(),
            doubt: Arc::clone(doubt),
        });
        Self { settling, ..Self::unsettled(message) }
    }

    /// From a durable that wants no acknowledgements.
    pub(super) fn unsettled(message: jetstream::Message) -> Self {
        let (delivered, sequence, turn, pending, stored) =
            message.info().map_or((1, 0, 0, 0, Time::default()), |info| {
                let stored = info.published.unix_timestamp().max(0).unsigned_abs();
                let (delivered, stored) = (info.delivered.unsigned_abs(), Time::from_secs(stored));
                (delivered, info.stream_sequence, info.consumer_sequence, info.pending, stored)
            });
        let from_core = Self::from_core(message.message);
        Self { delivered, sequence, turn, pending, stored, ..from_core }
    }

    /// From the answer of a direct get; `None` if it is none.
    pub(super) fn from_direct(message: async_nats::Message) -> Option<Self> {
        let headers = message.headers.as_ref()?;
        let subject = headers.get("Nats-Subject")?.to_string();
        let sequence = headers.get("Nats-Sequence")?.as_str().parse().ok()?;
        Some(Self { subject, sequence, ..Self::from_core(message) })
    }

    pub(super) fn from_core(message: async_nats::Message) -> Self {
        let mut delivery = Self {
            subject: message.subject.as_str().to_owned(),
            size: message.payload.len() as u64,
            notice: Vec::new(),
            hops: Vec::new(),
            body_sig: Vec::new(),
            foreign_headers: 0,
            payload: message.payload.into(),
            delivered: 1,
            sequence: 0,
            turn: 0,
            pending: 0,
            stored: Time::default(),
            settling: None,
        };
        for (name, values) in message.headers.iter().flat_map(HeaderMap::iter) {
            delivery.header(name.as_ref(), values);
        }
        delivery
    }

    fn header(&mut self, name: &str, values: &[HeaderValue]) {
        let texts = || values.iter().map(|value| value.as_str().to_owned()).collect();
        match name {
            HEADER_NOTICE => self.notice = texts(),
            HEADER_HOPS => self.hops = texts(),
            HEADER_BODY_SIG => self.body_sig = texts(),
            LEFT_OUT => {
                let size = values.first().and_then(|size| size.as_str().parse().ok());
                self.size = size.unwrap_or(self.size);
            }
            EXPECTED | TTL => {}
            _ => self.foreign_headers += 1,
        }
    }

    /// The notice that it carries, of which nothing is believed yet.
    ///
    /// # Errors
    /// [`WireError`] if the headers are not a notice's.
    pub fn wire(&self) -> Result<Wire, WireError> {
        fn texts(values: &[String]) -> Vec<&str> {
            values.iter().map(String::as_str).collect()
        }
        let (notice, hops) = (texts(&self.notice), texts(&self.hops));
        Wire::from_headers(&notice, &hops, &texts(&self.body_sig), self.payload.clone())
    }

    /// Settles it for good; waits, at most five seconds, until the server has noted it.
    ///
    /// # Errors
    /// [`BusError`]: it may come again.
    pub async fn ack(&self) -> Result<(), BusError> {
        self.settle("+ACK".to_owned()).await
    }

    /// Settles it as not to be delivered again.
    ///
    /// # Errors
    /// As [`Self::ack`].
    pub async fn term(&self) -> Result<(), BusError> {
        self.settle("+TERM".to_owned()).await
    }

    /// Asks for it again after `delay`.
    ///
    /// # Errors
    /// As [`Self::ack`].
    pub async fn nak(&self, delay: Duration) -> Result<(), BusError> {
        self.settle(format!("-NAK {{\"delay\":{}}}", delay.as_nanos())).await
    }

    /// Starts its 30 s anew: whoever works on it is still at it.
    ///
    /// # Errors
    /// As [`Self::ack`].
    pub async fn progress(&self) -> Result<(), BusError> {
        self.settle("+WPI".to_owned()).await
    }

    async fn settle(&self, word: String) -> Result<(), BusError> {
        let Some(settling) = &self.settling else { return Ok(()) };
        let Settling { bus, reply, doubt } = settling;
        let settled = bus.ask_for(reply, word.into_bytes(), REQUEST_TIMEOUT).await;
        if matches!(settled, Err(BusError::Refused { .. })) {
            doubt.store(true, Ordering::Relaxed);
        }
        settled.map(drop)
    }
}
