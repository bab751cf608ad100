//! Whose heartbeat a node believes, and how long: each one that must be refused, and why.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::forge::*;
use chappe::address;
use chappe::jws::{self, Signer as _, Typ};
use chappe::notice::{Audience, Heartbeat, Id, Reason, Time, Tlp};
use chappe::routing::{Beats, Links, Outlook, Router, Stored};
use chappe::trust::{Revocation, Trust, Why};
use chappe::verify;

const HOUR: u64 = 3_600;

/// France's, on its own channel, from now on for three hours: the longest.
fn beat() -> Heartbeat {
    Heartbeat {
        fed: fed(),
        iss: id("eu-fr"),
        aud: Audience::Scope(scope("eu.fr.all.all")),
        tlp: Tlp::Green,
        iat: NOW.secs(),
        exp: NOW.secs() + 3 * HOUR,
        count: 0,
        digest: Id::of(b""),
        newest: Vec::new(),
        bundles: BTreeMap::new(),
    }
}

fn subject() -> String {
    address::heartbeat(&id("eu-fr"), &scope("eu.fr.all.all"), Tlp::Green)
}

/// What a node says at `now` to a changed heartbeat that a relay key signed.
fn said_at(now: Time, signer: &str, change: impl Fn(&mut Heartbeat)) -> Option<Reason> {
    let mut beat = beat();
    change(&mut beat);
    let jws = jws::sign(&key(signer, "relay"), Typ::Heartbeat, &beat).expect("signed");
    let taken = verify::verify_heartbeat(now, &trust(), &subject(), jws.as_bytes());
    assert!(taken.as_ref().is_ok_and(|read| *read == beat) || taken.is_err());
    taken.err().map(|refused| refused.reason)
}

fn said(change: impl Fn(&mut Heartbeat)) -> Option<Reason> {
    said_at(NOW, "eu-fr", change)
}

fn refusal(payload: &[u8]) -> String {
    let taken = verify::verify_heartbeat(NOW, &trust(), &subject(), payload);
    taken.expect_err("refused").to_string()
}

#[test]
fn an_issuers_own_heartbeat_is_taken() {
    assert_eq!(said(|_| {}), None);
}

#[test]
fn nobody_beats_for_another() {
    assert_eq!(said_at(NOW, "eu-fr-bre", |_| {}), Some(Reason::KeyOwner));
    assert_eq!(said_at(NOW, "nobody", |_| {}), Some(Reason::KeyUnknown));
    let jws = jws::sign(&key("eu-fr", "issue"), Typ::Heartbeat, &beat()).expect("signed");
    assert!(refusal(jws.as_bytes()).starts_with("key-use"));
}

#[test]
fn a_heartbeat_is_of_this_federation_and_stands_under_its_own_channel() {
    let foreign = "ff".repeat(16);
    let fed = |b: &mut Heartbeat| b.fed = foreign.clone().try_into().expect("a federation");
    assert_eq!(said(fed), Some(Reason::Federation));
    assert_eq!(said(|b| b.tlp = Tlp::Clear), Some(Reason::Subject));
    let narrower = |b: &mut Heartbeat| b.aud = Audience::Scope(scope("eu.fr.bre.all"));
    assert_eq!(said(narrower), Some(Reason::Subject));
    assert_eq!(said(|b| b.aud = Audience::Node(id("eu-fr-bre"))), Some(Reason::Claim));
}

#[test]
fn a_heartbeat_lasts_three_hours_at_most_and_never_no_time() {
    assert_eq!(said(|b| b.exp = b.iat + 3 * HOUR + 1), Some(Reason::Claim));
    assert_eq!(said(|b| b.exp = b.iat + 3), None);
    assert_eq!(said(|b| b.exp = b.iat), Some(Reason::Claim));
    assert_eq!(said(|b| b.exp = b.iat - 1), Some(Reason::Claim));
}

#[test]
fn a_heartbeat_names_sixteen_ids_at_most() {
    let ids = |n: u8| (0..n).map(|one| Id::of(&[one])).collect::<Vec<_>>();
    assert_eq!(said(|b| b.newest = ids(16)), None);
    assert_eq!(said(|b| b.newest = ids(17)), Some(Reason::Claim));
}

#[test]
fn a_heartbeat_counts_from_five_minutes_before_its_time_until_its_last_second() {
    let before = |secs: u64| Time::from_secs(NOW.secs() - secs);
    assert_eq!(said_at(before(300), "eu-fr", |_| {}), None);
    assert_eq!(said_at(before(301), "eu-fr", |_| {}), Some(Reason::Future));
    let after = |secs: u64| Time::from_secs(NOW.secs() + secs);
    assert_eq!(said_at(after(3 * HOUR - 1), "eu-fr", |_| {}), None);
    assert_eq!(said_at(after(3 * HOUR), "eu-fr", |_| {}), Some(Reason::Expired));
}

#[test]
fn its_key_is_judged_at_its_own_time() {
    let old = |b: &mut Heartbeat| (b.iat, b.exp) = (b.iat - 2 * YEAR, b.iat - 2 * YEAR + 3);
    assert_eq!(said(old), Some(Reason::KeyWindow));
}

