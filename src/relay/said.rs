//! At start: what nodes have said of notices, read while the notices are. One after the other takes
//! a twentieth longer: server and relay wait for each other in turn.

use tokio::task::{JoinError, JoinSet};

use super::fold::{expected, left_alone, open};
use crate::address;
use crate::bus::{Bus, BusError, Delivery};
use crate::jws::{self, Compact, Typ};
use crate::notice::{NodeId, Receipt};
use crate::routing::Router;

const STREAM: &str = "RECEIPTS";

/// A reader of the stream of receipts: one task, which ends with this value at the latest, and has
/// no more than the stream, 128 MiB.
pub(super) struct Said(JoinSet<Result<Vec<Word>, BusError>>);

enum Word {
    /// With its JWS, which goes on to other nodes.
    Of(Receipt, String),
    /// That nobody answers a case, or somebody does now.
    Call(Receipt),
}

impl Said {
    /// Begins at once.
    pub(super) fn read(own: &Bus, me: &NodeId) -> Self {
        let (own, me) = (own.clone(), me.clone());
        let mut reading = JoinSet::new();
        reading.spawn(async move { words(&own, &me).await });
        Self(reading)
    }

    /// Waits for the last word and takes all in; how many.
    pub(super) async fn keep(mut self, router: &mut Router) -> Result<usize, BusError> {
        let mut kept = 0;
        while let Some(ended) = self.0.join_next().await {
            let words = ended.map_err(|e| refused(&e))??;
            kept += words.len();
            for word in words {
                match word {
                    Word::Of(receipt, jws) => _ = router.keep_receipt(receipt, jws),
                    Word::Call(receipt) => _ = router.keep_call(receipt),
                }
            }
        }
        Ok(kept)
    }
}

fn refused(error: &JoinError) -> BusError {
    BusError::Refused { what: STREAM.to_owned(), why: error.to_string() }
}

async fn words(own: &Bus, me: &NodeId) -> Result<Vec<Word>, BusError> {
    let mut found = Vec::new();
    let mut messages = open(own, me, STREAM).await?;
    while let Some(message) = messages.next().await? {
        // A note of this relay's on what fails again and again.
        if message.payload.is_empty() {
            continue;
        }
        if found.is_empty() {
            found.reserve(expected(&message));
        }
        match word(&message) {
            Ok(word) => found.push(word),
            Err(why) => left_alone(STREAM, message.sequence, &why),
        }
    }
    Ok(found)
}

fn word(message: &Delivery) -> Result<Word, String> {
    let text = std::str::from_utf8(&message.payload).map_err(|e| e.to_string())?;
    let (_, payload) = Compact::reread(text, Typ::Receipt).map_err(|e| e.to_string())?;
    let receipt: Receipt = jws::reread(&payload).map_err(|e| e.to_string())?;
    let is_call = address::is_unanswered(&message.subject);
    Ok(if is_call { Word::Call(receipt) } else { Word::Of(receipt, text.to_owned()) })
}
