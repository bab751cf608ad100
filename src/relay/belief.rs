//! Trust documents at a running relay: taken from wherever they come, kept in TRUST, passed on,
//! and what is in hand judged anew. No restart.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::de::IgnoredAny;

use super::node::Node;
use super::settle::{Settle, settle};
use super::{poison, quarantine};
use crate::address::{self, REAL, Source};
use crate::bus::{Delivery, PlaceError};
use crate::notice::{Id, NodeId, Time};
use crate::trust::{Documents, Named, Offered, Refusal};
use crate::verify::Refused;

/// How long a document whose introducer is not here yet is offered again, by its delivery's count
/// at one a minute: a day. Its sender has it too.
const MAX_WAITS: u64 = 24 * 60;
const AGAIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// What a message without a notice's headers is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// A receipt.
    Receipt,
    /// A root or bundle.
    Document,
    /// A list of ids, 32 bytes each.
    List,
}

/// Tells records apart by their bytes: a list is no text, a document is JSON with the two members
/// of a signed one, a receipt is a compact JWS. A wrong guess only fails the next check. `None`: a
/// body whose sender forgot the notice, and no attack on what this node believes.
pub(super) fn record(payload: &[u8]) -> Option<Record> {
    let (is_it, record) = match std::str::from_utf8(payload) {
        Err(_) => (payload.len().is_multiple_of(32), Record::List),
        Ok(text) if text.trim_start().starts_with('{') => (is_signed(text), Record::Document),
        Ok(text) => (text.split('.').count() == 3, Record::Receipt),
    };
    is_it.then_some(record)
}

fn is_signed(json: &str) -> bool {
    let members: Result<BTreeMap<String, IgnoredAny>, _> = serde_json::from_str(json);
    members.is_ok_and(|m| ["payload", "signatures"].iter().all(|name| m.contains_key(*name)))
}

/// Takes what an upstream's TRUST hands down, and settles it.
pub(super) async fn handle(node: &Node, source: &Source, delivery: Delivery) {
    let now = crate::time::now();
    node.metrics.received_trust();
    let done = poison::caught(take(node, now, source, &delivery)).await;
    let done = poison::bounded(node, source, &delivery, done).await;
    settle(node, source, &delivery, done).await;
}

/// Takes a root, bundle or list.
pub(super) async fn take(
    node: &Node,
    now: Time,
    source: &Source,
    delivery: &Delivery,
) -> Result<Settle, PlaceError> {
    let bytes = &delivery.payload;
    let mut archive = node.archive.lock().await;
    let documents = &mut archive.documents;
    let taken = match record(bytes) {
        Some(Record::List) => {
            documents.offer_list(bytes).map(|new| (new, address::trust_list(Id::of(bytes)), None))
        }
        _ => documents.offer(now, bytes).map(|offered| {
            let (new, name) = match offered {
                Offered::Taken(name) => (true, name),
                Offered::Known(name) => (false, name),
            };
            (new, address::trust(&name), Some(name))
        }),
    };
    let (new, subject, name) = match taken {
        Ok(taken) => taken,
        Err(refusal) => {
            drop(archive);
            return refuse(node, source, delivery, refusal).await;
        }
    };
    // A crash between the two brings it again, and again it is passed on before it is kept.
    if archive.kept.contains(&subject) {
        return Ok(Settle::Ack);
    }
    pass_up(node, source, name.as_ref(), bytes).await?;
    node.own.place(&subject, &[], bytes.clone(), None).await?;
    tracing::info!(%source, %subject, new, "trust document taken");
    archive.kept.insert(subject);
    let gone = archive.documents.gone();
    forget(node, &mut archive.kept, gone).await;
    node.metrics.trusted();
    believe(node, &archive.documents).await;
    Ok(Settle::Ack)
}

/// Deletes old versions that decide nothing any more; what stays by mistake is let go of again.
async fn forget(node: &Node, kept: &mut HashSet<String>, gone: Vec<Named>) {
    for name in gone {
        let subject = address::trust(&name);
        kept.remove(&subject);
        let found = node.own.get("TRUST", &subject).await;
        if let Ok(Some(message)) = found
            && let Err(error) = node.own.delete("TRUST", message.sequence).await
        {
            tracing::debug!(%subject, %error, "an old version stays");
        }
    }
}

