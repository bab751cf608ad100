//! One stored notice for the desk, with its body: what people read, forward and hand over.
//!
//! In pieces, since a body may have 8 MiB and an answer in JSON is larger than that. The asker
//! checks the digest in the statement, so a piece that changed in between is noticed.

use serde::{Deserialize, Serialize};

use super::node::Node;
use crate::address::{self, Place};
use crate::bus::BusError;
use crate::jws::base64url;
use crate::notice::{Id, Statement, Wire};

/// Bytes of a body in one answer: with base64 and headers it stays below 1 MiB.
const MAX_PIECE: usize = 640 * 1024;

/// What a desk sends to `chappe.desk.notice`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WholeQuestion {
    /// The notice.
    pub id: Id,
    /// The first byte of its body that is asked for.
    #[serde(default)]
    pub from: usize,
}

/// The desk's answer: a notice as `.chappe` has it, with a piece of its body; empty if it is not
/// here.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WholeAnswer {
    /// The statement's compact JWS.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub notice: Option<String>,
    /// The custody.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub hops: Vec<String>,
    /// The document's own detached signature, base64url.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub body_sig: Option<String>,
    /// A piece of the body, base64url.
    #[serde(default)]
    pub body: String,
    /// Where the next piece begins, while there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<usize>,
}

/// Reads it from where this node keeps it.
pub(super) async fn whole(node: &Node, question: WholeQuestion) -> Result<WholeAnswer, BusError> {
    let statement = node.router.lock().await.ledger().statement(question.id).cloned();
    let Some(statement) = statement else { return Ok(WholeAnswer::default()) };
    let found = find(node, question.id, &statement).await?;
    Ok(found.map_or_else(WholeAnswer::default, |wire| piece(&wire, question.from)))
}

async fn find(node: &Node, id: Id, statement: &Statement) -> Result<Option<Wire>, BusError> {
    for place in [Place::Cases, Place::Inbox, Place::Board] {
        let subject = address::subject(&place, statement, id);
        let Some(found) = node.own.get(place.stream(), &subject).await? else { continue };
        match found.wire() {
            Ok(wire) if wire.id() == id => return Ok(Some(wire)),
            _ => {}
        }
    }
    Ok(None)
}

fn piece(wire: &Wire, from: usize) -> WholeAnswer {
    let to = from.saturating_add(MAX_PIECE).min(wire.body.len());
    let body = wire.body.get(from..to).unwrap_or_default();
    WholeAnswer {
        notice: Some(wire.notice.clone()),
        hops: wire.hops.clone(),
        body_sig: wire.body_sig.as_deref().map(base64url),
        body: base64url(body),
        next: (to < wire.body.len()).then_some(to),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jws::from_base64url;

    #[test]
    fn the_pieces_of_a_body_are_the_whole_of_it() {
        let body: Vec<u8> = (0..MAX_PIECE * 2 + 7).map(|n| (n % 251) as u8).collect();
        let wire = Wire { notice: "a.b.c".into(), hops: vec![], body_sig: None, body };
        let (mut read, mut from) = (Vec::new(), Some(0));
        while let Some(at) = from {
            let answer = piece(&wire, at);
            assert!(serde_json::to_vec(&answer).expect("JSON").len() < 1024 * 1024);
            read.extend(from_base64url(&answer.body).expect("base64url"));
            from = answer.next;
        }
        assert_eq!(read, wire.body);
    }

    #[test]
    fn past_the_end_and_of_an_empty_body_there_is_one_empty_piece() {
        let wire = Wire { notice: "a.b.c".into(), hops: vec![], body_sig: None, body: vec![] };
        for from in [0, 5, usize::MAX] {
            let answer = piece(&wire, from);
            assert_eq!((answer.body.as_str(), answer.next), ("", None));
        }
    }
}
