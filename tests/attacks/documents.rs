//! Vectors of trust documents that are handed to a node one after the other (group D).

use chappe::jws::{General, Jwk, MAX_DOCUMENT_BYTES, Signer as _};
use chappe::notice::{Federation, Id};
use chappe::trust::{As, Revocation, Usage, Why};

use crate::folder::{Case, Files, Folder, How, KeyCounts, Step, Then, TrustCase, json};
use crate::forge::*;
use crate::made::*;

pub(crate) fn all() -> Vec<Folder> {
    [versions(), keys(), revocations(), good_lists(), flaws()].into_iter().flatten().collect()
}

/// A document under its file's name, and what must become of it.
pub(crate) type Offer = (&'static str, How, Vec<u8>, &'static str);

pub(crate) fn offered(name: &'static str, document: &General, expect: &'static str) -> Offer {
    (name, How::Offered, json(document), expect)
}

pub(crate) fn offers(name: &str, row: &[u8], what: &str, offers: Vec<Offer>, then: Then) -> Folder {
    let mut files = Files::new();
    let mut steps = Vec::new();
    for (file, how, bytes, expect) in offers {
        files.insert(file.to_owned(), bytes);
        steps.push(Step { file: file.into(), how, expect: expect.into() });
    }
    let (row, what, trust, now) = (row.to_vec(), what.into(), vec![FRANCE.into()], NOW.secs());
    let case = TrustCase { row, what, trust, now, steps, then };
    files.insert("case.json".into(), json(&Case::Trust(case)));
    Folder { name: name.into(), files }
}

pub(crate) fn bundle_is(node: &str, version: u64) -> Then {
    Then { bundles: [(node.to_owned(), version)].into(), ..Then::default() }
}

pub(crate) fn root_is(version: u64) -> Then {
    Then { roots: [("eu-fr".to_owned(), version)].into(), ..Then::default() }
}

pub(crate) fn counts(node: &str, usage: &str, at: u64, expect: &str) -> KeyCounts {
    let of = if usage == "relay" { Usage::Relay } else { Usage::Issue };
    KeyCounts { kid: kid(node, usage), usage: of, at, notice: None, expect: expect.into() }
}

pub(crate) fn and_keys(then: Then, keys: Vec<KeyCounts>) -> Then {
    Then { keys, ..then }
}

fn versions() -> Vec<Folder> {
    let now = NOW.secs();
    let seven = later("eu-fr-bre", 7, |_| {});
    let six = later("eu-fr-bre", 6, |_| {});
    let other = later("eu-fr-bre", 1, |b| b.contact.phone = Some("01 99 00 00 99".into()));
    let mut staging = bundle("eu-fr-bre");
    staging.version = 2;
    staging.fed = Federation::try_from("ff112233445566778899aabbccddeeff".to_owned()).expect("one");
    vec![
        offers(
            "honest-bundle-with-a-higher-version",
            &[],
            "A withheld version freezes nothing.",
            vec![
                offered("1-bundle-eu-fr-bre-7.json", &seven, "taken"),
                offered("2-the-same.json", &seven, "known"),
            ],
            and_keys(bundle_is("eu-fr-bre", 7), vec![counts("eu-fr-bre", "issue", now, "good")]),
        ),
        offers(
            "bundle-version-goes-back",
            &[52],
            "An older bundle, well signed, after a newer one.",
            vec![
                offered("1-bundle-eu-fr-bre-7.json", &seven, "taken"),
                offered("2-bundle-eu-fr-bre-6.json", &six, "trust-rollback"),
            ],
            bundle_is("eu-fr-bre", 7),
        ),
        offers(
            "same-version-with-other-content",
            &[53],
            "Two bundles of one version: the first stays.",
            vec![offered("1-bundle-eu-fr-bre-1.json", &other, "trust-fork")],
            bundle_is("eu-fr-bre", 1),
        ),
        offers(
            "bundle-of-another-federation",
            &[19],
            "Staging's bundle, by the same names and keys.",
            vec![offered(
                "1-bundle.json",
                &signed(&staging, &key("eu-fr-bre", "bundle")),
                "federation",
            )],
            bundle_is("eu-fr-bre", 1),
        ),
    ]
}

/// A point of full order with a part of small order, case 3 of the edge cases of Chalkias and
/// others; and the identity.
const MIXED: &str = "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d";
const IDENTITY: &str = "0100000000000000000000000000000000000000000000000000000000000000";

fn jwk(hex: &str) -> Jwk {
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("a byte");
    let bytes: Vec<u8> = (0..64).step_by(2).map(byte).collect();
    Jwk { x: chappe::jws::base64url(&bytes), ..key("eu-fr", "issue").public().to_jwk() }
}

fn keys() -> Vec<Folder> {
    let now = NOW.secs();
    let weak = |hex: &str| later("eu-fr-bre", 2, |b| b.keys[0].jwk = jwk(hex));
    let refused = |name: &str, row: &[u8], what: &str, of: &'static str, document: General| {
        let then = and_keys(bundle_is(of, 1), vec![counts("eu-fr-bre", "issue", now, "good")]);
        offers(name, row, what, vec![offered("1-bundle-2.json", &document, "trust-invalid")], then)
    };
    vec![
        refused(
            "weak-key-of-mixed-order",
            &[7, 9],
            "A key with a small-order part.",
            "eu-fr-bre",
            weak(MIXED),
        ),
        refused(
            "weak-key-identity",
            &[7, 9],
            "The identity for a key.",
            "eu-fr-bre",
            weak(IDENTITY),
        ),
        refused("key-under-two-nodes", &[20], "Normandy lists Brittany's key.", "eu-fr-nor", {
            later("eu-fr-nor", 2, |b| b.keys.push(key_entry("eu-fr-bre", Usage::Issue)))
        }),
        refused("key-under-two-uses", &[13, 20], "One key issues and passes on.", "eu-fr-bre", {
            later("eu-fr-bre", 2, |b| {
                let second = chappe::trust::KeyEntry { usage: Usage::Relay, ..b.keys[0].clone() };
                b.keys.push(second);
            })
        }),
    ]
}

