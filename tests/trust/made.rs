//! Documents as honest and other hands make them.

use chappe::jws::{General, KeyId, Signer as _};
use chappe::notice::Time;
use chappe::trust::{Bundle, Documents, KeySet, Offered, Refusal, Revocation, Root, Why};

use crate::forge::*;

pub(crate) fn bytes(document: &General) -> Vec<u8> {
    serde_json::to_vec(document).expect("JSON")
}

/// What a French node holds at the start: the tree of `forge`.
pub(crate) fn held() -> Documents {
    let mut held = Documents::pinned(&root("eu-fr")).expect("a pin");
    assert_eq!(held.restore_all(&documents(|_| {})), []);
    held
}

pub(crate) fn offer(held: &mut Documents, document: &General) -> Result<Offered, Refusal> {
    held.offer(NOW, &bytes(document))
}

/// A later bundle of a node, changed, signed by its bundle key.
pub(crate) fn later(of: &str, version: u64, change: impl Fn(&mut Bundle)) -> General {
    signed(&changed(of, version, change), &key(of, "bundle"))
}

pub(crate) fn changed(of: &str, version: u64, change: impl Fn(&mut Bundle)) -> Bundle {
    let mut bundle = bundle(of);
    bundle.version = version;
    change(&mut bundle);
    bundle
}

pub(crate) fn set(node: &str, threshold: usize, words: &[&str]) -> KeySet {
    let keys = words.iter().map(|word| key(node, word).public().to_jwk()).collect();
    KeySet { threshold, keys }
}

/// A root of France with root keys `root`, bundle key `bundle`, signed by `by`.
pub(crate) fn root_of(version: u64, root: KeySet, bundle: &str, by: &[&str]) -> General {
    let mut next = Root::new(fed(), id("eu-fr"), version, (NOW.secs(), NOW.secs() + YEAR));
    next.root = root;
    next.bundle = one("eu-fr", bundle);
    let mut general = General::unsigned(&serde_json::to_vec(&next).expect("JSON"));
    for word in by {
        general.sign(&key("eu-fr", word)).expect("signed");
    }
    general
}

pub(crate) fn revocation(node: &str, usage: &str, at: Time, why: Why) -> Revocation {
    let kid = key(node, usage).public().id().to_string();
    Revocation { kid, at: at.secs(), why, good: None }
}

pub(crate) fn issue_kid(node: &str) -> KeyId {
    key(node, "issue").public().id().clone()
}

pub(crate) const HOUR: u64 = 3600;

pub(crate) fn hours(n: u64) -> Time {
    Time::from_secs(NOW.secs() + n * HOUR)
}
