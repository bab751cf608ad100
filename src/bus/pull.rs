//! Pulling from a pre-created durable, for as long as its owner wants.
//!
//! A durable may not be there yet, may not be granted yet, or its server may be away for days; the
//! reader keeps trying and says so once per change. Pulls are bounded in bytes as well as in
//! messages: 40 bodies of 8 MiB in flight made the server cut the connection as too slow. The
//! bound in bytes is never below two messages, because a pull smaller than the next message brings
//! nothing and no error, for ever.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::jetstream::consumer::pull::{MessagesErrorKind, Stream};
use async_nats::jetstream::{self, Context};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use tokio::time::Sleep;

use super::connect::{Bus, BusError, REQUEST_TIMEOUT, reconnect_delay, refused};
use super::delivery::Delivery;
use crate::address::LINK_API;
use crate::notice::MAX_MESSAGE_BYTES;

/// Messages in one pull.
const BATCH: usize = 64;
/// Bytes in one pull.
pub(super) const BATCH_BYTES: usize = 24 * 1024 * 1024;
const _: () = assert!(BATCH_BYTES >= 2 * MAX_MESSAGE_BYTES);
const EXPIRES: Duration = Duration::from_secs(30);
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Silences of two heartbeats each after which a pull is set up anew. The library's stream
/// recovers from a lost connection by itself; from a durable that was deleted and made anew it
/// does so only when its pull expires.
const SILENCES: usize = 3;

/// Whose durable is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// One of the node's own account.
    Own,
    /// One that an upstream made for this node, through its account's imports.
    Link,
}

impl Reading {
    /// The API's prefix. Under `$JS.API` an account without JetStream is answered by the server
    /// itself first, that there is none.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Own => "$JS.API",
            Self::Link => LINK_API,
        }
    }
}

enum Phase {
    Pausing(Pin<Box<Sleep>>),
    Opening(BoxFuture<'static, Result<Stream, BusError>>),
    Open(Box<Stream>),
}

/// An endless reader of one durable.
pub struct Pull {
    bus: Bus,
    reading: Reading,
    stream: String,
    durable: String,
    phase: Phase,
    attempts: usize,
    silences: usize,
    told: Option<String>,
    /// See [`Delivery`]: a settlement that was not answered.
    doubt: Arc<AtomicBool>,
    check: Option<BoxFuture<'static, bool>>,
}

impl Bus {
    /// A reader of `durable` on `stream`; nothing is asked before [`Pull::next`].
    #[must_use]
    pub fn pull(&self, reading: Reading, stream: &str, durable: &str) -> Pull {
        Pull {
            bus: self.clone(),
            reading,
            stream: stream.to_owned(),
            durable: durable.to_owned(),
            phase: opening(self, reading, stream, durable),
            attempts: 0,
            silences: 0,
            told: None,
            doubt: Arc::default(),
            check: None,
        }
    }

    pub(super) fn context(&self, reading: Reading) -> Context {
        match reading {
            Reading::Own => self.jetstream.clone(),
            Reading::Link => {
                let mut context = jetstream::with_prefix(self.client.clone(), LINK_API);
                context.set_timeout(REQUEST_TIMEOUT);
                context
            }
        }
    }
}

impl Pull {
    /// The next message. Waits for as long as it takes: a lost server, a durable that is not
    /// there yet or was deleted are tried again after 0.1 s growing to 5 s, with one log line for
    /// each new reason. Dropping the future loses nothing, not even the pause.
    pub async fn next(&mut self) -> Delivery {
        loop {
            if self.is_outdated().await {
                self.start_over("the durable was set back");
            }
            match &mut self.phase {
                Phase::Pausing(sleep) => {
                    sleep.as_mut().await;
                    self.phase = opening(&self.bus, self.reading, &self.stream, &self.durable);
                }
                Phase::Opening(opened) => match opened.await {
                    Ok(stream) => {
                        self.flows();
                        self.phase = Phase::Open(Box::new(stream));
                    }
                    Err(error) => self.start_over(&error.to_string()),
                },
                Phase::Open(stream) => {
                    let next = stream.next().await;
                    if let Some(message) = self.took(next) {
                        return Delivery::from_jetstream(&self.bus, message, &self.doubt);
                    }
                }
            }
        }
    }

    /// Whether the durable was set back since a message was delivered: its server is there, but did
    /// not answer to a settlement. It knows nothing then of what waits here, and never answers: at
    /// five seconds each, what it delivers anew would come after minutes. What is dropped here
    /// comes again from there; where it was only slow, after the 30 s that any message has.
    async fn is_outdated(&mut self) -> bool {
        if self.doubt.swap(false, Ordering::Relaxed) && self.check.is_none() {
            let (bus, reading) = (self.bus.clone(), self.reading);
            let (stream, durable) = (self.stream.clone(), self.durable.clone());
            self.check =
                Some(Box::pin(
                    async move { bus.durable(reading, &stream, &durable).await.is_ok() },
                ));
        }
        let Some(check) = &mut self.check else { return false };
        let outdated = check.await;
        self.check = None;
        outdated
    }

    fn took(
        &mut self,
        next: Option<<Stream as futures_util::Stream>::Item>,
    ) -> Option<jetstream::Message> {
        match next {
            Some(Ok(message)) => {
                self.attempts = 0;
                self.silences = 0;
                self.flows();
                return Some(message);
            }
            Some(Err(error)) if error.kind() == MessagesErrorKind::MissingHeartbeat => {
                self.silent();
            }
            Some(Err(error)) => self.start_over(&error.to_string()),
            None => self.start_over("the durable was deleted"),
        }
        None
    }

    fn silent(&mut self) {
        self.silences += 1;
        let (stream, durable) = (&self.stream, &self.durable);
        let next = format!("{}.CONSUMER.MSG.NEXT.{stream}.{durable}", self.reading.prefix());
        if self.bus.denied(&next) {
            self.start_over(&BusError::NotGranted { what: next }.to_string());
        } else if self.silences >= SILENCES && self.bus.is_up() {
            self.start_over("no heartbeat from the server");
        }
    }

    fn flows(&mut self) {
        if self.told.take().is_some() {
            tracing::info!(stream = %self.stream, durable = %self.durable,
                connection = %self.bus.name, "reading again");
        }
    }

    fn start_over(&mut self, why: &str) {
        self.silences = 0;
        self.phase = Phase::Pausing(Box::pin(tokio::time::sleep(reconnect_delay(self.attempts))));
        self.attempts = self.attempts.saturating_add(1);
        if self.bus.is_up() && self.told.as_deref() != Some(why) {
            tracing::warn!(stream = %self.stream, durable = %self.durable,
                connection = %self.bus.name, why, "cannot read; trying again");
            self.told = Some(why.to_owned());
        }
    }
}

fn opening(bus: &Bus, reading: Reading, stream: &str, durable: &str) -> Phase {
    let (bus, stream, durable) = (bus.clone(), stream.to_owned(), durable.to_owned());
    Phase::Opening(Box::pin(async move { open(&bus, reading, &stream, &durable).await }))
}

async fn open(
    bus: &Bus,
    reading: Reading,
    stream: &str,
    durable: &str,
) -> Result<Stream, BusError> {
    let consumer = bus.durable(reading, stream, durable).await?;
    consumer
        .stream()
        .max_messages_per_batch(BATCH)
        .max_bytes_per_batch(BATCH_BYTES)
        .expires(EXPIRES)
        .heartbeat(HEARTBEAT)
        .messages()
        .await
        .map_err(|e| refused(durable, &e))
}
