//! What is wrong with a document taken alone: each condition broken by itself, and what just holds.

use chappe::jws::{General, Signer as _};
use chappe::notice::{Id, Level};
use chappe::trust::{As, Bundle, Documents, KeySet, NodeEntry, Refusal, Root, Usage, Why};
use serde_json::Value;

use crate::forge::*;
use crate::made::*;

/// What a node says to a document of its own before it asks who signed it.
fn flaw(document: &impl serde::Serialize) -> Option<String> {
    let mut held = Documents::pinned(&root("eu-fr")).expect("a pin");
    let document = General::unsigned(&serde_json::to_vec(document).expect("JSON"));
    match held.restore(&document).expect_err("nobody signed it") {
        Refusal::Flaw(why) => Some(why),
        Refusal::Signatures { .. } | Refusal::NotIntroduced(_) => None,
        Refusal::Unneeded(_) | Refusal::Fork(_) | Refusal::Gap { .. } => None,
        other => panic!("{other}"),
    }
}

fn entry_of(by: &str, of: &str, change: impl Fn(&mut NodeEntry)) -> Bundle {
    let mut bundle = bundle(by);
    let entry = bundle.nodes.iter_mut().find(|entry| entry.id == id(of)).expect("introduced");
    change(entry);
    bundle
}

/// Whether `by` may not introduce `of` when the entry is changed like this.
fn refused(by: &str, of: &str, change: impl Fn(&mut NodeEntry)) -> bool {
    let said = flaw(&entry_of(by, of, change));
    said.is_some_and(|why| why.ends_with(&format!("cannot be introduced by {by} like this")))
}

fn keys(node: &str, many: usize) -> KeySet {
    let jwk = |at: usize| key(node, &format!("key-{at}")).public().to_jwk();
    KeySet { threshold: 1, keys: (0..many).map(jwk).collect() }
}

fn some_root(of: &str, change: impl Fn(&mut Root)) -> Root {
    let mut root = Root::new(fed(), id(of), 2, (NOW.secs(), NOW.secs() + YEAR));
    root.root = one(of, "root");
    root.bundle = one(of, "bundle");
    change(&mut root);
    root
}

#[test]
fn the_honest_tree_has_no_flaw() {
    for seat in TREE {
        assert_eq!(flaw(&bundle(seat.id)), None, "{}", seat.id);
    }
    for of in ["eu", "eu-fr"] {
        assert_eq!(flaw(&some_root(of, |_| {})), None, "{of}");
    }
}

#[test]
fn a_child_stands_directly_below_with_bundle_keys_and_no_root() {
    let (by, of) = ("eu-fr", "eu-fr-nor");
    for level in [Level::Regional, Level::Sector, Level::Entity] {
        assert!(!refused(by, of, |e| e.level = level), "{level:?}");
    }
    for level in [Level::Union, Level::National] {
        assert!(refused(by, of, |e| e.level = level), "{level:?}");
    }
    for far in ["eu-de-nor", "eu-fr-nor-mairie", "eu-fr"] {
        assert!(refused(by, of, |e| e.id = id(far)), "{far}");
    }
    assert!(refused(by, of, |e| e.bundle = None));
    assert!(refused(by, of, |e| e.root = Some(one(of, "root"))));
}

#[test]
fn a_member_is_of_the_same_state_in_another_line_and_brings_no_keys() {
    let (by, of) = ("eu-fr-sante", "eu-fr-bre-chu");
    assert!(!refused(by, of, |_| {}));
    for wrong in ["eu-fr-sante", "eu-fr-sante-one", "eu-fr", "eu", "eu-de-one", "us-fr-one"] {
        assert!(refused(by, of, |e| e.id = id(wrong)), "{wrong}");
    }
    assert!(refused(by, of, |e| e.bundle = Some(one(of, "bundle"))));
    assert!(refused(by, of, |e| e.root = Some(one(of, "root"))));
}

#[test]
fn a_union_stands_directly_above_a_state_with_bundle_keys_and_no_root() {
    let (by, of) = ("eu-fr", "eu");
    assert!(!refused(by, of, |_| {}));
    assert!(refused(by, of, |e| e.id = id("us")));
    assert!(refused(by, of, |e| e.level = Level::National));
    assert!(refused(by, of, |e| e.bundle = None));
    assert!(refused(by, of, |e| e.root = Some(one(of, "root"))));
    let mut region = bundle("eu-fr-bre");
    let union = bundle("eu-fr").nodes.into_iter().find(|entry| entry.introduced == As::Union);
    let above = NodeEntry { id: id("eu-fr"), ..union.expect("the union") };
    region.nodes.push(above);
    assert!(flaw(&region).is_some(), "a region has no union above it");
}

#[test]
fn a_state_stands_directly_below_a_union_with_root_keys_and_no_bundle_keys() {
    let (by, of) = ("eu", "eu-fr");
    assert!(!refused(by, of, |_| {}));
    for wrong in ["us-fr", "eu-fr-bre"] {
        assert!(refused(by, of, |e| e.id = id(wrong)), "{wrong}");
    }
    assert!(refused(by, of, |e| e.level = Level::Regional));
    assert!(refused(by, of, |e| e.root = None));
    assert!(refused(by, of, |e| e.bundle = Some(one(of, "bundle"))));
    let as_state = |e: &mut NodeEntry| {
        (e.introduced, e.level) = (As::State, Level::National);
        (e.root, e.bundle) = (Some(one("eu-fr-nor", "root")), None);
    };
    assert!(refused("eu-fr", "eu-fr-nor", as_state), "a State introduces no State");
}

