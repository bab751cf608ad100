//! At start: the node's state from its own streams and nothing else.

use std::collections::HashSet;
use std::time::Duration;

use super::beats;
use super::belief::{Record, record};
use super::hood;
use super::node::{Archive, Node};
use super::room;
use super::said::Said;
use super::trust::Seeds;
use crate::address::{self, NOTICES, Source};
use crate::bus::{Bus, BusError, Delivery, Fold, PlaceError};
use crate::jws::General;
use crate::notice::{Id, NodeId};
use crate::routing::{Router, Stored};
use crate::trust::Documents;
use crate::verify;

/// Between tries.
const AGAIN: Duration = Duration::from_secs(1);
const A_SECOND: Duration = Duration::from_secs(1);
/// Room is made at once for so many messages at most, twice the board of a large State; beyond it
/// memory grows with what is really there.
const MOST_EXPECTED: usize = 200_000;

/// What is believed, from the stream TRUST and then from what lies beside the pinned root, which
/// is kept there from then on. Tries until it succeeds.
pub(super) async fn trust_patiently(
    own: &Bus,
    me: &NodeId,
    pinned: &Documents,
    seeds: &Seeds,
) -> Archive {
    let mut told = None;
    loop {
        let error = match trust(own, me, pinned.clone(), seeds).await {
            Ok(archive) => return archive,
            Err(error) => error,
        };
        if told.as_ref() != Some(&error) {
            tracing::warn!(%error, "trust documents not read yet; trying again");
            told = Some(error);
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn trust(
    own: &Bus,
    me: &NodeId,
    documents: Documents,
    seeds: &Seeds,
) -> Result<Archive, String> {
    let mut archive = Archive { documents, kept: HashSet::new() };
    let mut messages = open(own, me, "TRUST").await.map_err(|e| e.to_string())?;
    let (mut papers, mut lists) = (Vec::new(), Vec::new());
    while let Some(message) = messages.next().await.map_err(|e| e.to_string())? {
        match record(&message.payload) {
            Some(Record::List) => lists.push(message),
            _ => {
                match General::parse(&message.payload) {
                    // The server counts whole seconds here: never before it was taken.
                    Ok(paper) => papers.push((paper, message.stored + A_SECOND)),
                    Err(why) => tracing::error!(subject = %message.subject.escape_debug(), %why,
                        "left out of TRUST"),
                }
                archive.kept.insert(message.subject);
            }
        }
    }
    for one in archive.documents.restore_kept(&papers) {
        let node = one.node.as_ref().map(ToString::to_string).unwrap_or_default();
        tracing::error!(node, why = %one.why, "left out of TRUST");
    }
    for list in lists {
        if let Err(why) = archive.documents.offer_list(&list.payload) {
            tracing::error!(subject = %list.subject.escape_debug(), %why, "left out of TRUST");
        }
        archive.kept.insert(list.subject);
    }
    hood::restore(&mut archive.documents, seeds);
    let Archive { documents, kept } = &mut archive;
    documents.date(crate::time::now(), |name| !kept.contains(&address::trust(name)));
    keep_seeds(own, &mut archive, seeds).await.map_err(|e| e.to_string())?;
    Ok(archive)
}

/// What a node's stream TRUST has, for whoever may read all of it (the provisioner); nothing
/// before the first provisioning.
///
/// # Errors
/// [`BusError`].
pub async fn stored_trust(own: &Bus) -> Result<Vec<General>, BusError> {
    let mut found = Vec::new();
    for subject in own.subjects_if_any("TRUST").await? {
        let Some(message) = own.get("TRUST", &subject).await? else { continue };
        found.extend(General::parse(&message.payload).ok());
    }
    Ok(found)
}

/// The pinned root goes there too, so that those below find the whole chain.
async fn keep_seeds(own: &Bus, archive: &mut Archive, seeds: &Seeds) -> Result<(), PlaceError> {
    for (name, document) in archive.documents.all() {
        let subject = address::trust(&name);
        if archive.kept.contains(&subject) {
            continue;
        }
        let bytes = serde_json::to_vec(document).map_err(|e| PlaceError::Unknown(e.to_string()))?;
        own.place(&subject, &[], bytes, None).await?;
        archive.kept.insert(subject);
    }
    for list in &seeds.lists {
        let digest = Id::of(list);
        let subject = address::trust_list(digest);
        if archive.documents.has_list(digest) && !archive.kept.contains(&subject) {
            own.place(&subject, &[], list.clone(), None).await?;
            archive.kept.insert(subject);
        }
    }
    Ok(())
}

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

/// Reads every folded stream from its first message: what was said beside the notices, but taken
/// in after them, since a notice of which something was said before is one that was lost.
async fn fold(node: &Node) -> Result<(), BusError> {
    let mut router = node.router.lock().await;
    let said = Said::read(&node.own, &node.me);
    let mut kept = 0;
    for stream in NOTICES {
        kept += notices(node, &mut router, stream).await?;
    }
    kept += said.keep(&mut router).await?;
    heard(node).await?;
    router.prune(crate::time::now());
    if router.judge(&node.trust()) > 0 {
        // What was hidden may not have come again before the last end.
        node.rewinds.send_modify(|count| *count += 1);
    }
    tracing::info!(kept, "state folded from the node's streams");
    Ok(())
}

/// The seed of another node on the same server would let this relay work on that node's streams.
async fn check_owner(own: &Bus, me: &NodeId, stream: &str) -> Result<(), BusError> {
    match own.owner(stream).await? {
        Some(owner) if owner != me.as_str() => {
            let why = format!(
                "these are the streams of {owner}, not of {me}: the seed of [server] is {owner}'s"
            );
            Err(BusError::Refused { what: stream.to_owned(), why })
        }
        _ => Ok(()),
    }
}

/// One stream, which is this node's own.
pub(super) async fn open(own: &Bus, me: &NodeId, stream: &str) -> Result<Fold, BusError> {
    check_owner(own, me, stream).await?;
    own.fold(stream).await
}

/// The notices of one stream; how many.
async fn notices(node: &Node, router: &mut Router, stream: &str) -> Result<usize, BusError> {
    let (mut kept, trust) = (0, node.trust());
    let mut messages = open(&node.own, &node.me, stream).await?;
    while let Some(message) = messages.next().await? {
        // Receipts pass here on their way down.
        if message.notice.is_empty() {
            if let Some(id) = address::is_over(&message.subject) {
                router.is_over(id, message.stored);
            }
            continue;
        }
        if kept == 0 {
            router.reserve(expected(&message));
        }
        match take(router, &message) {
            Ok(id) => {
                kept += 1;
                match stream {
                    "BOARD" => router.found(&trust, id, &message.subject),
                    "CASES" => count_case(node, router, id, &message),
                    _ => {}
                }
            }
            Err(why) => left_alone(stream, message.sequence, &why),
        }
    }
    Ok(kept)
}

/// How many messages to make room for: what the server says, but it may say anything.
pub(super) fn expected(first: &Delivery) -> usize {
    usize::try_from(first.pending).unwrap_or(MOST_EXPECTED).min(MOST_EXPECTED)
}

/// Not its subject: that of a case says where it happened.
pub(super) fn left_alone(stream: &str, sequence: u64, why: &str) {
    tracing::error!(stream, why, sequence, "not what this node writes: left alone");
}

/// How much of CASES each sender has.
fn count_case(node: &Node, router: &Router, id: Id, message: &Delivery) {
    let from = room::of_node(router.ledger().from(id).flatten());
    let texts = message.notice.iter().chain(&message.hops).map(String::len).sum::<usize>();
    let bytes = room::size(&[], message.size + texts as u64);
    node.room.add("CASES", Some(&from), bytes);
}

/// The id of the notice that it is.
fn take(router: &mut Router, message: &Delivery) -> Result<Id, String> {
    let wire = message.wire().map_err(|e| e.to_string())?;
    let (statement, kid, hops) = verify::read_stored(&wire).map_err(|e| e.reason.to_string())?;
    match hops.last() {
        Some(last) if last.by == *router.me() => {}
        Some(last) => {
            let why = "it was placed by another node; is the seed of [server] that node's?";
            return Err(format!("{}: {why}", last.by));
        }
        None => return Err("no hop".into()),
    }
    let id = wire.id();
    router.keep(Stored { id, statement, kid, hops });
    Ok(id)
}

/// What was heard before the last end; what has expired meanwhile says nothing.
async fn heard(node: &Node) -> Result<(), BusError> {
    let (probe, source) = (address::probe(&node.me), Source::Outbox(node.me.clone()));
    let mut messages = open(&node.own, &node.me, "BEATS").await?;
    while let Some(message) = messages.next().await? {
        if message.subject == probe {
            continue;
        }
        let (now, Delivery { subject, payload, .. }) = (crate::time::now(), &message);
        if let Err(refused) = beats::hear(node, now, &source, subject, payload).await {
            tracing::debug!(why = %refused.why.escape_debug(), "a heartbeat left out");
        }
    }
    Ok(())
}
