//! `ack`: a person at this node has read a notice, and the node says so with its own key.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::desk::matches_reference;
use super::node::Node;
use super::receipts;
use crate::bus::PlaceError;
use crate::lifecycle::{ThreadKey, Version};
use crate::notice::{Id, Kind, NodeId, Outcome, Statement, Time};
use crate::routing::Router;

/// Notices that an answer names when a reference has more than one meaning.
const MAX_NAMED: usize = 16;

/// What a desk asks under `chappe.desk.ack`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AckQuestion {
    /// A document's reference, or the beginning of an id.
    #[serde(rename = "ref")]
    pub reference: String,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Acked {
    /// The node has said `read`.
    Read,
    /// It had said so before; nothing was sent.
    Already,
    /// The node has issued it: nobody asks whether it has read its own.
    Own,
    /// Nothing here is called so.
    Unknown,
    /// Several are: `among` has some of them.
    Ambiguous,
}

/// The answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AckAnswer {
    /// What came of it.
    pub outcome: Acked,
    /// The notice.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<Id>,
    /// When the node said that it was read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub at: Option<Time>,
    /// What the reference may mean, at most 16.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub among: Vec<Named>,
}

/// A notice, so that a person can tell it from others.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Its id.
    pub id: Id,
    /// Its kind.
    pub kind: Kind,
    /// Its issuer.
    pub iss: NodeId,
    /// Its title.
    pub title: String,
}

/// Says that a notice was read, once.
///
/// # Errors
/// [`PlaceError`] if the node's own server does not take the word.
pub(super) async fn ack(node: &Node, reference: &str) -> Result<AckAnswer, PlaceError> {
    let mut router = node.router.lock().await;
    let plain = |outcome| AckAnswer { outcome, id: None, at: None, among: Vec::new() };
    let id = match meant(&router, reference).as_slice() {
        [] => return Ok(plain(Acked::Unknown)),
        [(id, _)] => *id,
        several => {
            let among = several.iter().take(MAX_NAMED).map(|(id, s)| named(*id, s)).collect();
            return Ok(AckAnswer { among, ..plain(Acked::Ambiguous) });
        }
    };
    if router.ledger().from(id) == Some(None) {
        return Ok(AckAnswer { id: Some(id), ..plain(Acked::Own) });
    }
    if let Some(word) = router.own_word(id).filter(|word| word.outcome == Outcome::Read) {
        return Ok(AckAnswer { id: Some(id), at: Some(word.at), ..plain(Acked::Already) });
    }
    let receipt = router.read(crate::time::now(), &node.trust(), id);
    let at = receipt.at;
    receipts::add(node, &mut router, receipt).await?;
    tracing::info!(%id, "read, says the desk");
    Ok(AckAnswer { id: Some(id), at: Some(at), ..plain(Acked::Read) })
}

/// What a person means by a reference: of a document the highest version in each thread, what
/// others issued before what is the node's own; else what has an id that begins so.
fn meant<'r>(router: &'r Router, reference: &str) -> Vec<(Id, &'r Statement)> {
    let found = router.ledger().notices().filter(|(id, s)| matches_reference(reference, *id, s));
    let (documents, others): (Vec<_>, Vec<_>) = found
        .map(|(id, s)| (id, &**s))
        .partition(|(_, s)| s.kind.is_document() && is_called(reference, s));
    let mut threads = BTreeMap::new();
    for (id, s) in documents {
        let (Some(key), Some(version)) = (ThreadKey::of(s), Version::of(id, s)) else { continue };
        let highest = threads.entry(key).or_insert((version, id, s));
        if version > highest.0 {
            *highest = (version, id, s);
        }
    }
    let mut found: Vec<_> = threads.into_values().map(|(_, id, s)| (id, s)).collect();
    if found.is_empty() {
        found = others.into_iter().filter(|(_, s)| !is_called(reference, s)).collect();
    }
    let theirs = |(_, s): &(Id, &Statement)| s.iss != *router.me();
    if found.iter().any(theirs) {
        found.retain(theirs);
    }
    found
}

fn is_called(reference: &str, s: &Statement) -> bool {
    s.doc.as_ref().is_some_and(|doc| doc.reference == reference)
}

fn named(id: Id, s: &Statement) -> Named {
    Named { id, kind: s.kind, iss: s.iss.clone(), title: s.title.clone() }
}
