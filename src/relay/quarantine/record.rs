//! One refused message as it is kept.

use serde::{Deserialize, Serialize};

use crate::address::Source;
use crate::bus::Delivery;
use crate::jws::{Compact, General, Typ, base64url, from_base64url};
use crate::notice::{HEADER_BODY_SIG, HEADER_HOPS, HEADER_NOTICE, Id, Reason, Statement, Tlp};
use crate::verify::Refused;

/// A body above this is kept by its digest alone.
const MAX_KEPT_BODY: usize = 256 * 1024;
/// A header above this is cut: it was refused anyway, and the digest is of the whole.
const MAX_KEPT_HEADER: usize = 16 * 1024;

/// One refused input. Above GREEN, or with a label that cannot be read, the body stays out, and of
/// what is not for this node everything but the digest; a trust document has neither and stays in.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) reason: String,
    pub(super) why: String,
    pub(super) source: String,
    pub(super) subject: String,
    pub(super) notice: Vec<String>,
    pub(super) hops: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(super) body_sig: Vec<String>,
    pub(super) foreign_headers: usize,
    pub(super) body_len: usize,
    pub(super) body_sha256: Id,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) body: Option<String>,
}

/// What is needed to try again: our headers and the payload, to the byte as they came.
pub(super) struct Whole {
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) payload: Vec<u8>,
}

impl Record {
    pub(super) fn of(source: &Source, delivery: &Delivery, refused: &Refused) -> Self {
        let bare = is_not_ours(delivery, refused.reason);
        let cut = |texts: &[String]| {
            let kept = texts.iter().filter(|_| !bare);
            kept.map(|text| cut(text).to_owned()).collect()
        };
        Self {
            reason: refused.reason.as_str().to_owned(),
            why: refused.why.clone(),
            source: source.to_string(),
            // It ends in the notice's id.
            subject: if bare { String::new() } else { delivery.subject.clone() },
            notice: cut(&delivery.notice),
            hops: cut(&delivery.hops),
            body_sig: cut(&delivery.body_sig),
            foreign_headers: delivery.foreign_headers,
            body_len: delivery.payload.len(),
            body_sha256: Id::of(&delivery.payload),
            body: may_keep(delivery).then(|| base64url(&delivery.payload)),
        }
    }

    /// The message as it came, if all of it was kept.
    pub(super) fn whole(&self, of: Id) -> Option<Whole> {
        let payload = match &self.body {
            Some(body) => from_base64url(body)?,
            None if self.body_len == 0 => Vec::new(),
            None => return None,
        };
        if digest_of(&self.notice, &self.hops, &self.body_sig, &payload) != of {
            return None;
        }
        let all = [
            (HEADER_NOTICE, &self.notice),
            (HEADER_HOPS, &self.hops),
            (HEADER_BODY_SIG, &self.body_sig),
        ];
        let headers = all
            .into_iter()
            .flat_map(|(name, values)| values.iter().map(move |value| (name, value.clone())));
        Some(Whole { headers: headers.collect(), payload })
    }

    /// The id under which it is known: its notice's, or that of a record that is all payload.
    pub(super) fn id(&self) -> Id {
        match self.notice.as_slice() {
            [notice] => Id::of(notice.as_bytes()),
            _ => self.body_sha256,
        }
    }

    /// What it says of itself, which nobody has verified.
    pub(super) fn statement(&self) -> Option<Statement> {
        unverified(&self.notice)
    }
}

fn cut(text: &str) -> &str {
    let end = (0..=MAX_KEPT_HEADER.min(text.len())).rev().find(|i| text.is_char_boundary(*i));
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}

fn unverified(notice: &[String]) -> Option<Statement> {
    let [notice] = notice else { return None };
    let compact = Compact::parse(notice, Typ::Notice).ok()?;
    Statement::parse(compact.unverified_payload()).ok()
}

/// Whether a notice above GREEN was brought to a node that must not have it: who brought it, and
/// why it was refused, is all that stays. Its statement has a title, and a scope that says whom it
/// concerns.
fn is_not_ours(delivery: &Delivery, reason: Reason) -> bool {
    let open = || unverified(&delivery.notice).is_some_and(|s| s.tlp <= Tlp::Green);
    matches!(reason, Reason::Audience | Reason::Tlp) && !delivery.notice.is_empty() && !open()
}

fn may_keep(delivery: &Delivery) -> bool {
    // A trust document goes to everybody; refused, it is the evidence of who signed what.
    if delivery.notice.is_empty() && delivery.hops.is_empty() {
        return General::parse(&delivery.payload).is_ok();
    }
    let label = || unverified(&delivery.notice).map(|statement| statement.tlp);
    delivery.payload.len() <= MAX_KEPT_BODY && label().is_some_and(|tlp| tlp <= Tlp::Green)
}

/// Of headers and payload as received.
pub(super) fn digest(delivery: &Delivery) -> Id {
    digest_of(&delivery.notice, &delivery.hops, &delivery.body_sig, &delivery.payload)
}

fn digest_of(notice: &[String], hops: &[String], body_sig: &[String], payload: &[u8]) -> Id {
    let mut all = Vec::new();
    for text in notice.iter().chain(hops).chain(body_sig) {
        all.extend_from_slice(text.as_bytes());
        all.push(0);
    }
    all.extend_from_slice(payload);
    Id::of(&all)
}
