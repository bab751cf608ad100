//! At start: the node's state from its own streams and nothing else.

use std::time::Duration;

use super::node::Node;
use crate::address::FOLDED;
use crate::bus::{BusError, Delivery};
use crate::jws::{self, Compact, Typ};
use crate::notice::Receipt;
use crate::routing::{Router, Stored};
use crate::verify;

/// Between tries.
const AGAIN: Duration = Duration::from_secs(1);

/// Folds again from the start until it succeeds: nothing is decided on half a state. One line in
/// the log for each new reason.
pub(super) async fn patiently(node: &Node) {
    let mut told = None;
    while let Err(error) = fold(node).await {
        if told.as_ref() != Some(&error) {
            tracing::warn!(%error, "state not folded yet; trying again");
            told = Some(error);
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Reads every folded stream from its first message.
async fn fold(node: &Node) -> Result<(), BusError> {
    let mut router = node.router.lock().await;
    let mut kept = 0_usize;
    for stream in FOLDED {
        check_owner(node, stream).await?;
        let mut messages = node.own.fold(stream).await?;
        while let Some(message) = messages.next().await? {
            match take(&mut router, &message) {
                Ok(()) => kept += 1,
                Err(why) => tracing::error!(stream, why, subject = %message.subject.escape_debug(),
                    "not what this node writes: left alone"),
            }
        }
    }
    router.prune(crate::time::now());
    tracing::info!(kept, "state folded from the node's streams");
    Ok(())
}

/// The seed of another node on the same server would let this relay work on that node's streams.
async fn check_owner(node: &Node, stream: &str) -> Result<(), BusError> {
    match node.own.owner(stream).await? {
        Some(owner) if owner != node.me.as_str() => {
            let why = format!(
                "these are the streams of {owner}, not of {}: the seed of [server] is {owner}'s",
                node.me
            );
            Err(BusError::Refused { what: stream.to_owned(), why })
        }
        _ => Ok(()),
    }
}

fn take(router: &mut Router, message: &Delivery) -> Result<(), String> {
    if message.notice.is_empty() {
        return receipt(router, message);
    }
    let wire = message.wire().map_err(|e| e.to_string())?;
    let (id, statement, hops) = verify::read_stored(&wire).map_err(|e| e.reason.to_string())?;
    match hops.last() {
        Some(last) if last.by == *router.me() => {}
        Some(last) => {
            let why = "it was placed by another node; is the seed of [server] that node's?";
            return Err(format!("{}: {why}", last.by));
        }
        None => return Err("no hop".into()),
    }
    router.keep(Stored { id, statement, hops });
    Ok(())
}

/// A receipt; on the board, where receipts pass on their way down, only its headers were read.
fn receipt(router: &mut Router, message: &Delivery) -> Result<(), String> {
    if message.payload.is_empty() {
        return Ok(());
    }
    let text = std::str::from_utf8(&message.payload).map_err(|e| e.to_string())?;
    let compact = Compact::parse(text, Typ::Receipt).map_err(|e| e.to_string())?;
    let payload = compact.unverified_payload();
    let receipt: Receipt = jws::from_slice(payload).map_err(|e| e.to_string())?;
    router.keep_receipt(receipt, text.to_owned());
    Ok(())
}