#[test]
fn what_is_too_large_or_no_text_is_refused_before_it_is_read() {
    assert_eq!(refusal(&[b'x'; 4_097]), "header: heartbeat: too large");
    assert!(!refusal(&[b'x'; 4_096]).contains("too large"));
    assert!(refusal(&[0xff]).starts_with("encoding"));
}

#[test]
fn the_boards_are_asked_for_again_ever_more_rarely() {
    let (mut beats, trust) = (Beats::default(), trust());
    let router = Router::new(id("eu-fr-bre"), chappe::policy::Policy::default());
    let missing = Heartbeat { count: 1, newest: vec![Id::of(b"a notice")], ..beat() };
    let period = missing.period();
    assert!(beats.hear(NOW, missing));
    let asked = |quarter: &u32| {
        let now = NOW + period / 4 * *quarter;
        let links = Links::new();
        let never = |_| false;
        let looked = beats.look(now, &id("eu-fr-bre"), &trust, router.ledger(), &links, never);
        !looked.missing.is_empty()
    };
    let quarters: Vec<u32> = (0..64).filter(asked).collect();
    assert_eq!(quarters, [0, 8, 24, 56], "now, then after 2, 4 and 8 periods");
    assert_eq!(period, Duration::from_secs(3_600));
}

/// What a region sees a day later of a heartbeat that said all there was, with the link up.
fn seen_later(router: &Router, trust: &Trust, beat: Heartbeat) -> Outlook {
    let (me, later) = (id("eu-fr-bre"), NOW + Duration::from_secs(24 * HOUR));
    let mut beats = Beats::default();
    assert!(beats.hear(NOW, beat));
    let links = Links::from([(id("eu-fr"), Some(NOW))]);
    let filtered = |of: Id| router.has_filtered(of);
    let look =
        |at: Time, beats: &mut Beats| beats.look(at, &me, trust, router.ledger(), &links, filtered);
    look(NOW, &mut beats);
    look(later, &mut beats)
}

/// A region that holds an advisory of France, and the heartbeat that names it.
fn holding() -> (Router, Heartbeat) {
    let advisory = advisory("eu-fr", "scope:eu.fr.all.all", Tlp::Green);
    let m = arriving("eu-fr-bre", &["eu-fr"], &advisory);
    let mut router = Router::new(id("eu-fr-bre"), chappe::policy::Policy::default());
    let (statement, kid) = (m.statement().clone(), m.kid().clone());
    router.keep(Stored { id: m.id(), statement, kid, hops: m.hops().to_vec() });
    let named =
        Heartbeat { count: 1, digest: Id::of(m.id().as_bytes()), newest: vec![m.id()], ..beat() };
    (router, named)
}

#[test]
fn an_issuer_whose_key_was_revoked_with_all_that_it_signed_is_not_frozen_for_that() {
    let (mut router, named) = holding();
    assert_eq!(seen_later(&router, &trust(), named.clone()).frozen.len(), 1);
    let kid = key("eu-fr", "issue").public().id().to_string();
    let documents = documents(|bundle| {
        if bundle.node == id("eu-fr") {
            let (kid, at) = (kid.clone(), NOW.secs() - HOUR);
            bundle.revoked.push(Revocation { kid, at, why: Why::Compromised, good: None });
        }
    });
    let (revoked, _) = Trust::compile(&root("eu-fr"), &documents).expect("a valid pin");
    assert_eq!(router.judge(&revoked), 1, "the advisory counts no more");
    assert_eq!(seen_later(&router, &revoked, named), Outlook::default());
}

#[test]
fn what_was_refused_for_its_issuers_grant_was_not_withheld() {
    let (_, named) = holding();
    let withheld = |reason: Reason| {
        let mut router = Router::new(id("eu-fr-bre"), chappe::policy::Policy::default());
        let word = router.refusal(NOW, &trust(), named.newest[0], reason);
        router.keep_receipt(word, "as it was signed".to_owned());
        !seen_later(&router, &trust(), named.clone()).withheld.is_empty()
    };
    assert!(!withheld(Reason::GrantScope) && !withheld(Reason::GrantTlp));
    assert!(!withheld(Reason::GrantKind));
    // Whoever passes a notice on can spoil it so that it is refused, and this explains nothing.
    assert!(withheld(Reason::Body) && withheld(Reason::HopChain));
}

#[test]
fn a_channel_that_begins_again_is_not_frozen_before_its_issuer_beats_on_it() {
    let (router, _) = holding();
    let (me, trust, mut beats) = (id("eu-fr-bre"), trust(), Beats::default());
    let minutes = |count: u64| Duration::from_secs(60 * count);
    let last = NOW - minutes(150);
    let (iat, exp) = (last.secs(), last.secs() + 3 * HOUR);
    assert!(beats.hear(last, Heartbeat { iat, exp, ..beat() }), "nothing was on it then");
    let links = Links::from([(id("eu-fr"), Some(last))]);
    let frozen = |quarter: &u64| {
        let at = NOW + minutes(15 * quarter);
        let seen = beats.look(at, &me, &trust, router.ledger(), &links, |_| false);
        !seen.frozen.is_empty()
    };
    let quarters: Vec<u64> = (0..11).filter(frozen).collect();
    assert_eq!(quarters, [8, 9, 10], "two periods after what has come, its issuer should have");
}
