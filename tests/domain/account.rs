//! The account of a notice: each way in which a node may have it, may lawfully not have it, or
//! may be missing, from the bundles and the receipts alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::forge::*;
use chappe::jws::General;
use chappe::notice::{Counts, Id, NodeId, Outcome, Receipt, Statement, Tlp};
use chappe::routing::{Account, Known, Part, State};
use chappe::trust::Trust;

/// What nodes have said, in one line each: `eu-fr-bre delivered`, `eu-fr-bre filtered 2`.
fn words(said: &[(&str, Outcome)]) -> BTreeMap<NodeId, Receipt> {
    let word = |(by, outcome): &(&str, Outcome)| {
        let (by, of) = (id(by), Id::of(b"notice"));
        let receipt = Receipt {
            fed: fed(),
            of,
            by: by.clone(),
            outcome: *outcome,
            reason: None,
            to: None,
            counts: None,
            at: NOW,
        };
        (by, receipt)
    };
    said.iter().map(word).collect()
}

fn counting(words: &mut BTreeMap<NodeId, Receipt>, by: &str, delivered: u32) {
    let counts = Counts::from([(Outcome::Delivered, delivered)]);
    words.get_mut(&id(by)).expect("a word").counts = Some(counts);
}

fn account(me: &str, s: &Statement, words: &BTreeMap<NodeId, Receipt>, newer: &[&str]) -> Account {
    let newer: BTreeSet<NodeId> = newer.iter().map(|node| id(node)).collect();
    let (me, trust) = (id(me), trust());
    Known { me: &me, trust: &trust, statement: s, words, newer: &newer }.account()
}

fn national() -> Statement {
    advisory("eu-fr", "scope:eu.fr.all.all", Tlp::Green)
}

fn part<'a>(account: &'a Account, node: &str) -> &'a Part {
    let found = account.parts.iter().find(|part| part.node == id(node));
    found.unwrap_or_else(|| panic!("{node} is not in {account:#?}"))
}

fn shown(account: &Account) -> Vec<&str> {
    account.parts.iter().map(|part| part.node.as_str()).collect()
}

fn missing(account: &Account) -> Vec<(&str, u64)> {
    let missing = account.parts.iter().filter(|part| part.is_missing());
    missing.map(|p| (p.node.as_str(), p.entities.as_ref().map_or(0, |e| e.missing))).collect()
}

const ALL: [(&str, Outcome); 4] = [
    ("eu-fr", Outcome::Delivered),
    ("eu-fr-bre", Outcome::Delivered),
    ("eu-fr-nor", Outcome::Read),
    ("eu-fr-sante", Outcome::Delivered),
];

#[test]
fn who_has_said_nothing_is_missing_and_no_entity_is_named() {
    let found = account("eu-fr", &national(), &words(&ALL[..1]), &[]);
    assert_eq!(shown(&found), ["eu-fr", "eu-fr-bre", "eu-fr-nor", "eu-fr-sante"]);
    assert_eq!((found.complete, found.answered, found.of), (false, 1, 6));
    for silent in ["eu-fr-bre", "eu-fr-nor", "eu-fr-sante"] {
        assert_eq!(part(&found, silent).state, State::Silent, "{silent}");
    }
    let of =
        |node: &str| part(&found, node).entities.as_ref().map(|e| (e.answered, e.of, e.shared));
    assert_eq!(of("eu-fr-bre"), Some((0, 1, 1)), "the hospital may answer to either");
    assert_eq!(of("eu-fr-sante"), Some((0, 1, 1)));
    assert_eq!(of("eu-fr-nor"), Some((0, 1, 0)));
}

