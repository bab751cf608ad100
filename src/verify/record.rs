//! Receipts: a relay's word, checked under that relay's key at the receipt's own time.

use super::refused::Refused;
use super::steps::CLOCK_LEEWAY;
use crate::address::{self, Source};
use crate::jws::{self, Compact, JsonError, Typ};
use crate::notice::{Audience, Counts, Heartbeat, NodeId, Outcome, Reason, Receipt, Time};
use crate::trust::{Trust, Usage};

/// A receipt has about 400 bytes; above this it is not one.
const MAX_RECEIPT_BYTES: usize = 2_048;
/// A heartbeat has 16 ids of 64 digits and a few versions, in base64url.
const MAX_BEAT_BYTES: usize = 4_096;

/// Checks a receipt that arrived from `source`.
///
/// # Errors
/// The first check that it fails; `direction` if it is the word of a node from which nothing can
/// come over this link.
pub fn verify_receipt(
    now: Time,
    me: &NodeId,
    trust: &Trust,
    source: &Source,
    payload: &[u8],
) -> Result<(Receipt, String), Refused> {
    let refuse = |reason, why: &str| Refused::new(reason, format!("receipt: {why}"));
    if payload.len() > MAX_RECEIPT_BYTES {
        return Err(refuse(Reason::Header, "too large"));
    }
    let text = std::str::from_utf8(payload).map_err(|_| refuse(Reason::Encoding, "not text"))?;
    let compact = Compact::parse(text, Typ::Receipt)?;
    let known = trust.find(compact.kid()).ok_or(refuse(Reason::KeyUnknown, "no such key"))?;
    let bytes = compact.payload(&known.public)?;
    let receipt: Receipt = jws::from_slice(bytes).map_err(|e| match e {
        JsonError::Syntax(why) => refuse(Reason::Json, &why),
        JsonError::Claim(why) => refuse(Reason::Claim, &why),
    })?;
    if !receipt.reason.as_ref().is_none_or(|word| is_word(word)) {
        return Err(refuse(Reason::Claim, "a reason that is no word"));
    }
    let counted = |outcome: &Outcome| Outcome::COUNTED.contains(outcome);
    if !receipt.counts.iter().flat_map(Counts::keys).all(counted) {
        return Err(refuse(Reason::Claim, "counts of what no entity can say"));
    }
    if receipt.fed != *trust.fed() {
        return Err(refuse(Reason::Federation, "of another federation"));
    }
    if receipt.at > now + CLOCK_LEEWAY {
        let ahead = receipt.at.since(now).as_secs();
        return Err(refuse(Reason::Future, &format!("{ahead} s ahead of this node's clock")));
    }
    let key = trust
        .key(compact.kid(), Usage::Relay, receipt.at)
        .map_err(|reason| refuse(reason, "its key"))?;
    if key.node != receipt.by {
        return Err(refuse(Reason::KeyOwner, "signed by another"));
    }
    let plausible = match source {
        Source::Child(child) => child.contains(&receipt.by),
        Source::Upstream(_) => receipt.by != *me,
        Source::Outbox(_) => true,
        Source::Local(_) => false,
    };
    if !plausible {
        return Err(refuse(Reason::Direction, "not from there"));
    }
    Ok((receipt, text.to_owned()))
}

/// The longest that a heartbeat may last: three periods of an hour.
const MAX_BEAT_SECS: u64 = 3 * 3_600;

/// Checks a heartbeat that came from an upstream under `subject`. An old one that is sent again
/// to hide a freeze has expired; one that has not, is older than the one that is here.
///
/// # Errors
/// The first check that it fails.
pub fn verify_heartbeat(
    now: Time,
    trust: &Trust,
    subject: &str,
    payload: &[u8],
) -> Result<Heartbeat, Refused> {
    let refuse = |reason, why: &str| Refused::new(reason, format!("heartbeat: {why}"));
    if payload.len() > MAX_BEAT_BYTES {
        return Err(refuse(Reason::Header, "too large"));
    }
    let text = std::str::from_utf8(payload).map_err(|_| refuse(Reason::Encoding, "not text"))?;
    let compact = Compact::parse(text, Typ::Heartbeat)?;
    let known = trust.find(compact.kid()).ok_or(refuse(Reason::KeyUnknown, "no such key"))?;
    let bytes = compact.payload(&known.public)?;
    let beat: Heartbeat = jws::from_slice(bytes).map_err(|e| match e {
        JsonError::Syntax(why) => refuse(Reason::Json, &why),
        JsonError::Claim(why) => refuse(Reason::Claim, &why),
    })?;
    if beat.fed != *trust.fed() {
        return Err(refuse(Reason::Federation, "of another federation"));
    }
    let Audience::Scope(scope) = &beat.aud else {
        return Err(refuse(Reason::Claim, "a channel has a scope"));
    };
    if beat.exp <= beat.iat
        || beat.exp - beat.iat > MAX_BEAT_SECS
        || beat.newest.len() > Heartbeat::MAX_NEWEST
    {
        return Err(refuse(Reason::Claim, "its life or its newest ids are out of bounds"));
    }
    let key = trust
        .key(compact.kid(), Usage::Relay, Time::from_secs(beat.iat))
        .map_err(|reason| refuse(reason, "its key"))?;
    if key.node != beat.iss {
        return Err(refuse(Reason::KeyOwner, "signed by another"));
    }
    if Time::from_secs(beat.iat) > now + CLOCK_LEEWAY {
        return Err(refuse(Reason::Future, "ahead of this node's clock"));
    }
    if now >= Time::from_secs(beat.exp) {
        return Err(refuse(Reason::Expired, "past its own time"));
    }
    if subject != address::heartbeat(&beat.iss, scope, beat.tlp) {
        return Err(refuse(Reason::Subject, "not that of its channel"));
    }
    Ok(beat)
}

/// A reason that this version does not know may come from a newer node; but it goes onto terminals.
fn is_word(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=40).contains(&text.len()) && text.bytes().all(allowed)
}
