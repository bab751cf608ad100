//! What verification still takes and what it refuses, to the second and to the hop.

use crate::forge::*;
use chappe::address::Source;
use chappe::jws::{self, Typ};
use chappe::notice::{Hop, Id, MAX_BODY_BYTES, Reason, Statement, Time, Tlp, Wire};
use chappe::verify;

fn secs(after_now: i64) -> Time {
    Time::from_secs(NOW.secs().saturating_add_signed(after_now))
}

fn national() -> Statement {
    advisory("eu-fr", "scope:eu.fr.all.all", Tlp::Green)
}

/// Passed on by each of `path` at its time.
fn via_at(mut wire: Wire, path: &[(&str, Time)]) -> Wire {
    for (node, at) in path {
        let prev = wire.hops.last().map_or(wire.id(), |hop| Id::of(hop.as_bytes()));
        let hop = Hop { st: wire.id(), prev, by: id(node), at: *at };
        wire.hops.push(jws::sign(&key(node, "relay"), Typ::Hop, &hop).expect("signed"));
    }
    wire
}

/// What a region says to a notice that came from its State.
fn in_brittany(statement: &Statement, wire: Wire) -> Option<Reason> {
    arrive("eu-fr-bre", &Source::Upstream(id("eu-fr")), statement, wire)
        .err()
        .map(|refused| refused.reason)
}

/// The same signature, one bit of it changed.
fn forged(jws: &str) -> String {
    let (input, signature) = jws.rsplit_once('.').expect("three parts");
    let other = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{input}.{other}{}", &signature[1..])
}

#[test]
fn a_hop_may_be_five_minutes_ahead() {
    let hop = |at| via_at(issue(&national()), &[("eu-fr", at)]);
    assert_eq!(in_brittany(&national(), hop(secs(300))), None);
    assert_eq!(in_brittany(&national(), hop(secs(301))), Some(Reason::Future));
}

#[test]
fn a_relay_checks_the_first_and_the_newest_hop_and_a_reader_all() {
    let statement = advisory("eu", "scope:eu.fr.all.all", Tlp::Green);
    let path = ["eu", "eu-fr", "eu-fr-bre"];
    for (at, by_relay) in [(0, Some(Reason::Signature)), (1, None), (2, Some(Reason::Signature))] {
        let mut wire = via(issue(&statement), &path[..=at]);
        wire.hops[at] = forged(&wire.hops[at]);
        let wire = via(wire, &path[at + 1..]);
        let by_reader = verify::verify_file(NOW, &trust(), &wire).expect_err("forged").reason;
        let from = Source::Upstream(id("eu-fr-bre"));
        let taken = arrive("eu-fr-bre-chu", &from, &statement, wire);
        assert_eq!(taken.err().map(|refused| refused.reason), by_relay, "hop {at}");
        assert_eq!(by_reader, Reason::Signature, "hop {at}");
    }
}

/// What a region says to a changed notice of its State whose first hop is of that time.
fn changed(first: Time, change: impl Fn(&mut Statement)) -> Option<Reason> {
    let mut statement = national();
    change(&mut statement);
    in_brittany(&statement, via_at(issue(&statement), &[("eu-fr", first)]))
}

#[test]
fn a_notice_may_be_signed_five_minutes_ahead_of_a_clock_and_of_its_first_hop() {
    assert_eq!(changed(secs(300), |s| s.iat = secs(300).secs()), None);
    assert_eq!(changed(secs(300), |s| s.iat = secs(301).secs()), Some(Reason::Future));
    assert_eq!(changed(secs(-400), |s| s.iat = secs(-100).secs()), None);
    assert_eq!(changed(secs(-400), |s| s.iat = secs(-99).secs()), Some(Reason::Future));
}