fn revocations() -> Vec<Folder> {
    let now = NOW.secs();
    let says = |of: &str, why| {
        later(of, 2, |b| b.revoked.push(revocation("eu-fr-bre", "issue", now, why)))
    };
    let judged = |at, expect| vec![counts("eu-fr-bre", "issue", at, expect)];
    let mut both = judged(now, "key-revoked");
    both.extend(judged(now - 1, "good"));
    vec![
        offers(
            "revocation-left-out-later",
            &[61],
            "A later bundle without it undoes nothing.",
            vec![
                offered("1-bundle-eu-fr-bre-2.json", &says("eu-fr-bre", Why::Superseded), "taken"),
                offered("2-bundle-eu-fr-bre-3.json", &later("eu-fr-bre", 3, |_| {}), "taken"),
            ],
            and_keys(bundle_is("eu-fr-bre", 3), both),
        ),
        offers(
            "honest-revocation-by-the-state",
            &[15],
            "A State revokes what is below it.",
            vec![offered("1-bundle-eu-fr-2.json", &says("eu-fr", Why::Ceased), "taken")],
            and_keys(bundle_is("eu-fr", 2), judged(now, "key-revoked")),
        ),
        offers(
            "revocation-by-a-sibling",
            &[15, 29],
            "Normandy revokes nothing of Brittany's.",
            vec![offered(
                "1-bundle-eu-fr-nor-2.json",
                &says("eu-fr-nor", Why::Compromised),
                "taken",
            )],
            and_keys(bundle_is("eu-fr-nor", 2), judged(now, "good")),
        ),
        offers(
            "revocation-by-the-union",
            &[15, 29],
            "The union revokes nothing inside a State.",
            vec![offered("1-bundle-eu-2.json", &says("eu", Why::Compromised), "taken")],
            and_keys(bundle_is("eu", 2), judged(now, "good")),
        ),
    ]
}

fn good_lists() -> Vec<Folder> {
    let now = NOW.secs();
    let (genuine, list) = (Id::of(b"genuine"), Id::of(b"genuine").as_bytes().to_vec());
    let lists = later("eu-fr", 2, |b| {
        let stolen = revocation("eu-fr", "issue", now + 3600, Why::Compromised);
        b.revoked.push(Revocation { good: Some(vec![Id::of(&list)]), ..stolen });
    });
    let of = |notice: Id, at, expect: &str| KeyCounts {
        notice: Some(notice),
        ..counts("eu-fr", "issue", at, expect)
    };
    vec![offers(
        "good-list-decides",
        &[16, 17],
        "Both keys stolen: times prove nothing.",
        vec![
            ("1-list.bin", How::List, list.clone(), "waits"),
            offered("2-bundle-eu-fr-2.json", &lists, "taken"),
            ("3-list.bin", How::List, list, "taken"),
        ],
        and_keys(
            bundle_is("eu-fr", 2),
            vec![
                of(genuine, now, "good"),
                of(Id::of(b"fake"), now, "key-revoked"),
                of(genuine, now + 3600, "key-revoked"),
            ],
        ),
    )]
}

fn flaws() -> Vec<Folder> {
    let bad = |name: &str, row: &[u8], what: &str, bytes: Vec<u8>| {
        let offer = ("1-document.json", How::Offered, bytes, "trust-invalid");
        offers(name, row, what, vec![offer], bundle_is("eu-fr-bre", 1))
    };
    let outside = later("eu-fr-bre", 2, |b| {
        b.nodes[0].id = id("eu-fr-nor-mairie");
    });
    let promoted = later("eu-fr-bre", 2, |b| {
        (b.nodes[0].introduced, b.nodes[0].root) = (As::State, Some(one("eu-fr-bre-chu", "root")));
        b.nodes[0].bundle = None;
    });
    let text = |document: &General| String::from_utf8(json(document)).expect("text");
    let twice = text(&later("eu-fr-bre", 2, |_| {})).replacen('{', r#"{"payload":"","#, 1);
    let many = {
        let mut document = later("eu-fr-bre", 2, |_| {});
        for _ in 0..16 {
            document.sign(&key("eu-fr-bre", "bundle")).expect("signed");
        }
        document
    };
    vec![
        bad("endless-bundle", &[60], "One byte above 64 KiB.", vec![b' '; MAX_DOCUMENT_BYTES + 1]),
        bad("bundle-with-17-signatures", &[60], "Each signature costs a check.", json(&many)),
        bad("bundle-with-a-duplicate-member", &[63], "Two `payload`.", twice.into_bytes()),
        bad("child-outside-its-introducer", &[29], "Brittany introduces a node of Normandy's.", {
            json(&outside)
        }),
        bad("child-introduced-as-a-state", &[29], "A region introduces a State.", json(&promoted)),
    ]
}
