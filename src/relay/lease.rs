//! Of the relays of one node, one is at work.
//!
//! A message with a time to live says which; whoever put it there puts the next one in its place,
//! and by that alone goes on. Each relay decides by its own memory, so two at work at once would
//! let pass what one of them knows to be superseded; what they place could still never be there
//! twice. A server that elects a consumer ("pinned client") was not chosen: it elects for each
//! durable, and the relay has many.

use std::sync::Mutex;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::conditions::{States, set, until};
use super::error::RelayError;
use crate::address;
use crate::bus::{Bus, PlaceError};
use crate::notice::Id;
use crate::time::Stopwatch;

/// How long a word counts: a relay that dies is followed by the other within it.
const LASTS: Duration = Duration::from_secs(12);
/// How often it is repeated.
const AGAIN: Duration = Duration::from_secs(3);
/// How long the relay itself counts with it, from before it was sent: it stops well before another
/// can begin.
const TRUSTED: Duration = Duration::from_secs(9);
/// Between two looks of one that stands by, and of a task that waits for the next word.
const LOOK: Duration = Duration::from_millis(500);
const STREAM: &str = "LEASE";

/// The lease of this relay.
pub(super) struct Lease {
    instance: Vec<u8>,
    word: Mutex<Word>,
}

/// The last one that was put there.
#[derive(Clone, Copy)]
struct Word {
    sequence: u64,
    since: Stopwatch,
}

/// Who this relay is: the same after a restart, so that it need not wait for its own last word. Two
/// on one machine listen at two addresses.
pub(super) fn instance(listen: std::net::SocketAddr) -> Vec<u8> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let machine = read("/etc/machine-id") + &read("/proc/sys/kernel/hostname");
    Id::of(format!("{machine}{listen}").as_bytes()).to_string().into_bytes()
}

impl Lease {
    /// Waits until no other relay of the node is at work, and takes its place. While another is,
    /// `standby` holds among the conditions.
    pub(super) async fn take(own: &Bus, instance: Vec<u8>, states: &States) -> Self {
        let mut told = None;
        loop {
            let why = match attempt(own, &instance).await {
                Ok(Some(word)) => {
                    stands(states, false);
                    return Self { instance, word: Mutex::new(word) };
                }
                Ok(None) => {
                    stands(states, true);
                    "another relay of this node is at work; standing by".to_owned()
                }
                Err(why) => {
                    set(states, "lease", false);
                    format!("{why}: is the stream {STREAM} provisioned, and granted to the relay?")
                }
            };
            if told.as_ref() != Some(&why) {
                tracing::warn!(why, "not at work yet; trying again");
                told = Some(why);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Repeats the word until told to stop, and gives the place up then.
    ///
    /// # Errors
    /// [`RelayError::Replaced`]: another relay has been at work since, so this one's memory is old.
    pub(super) async fn keep(&self, own: &Bus, stop: &CancellationToken) -> Result<(), RelayError> {
        while until(stop, tokio::time::sleep(AGAIN)).await.is_some() {
            match self.repeat(own).await {
                Ok(true) => {}
                Ok(false) => return Err(RelayError::Replaced),
                Err(why) => tracing::warn!(why, "cannot say that this relay is at work"),
            }
        }
        Ok(())
    }

    /// Lets the next begin at once. What does not work ends by itself.
    pub(super) async fn give_up(&self, own: &Bus) {
        let Some(last) = self.word() else { return };
        let subject = address::lease();
        let empty = own.replace(&subject, Vec::new(), Duration::from_secs(1), last.sequence);
        if let Ok(Err(error)) = tokio::time::timeout(LOOK * 4, empty).await {
            tracing::debug!(%error, "the next relay waits for the end of this one's last word");
        }
    }

    /// Whether this relay is still at work. Nobody waits for the word while it is repeated.
    async fn repeat(&self, own: &Bus) -> Result<bool, String> {
        let since = Stopwatch::start();
        let Some(last) = self.word() else { return Ok(false) };
        if let Some(sequence) = self.put(own, last.sequence).await? {
            return Ok(self.say(Word { sequence, since }));
        }
        // An answer to the last one may have been lost; or it expired while the server was away,
        // and then nobody has put another there if the next sequence is the one after it.
        match own.get(STREAM, &address::lease()).await.map_err(|e| e.to_string())? {
            Some(found) if found.payload == self.instance => {
                Ok(self.say(Word { sequence: found.sequence, since: last.since }))
            }
            Some(_) => Ok(false),
            None => {
                let next = self.put(own, 0).await?;
                let mine = next.filter(|next| *next == last.sequence + 1);
                Ok(mine.is_some_and(|sequence| self.say(Word { sequence, since })))
            }
        }
    }

    fn word(&self) -> Option<Word> {
        self.word.lock().ok().map(|word| *word)
    }

    fn say(&self, new: Word) -> bool {
        self.word.lock().map(|mut word| *word = new).is_ok()
    }

    async fn put(&self, own: &Bus, last: u64) -> Result<Option<u64>, String> {
        put(own, &self.instance, last).await
    }

    /// Waits until the last word counts: while the node's server is away it soon does not.
    pub(super) async fn at_work(&self) {
        while self.word().is_none_or(|word| word.since.elapsed() > TRUSTED) {
            tokio::time::sleep(LOOK).await;
        }
    }
}

async fn attempt(own: &Bus, instance: &[u8]) -> Result<Option<Word>, String> {
    let since = Stopwatch::start();
    let found = own.get(STREAM, &address::lease()).await.map_err(|e| e.to_string())?;
    let last = match found {
        None => 0,
        Some(found) if found.payload.is_empty() || found.payload == instance => found.sequence,
        Some(_) => return Ok(None),
    };
    let taken = put(own, instance, last).await?;
    Ok(taken.map(|sequence| Word { sequence, since }))
}

async fn put(own: &Bus, instance: &[u8], last: u64) -> Result<Option<u64>, String> {
    let put = own.replace(&address::lease(), instance.to_vec(), LASTS, last).await;
    put.map_err(|error: PlaceError| error.to_string())
}

/// One that stands by is ready: it has nothing to fold before it is needed.
fn stands(states: &States, by: bool) {
    let Ok(mut states) = states.lock() else { return };
    let (holds, gone) = if by { ("standby", "folded") } else { ("folded", "standby") };
    states.remove(gone);
    states.remove("lease");
    states.insert(holds.to_owned(), by);
    states.insert("server".to_owned(), true);
}
