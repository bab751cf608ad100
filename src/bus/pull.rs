//! Pulling from a pre-created durable, for as long as its owner wants.

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::consumer::pull::{Config, MessagesErrorKind, Stream};
use async_nats::jetstream::{self, AckKind};
use futures_util::StreamExt as _;

use super::connect::{Bus, BusError, refused};
use crate::address::LINK_API;
use crate::notice::{
    HEADER_BODY_SIG, HEADER_HOPS, HEADER_NOTICE, MAX_MESSAGE_BYTES, Wire, WireError,
};

/// Messages in one pull.
const BATCH: usize = 64;
/// Bytes in one pull: more, and large bodies cut the connection of a slow reader; below two
/// messages, a large one would never come.
const BATCH_BYTES: usize = 24 * 1024 * 1024;
const _: () = assert!(BATCH_BYTES >= 2 * MAX_MESSAGE_BYTES);
/// What every sender of ours asks of the server, which stores it with the message.
const EXPECTED: &str = "Nats-Expected-Last-Subject-Sequence";
const TTL: &str = "Nats-TTL";
const EXPIRES: Duration = Duration::from_secs(30);
const HEARTBEAT: Duration = Duration::from_secs(5);
/// First and longest delay before a durable is opened again.
const REOPEN: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));

/// Whose durable is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// One of the node's own account.
    Own,
    /// One that an upstream made for this node, through its account's imports.
    Link,
}

/// An endless reader of one durable.
pub struct Pull {
    bus: Bus,
    context: jetstream::Context,
    stream: String,
    durable: String,
    open: Option<Stream>,
    delay: Duration,
    told: Option<String>,
}

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
    /// How often it was delivered, this time included.
    pub delivered: u64,
    /// How many more wait behind it.
    pub pending: u64,
    handle: Option<jetstream::message::Acker>,
}

impl Bus {
    /// A reader of `durable` on `stream`; nothing is asked before [`Pull::next`].
    #[must_use]
    pub fn pull(&self, reading: Reading, stream: &str, durable: &str) -> Pull {
        let context = match reading {
            Reading::Own => self.jetstream.clone(),
            // Under `$JS.API.` the server itself answers first, that there is no JetStream.
            Reading::Link => jetstream::with_prefix(self.client.clone(), LINK_API),
        };
        Pull {
            bus: self.clone(),
            context,
            stream: stream.to_owned(),
            durable: durable.to_owned(),
            open: None,
            delay: REOPEN.0,
            told: None,
        }
    }
}

impl Pull {
    /// The next message. Waits for as long as it takes: a lost server, a durable that is not
    /// there yet or was deleted are tried again, with one log line for each new reason.
    pub async fn next(&mut self) -> Delivery {
        loop {
            if self.open.is_none() {
                self.reopen().await;
                continue;
            }
            let Some(stream) = self.open.as_mut() else { continue };
            match stream.next().await {
                Some(Ok(message)) => {
                    self.delay = REOPEN.0;
                    return Delivery::from_jetstream(message);
                }
                // The server was lost or slow; the same stream goes on once it is back.
                Some(Err(error)) if error.kind() == MessagesErrorKind::MissingHeartbeat => {}
                Some(Err(error)) => self.close(&error.to_string()).await,
                None => self.close("the durable was deleted").await,
            }
        }
    }

    async fn reopen(&mut self) {
        match self.try_open().await {
            Ok(stream) => {
                if self.told.take().is_some() {
                    tracing::info!(stream = %self.stream, durable = %self.durable,
                        connection = %self.bus.name, "reading again");
                }
                self.open = Some(stream);
            }
            Err(error) => self.close(&error.to_string()).await,
        }
    }

    async fn try_open(&self) -> Result<Stream, BusError> {
        let consumer = self
            .context
            .get_consumer_from_stream::<Config, _, _>(&self.durable, &self.stream)
            .await
            .map_err(|e| refused(&self.durable, &e))?;
        consumer
            .stream()
            .max_messages_per_batch(BATCH)
            .max_bytes_per_batch(BATCH_BYTES)
            .expires(EXPIRES)
            .heartbeat(HEARTBEAT)
            .messages()
            .await
            .map_err(|e| refused(&self.durable, &e))
    }

    async fn close(&mut self, why: &str) {
        self.open = None;
        if self.bus.is_up() && self.told.as_deref() != Some(why) {
            tracing::warn!(stream = %self.stream, durable = %self.durable,
                connection = %self.bus.name, why, "cannot read; trying again");
            self.told = Some(why.to_owned());
        }
        tokio::time::sleep(self.delay).await;
        self.delay = (self.delay * 2).min(REOPEN.1);
    }
}

impl Delivery {
    pub(super) fn from_jetstream(message: jetstream::Message) -> Self {
        let (delivered, pending) =
            message.info().map_or((1, 0), |info| (info.delivered.unsigned_abs(), info.pending));
        let (message, handle) = message.split();
        Self { delivered, pending, handle: Some(handle), ..Self::from_core(message) }
    }

    pub(super) fn from_core(message: async_nats::Message) -> Self {
        let headers = message.headers.unwrap_or_default();
        let ours = [HEADER_NOTICE, HEADER_HOPS, HEADER_BODY_SIG, EXPECTED, TTL];
        let foreign = |(name, _): &(&async_nats::HeaderName, _)| {
            let name: &str = name.as_ref();
            !ours.contains(&name)
        };
        Self {
            subject: message.subject.to_string(),
            notice: values(&headers, HEADER_NOTICE),
            hops: values(&headers, HEADER_HOPS),
            body_sig: values(&headers, HEADER_BODY_SIG),
            foreign_headers: headers.iter().filter(foreign).count(),
            payload: message.payload.to_vec(),
            delivered: 1,
            pending: 0,
            handle: None,
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

    /// Settles it for good; waits until the server has noted it.
    ///
    /// # Errors
    /// [`BusError::Refused`]: it will come again.
    pub async fn ack(&self) -> Result<(), BusError> {
        self.settle(AckKind::Ack).await
    }

    /// Settles it as not to be delivered again.
    ///
    /// # Errors
    /// As [`Self::ack`].
    pub async fn term(&self) -> Result<(), BusError> {
        self.settle(AckKind::Term).await
    }

    /// Asks for it again after `delay`.
    ///
    /// # Errors
    /// As [`Self::ack`].
    pub async fn nak(&self, delay: Duration) -> Result<(), BusError> {
        self.settle(AckKind::Nak(Some(delay))).await
    }

    async fn settle(&self, kind: AckKind) -> Result<(), BusError> {
        let Some(handle) = &self.handle else { return Ok(()) };
        handle.double_ack_with(kind).await.map_err(|e| refused("settle", &e))
    }
}

fn values(headers: &HeaderMap, name: &'static str) -> Vec<String> {
    headers.get_all(name).map(|value| value.as_str().to_owned()).collect()
}
