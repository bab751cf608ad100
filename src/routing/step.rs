//! What a relay does around a decision, as far as it takes no server: its own hop, how long a
//! place keeps a notice, and which words of filtering count. Here, so that whoever plays a relay
//! on virtual time plays this one.

use std::time::Duration;

use crate::address::{Place, REAL, Source};
use crate::notice::{Hop, Id, Kind, NodeId, Outcome, Reason, Receipt, Statement, Time};
use crate::verify::{CLOCK_LEEWAY, Verified};

/// This node's own hop, not signed yet; `None` if it stands there already, as on what comes from
/// the outbox or was held.
#[must_use]
pub fn own_hop(now: Time, me: &NodeId, verified: &Verified) -> Option<Hop> {
    let last = verified.hops().last();
    if last.is_some_and(|hop| hop.by == *me) {
        return None;
    }
    let st = verified.id();
    let prev = verified.wire().hops.last().map_or(st, |hop| Id::of(hop.as_bytes()));
    // Never before the hop that it follows, even if our clock is a little behind.
    let at = last.map_or(now, |last| now.max(last.at));
    Some(Hop { st, prev, by: me.clone(), at })
}

/// How long a place keeps a notice: board and inbox let go of it by themselves; cases outlive
/// their notices.
#[must_use]
pub fn time_to_live(place: &Place, now: Time, statement: &Statement) -> Option<Duration> {
    match place {
        Place::Board | Place::Direct(_) | Place::Inbox => {
            let left = statement.expires().since(now) + CLOCK_LEEWAY;
            Some(left.max(Duration::from_secs(1)))
        }
        Place::Cases | Place::Outbox(_) => None,
    }
}

/// Whether a notice may use the last tenth of a board or inbox: alerts and what is said about
/// them, updates of what is there, what ends something, cases.
#[must_use]
pub fn is_urgent(statement: &Statement, target: Option<&Statement>) -> bool {
    match statement.kind {
        Kind::Advisory => statement.re.is_some(),
        Kind::Annotation => target.is_some_and(|target| target.kind == Kind::Alert),
        Kind::Alert | Kind::Closing | Kind::Withdrawal | Kind::Escalation | Kind::Response => true,
    }
}

/// Whether a receipt that came from `source` under a subject of BEATS explains that a notice does
/// not come over that link.
///
/// # Errors
/// `subject` if it is no word of filtering under its own subject, `direction` if its node is not
/// on the way here.
pub fn covers(source: &Source, subject: &str, receipt: &Receipt) -> Result<(), Reason> {
    if receipt.outcome != Outcome::Filtered || !is_filtering(subject, receipt) {
        return Err(Reason::Subject);
    }
    if is_on_the_way(source, &receipt.by) { Ok(()) } else { Err(Reason::Direction) }
}

/// Whether a subject is one of BEATS for this word. It is stored under it here, and the channel in
/// the middle cannot be computed: the notice is not here. So everything else about it is pinned, or
/// an upstream's server could choose a subject of the board and squat a notice's place.
fn is_filtering(subject: &str, receipt: &Receipt) -> bool {
    const TOKENS: usize = 10;
    let plain = |token: &str| {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        !token.is_empty() && token.bytes().all(allowed)
    };
    subject.starts_with(&format!("{REAL}.beats."))
        && subject.ends_with(&format!(".{}.{}", receipt.by, receipt.of))
        && subject.split('.').count() == TOKENS
        && subject.split('.').all(plain)
}

/// Whether a node could have filtered what this upstream does not pass on: itself, or one above it.
fn is_on_the_way(source: &Source, by: &NodeId) -> bool {
    match source {
        Source::Upstream(upstream) => by.contains(upstream),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> NodeId {
        text.parse().expect("a node id")
    }

    fn word(by: &str) -> Receipt {
        let json = serde_json::json!({"fed": "00112233445566778899aabbccddeeff", "by": by,
            "of": Id::of(b"notice"), "outcome": "filtered", "at": 1});
        serde_json::from_value(json).expect("a receipt")
    }

    #[test]
    fn a_word_of_filtering_is_stored_under_a_subject_of_heartbeats_alone() {
        let (receipt, of) = (word("eu-fr-bre"), Id::of(b"notice"));
        let honest = format!("chappe.beats.eu-fr.eu.fr.bre.all.green.eu-fr-bre.{of}");
        assert!(is_filtering(&honest, &receipt));
        for wrong in [
            format!("chappe.board.advisory.eu.fr.bre.all.green.high.eu-fr-bre.{of}"),
            format!("drill.beats.eu-fr.eu.fr.bre.all.green.eu-fr-bre.{of}"),
            format!("chappe.beats.eu-fr.eu.fr.bre.all.green.eu-fr.{of}"),
            format!("chappe.beats.eu-fr.eu.fr.bre.all.*.eu-fr-bre.{of}"),
            format!("chappe.beats.eu-fr.eu.fr.bre.all.green.x.eu-fr-bre.{of}"),
            honest.replace(&of.to_string(), &Id::of(b"another").to_string()),
        ] {
            assert!(!is_filtering(&wrong, &receipt), "{wrong}");
        }
    }

    #[test]
    fn only_the_upstream_and_those_above_it_can_have_filtered() {
        let from = Source::Upstream(id("eu-fr-bre"));
        assert!(is_on_the_way(&from, &id("eu-fr-bre")) && is_on_the_way(&from, &id("eu-fr")));
        assert!(!is_on_the_way(&from, &id("eu-fr-nor")));
        assert!(!is_on_the_way(&from, &id("eu-fr-bre-townhall1")));
    }
}
