//! Erasing withdrawals at a running relay: what they erase is deleted from every stream of this
//! node, overwritten by the server, and the issuer is told.
//!
//! Nothing is remembered for it: what is due follows from what is here, and is looked at again at
//! start and on every tick. So a relay that dies in the middle finishes at its next start.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::conditions::until;
use super::node::Node;
use super::{placing, quarantine, receipts, room};
use crate::address::{self, DRILL, INDEXED, Neighbourhood, Place, REAL, Source};
use crate::bus::BusError;
use crate::jws::{Compact, Typ};
use crate::lifecycle::Due;
use crate::notice::{Id, NodeId, Statement, Wire};

/// Between looks, if nothing is told.
const LOOK: Duration = Duration::from_secs(5);
/// A subject holds one message; of what somebody else wrote, no more than these.
const MAX_ON_A_SUBJECT: usize = 16;

/// Where a notice may wait or lie besides its places.
pub(super) struct Corners {
    sources: Vec<Source>,
}

impl Corners {
    pub(super) fn of(hood: &Neighbourhood) -> Self {
        Self { sources: hood.sources() }
    }
}

/// Erases what is due, until told to stop.
pub(super) async fn watch(node: &Node, hood: &Neighbourhood, stop: &CancellationToken) {
    let corners = Corners::of(hood);
    let mut searched = HashSet::new();
    loop {
        let looked = until(stop, look(node, &corners, &mut searched)).await;
        match looked {
            None => return,
            Some(Ok(())) => {}
            Some(Err(error)) => tracing::warn!(%error, "not everything is erased yet"),
        }
        let told = tokio::time::timeout(LOOK, node.erasures.notified());
        if until(stop, told).await.is_none() {
            return;
        }
    }
}

async fn look(node: &Node, corners: &Corners, searched: &mut HashSet<Id>) -> Result<(), BusError> {
    let due = node.router.lock().await.ledger().due();
    let mut came = HashMap::new();
    for one in due {
        let deleted = delete_all(node, corners, &one).await?;
        node.router.lock().await.erased(one.id);
        let s = &one.statement;
        tracing::info!(id = %one.id, kind = %s.kind, issuer = %s.iss, deleted, "erased");
        came.insert(one.id, one.from);
    }
    let named: Vec<(Id, Id)> = {
        let router = node.router.lock().await;
        router.ledger().tombstones().map(|(target, stone)| (stone.id, target)).collect()
    };
    searched.retain(|stone| named.iter().any(|(id, _)| id == stone));
    let new: Vec<&(Id, Id)> = named.iter().filter(|(id, _)| !searched.contains(id)).collect();
    if new.is_empty() {
        return Ok(());
    }
    for (_, target) in &new {
        waiting(node, corners, *target).await?;
    }
    search_quarantine(node).await?;
    for (stone, target) in new {
        tell(node, *target, came.remove(target)).await?;
        searched.insert(*stone);
    }
    Ok(())
}

/// The word on it comes last: what was said to be erased is.
async fn tell(node: &Node, target: Id, came: Option<Option<NodeId>>) -> Result<(), BusError> {
    let (now, trust) = (crate::time::now(), node.trust());
    let mut router = node.router.lock().await;
    let Some((word, back, statement)) = router.erasure(now, &trust, target, came) else {
        return Ok(());
    };
    let realm = address::realm(statement);
    let said = receipts::say(node, &mut router, realm, word, back).await;
    said.map_err(|e| BusError::Refused { what: "a receipt".into(), why: e.to_string() })
}

