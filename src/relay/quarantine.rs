//! What was refused, for an operator to look at.

use serde::Serialize;

use super::node::Node;
use crate::address::{self, Source};
use crate::bus::{Delivery, PlaceError};
use crate::jws::{Compact, General, Typ, base64url};
use crate::notice::{Id, Statement, Tlp};
use crate::verify::Refused;

/// A body above this is kept by its digest alone.
const MAX_KEPT_BODY: usize = 256 * 1024;
/// A header above this is cut: it was refused anyway, and the digest is of the whole.
const MAX_KEPT_HEADER: usize = 16 * 1024;

/// One refused input. Above GREEN, or with a label that cannot be read, the body stays out; a trust
/// document has none and stays in.
#[derive(Serialize)]
struct Record<'a> {
    reason: &'a str,
    why: &'a str,
    source: String,
    subject: &'a str,
    notice: Vec<&'a str>,
    hops: Vec<&'a str>,
    foreign_headers: usize,
    body_len: usize,
    body_sha256: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
}

/// Stores a refused input under its reason, once for the same bytes.
pub(super) async fn put(
    node: &Node,
    source: &Source,
    delivery: &Delivery,
    refused: &Refused,
) -> Result<(), PlaceError> {
    let record = Record {
        reason: refused.reason.as_str(),
        why: &refused.why,
        source: source.to_string(),
        subject: &delivery.subject,
        notice: delivery.notice.iter().map(|text| cut(text)).collect(),
        hops: delivery.hops.iter().map(|text| cut(text)).collect(),
        foreign_headers: delivery.foreign_headers,
        body_len: delivery.payload.len(),
        body_sha256: Id::of(&delivery.payload),
        body: may_keep(delivery).then(|| base64url(&delivery.payload)),
    };
    let payload = serde_json::to_vec(&record).map_err(|e| PlaceError::Unknown(e.to_string()))?;
    let subject = address::quarantine(refused.reason, source, digest(delivery));
    node.own.place(&subject, &[], payload, None).await?;
    node.metrics.quarantined();
    Ok(())
}

fn cut(text: &str) -> &str {
    let end = (0..=MAX_KEPT_HEADER.min(text.len())).rev().find(|i| text.is_char_boundary(*i));
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}

fn may_keep(delivery: &Delivery) -> bool {
    // A trust document goes to everybody; refused, it is the evidence of who signed what.
    if delivery.notice.is_empty() && delivery.hops.is_empty() {
        return General::parse(&delivery.payload).is_ok();
    }
    let label = || {
        let [notice] = delivery.notice.as_slice() else { return None };
        let compact = Compact::parse(notice, Typ::Notice).ok()?;
        Statement::parse(compact.unverified_payload()).ok().map(|s| s.tlp)
    };
    delivery.payload.len() <= MAX_KEPT_BODY && label().is_some_and(|tlp| tlp <= Tlp::Green)
}

/// Of headers and payload as received.
fn digest(delivery: &Delivery) -> Id {
    let mut all = Vec::new();
    for text in delivery.notice.iter().chain(&delivery.hops).chain(&delivery.body_sig) {
        all.extend_from_slice(text.as_bytes());
        all.push(0);
    }
    all.extend_from_slice(&delivery.payload);
    Id::of(&all)
}
