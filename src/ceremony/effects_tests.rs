//! What a draft changes, told for each node.

use std::time::Duration;

use super::samples::{NOW, archive, id, key, own, region, root, whole};
use super::{Owner, drop_key, effects, key_set, next_bundle, remove, revoke};
use crate::notice::{Kind, Tlp};
use crate::trust::{Bundle, Paper, Usage, Why};

fn told(change: impl Fn(&mut Bundle)) -> Vec<String> {
    let mut draft = next_bundle(&whole(), NOW);
    change(&mut draft);
    effects(&archive(), &Paper::Bundle(draft))
}

#[test]
fn a_version_that_says_the_same_changes_nothing_for_anybody() {
    assert_eq!(told(|_| {}), Vec::<String>::new());
}

#[test]
fn a_narrower_grant_is_told_once_for_the_node() {
    let lines = told(|draft| draft.nodes[0].may.tlp = Tlp::Green);
    assert_eq!(lines, ["eu-fr-bre may no longer sign AMBER, AMBER+STRICT, RED"]);
    let lines = told(|draft| draft.nodes[0].may.kinds.retain(|kind| *kind != Kind::Alert));
    assert_eq!(lines, ["eu-fr-bre may no longer sign the kinds alert"]);
}

#[test]
fn a_node_that_goes_is_told_with_its_keys() {
    let lines = told(|draft| remove(draft, &id("eu-fr-bre")).expect("removed"));
    let gone = "eu-fr-bre is no longer introduced: its 2 keys count no more";
    assert!(lines.contains(&gone.to_owned()), "{lines:?}");
}

#[test]
fn a_key_of_another_node_is_told_before_anybody_signs() {
    let lines = told(|draft| draft.keys.push(own(11, Usage::Relay)));
    let id = key(11).id().clone();
    let text = format!("WARNING: key {id} stands twice: root of eu-fr, and relay of eu-fr");
    assert!(lines.iter().any(|line| line.starts_with(&text)), "{lines:?}");
}

#[test]
fn a_dropped_bundle_key_that_signed_the_bundle_in_force_is_told() {
    let mut before = next_bundle(&whole(), NOW);
    before.nodes[0].bundle = key_set(1, &[key(5), key(50)]).ok();
    let mut draft = before.clone();
    assert_eq!(drop_key(&mut draft, key(5).id().as_str()), Ok(id("eu-fr-bre")));
    let lines = effects(&archive(), &Paper::Bundle(draft));
    assert!(
        lines.iter().any(|line| line.starts_with("WARNING: eu-fr-bre: its bundle")),
        "{lines:?}"
    );
}

#[test]
fn a_root_whose_bundle_keys_have_not_signed_is_told() {
    let mut next = root();
    next.version = 2;
    next.bundle = key_set(1, &[key(50)]).expect("a set");
    let lines = effects(&archive(), &Paper::Root(next));
    assert!(lines[0].starts_with("WARNING: eu-fr has no bundle that holds"), "{lines:?}");
}

#[test]
fn a_stolen_issue_key_and_one_that_is_replaced_are_told_differently() {
    let owner = Owner { node: id("eu-fr-bre"), usage: Usage::Issue, key: key(6).id().clone() };
    let revoked = |why| told(|draft| revoke(draft, &owner, why, NOW, &[]).expect("revoked"));
    let (stolen, ceased) = (revoked(Why::Compromised), revoked(Why::Ceased));
    assert!(stolen[0].contains("counts as withdrawn at every reader"), "{stolen:?}");
    assert!(ceased[0].contains("what it signed before stays"), "{ceased:?}");
    assert!(stolen[0].contains("of eu-fr-bre (issue), revoked by eu-fr"), "{stolen:?}");
}

#[test]
fn a_new_end_is_told_for_the_node_whose_it_is() {
    let mut draft = next_bundle(&region(), NOW);
    draft.exp += 1;
    draft.keys[0].exp = (NOW + Duration::from_secs(60)).secs();
    let lines = effects(&archive(), &Paper::Bundle(draft));
    assert!(lines[0].starts_with("eu-fr-bre may issue until"), "{lines:?}");
    let issue = format!("key {} of eu-fr-bre (issue) ends", key(6).id());
    assert!(lines[1].starts_with(&issue), "{lines:?}");
}
