//! What verification still takes and what it refuses, to the second and to the hop.

// A test that panics has failed.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod forge;

use chappe::address::Source;
use chappe::jws::{self, Typ};
use chappe::notice::{Hop, Id, Reason, Statement, Time, Tlp, Wire};
use chappe::verify;
use forge::*;

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