async fn refuse(
    node: &Node,
    source: &Source,
    delivery: &Delivery,
    refusal: Refusal,
) -> Result<Settle, PlaceError> {
    if refusal.may_pass_later() && delivery.delivered < MAX_WAITS {
        let doublings = u32::try_from(delivery.delivered.min(7)).unwrap_or(7);
        let wait = (AGAIN.0 * 2u32.pow(doublings.saturating_sub(1))).min(AGAIN.1);
        tracing::info!(%source, why = %refusal, "a trust document waits");
        return Ok(Settle::Later(wait));
    }
    // An upstream hands over its whole history at first and after a rewind; that is no attack, and
    // it changes nothing.
    let old = matches!((&refusal, source), (Refusal::Rollback { .. }, Source::Upstream(_)));
    if old || matches!(refusal, Refusal::Unneeded(_)) {
        tracing::debug!(%source, why = %refusal, "a trust document of no use here");
        return Ok(Settle::Ack);
    }
    let (reason, why) = (refusal.reason(), refusal.to_string());
    tracing::error!(%source, %reason, why = %why.escape_debug(), "trust document refused");
    node.metrics.refused(reason);
    quarantine::put(node, source, delivery, &Refused { reason, why }).await?;
    Ok(Settle::Terminate)
}

/// Within a State every document goes to every node; the union gets the State's own alone.
async fn pass_up(
    node: &Node,
    source: &Source,
    name: Option<&Named>,
    bytes: &[u8],
) -> Result<(), PlaceError> {
    let id = Id::of(bytes);
    for upstream in node.links.keys().filter(|up| *source != Source::Upstream((*up).clone())) {
        if !goes_to(upstream, &node.me, name) {
            continue;
        }
        let subject = address::outbox_record(REAL, upstream, id);
        match node.own.place(&subject, &[], bytes.to_vec(), None).await {
            Err(PlaceError::Full) => {
                tracing::error!(%upstream, "no room in the outbox for a trust document");
            }
            placed => _ = placed?,
        }
    }
    Ok(())
}

fn goes_to(upstream: &NodeId, me: &NodeId, name: Option<&Named>) -> bool {
    upstream.depth() > 1 || name.is_none_or(|name| name.node == *me)
}

/// Judges everything in hand by what is believed now, while no notice is being decided on.
pub(super) async fn believe(node: &Node, documents: &Documents) {
    let mut router = node.router.lock().await;
    let trust = Arc::clone(documents.trust());
    let changed = router.judge(&trust);
    node.metrics.trust(&trust, &node.me);
    node.trust.send_replace(trust);
    if changed > 0 {
        tracing::error!(changed, "notices count as withdrawn, or again, since a key was stolen");
    }
    if node.curable.swap(false, Ordering::Relaxed) || changed > 0 {
        node.rewinds.send_modify(|count| *count += 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_told_apart_by_their_bytes() {
        assert_eq!(record(b"eyJhbGciOiJFZERTQSJ9.e30.c2ln"), Some(Record::Receipt));
        assert_eq!(record(b" {\"payload\":\"\",\"signatures\":[]}"), Some(Record::Document));
        assert_eq!(record(Id::of(b"any").as_bytes()), Some(Record::List));
    }

    #[test]
    fn a_body_without_its_notice_is_no_record() {
        let csaf = br#"{"document":{"payload":"","signatures":[]}}"#;
        let broken = br#"{"payload":"","signatures":"#;
        let bodies: [&[u8]; 6] = [csaf, broken, b"{}", b"Patch today.", b"", &[0xff; 33]];
        for body in bodies {
            assert_eq!(record(body), None, "{:?}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn the_union_gets_a_states_own_documents_alone() {
        let id = |text: &str| text.parse::<NodeId>().expect("a node id");
        let of =
            |node: &str| Named { sort: crate::trust::Sort::Bundle, node: id(node), version: 1 };
        assert!(goes_to(&id("eu"), &id("eu-fr"), Some(&of("eu-fr"))));
        assert!(!goes_to(&id("eu"), &id("eu-fr"), Some(&of("eu-fr-bre"))));
        assert!(goes_to(&id("eu-fr"), &id("eu-fr-bre"), Some(&of("eu-fr-nor"))));
    }
}
