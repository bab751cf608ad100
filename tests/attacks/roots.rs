//! Vectors of roots that follow one another, their thresholds, and what has expired (group D).

use chappe::jws::{General, Signer as _};
use chappe::trust::{KeySet, Root};

use crate::documents::*;
use crate::folder::{Folder, How, json};
use crate::forge::*;
use crate::made::*;

pub(crate) fn all() -> Vec<Folder> {
    [roots(), thresholds(), expiries()].into_iter().flatten().collect()
}

pub(crate) fn set(node: &str, threshold: usize, words: &[&str]) -> KeySet {
    let keys = words.iter().map(|word| key(node, word).public().to_jwk()).collect();
    KeySet { threshold, keys }
}

/// A root of France, signed by `by`; its life ends at `exp`.
fn root_until(exp: u64, version: u64, root: KeySet, by: &[&str]) -> General {
    let mut next = Root::new(fed(), id("eu-fr"), version, (NOW.secs() - 3600, exp));
    next.root = root;
    next.bundle = one("eu-fr", "bundle");
    let mut general = General::unsigned(&serde_json::to_vec(&next).expect("JSON"));
    for word in by {
        general.sign(&key("eu-fr", word)).expect("signed");
    }
    general
}

fn root_of(version: u64, root: KeySet, by: &[&str]) -> General {
    root_until(NOW.secs() + YEAR, version, root, by)
}

fn roots() -> Vec<Folder> {
    let new = || set("eu-fr", 2, &["r1", "r2", "r3"]);
    let two = |by: &[&str]| root_of(2, new(), by);
    let three = root_of(3, set("eu-fr", 1, &["r4"]), &["r1", "r2", "r4"]);
    let only = |name: &str, what: &str, by: &[&str]| {
        offers(name, &[54], what, vec![offered("1-root-2.json", &two(by), "waits")], root_is(1))
    };
    vec![
        offers(
            "honest-root-follows",
            &[54],
            "Signed by the old threshold and by its own.",
            vec![
                offered("1-root-2.json", &two(&["root", "r1", "r3"]), "taken"),
                offered("2-root-3.json", &three, "taken"),
            ],
            root_is(3),
        ),
        only(
            "root-by-new-keys-only",
            "A thief's new root, signed by its own keys.",
            &["r1", "r2", "r3"],
        ),
        only("root-by-old-keys-only", "Nobody has the new keys.", &["root"]),
        only("root-by-too-few-new-keys", "One of the two that it asks for.", &["root", "r1"]),
        offers(
            "root-skips-one",
            &[54],
            "N + 2 waits for N + 1.",
            vec![
                offered("1-root-3.json", &three, "waits"),
                offered("2-root-2.json", &two(&["root", "r1", "r3"]), "taken"),
                offered("3-root-3.json", &three, "taken"),
            ],
            root_is(3),
        ),
        offers(
            "root-replaced-on-disk",
            &[57],
            "A false root beside the documents at start.",
            vec![("1-root-2.json", How::Kept, json(&two(&["r1", "r2"])), "waits")],
            and_keys(root_is(1), vec![counts("eu-fr", "issue", NOW.secs(), "good")]),
        ),
        offers(
            "bundle-forged-on-disk",
            &[57],
            "A bundle of nobody's beside the documents at start.",
            vec![(
                "1-bundle-eu-fr-bre-9.json",
                How::Kept,
                {
                    let mut forged = bundle("eu-fr-bre");
                    forged.version = 9;
                    json(&signed(&forged, &key("nobody", "bundle")))
                },
                "waits",
            )],
            bundle_is("eu-fr-bre", 1),
        ),
    ]
}

fn thresholds() -> Vec<Folder> {
    let by = &["root", "r1", "r2"];
    let flawed = |name: &str, what: &str, set: KeySet| {
        let offer = offered("1-root-2.json", &root_of(2, set, by), "trust-invalid");
        offers(name, &[55], what, vec![offer], root_is(1))
    };
    let twice = root_of(2, set("eu-fr", 2, &["r1", "r2"]), &["root", "r1", "r1"]);
    vec![
        offers(
            "threshold-two-one-key-twice",
            &[55],
            "One key signs twice (CVE-2020-6174).",
            vec![offered("1-root-2.json", &twice, "waits")],
            root_is(1),
        ),
        flawed("one-key-under-two-entries", "A key stands twice in a set.", {
            set("eu-fr", 2, &["r1", "r1"])
        }),
        flawed(
            "threshold-zero",
            "Nobody need sign (GHSA-fphv-w9fq-2525).",
            set("eu-fr", 0, &["r1"]),
        ),
        flawed("threshold-above-its-keys", "Nobody could ever follow.", set("eu-fr", 2, &["r1"])),
    ]
}

fn expiries() -> Vec<Folder> {
    let now = NOW.secs();
    let old = later("eu-fr-bre", 2, |b| (b.iat, b.exp) = (now - 9, now));
    let short = root_until(now, 2, one("eu-fr", "root"), &["root"]);
    let next = root_of(3, one("eu-fr", "root"), &["root"]);
    vec![
        offers(
            "bundle-expired",
            &[56],
            "A new bundle that has expired already.",
            vec![offered("1-bundle-eu-fr-bre-2.json", &old, "trust-expired")],
            bundle_is("eu-fr-bre", 1),
        ),
        offers(
            "honest-bundle-expired-on-disk",
            &[56],
            "What a node kept stays, however old.",
            vec![("1-bundle-eu-fr-bre-2.json", How::Kept, json(&old), "taken")],
            bundle_is("eu-fr-bre", 2),
        ),
        offers(
            "root-expired-when-offered",
            &[56],
            "A new root that has expired already.",
            vec![offered("1-root-2.json", &short, "trust-expired")],
            root_is(1),
        ),
        offers(
            "honest-expired-root-on-the-way",
            &[56],
            "Only the last root's expiry counts.",
            vec![
                ("1-root-2.json", How::Kept, json(&short), "taken"),
                offered("2-root-3.json", &next, "taken"),
            ],
            and_keys(root_is(3), vec![counts("eu-fr", "issue", now, "good")]),
        ),
    ]
}
