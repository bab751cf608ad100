//! Reading a durable without an end and without a hand from outside.
//!
//! A durable may not be there yet, may not be granted yet, or its server may be away for days; the
//! reader keeps trying and says so once per change. Pulls are bounded in bytes as well as in
//! messages: 40 bodies of 8 MiB in flight made the server cut the link as too slow. The bound in
//! bytes is never below two messages, because a pull smaller than the next message brings nothing
//! and no error, for ever.

use std::pin::Pin;
use std::time::Duration;

use async_nats::jetstream::consumer::pull::{MessagesErrorKind, Stream};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::time::Sleep;

use super::connect::{Bus, pause, prefix};
use super::delivery::Delivery;
use super::error::BusError;
use crate::notice::MAX_MESSAGE_BYTES;

/// Messages that one pull asks for.
pub const PULL_MESSAGES: usize = 64;
/// Bytes that one pull asks for.
pub const PULL_BYTES: usize = 24 * 1024 * 1024;
const _: () = assert!(PULL_BYTES >= 2 * MAX_MESSAGE_BYTES, "a pull must hold two messages");
const EXPIRES: Duration = Duration::from_secs(30);
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Silences of two heartbeats each after which the pull is set up anew.
const SILENCES: u32 = 3;
/// So long without a further silence, and the durable answers again.
const CALM: Duration = Duration::from_secs(15);

/// What a source is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceState {
    /// Setting up its pull.
    Opening,
    /// Pulling; the durable answers.
    Flowing,
    /// Not getting anything, and why. It goes on trying.
    Waiting(String),
}

enum Phase {
    Pausing(Pin<Box<Sleep>>),
    Opening(BoxFuture<'static, Result<Box<Stream>, BusError>>),
    Flowing(Box<Stream>),
}

/// Reads one durable. One reader per durable is enough; two share it.
pub struct Source {
    bus: Bus,
    stream: String,
    durable: String,
    via_prefix: bool,
    phase: Phase,
    attempts: usize,
    silences: u32,
    /// Runs since the last silence; the library swallows heartbeats, so that no further silence
    /// is the only sign that they are back.
    calm: Option<Pin<Box<Sleep>>>,
    state: watch::Sender<SourceState>,
}

impl Bus {
    /// A reader of a durable that is, or will be, there. `via_prefix` for a durable of an
    /// upstream, imported into the link's account; without it, one of the own account.
    #[must_use]
    pub fn source(&self, stream: &str, durable: &str, via_prefix: bool) -> Source {
        let (stream, durable) = (stream.to_owned(), durable.to_owned());
        Source {
            phase: opening(self, &stream, &durable, via_prefix),
            bus: self.clone(),
            stream,
            durable,
            via_prefix,
            attempts: 0,
            silences: 0,
            calm: None,
            state: watch::Sender::new(SourceState::Opening),
        }
    }
}

impl Source {
    /// What it is doing, and the changes.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<SourceState> {
        self.state.subscribe()
    }

    /// The next message, however long it takes. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Delivery {
        loop {
            match &mut self.phase {
                Phase::Pausing(sleep) => {
                    sleep.as_mut().await;
                    self.phase = opening(&self.bus, &self.stream, &self.durable, self.via_prefix);
                }
                Phase::Opening(opened) => match opened.await {
                    Ok(stream) => {
                        self.phase = Phase::Flowing(stream);
                        self.say(SourceState::Flowing);
                    }
                    Err(error) => self.start_over(error.to_string()),
                },
                Phase::Flowing(stream) => {
                    let next = tokio::select! {
                        next = stream.next() => next,
                        () = calmed(&mut self.calm) => {
                            self.heard();
                            continue;
                        }
                    };
                    if let Some(delivery) = self.took(next) {
                        return delivery;
                    }
                }
            }
        }
    }

    fn took(&mut self, next: Option<<Stream as futures_util::Stream>::Item>) -> Option<Delivery> {
        match next {
            Some(Ok(message)) => {
                self.heard();
                Delivery::new(&self.bus, message)
            }
            Some(Err(error)) if error.kind() == MessagesErrorKind::MissingHeartbeat => {
                self.silent();
                None
            }
            Some(Err(error)) => {
                self.start_over(error.to_string());
                None
            }
            None => {
                self.start_over("the pull ended".to_owned());
                None
            }
        }
    }

    fn heard(&mut self) {
        self.attempts = 0;
        self.silences = 0;
        self.calm = None;
        self.say(SourceState::Flowing);
    }

    /// The library's stream recovers from a lost connection by itself; from a durable that was
    /// deleted and made anew it does so only when its pull expires.
    fn silent(&mut self) {
        self.silences += 1;
        let api = prefix(self.via_prefix);
        let next = format!("{api}.CONSUMER.MSG.NEXT.{}.{}", self.stream, self.durable);
        let why = if self.bus.denied(&next) {
            BusError::NotGranted(next).to_string()
        } else {
            "no heartbeat from the server".to_owned()
        };
        if self.silences >= SILENCES && self.bus.is_up() {
            self.start_over(why);
        } else {
            self.calm = Some(Box::pin(tokio::time::sleep(CALM)));
            self.say(SourceState::Waiting(why));
        }
    }

    fn start_over(&mut self, why: String) {
        self.silences = 0;
        self.calm = None;
        self.phase = Phase::Pausing(Box::pin(tokio::time::sleep(pause(self.attempts))));
        self.attempts = self.attempts.saturating_add(1);
        self.say(SourceState::Waiting(why));
    }

    fn say(&self, state: SourceState) {
        let changed = self.state.send_if_modified(|now| {
            let changed = *now != state;
            now.clone_from(&state);
            changed
        });
        let (stream, durable) = (&self.stream, &self.durable);
        match state {
            SourceState::Waiting(why) if changed => {
                tracing::warn!(%stream, %durable, %why, "durable gives nothing");
            }
            SourceState::Flowing if changed => tracing::info!(%stream, %durable, "durable flows"),
            _ => {}
        }
    }
}

fn opening(bus: &Bus, stream: &str, durable: &str, via_prefix: bool) -> Phase {
    let (bus, stream, durable) = (bus.clone(), stream.to_owned(), durable.to_owned());
    Phase::Opening(Box::pin(async move { open(&bus, &stream, &durable, via_prefix).await }))
}

async fn open(
    bus: &Bus,
    stream: &str,
    durable: &str,
    via_prefix: bool,
) -> Result<Box<Stream>, BusError> {
    let consumer = bus.durable(stream, durable, via_prefix).await?;
    let messages = consumer
        .stream()
        .max_messages_per_batch(PULL_MESSAGES)
        .max_bytes_per_batch(PULL_BYTES)
        .expires(EXPIRES)
        .heartbeat(HEARTBEAT)
        .messages()
        .await;
    messages.map(Box::new).map_err(|error| BusError::other(durable, error))
}

async fn calmed(calm: &mut Option<Pin<Box<Sleep>>>) {
    match calm {
        Some(sleep) => sleep.as_mut().await,
        None => std::future::pending().await,
    }
}
