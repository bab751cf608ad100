//! A second State beside the pinned one: what its union says of it, and what it may not say.

use chappe::jws::General;
use chappe::notice::{Level, Tlp};
use chappe::trust::{As, Bundle, Documents, Grant, NodeEntry, Refusal, Root, Trust, Usage};

use crate::forge::*;
use crate::made::*;

/// A State as the union introduces it, with root keys of these words.
fn state(of: &str, words: &[&str]) -> NodeEntry {
    let place = scope(&of.replace('-', "."));
    NodeEntry {
        id: id(of),
        introduced: As::State,
        level: Level::National,
        constituency: vec![place.clone()],
        may: Grant::whole(vec![place]),
        ceiling: Tlp::Red,
        clients: Vec::new(),
        bundle: None,
        root: Some(set(of, 1, words)),
    }
}

fn union(version: u64, states: &[NodeEntry]) -> General {
    later("eu", version, |b| b.nodes = states.to_vec())
}

/// A root whose own key is `own`, signed by `by`.
fn state_root(of: &str, version: u64, own: &str, by: &[&str]) -> General {
    let mut root = Root::new(fed(), id(of), version, (NOW.secs(), NOW.secs() + YEAR));
    root.root = one(of, own);
    root.bundle = one(of, "bundle");
    let mut general = General::unsigned(&serde_json::to_vec(&root).expect("JSON"));
    for word in by {
        general.sign(&key(of, word)).expect("signed");
    }
    general
}

fn germany(change: impl Fn(&mut Bundle)) -> General {
    let mut bundle = Bundle::new(fed(), id("eu-de"), 1, (NOW.secs(), NOW.secs() + YEAR));
    bundle.keys = vec![key_entry("eu-de", Usage::Issue), key_entry("eu-de", Usage::Relay)];
    change(&mut bundle);
    signed(&bundle, &key("eu-de", "bundle"))
}

/// A French node that knows Germany by the union.
fn with_germany(change: impl Fn(&mut Bundle)) -> Documents {
    let mut held = held();
    let both = [state("eu-fr", &["root"]), state("eu-de", &["root"])];
    offer(&mut held, &union(2, &both)).expect("taken");
    offer(&mut held, &state_root("eu-de", 1, "root", &["root"])).expect("taken");
    offer(&mut held, &germany(change)).expect("taken");
    held
}

fn knows_germany(held: &Documents) -> bool {
    held.trust().find(&issue_kid("eu-de")).is_some()
}

#[test]
fn another_state_is_reached_by_the_union_with_the_place_of_a_state() {
    let held = with_germany(|_| {});
    assert!(knows_germany(&held));
    let seat = held.trust().seat(&id("eu-de")).expect("a seat");
    assert_eq!((seat.level, &seat.constituency), (Level::National, &vec![scope("eu.de")]));
    let link = held.trust().link(&id("eu"), &id("eu-de")).expect("a link");
    assert!(!link.follows);
    let ends = held.trust().root(&id("eu-de")).expect("a root");
    assert_eq!(ends, (1, chappe::notice::Time::from_secs(NOW.secs() + YEAR)));
    assert_eq!(held.trust().authority_ends(&id("eu-de-by")), Some(ends.1));
}

#[test]
fn a_state_whose_union_names_other_root_keys_drops_out_until_one_of_them_signs() {
    let mut held = with_germany(|_| {});
    let other = [state("eu-fr", &["root"]), state("eu-de", &["root-2"])];
    offer(&mut held, &union(3, &other)).expect("taken");
    assert!(!knows_germany(&held), "its root is signed by nobody who counts");
    assert_eq!(held.trust().root(&id("eu-de")), None);
    let next = state_root("eu-de", 2, "root-2", &["root-2"]);
    offer(&mut held, &next).expect("taken");
    assert!(knows_germany(&held));
}

