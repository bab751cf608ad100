//! At start: the node's state from its own streams and nothing else.

use super::node::Node;
use crate::address::FOLDED;
use crate::bus::{BusError, Delivery};
use crate::jws::{self, Compact, Typ};
use crate::notice::Receipt;
use crate::routing::{Router, Stored};
use crate::verify;

/// Reads every folded stream from its first message.
pub(super) async fn fold(node: &Node) -> Result<(), BusError> {
    let mut router = node.router.lock().await;
    let mut kept = 0_usize;
    for stream in FOLDED {
        let mut messages = node.own.fold(stream).await?;
        while let Some(message) = messages.next().await? {
            if take(&mut router, &message) {
                kept += 1;
            } else {
                tracing::error!(stream, subject = %message.subject.escape_debug(),
                    "not what this node writes: left alone");
            }
        }
    }
    router.prune(crate::time::now());
    tracing::info!(kept, "state folded from the node's streams");
    Ok(())
}

fn take(router: &mut Router, message: &Delivery) -> bool {
    if message.notice.is_empty() {
        return receipt(router, message);
    }
    let Ok(wire) = message.wire() else { return false };
    match verify::read_stored(&wire) {
        Ok((id, statement, hops)) => {
            router.keep(Stored { id, statement, hops });
            true
        }
        Err(_) => false,
    }
}

/// A receipt; on the board, where receipts pass on their way down, only its headers were read.
fn receipt(router: &mut Router, message: &Delivery) -> bool {
    if message.payload.is_empty() {
        return true;
    }
    let Ok(text) = std::str::from_utf8(&message.payload) else { return false };
    let Ok(compact) = Compact::parse(text, Typ::Receipt) else { return false };
    match jws::from_slice::<Receipt>(compact.unverified_payload()) {
        Ok(receipt) => {
            router.keep_receipt(receipt, text.to_owned());
            true
        }
        Err(_) => false,
    }
}
