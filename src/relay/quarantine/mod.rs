//! What was refused: kept for an operator to look at, to try again, or to drop.
//!
//! A source that sends much rubbish pushes out its own oldest, never another's. How much each has
//! is known from an index, read from the stream at start: of each message its subject and length.

mod desk;
mod index;
mod record;
mod release;

use tokio_util::sync::CancellationToken;

pub use self::desk::{Deed, Outcome, QuarantineAnswer, QuarantineQuestion, Quarantined};
pub(super) use self::desk::{Places, answer};
pub(super) use self::index::Index;
use self::index::{Entry, MORE};
use self::record::{Record, digest};
use super::conditions::until;
use super::node::Node;
use crate::address::{self, INDEXED, Source};
use crate::bus::{BusError, Delivery, PlaceError};
use crate::verify::Refused;

/// Between tries to read the stream.
const AGAIN: std::time::Duration = std::time::Duration::from_secs(1);

/// Stores a refused input under its reason, once for the same bytes.
pub(super) async fn put(
    node: &Node,
    source: &Source,
    delivery: &Delivery,
    refused: &Refused,
) -> Result<(), PlaceError> {
    let record = Record::of(source, delivery, refused);
    let payload = serde_json::to_vec(&record).map_err(|e| PlaceError::Unknown(e.to_string()))?;
    let digest = digest(delivery);
    let subject = address::quarantine(refused.reason, source, digest);
    // Held until it is stored: what is released is deleted before it is refused a second time.
    let mut index = node.refused.lock().await;
    let size = payload.len() as u64 + MORE;
    for old in index.too_many(&source.to_string(), size) {
        push_out(node, &mut index, &old).await;
    }
    if let Some(sequence) = node.own.place_at(&subject, &[], payload, None).await? {
        let (reason, at) = (refused.reason, crate::time::now());
        index.add(sequence, Entry { reason, source: source.to_string(), digest, size, at });
        node.metrics.quarantine_holds(index.len());
    }
    node.metrics.quarantined();
    Ok(())
}

/// What does not go stays in the index, and is tried again with the next.
async fn push_out(node: &Node, index: &mut Index, old: &(u64, Entry)) {
    match gone(node, index, old.0).await {
        Ok(()) => {
            node.metrics.quarantine_pushed_out();
            tracing::warn!(source = %old.1.source, reason = %old.1.reason, digest = %old.1.digest,
                "out of quarantine: newer ones of its source fill its share");
        }
        Err(error) => tracing::warn!(%error, "nothing goes out of quarantine"),
    }
}

/// Deletes what an erasing withdrawal erases.
pub(super) async fn erase(node: &Node, sequence: u64) -> Result<(), BusError> {
    let mut index = node.refused.lock().await;
    gone(node, &mut index, sequence).await
}

/// Deletes one message; that it has gone already is as good.
async fn gone(node: &Node, index: &mut Index, sequence: u64) -> Result<(), BusError> {
    match node.own.delete(INDEXED, sequence).await {
        Ok(()) | Err(BusError::Missing { .. }) => {
            index.remove(sequence);
            node.metrics.quarantine_holds(index.len());
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Reads the index from the stream, trying until it succeeds. What is refused meanwhile waits; all
/// else goes on.
pub(super) async fn fold(node: &Node, stop: &CancellationToken) {
    loop {
        let mut index = node.refused.lock().await;
        match until(stop, read(node)).await {
            None => return,
            Some(Ok(found)) => {
                node.metrics.quarantine_holds(found.len());
                *index = found;
                return;
            }
            Some(Err(error)) => tracing::warn!(%error, "quarantine not read yet; trying again"),
        }
        drop(index);
        if until(stop, tokio::time::sleep(AGAIN)).await.is_none() {
            return;
        }
    }
}

async fn read(node: &Node) -> Result<Index, BusError> {
    let max = node.own.fullness(INDEXED).await?.max_bytes;
    let mut index = Index::new(max);
    let mut messages = node.own.fold(INDEXED).await?;
    while let Some(message) = messages.next().await? {
        match Entry::read(&message.subject, message.size, message.stored) {
            Some(entry) => index.add(message.sequence, entry),
            None => tracing::error!(subject = %message.subject.escape_debug(),
                "not what this node writes into quarantine: left alone"),
        }
    }
    Ok(index)
}
