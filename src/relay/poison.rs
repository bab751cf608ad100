//! What fails again and again for a reason of its own, or makes the relay fail: into quarantine
//! after bounded tries, so that it never blocks its source.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;

use super::node::Node;
use super::quarantine;
use super::receipts;
use super::settle::Settle;
use super::trouble::MAX_TRIES;
use crate::address::{self, Source};
use crate::bus::{Delivery, PlaceError};
use crate::notice::{Id, NodeId, Reason};
use crate::verify::Refused;

/// Deliveries after which a message is noted before it is worked on.
const OFTEN: u64 = 8;
/// So often it may end the process after that.
const DEATHS: u32 = 3;
/// The stream of the notes.
const NOTES: &str = "RECEIPTS";

/// Does the work on one message; a fault in this program that stops it is that message's failure,
/// not the relay's. What is locked is let go of, and state changes only at the very end.
pub(super) async fn caught<T>(
    work: impl Future<Output = Result<T, PlaceError>>,
) -> Result<T, PlaceError> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| {
        Err(PlaceError::Refused("a fault in this program; the log says where".into()))
    })
}

/// As [`caught`], of a message that was delivered so often that it may be what ends this process:
/// it is noted before, and the note is taken back after. What has ended the process often enough
/// is given up unread.
pub(super) async fn guarded(
    node: &Node,
    source: &Source,
    delivery: &Delivery,
    work: impl Future<Output = Result<Settle, PlaceError>>,
) -> Result<Settle, PlaceError> {
    if delivery.delivered < OFTEN {
        return caught(work).await;
    }
    let done = if note(node, source, delivery).await? {
        caught(work).await
    } else {
        let why = format!("this node's relay ended {DEATHS} times while it worked on it");
        let refused = Refused { reason: Reason::Poison, why };
        give_up(node, source, delivery, &refused).await.map(|()| Settle::Terminate)
    };
    for time in 1..=DEATHS {
        let note = address::in_hand(source, &delivery.subject, delivery.sequence, time);
        if let Ok(Some(found)) = node.own.get(NOTES, &note).await
            && let Err(error) = node.own.delete(NOTES, found.sequence).await
        {
            tracing::debug!(%error, "a note stays");
        }
    }
    done
}

/// Notes that a message is worked on; whether it has not ended the process too often.
async fn note(node: &Node, source: &Source, delivery: &Delivery) -> Result<bool, PlaceError> {
    for time in 1..=DEATHS {
        let note = address::in_hand(source, &delivery.subject, delivery.sequence, time);
        let found = node.own.get(NOTES, &note).await;
        if found.map_err(|e| PlaceError::Unknown(e.to_string()))?.is_none() {
            node.own.put_latest(&note, Vec::new()).await?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// Counts how it went. What has failed too often is put into quarantine, and its sender is told.
pub(super) async fn bounded(
    node: &Node,
    source: &Source,
    delivery: &Delivery,
    done: Result<Settle, PlaceError>,
) -> Result<Settle, PlaceError> {
    let (server, name) = (server(source), name(source, delivery));
    let error = match done {
        Ok(Settle::Later(_)) => return done,
        Ok(_) => {
            node.trouble.lock().await.settled(server, &name);
            return done;
        }
        Err(error) => error,
    };
    match &error {
        PlaceError::NoAnswer => {
            if node.trouble.lock().await.unanswered(crate::time::now(), server, &name) {
                let server = server.map_or("the own server", NodeId::as_str);
                tracing::error!(server, %source, "connected, but it does not say that it stores: \
                    its disk is full, or was. Make room, then restart that nats-server");
            }
            Err(error)
        }
        PlaceError::Refused(why) => {
            if !node.trouble.lock().await.failed(&name) {
                return Err(error);
            }
            let why = format!("failed {MAX_TRIES} times and more: {why}");
            let refused = Refused { reason: Reason::Poison, why };
            give_up(node, source, delivery, &refused).await?;
            node.trouble.lock().await.settled(server, &name);
            Ok(Settle::Terminate)
        }
        _ => Err(error),
    }
}

async fn give_up(
    node: &Node,
    source: &Source,
    delivery: &Delivery,
    refused: &Refused,
) -> Result<(), PlaceError> {
    tracing::error!(%source, why = %refused.why.escape_debug(), "given up: it fails every time");
    node.metrics.refused(refused.reason);
    quarantine::put(node, source, delivery, refused).await?;
    if let [notice] = delivery.notice.as_slice() {
        let of = Id::of(notice.as_bytes());
        receipts::refusal(node, crate::time::now(), source, of, refused.reason).await?;
    }
    Ok(())
}

/// Whose server has to store it.
fn server(source: &Source) -> Option<&NodeId> {
    match source {
        Source::Outbox(upstream) => Some(upstream),
        _ => None,
    }
}

fn name(source: &Source, delivery: &Delivery) -> String {
    format!("{source} {} {}", delivery.sequence, delivery.subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_failure_of_its_message_and_a_result_stays_one() {
        let caught_one = caught(async {
            let broken = || -> Result<(), PlaceError> { panic!("a fault") };
            broken()
        });
        assert!(matches!(caught_one.await, Err(PlaceError::Refused(_))));
        assert_eq!(caught(async { Ok(7) }).await, Ok(7));
        let away: Result<(), PlaceError> = caught(async { Err(PlaceError::Away) }).await;
        assert_eq!(away, Err(PlaceError::Away));
    }
}