#[test]
fn an_entity_with_two_upstreams_answers_to_one_of_them() {
    for told in ["eu-fr-bre", "eu-fr-sante"] {
        let mut said = words(&ALL);
        counting(&mut said, told, 1);
        counting(&mut said, "eu-fr-nor", 1);
        let found = account("eu-fr", &national(), &said, &[]);
        assert!(found.complete, "{told}: {found:#?}");
        assert_eq!((found.answered, found.of), (6, 6), "nobody counts twice");
        assert!(missing(&found).is_empty());
    }
}

#[test]
fn what_counts_lack_is_asked_where_it_is_missing_for_certain() {
    let mut said = words(&ALL);
    let found = account("eu-fr", &national(), &said, &[]);
    assert_eq!((found.complete, missing(&found)), (false, vec![("eu-fr-nor", 1)]));
    counting(&mut said, "eu-fr-nor", 1);
    let found = account("eu-fr", &national(), &said, &[]);
    assert!(!found.complete);
    assert_eq!(missing(&found), [("eu-fr-bre", 1), ("eu-fr-sante", 1)], "one of the two knows");
}

#[test]
fn nobody_counts_more_than_it_serves() {
    let mut said = words(&ALL);
    counting(&mut said, "eu-fr-bre", u32::MAX);
    let found = account("eu-fr", &national(), &said, &[]);
    assert!(!found.complete, "the town hall is nobody's but Normandy's");
    assert_eq!(missing(&found), [("eu-fr-nor", 1)]);
    assert_eq!((found.answered, found.of), (5, 6));
}

#[test]
fn what_a_node_filters_is_missed_by_nobody_below_it() {
    let mut said = words(&[ALL[0], ("eu-fr-nor", Outcome::Filtered), ALL[1], ALL[3]]);
    counting(&mut said, "eu-fr-bre", 1);
    let found = account("eu-fr", &national(), &said, &[]);
    assert!(found.complete, "{found:#?}");
    assert_eq!(part(&found, "eu-fr-nor").entities, None);
    let from_the_union = advisory("eu", "scope:eu.all.all.all", Tlp::Clear);
    let said = words(&[("eu", Outcome::Delivered), ("eu-fr", Outcome::Refused)]);
    let found = account("eu", &from_the_union, &said, &[]);
    assert_eq!(part(&found, "eu-fr-bre").state, State::CutOff(id("eu-fr")));
    assert!(found.complete && missing(&found).is_empty(), "{found:#?}");
}

#[test]
fn who_is_behind_a_silent_node_is_told_apart_from_who_is_silent_alone() {
    let from_the_union = advisory("eu", "scope:eu.all.all.all", Tlp::Clear);
    let found = account("eu", &from_the_union, &words(&[("eu", Outcome::Delivered)]), &[]);
    assert_eq!(part(&found, "eu-fr").state, State::Silent);
    assert_eq!(part(&found, "eu-fr-bre").state, State::Behind(id("eu-fr")));
}

#[test]
fn whose_bundle_is_not_here_is_not_waited_for() {
    let known = |statement: &Statement, without: &[&str]| {
        let is_left = |general: &General| {
            let payload = general.unverified_payload().expect("a payload");
            let payload: serde_json::Value = serde_json::from_slice(&payload).expect("JSON");
            !without.iter().any(|node| payload["node"] == *node && payload["what"] == "bundle")
        };
        let documents: Vec<_> = documents(|_| {}).into_iter().filter(is_left).collect();
        let (trust, _) = Trust::compile(&root("eu-fr"), &documents).expect("trust");
        let (words, newer) = (words(&ALL[..2]), BTreeSet::new());
        let me = id("eu-fr");
        Known { me: &me, trust: &trust, statement, words: &words, newer: &newer }.account()
    };
    let health = advisory("eu-fr", "scope:eu.fr.bre.health", Tlp::Green);
    assert!(!known(&health, &[]).complete, "the hospital and the sector are missing");
    let found = known(&health, &["eu-fr-sante", "eu-fr-bre-chu"]);
    assert_eq!(part(&found, "eu-fr-sante").state, State::NoBundle);
    assert!(found.complete, "{found:#?}");
}

