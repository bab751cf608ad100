//! Whose word a node takes for what became of a notice: each receipt that must be refused, and why.

use crate::forge::*;
use chappe::address::Source;
use chappe::jws::{self, Typ};
use chappe::notice::{Id, Outcome, Reason, Receipt, Time};
use chappe::verify;

fn receipt(by: &str) -> Receipt {
    Receipt {
        fed: fed(),
        of: Id::of(b"a notice"),
        by: id(by),
        outcome: Outcome::Filtered,
        reason: Some("no-rule".into()),
        to: None,
        counts: None,
        at: NOW,
    }
}

/// What `eu-fr` says to a receipt of `signer` that arrives from `source`.
fn said(source: &Source, receipt: &Receipt, signer: (&str, &str)) -> Option<Reason> {
    let jws = jws::sign(&key(signer.0, signer.1), Typ::Receipt, receipt).expect("signed");
    taken(source, jws.as_bytes())
}

fn taken(source: &Source, payload: &[u8]) -> Option<Reason> {
    verify::verify_receipt(NOW, &id("eu-fr"), &trust(), source, payload)
        .err()
        .map(|refused| refused.reason)
}

fn region() -> Source {
    Source::Child(id("eu-fr-bre"))
}

#[test]
fn a_childs_word_and_the_word_of_who_is_below_it_are_taken() {
    for by in ["eu-fr-bre", "eu-fr-bre-chu"] {
        assert_eq!(said(&region(), &receipt(by), (by, "relay")), None);
    }
}

#[test]
fn nobody_speaks_for_another() {
    let of_sibling = receipt("eu-fr-nor");
    assert_eq!(said(&region(), &of_sibling, ("eu-fr-nor", "relay")), Some(Reason::Direction));
    assert_eq!(said(&region(), &of_sibling, ("eu-fr-bre", "relay")), Some(Reason::KeyOwner));
    let upstream = Source::Upstream(id("eu"));
    assert_eq!(said(&upstream, &receipt("eu-fr"), ("eu-fr", "relay")), Some(Reason::Direction));
    let local = Source::Local("soc".into());
    let own = receipt("eu-fr-bre");
    assert_eq!(said(&local, &own, ("eu-fr-bre", "relay")), Some(Reason::Direction));
}

#[test]
fn only_a_relay_key_that_a_bundle_lists_signs_a_receipt() {
    let own = receipt("eu-fr-bre");
    assert_eq!(said(&region(), &own, ("eu-fr-bre", "issue")), Some(Reason::KeyUse));
    assert_eq!(said(&region(), &own, ("nobody", "relay")), Some(Reason::KeyUnknown));
    let mut old = receipt("eu-fr-bre");
    old.at = Time::from_secs(NOW.secs() - 2 * YEAR);
    assert_eq!(said(&region(), &old, ("eu-fr-bre", "relay")), Some(Reason::KeyWindow));
}

#[test]
fn a_receipt_is_of_this_federation_and_of_now() {
    let mut foreign = receipt("eu-fr-bre");
    foreign.fed = "ff".repeat(16).try_into().expect("a federation");
    assert_eq!(said(&region(), &foreign, ("eu-fr-bre", "relay")), Some(Reason::Federation));
    let mut ahead = receipt("eu-fr-bre");
    ahead.at = Time::from_millis(NOW.millis() + 300_001);
    assert_eq!(said(&region(), &ahead, ("eu-fr-bre", "relay")), Some(Reason::Future));
    ahead.at = Time::from_millis(NOW.millis() + 300_000);
    assert_eq!(said(&region(), &ahead, ("eu-fr-bre", "relay")), None, "within the leeway");
}

#[test]
fn what_goes_onto_a_terminal_is_a_word() {
    let mut hostile = receipt("eu-fr-bre");
    hostile.reason = Some("\u{1b}[2J".into());
    assert_eq!(said(&region(), &hostile, ("eu-fr-bre", "relay")), Some(Reason::Claim));
    let mut newer = receipt("eu-fr-bre");
    newer.reason = Some("a-reason-of-tomorrow".into());
    assert_eq!(said(&region(), &newer, ("eu-fr-bre", "relay")), None);
}

#[test]
fn counts_are_of_what_an_entity_can_say_and_of_nothing_else() {
    let with = |counts: serde_json::Value| {
        let mut json = serde_json::to_value(receipt("eu-fr-bre")).expect("JSON");
        json["counts"] = counts;
        let bytes = serde_json::to_vec(&json).expect("JSON");
        let jws = jws::sign_with(&key("eu-fr-bre", "relay"), Typ::Receipt, &bytes);
        taken(&region(), jws.expect("signed").as_bytes())
    };
    let all = serde_json::json!({"delivered": 3, "filtered": 1, "refused": 0, "erased": 0,
        "read": 2});
    assert_eq!(with(all), None);
    for hostile in ["eu-fr-bre-chu", "\u{7}", "", "climbs", "stops", "unanswered"] {
        assert_eq!(with(serde_json::json!({ hostile: 1 })), Some(Reason::Claim), "{hostile:?}");
    }
    assert_eq!(with(serde_json::json!({"read": 4_294_967_296_u64})), Some(Reason::Claim));
    let many: serde_json::Map<_, _> = (0..400).map(|n| (format!("{n}"), n.into())).collect();
    assert_eq!(with(many.into()), Some(Reason::Header), "it is larger than any receipt");
}

#[test]
fn what_is_no_receipt_is_refused_before_it_costs_anything() {
    assert_eq!(taken(&region(), &[b'x'; 2_049]), Some(Reason::Header));
    let at_the_bound = taken(&region(), &[b'x'; 2_048]);
    assert!(at_the_bound.is_some_and(|reason| reason != Reason::Header), "{at_the_bound:?}");
    assert_eq!(taken(&region(), &[0xff, 0xfe]), Some(Reason::Encoding));
    let hop = jws::sign_with(&key("eu-fr-bre", "relay"), Typ::Hop, b"{}").expect("signed");
    assert_eq!(taken(&region(), hop.as_bytes()), Some(Reason::Algorithm));
    let own = jws::sign(&key("eu-fr-bre", "relay"), Typ::Receipt, &receipt("eu-fr-bre"));
    let spoilt = own.expect("signed").replacen('.', ".AAAA", 1);
    assert_eq!(taken(&region(), spoilt.as_bytes()), Some(Reason::Signature));
}