#[test]
fn the_first_version_is_one_and_a_life_has_an_end_after_its_beginning() {
    let bundle = |version: u64, exp: u64| {
        flaw(&changed("eu-fr-bre", version, |b| (b.iat, b.exp) = (100, exp)))
    };
    let root = |version: u64, exp: u64| {
        flaw(&some_root("eu-fr", |r| (r.version, r.iat, r.exp) = (version, 100, exp)))
    };
    for said in [bundle(1, 101), root(1, 101), bundle(7, 200), root(7, 200)] {
        assert_eq!(said, None);
    }
    for said in [bundle(0, 101), root(0, 101)] {
        assert_eq!(said.as_deref(), Some("version 0: the first is 1"));
    }
    for said in [bundle(1, 100), bundle(1, 99), root(1, 100), root(1, 99)] {
        assert_eq!(said.as_deref(), Some("exp is not after iat"));
    }
}

#[test]
fn only_a_union_or_a_state_has_a_root() {
    let said = flaw(&some_root("eu-fr-bre", |_| {}));
    assert_eq!(said.as_deref(), Some("eu-fr-bre is neither a union nor a State"));
}

#[test]
fn a_document_says_itself_what_it_is() {
    let other = |document: Value, what: &str| {
        let mut document = document;
        document["what"] = what.into();
        let mut held = Documents::pinned(&root("eu-fr")).expect("a pin");
        let bytes = serde_json::to_vec(&document).expect("JSON");
        held.restore(&General::unsigned(&bytes)).expect_err("refused")
    };
    let bundle = serde_json::to_value(bundle("eu-fr-bre")).expect("JSON");
    assert_eq!(other(bundle, "root"), Refusal::Flaw("`what` is not bundle".into()));
    let root = serde_json::to_value(some_root("eu-fr", |_| {})).expect("JSON");
    assert!(matches!(other(root, "bundle"), Refusal::Form(_)));
}

#[test]
fn keys_and_nodes_to_the_unit() {
    let own = |many: u64| {
        changed("eu-fr-bre", 2, |b| {
            let named = |at| key_entry(&format!("eu-fr-bre-{at}"), Usage::Issue);
            b.keys = (0..many).map(named).collect();
        })
    };
    assert_eq!(flaw(&own(32)), None);
    assert!(flaw(&own(33)).is_some_and(|why| why.contains("more than 32 keys")));
    let member = entry_of("eu-fr-sante", "eu-fr-bre-chu", |_| {}).nodes.pop().expect("a member");
    let introduced = |many: usize| {
        let nodes =
            (0..many).map(|at| NodeEntry { id: id(&format!("eu-fr-bre-n{at}")), ..member.clone() });
        changed("eu-fr-sante", 2, |b| b.nodes = nodes.clone().collect())
    };
    assert_eq!(flaw(&introduced(512)), None);
    assert!(flaw(&introduced(513)).is_some_and(|why| why.contains("or 512 nodes")));
    let twice = changed("eu-fr-sante", 2, |b| b.nodes = vec![member.clone(); 2]);
    assert_eq!(flaw(&twice).as_deref(), Some("eu-fr-bre-chu twice"));
}

#[test]
fn thresholds_and_key_sets_to_the_unit() {
    let of = |threshold, many| {
        let set = KeySet { threshold, ..keys("eu-fr", many) };
        [flaw(&some_root("eu-fr", |r| r.root = set.clone())), {
            let named = KeySet { threshold, ..keys("eu-fr-bre", many) };
            flaw(&entry_of("eu-fr", "eu-fr-bre", |e| e.bundle = Some(named.clone())))
        }]
    };
    for (threshold, many) in [(1, 1), (2, 3), (3, 3), (1, 32), (32, 32)] {
        assert_eq!(of(threshold, many), [None, None], "{threshold} of {many}");
    }
    for (threshold, many) in [(0, 1), (2, 1), (4, 3), (1, 33), (0, 0)] {
        let why = Some(format!("a threshold of {threshold} over {many} keys"));
        assert_eq!(of(threshold, many), [why.clone(), why]);
    }
    let bundle_keys = some_root("eu-fr", |r| r.bundle.threshold = 2);
    assert_eq!(flaw(&bundle_keys).as_deref(), Some("a threshold of 2 over 1 keys"));
}

#[test]
fn good_lists_stand_beside_a_stolen_key_alone_and_are_few() {
    let revoked = |why: Why, many: u8| {
        let lists = (0..many).map(|at| Id::of(&[at])).collect::<Vec<_>>();
        flaw(&changed("eu-fr-bre", 2, |b| {
            let mut one = revocation("eu-fr-bre", "issue", NOW, why);
            one.good = Some(lists.clone());
            b.revoked.push(one);
        }))
    };
    assert_eq!(revoked(Why::Compromised, 64), None);
    let more = revoked(Why::Compromised, 65);
    assert_eq!(more.as_deref(), Some("more than 64 manifests in `good`"));
    for why in [Why::Superseded, Why::Ceased] {
        assert!(revoked(why, 1).is_some_and(|said| said.contains("`compromised` alone")));
    }
}