#[test]
fn who_has_the_next_version_need_not_answer_for_this_one() {
    let said = words(&[ALL[0], ALL[1], ALL[3]]);
    let mut with_counts = said;
    counting(&mut with_counts, "eu-fr-bre", 1);
    let found = account("eu-fr", &national(), &with_counts, &["eu-fr-nor"]);
    assert_eq!(part(&found, "eu-fr-nor").state, State::Superseded);
    assert!(found.complete, "{found:#?}");
}

#[test]
fn a_node_that_passes_it_on_sees_its_own_part_with_its_own_entities() {
    let said = words(&[("eu-fr-bre", Outcome::Delivered)]);
    let found = account("eu-fr-bre", &national(), &said, &[]);
    assert_eq!(shown(&found), ["eu-fr-bre", "eu-fr-bre-chu"]);
    let hospital = part(&found, "eu-fr-bre-chu");
    assert_eq!((&hospital.state, &hospital.also), (&State::Silent, &vec![id("eu-fr-sante")]));
    let said = words(&[("eu-fr-bre-chu", Outcome::Delivered)]);
    assert_eq!(shown(&account("eu-fr-bre-chu", &national(), &said, &[])), ["eu-fr-bre-chu"]);
}

#[test]
fn an_entity_that_answered_elsewhere_is_not_phoned() {
    // The sector issues for everybody in health: the hospital is its follower, and nobody's else.
    let health = advisory("eu-fr-sante", "scope:eu.fr.all.health", Tlp::Green);
    let said = words(&[("eu-fr-sante", Outcome::Delivered)]);
    let found = account("eu-fr-sante", &health, &said, &[]);
    assert_eq!(missing(&found), [("eu-fr-bre-chu", 0)]);
    let said = words(&[ALL[3], ("eu-fr-bre-chu", Outcome::Read)]);
    assert!(account("eu-fr-sante", &health, &said, &[]).complete);
}

#[test]
fn a_report_is_followed_as_far_as_it_climbs() {
    let case = escalation("eu-fr-bre-chu", "eu-fr", Tlp::Amber);
    let mut said = words(&[("eu-fr-bre-chu", Outcome::Climbs)]);
    let found = account("eu-fr-bre-chu", &case, &said, &[]);
    assert_eq!(shown(&found), ["eu-fr-bre-chu", "eu-fr-bre", "eu-fr"]);
    assert_eq!(part(&found, "eu-fr-bre").state, State::Silent);
    assert_eq!(part(&found, "eu-fr").state, State::Behind(id("eu-fr-bre")));
    said.extend(words(&[("eu-fr-bre", Outcome::Stops)]));
    let found = account("eu-fr-bre-chu", &case, &said, &[]);
    assert_eq!(part(&found, "eu-fr").state, State::CutOff(id("eu-fr-bre")));
    assert!(found.complete);
    said.extend(words(&[("eu-fr-bre", Outcome::Read)]));
    assert!(account("eu-fr-bre-chu", &case, &said, &[]).complete, "read where it stopped");
    said.get_mut(&id("eu-fr-bre")).expect("a word").to = Some(id("eu-fr"));
    let found = account("eu-fr-bre-chu", &case, &said, &[]);
    assert_eq!((found.complete, missing(&found)), (false, vec![("eu-fr", 0)]));
}

#[test]
fn who_refused_what_was_not_for_it_is_shown_and_not_waited_for() {
    let for_brittany = advisory("eu-fr", "scope:eu.fr.bre.health", Tlp::Green);
    let mut said = words(&[ALL[0], ALL[1], ALL[3], ("eu-fr-nor", Outcome::Refused)]);
    counting(&mut said, "eu-fr-bre", 1);
    let found = account("eu-fr", &for_brittany, &said, &[]);
    assert_eq!((part(&found, "eu-fr-nor").concern, found.complete), (None, true));
}