/// Deletes a notice from wherever this node has it; how many bytes that were.
pub(super) async fn delete_all(node: &Node, corners: &Corners, due: &Due) -> Result<u64, BusError> {
    let (id, s) = (due.id, &due.statement);
    let below = {
        let archive = node.archive.lock().await;
        let mut below = archive.documents.ever_introduced(&node.me);
        below.extend(node.trust().seat(&node.me).into_iter().flat_map(|seat| {
            seat.links.iter().map(|link| link.to.clone()).collect::<Vec<NodeId>>()
        }));
        below
    };
    let mut places = vec![Place::Board, Place::Inbox, Place::Cases];
    places.extend(below.into_iter().map(Place::Direct));
    let mut deleted = 0;
    for place in &places {
        let bytes = delete(node, place.stream(), &address::subject(place, s, id)).await?;
        if *place == Place::Cases {
            node.room.sub(place.stream(), &room::of_node(due.from.as_ref()), bytes);
        }
        deleted += bytes;
    }
    for upstream in node.links.keys() {
        for source in &corners.sources {
            let subject = address::outbox(address::realm(s), upstream, source, id);
            let bytes = delete(node, "OUTBOX", &subject).await?;
            node.room.sub("OUTBOX", &source.to_string(), bytes);
            deleted += bytes;
        }
    }
    waiting(node, corners, id).await?;
    Ok(deleted)
}

/// What waits, verified or not, under whatever realm.
async fn waiting(node: &Node, corners: &Corners, id: Id) -> Result<(), BusError> {
    for source in &corners.sources {
        for realm in [REAL, DRILL] {
            let bytes = delete(node, "HELD", &address::held(realm, source, id)).await?;
            node.room.sub("HELD", &source.to_string(), bytes);
        }
    }
    Ok(())
}

/// Deletes and overwrites what lies under a subject; how many bytes that were.
async fn delete(node: &Node, stream: &str, subject: &str) -> Result<u64, BusError> {
    let mut bytes = 0;
    for _ in 0..MAX_ON_A_SUBJECT {
        let Some(message) = node.own.get(stream, subject).await? else { break };
        gone_is_done(node.own.delete(stream, message.sequence).await)?;
        bytes += placing::size(&message);
    }
    Ok(bytes)
}

fn gone_is_done(done: Result<(), BusError>) -> Result<(), BusError> {
    match done {
        Err(BusError::Missing { .. }) => Ok(()),
        other => other,
    }
}

/// A refused copy lies under the digest of whatever came: each record is read once for each new
/// withdrawal.
async fn search_quarantine(node: &Node) -> Result<(), BusError> {
    for subject in node.own.subjects(INDEXED).await? {
        let Some(message) = node.own.get(INDEXED, &subject).await? else { continue };
        let Some((id, statement)) = refused_notice(&message.payload) else { continue };
        if node.router.lock().await.ledger().erases(id, &statement) {
            quarantine::erase(node, message.sequence).await?;
            tracing::info!(%id, "erased from quarantine");
        }
    }
    Ok(())
}

/// What a record of quarantine says the refused notice was; nothing of it is believed.
fn refused_notice(record: &[u8]) -> Option<(Id, Statement)> {
    #[derive(Deserialize)]
    struct Record {
        notice: Vec<String>,
    }
    let record: Record = serde_json::from_slice(record).ok()?;
    let notice = record.notice.into_iter().next()?;
    let compact = Compact::parse(&notice, Typ::Notice).ok()?;
    let statement = Statement::parse(compact.unverified_payload()).ok()?;
    let wire = Wire { notice: notice.clone(), hops: Vec::new(), body_sig: None, body: Vec::new() };
    Some((wire.id(), statement))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_is_known_by_what_it_says_and_the_rest_is_left_alone() {
        let notice = include_str!("../../docs/example/notice.jws").trim();
        let record = serde_json::json!({"reason": "body", "notice": [notice], "body_len": 1});
        let found = refused_notice(&serde_json::to_vec(&record).expect("JSON"));
        assert_eq!(found.expect("a notice").0, Id::of(notice.as_bytes()));
        for none in [r#"{"notice":[]}"#, r#"{"notice":["x"]}"#, "[]", ""] {
            assert_eq!(refused_notice(none.as_bytes()), None, "{none}");
        }
    }
}