#[test]
fn the_root_of_another_state_is_signed_by_whom_the_union_names_and_by_itself() {
    let fresh = || {
        let mut held = held();
        let both = [state("eu-fr", &["root"]), state("eu-de", &["root"])];
        offer(&mut held, &union(2, &both)).expect("taken");
        held
    };
    let none = Refusal::Signatures { found: 0, needed: 1 };
    for by in ["root", "root-2"] {
        let one_of_two = state_root("eu-de", 1, "root-2", &[by]);
        assert_eq!(offer(&mut fresh(), &one_of_two), Err(none.clone()), "by {by}");
    }
    offer(&mut fresh(), &state_root("eu-de", 1, "root-2", &["root", "root-2"])).expect("taken");
    let stranger = state_root("eu-es", 1, "root", &["root"]);
    assert_eq!(offer(&mut fresh(), &stranger), Err(Refusal::NotIntroduced(id("eu-es"))));
}

#[test]
fn another_states_next_root_follows_its_own_and_the_last_counts() {
    let mut held = with_germany(|_| {});
    let two = state_root("eu-de", 2, "root-2", &["root", "root-2"]);
    offer(&mut held, &two).expect("taken");
    assert_eq!(held.trust().root(&id("eu-de")).expect("a root").0, 2);
    assert!(knows_germany(&held));
    let three = state_root("eu-de", 3, "root-3", &["root-2", "root-3"]);
    offer(&mut held, &three).expect("taken");
    assert_eq!(held.trust().root(&id("eu-de")).expect("a root").0, 3);
}

#[test]
fn a_root_that_the_one_before_did_not_sign_does_not_follow_it() {
    let mut held = with_germany(|_| {});
    let named = |word: &str| [state("eu-fr", &["root"]), state("eu-de", &[word])];
    offer(&mut held, &union(3, &named("root-2"))).expect("taken");
    offer(&mut held, &state_root("eu-de", 2, "root-2", &["root-2"])).expect("taken");
    assert_eq!(held.trust().root(&id("eu-de")).expect("a root").0, 2, "a new beginning");
    offer(&mut held, &union(4, &named("root"))).expect("taken");
    assert_eq!(held.trust().root(&id("eu-de")).expect("a root").0, 1, "and back to the old one");
}

#[test]
fn another_state_says_nothing_of_the_union() {
    let mut held = with_germany(|b| {
        let above = bundle("eu-fr").nodes.into_iter().find(|n| n.introduced == As::Union);
        let above = above.expect("the union");
        b.nodes.push(NodeEntry { bundle: Some(one("eu", "bundle-of-germany")), ..above });
    });
    let thief = signed(&changed("eu", 9, |_| {}), &key("eu", "bundle-of-germany"));
    assert_eq!(offer(&mut held, &thief), Err(Refusal::Signatures { found: 0, needed: 1 }));
    offer(&mut held, &union(3, &[state("eu-fr", &["root"])])).expect("its own State's word counts");
}

#[test]
fn the_union_does_not_replace_the_pinned_root() {
    let mut held = held();
    offer(&mut held, &union(2, &[state("eu-fr", &["root-of-the-union"])])).expect("taken");
    let thief = state_root("eu-fr", 9, "root-of-the-union", &["root-of-the-union"]);
    assert_eq!(offer(&mut held, &thief), Err(Refusal::Gap { found: 9, held: 1 }));
    let seat = held.trust().seat(&id("eu-fr")).expect("a seat");
    assert_eq!((seat.level, seat.version), (Level::National, 1));
    assert!(held.trust().find(&issue_kid("eu-fr-bre-chu")).is_some());
}

#[test]
fn the_union_pins_its_own_root() {
    let roots = [root("eu"), root("eu-fr")];
    let all: Vec<General> = documents(|_| {}).into_iter().chain(roots).collect();
    let (trust, rejected) = Trust::compile(&root("eu"), &all).expect("a valid pin");
    assert_eq!(rejected, []);
    assert_eq!(trust.seat(&id("eu")).expect("a seat").level, Level::Union);
    assert_eq!(trust.root(&id("eu")).expect("a root").0, 1);
    assert!(trust.find(&issue_kid("eu-fr-bre-chu")).is_some());
}
