//! A State with one region, for tests: keys from seeds, no randomness.

use super::Archive;
use super::keys::key_set;
use crate::jws::{General, PublicKey, SecretKey, Signer as _};
use crate::notice::{Federation, Id, Level, NodeId, Scope, Time, Tlp};
use crate::trust::{As, Bundle, Grant, KeyEntry, NodeEntry, Paper, Revocation, Root, Usage, Why};

pub(super) const NOW: Time = Time::from_secs(1_800_000_000);
const YEAR: u64 = 365 * 24 * 3600;

pub(super) fn secret(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32]).expect("a key")
}

pub(super) fn key(seed: u8) -> PublicKey {
    secret(seed).public().clone()
}

pub(super) fn id(text: &str) -> NodeId {
    text.parse().expect("a node id")
}

pub(super) fn scope(text: &str) -> Scope {
    text.parse().expect("a scope")
}

fn fed() -> Federation {
    Federation::try_from("0".repeat(32)).expect("a federation")
}

pub(super) fn life() -> (u64, u64) {
    (NOW.secs(), NOW.secs() + YEAR)
}

/// An empty bundle, version 7.
pub(super) fn bundle(node: &str) -> Bundle {
    Bundle::new(fed(), id(node), 7, life())
}

pub(super) fn own(seed: u8, usage: Usage) -> KeyEntry {
    super::bundle::entry(&key(seed), usage, life())
}

/// The State's bundle: issue key 3, relay key 4, the region with bundle key 5, and an old key
/// revoked.
pub(super) fn whole() -> Bundle {
    let mut bundle = bundle("eu-fr");
    bundle.keys = vec![own(3, Usage::Issue), own(4, Usage::Relay)];
    bundle.nodes = vec![NodeEntry {
        id: id("eu-fr-bre"),
        introduced: As::Child,
        level: Level::Regional,
        constituency: vec![scope("eu.fr.bre")],
        may: Grant::whole(vec![scope("eu.fr.bre")]),
        ceiling: Tlp::Red,
        clients: vec!["health".into()],
        bundle: key_set(1, &[key(5)]).ok(),
        root: None,
    }];
    let at = NOW.secs();
    let kid = Id::of(b"an old key").to_string();
    bundle.revoked = vec![Revocation { kid, at, why: Why::Ceased, good: None }];
    bundle
}

/// The region's bundle: issue key 6, relay key 7.
pub(super) fn region() -> Bundle {
    let mut bundle = bundle("eu-fr-bre");
    bundle.keys = vec![own(6, Usage::Issue), own(7, Usage::Relay)];
    bundle
}

/// Root keys 11 to 15, of which three sign; bundle key 1.
pub(super) fn root() -> Root {
    let mut root = Root::new(fed(), id("eu-fr"), 1, life());
    root.root = key_set(3, &[11, 12, 13, 14, 15].map(key)).expect("a set");
    root.bundle = key_set(1, &[key(1)]).expect("a set");
    root
}

pub(super) fn signed(paper: &Paper, seeds: &[u8]) -> General {
    let mut general = paper.draft().expect("a draft");
    for seed in seeds {
        general.sign(&secret(*seed)).expect("signed");
    }
    general
}

pub(super) fn archive() -> Archive {
    let pin = signed(&Paper::Root(root()), &[11, 12, 13]);
    let documents = [signed(&Paper::Bundle(whole()), &[1]), signed(&Paper::Bundle(region()), &[5])];
    Archive::new(&pin, &documents).expect("an archive")
}