#[test]
fn a_relay_takes_what_expired_less_than_five_minutes_ago_and_a_reader_does_not() {
    let expires =
        |at: Time| move |s: &mut Statement| (s.iat, s.exp) = (secs(-7_200).secs(), at.secs());
    let hop = secs(-7_200);
    assert_eq!(changed(hop, expires(secs(-299))), None);
    assert_eq!(changed(hop, expires(secs(-300))), Some(Reason::Expired));
    for (at, said) in [(secs(1), None), (secs(0), Some(Reason::Expired))] {
        let mut statement = national();
        expires(at)(&mut statement);
        let wire = via_at(issue(&statement), &[("eu-fr", hop)]);
        let read = verify::verify_file(NOW, &trust(), &wire);
        assert_eq!(read.err().map(|refused| refused.reason), said);
    }
}

#[test]
fn a_notice_is_late_more_than_a_day_after_it_was_due() {
    const DAY: i64 = 24 * 3_600;
    assert_eq!(changed(NOW, |s| s.iat = secs(-DAY).secs()), None);
    assert_eq!(changed(NOW, |s| s.iat = secs(-DAY - 1).secs()), Some(Reason::Late));
    let ahead = |due: Time| {
        move |s: &mut Statement| (s.iat, s.nbf) = (secs(-2 * DAY).secs(), Some(due.secs()))
    };
    assert_eq!(changed(NOW, ahead(secs(-DAY))), None);
    assert_eq!(changed(NOW, ahead(secs(-DAY - 1))), Some(Reason::Late));
}

#[test]
fn a_node_issues_until_the_last_second_of_its_bundle() {
    for (exp, said) in [(secs(1), None), (NOW, Some(Reason::TrustStale))] {
        let statement = national();
        let last = |b: &mut chappe::trust::Bundle| {
            if b.node == id("eu-fr") {
                b.exp = exp.secs();
            }
        };
        let (trust, rejected) =
            chappe::trust::Trust::compile(&root("eu-fr"), &documents(last)).expect("a valid pin");
        assert_eq!(rejected, []);
        let (me, wire) = (id("eu-fr"), issue(&statement));
        let subject = honest_subject("eu-fr", &local(), &statement, wire.id());
        let context = verify::Context { now: NOW, me: &me, trust: &trust };
        let taken = verify::verify(context, &local(), &subject, wire);
        assert_eq!(taken.err().map(|refused| refused.reason), said);
    }
}

#[test]
fn a_body_of_eight_mebibytes_passes_and_a_larger_one_is_refused_before_anything_is_read() {
    let with_body = |bytes: usize, notice: Option<&str>| {
        let body = vec![b' '; bytes];
        let mut statement = national();
        (statement.body.len, statement.body.sha256) = (bytes as u64, Id::of(&body));
        let notice = notice.map_or_else(|| issue(&statement).notice, str::to_owned);
        verify::verify_file(NOW, &trust(), &Wire { notice, hops: vec![], body_sig: None, body })
    };
    assert!(with_body(MAX_BODY_BYTES, None).is_ok());
    let refused = with_body(MAX_BODY_BYTES + 1, Some("no JWS")).expect_err("refused");
    assert_eq!(refused.to_string(), "body: above 8 MiB");
}

#[test]
fn a_red_report_reaches_the_next_node_and_no_further() {
    let said = |top: &str, path: &[&str], me: &str, from: Source| {
        let report = escalation("eu-fr-bre-chu", top, Tlp::Red);
        let taken = arrive(me, &from, &report, via(issue(&report), path));
        taken.err().map(|refused| refused.reason)
    };
    let chu = || Source::Child(id("eu-fr-bre-chu"));
    let both = ["eu-fr-bre-chu", "eu-fr-bre"];
    assert_eq!(said("eu-fr-bre", &both[..1], "eu-fr-bre", chu()), None);
    assert_eq!(said("eu-fr-sante", &both[..1], "eu-fr-sante", chu()), None);
    let region = Source::Child(id("eu-fr-bre"));
    assert_eq!(said("eu-fr", &both, "eu-fr", region), Some(Reason::Tlp));
}
