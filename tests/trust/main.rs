//! The safe way in for trust documents: what is taken, what waits, what is refused; and that the
//! order in which documents come makes no difference.

// A test that panics has failed.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod flaws;
#[path = "../forge/mod.rs"]
mod forge;
mod grants;
mod interleave;
mod lists;
mod made;
mod order;
mod paper;
#[path = "../random/mod.rs"]
mod random;
mod refusals;
mod states;
mod world;

use chappe::notice::{Id, Reason, Time};
use chappe::trust::{Documents, KeySet, Offered, Refusal, Revocation, Root, Usage, Why};
use forge::*;
use made::*;

#[test]
fn any_higher_version_is_taken_so_that_a_withheld_one_does_not_freeze_the_tree() {
    let mut held = held();
    let seven = later("eu-fr-bre", 7, |_| {});
    assert!(matches!(offer(&mut held, &seven), Ok(Offered::Taken(_))));
    assert_eq!(held.trust().seat(&id("eu-fr-bre")).expect("a seat").version, 7);
    assert!(matches!(offer(&mut held, &seven), Ok(Offered::Known(_))));
}

#[test]
fn a_rollback_is_refused() {
    let mut held = held();
    offer(&mut held, &later("eu-fr-bre", 7, |_| {})).expect("taken");
    let refused = offer(&mut held, &later("eu-fr-bre", 6, |_| {})).expect_err("refused");
    assert_eq!(refused, Refusal::Rollback { found: 6, held: 7 });
    let refused = offer(&mut held, &later("eu-fr-bre", 1, |_| {})).expect_err("refused");
    assert_eq!(refused, Refusal::Rollback { found: 1, held: 7 }, "though it was here once");
    assert_eq!(refused.reason(), Reason::TrustRollback);
}

#[test]
fn the_same_version_with_other_bytes_is_a_fork_and_the_first_stays() {
    let mut held = held();
    let other = later("eu-fr-bre", 1, |b| b.contact.phone = Some("01 99 00 00 99".into()));
    assert_eq!(offer(&mut held, &other), Err(Refusal::Fork(1)));
    assert_eq!(held.trust().seat(&id("eu-fr-bre")).expect("a seat").contact.phone, None);
}

#[test]
fn an_expired_document_is_refused_when_it_comes_and_kept_when_it_was_here() {
    let old = later("eu-fr-bre", 2, |b| (b.iat, b.exp) = (NOW.secs() - 9, NOW.secs()));
    let mut node = held();
    assert_eq!(offer(&mut node, &old), Err(Refusal::Expired(NOW.secs())));
    node.restore(&old).expect("restored");
    node.settle();
    assert_eq!(node.trust().seat(&id("eu-fr-bre")).expect("a seat").version, 2);
    assert!(node.trust().is_stale(&id("eu-fr-bre"), NOW));
}

#[test]
fn endless_data_is_cut_before_it_is_read() {
    let refused = held().offer(NOW, &vec![b'['; 1 << 20]).expect_err("refused");
    assert_eq!(refused, Refusal::Size(1 << 20));
    assert_eq!(refused.reason(), Reason::TrustInvalid);
}

#[test]
fn a_bundle_that_its_introducer_does_not_know_waits_and_passes_once_it_does() {
    let mut held = held();
    let next = signed(&changed("eu-fr-bre", 2, |_| {}), &key("eu-fr-bre", "bundle-2"));
    let waits = offer(&mut held, &next).expect_err("waits");
    assert_eq!(waits, Refusal::Signatures { found: 0, needed: 1 });
    assert!(waits.may_pass_later());
    let rotated = later("eu-fr", 2, |b| {
        let entry = b.nodes.iter_mut().find(|n| n.id == id("eu-fr-bre")).expect("introduced");
        entry.bundle = Some(set("eu-fr-bre", 1, &["bundle", "bundle-2"]));
    });
    offer(&mut held, &rotated).expect("taken");
    assert!(matches!(offer(&mut held, &next), Ok(Offered::Taken(_))));
}

#[test]
fn a_root_follows_by_the_threshold_of_the_old_and_of_the_new() {
    let three = || set("eu-fr", 2, &["r1", "r2", "r3"]);
    let cases: [(&[&str], Result<(), Refusal>); 5] = [
        (&["root", "r1", "r3"], Ok(())),
        (&["r1", "r2", "r3"], Err(Refusal::Signatures { found: 0, needed: 1 })),
        (&["root"], Err(Refusal::Signatures { found: 0, needed: 2 })),
        (&["root", "r1"], Err(Refusal::Signatures { found: 1, needed: 2 })),
        (&["root", "r1", "r1"], Err(Refusal::Signatures { found: 1, needed: 2 })),
    ];
    for (by, expected) in cases {
        let mut held = held();
        let outcome = offer(&mut held, &root_of(2, three(), "bundle", by)).map(|_| ());
        assert_eq!(outcome, expected, "signed by {by:?}");
    }
}

#[test]
fn a_root_that_skips_one_waits_for_the_one_between() {
    let mut held = held();
    let two = root_of(2, set("eu-fr", 1, &["r2"]), "bundle", &["root", "r2"]);
    let three = root_of(3, set("eu-fr", 1, &["r3"]), "bundle", &["r2", "r3"]);
    let gap = offer(&mut held, &three).expect_err("waits");
    assert_eq!(gap, Refusal::Gap { found: 3, held: 1 });
    assert!(gap.may_pass_later());
    offer(&mut held, &two).expect("taken");
    offer(&mut held, &three).expect("taken");
    assert_eq!(held.trust().root(&id("eu-fr")).expect("a root").0, 3);
    let stranger = root_of(4, set("eu-fr", 1, &["r2"]), "bundle", &["r2"]);
    assert_eq!(offer(&mut held, &stranger), Err(Refusal::Signatures { found: 0, needed: 1 }));
}

#[test]
fn a_root_that_drops_a_stolen_bundle_key_stops_what_that_key_signs() {
    let mut held = held();
    let two = root_of(2, set("eu-fr", 1, &["root"]), "bundle-2", &["root"]);
    offer(&mut held, &two).expect("taken");
    let thief = later("eu-fr", 9, |_| {});
    assert_eq!(offer(&mut held, &thief), Err(Refusal::Signatures { found: 0, needed: 1 }));
    assert!(held.trust().find(&issue_kid("eu-fr")).is_none(), "nothing signed by it counts");
    let honest = signed(&changed("eu-fr", 2, |_| {}), &key("eu-fr", "bundle-2"));
    offer(&mut held, &honest).expect("taken");
    assert!(held.trust().find(&issue_kid("eu-fr-bre")).is_some(), "and all is back");
}

#[test]
fn a_threshold_of_zero_or_above_its_keys_and_a_key_under_two_entries_are_flaws() {
    let root = |set: KeySet| root_of(2, set, "bundle", &["root", "r1"]);
    for wrong in [set("eu-fr", 0, &["r1"]), set("eu-fr", 2, &["r1"]), set("eu-fr", 0, &[])] {
        let refused = offer(&mut held(), &root(wrong)).expect_err("refused");
        assert!(matches!(&refused, Refusal::Flaw(why) if why.contains("threshold")), "{refused}");
    }
    let twice = root(set("eu-fr", 2, &["r1", "r1"]));
    assert!(matches!(offer(&mut held(), &twice), Err(Refusal::KeyTwice(_))));
}

#[test]
fn who_names_anothers_key_is_refused_and_spoils_nothing() {
    let mut held = held();
    let thief = later("eu-fr-nor", 2, |b| b.keys.push(key_entry("eu-fr-bre", Usage::Issue)));
    let refused = offer(&mut held, &thief).expect_err("refused");
    assert_eq!(refused, Refusal::KeyTaken(issue_kid("eu-fr-bre"), id("eu-fr-bre")));
    offer(&mut held, &later("eu-fr-bre", 2, |_| {})).expect("the owner goes on");
    assert_eq!(held.trust().find(&issue_kid("eu-fr-bre")).expect("a key").node, id("eu-fr-bre"));
}

#[test]
fn one_key_for_two_uses_is_refused() {
    let both = later("eu-fr-bre", 2, |b| {
        let mut second = key_entry("eu-fr-bre", Usage::Issue);
        second.usage = Usage::Relay;
        b.keys.push(second);
    });
    assert!(matches!(offer(&mut held(), &both), Err(Refusal::KeyTwice(_))));
    let relay_as_issue = later("eu-fr-bre", 2, |b| b.keys[1].usage = Usage::Issue);
    assert!(matches!(offer(&mut held(), &relay_as_issue), Err(Refusal::KeyTaken(..))));
}

#[test]
fn a_revocation_is_never_undone() {
    let mut held = held();
    let revokes = later("eu-fr-bre", 2, |b| {
        b.revoked.push(revocation("eu-fr-bre", "issue", NOW, Why::Superseded));
    });
    offer(&mut held, &revokes).expect("taken");
    offer(&mut held, &later("eu-fr-bre", 3, |_| {})).expect("taken");
    let judged = |at| held.trust().issue_key(&issue_kid("eu-fr-bre"), at, Id::of(b"x")).err();
    assert_eq!(judged(NOW), Some(Reason::KeyRevoked));
    assert_eq!(judged(Time::from_secs(NOW.secs() - 1)), None, "what was signed before counts");
}

#[test]
fn only_a_node_and_its_state_revoke_its_keys() {
    for (by, counts) in [("eu-fr", true), ("eu-fr-bre", true), ("eu-fr-nor", false), ("eu", false)]
    {
        let mut held = held();
        let says = later(by, 2, |b| {
            b.revoked.push(revocation("eu-fr-bre", "issue", NOW, Why::Compromised));
        });
        offer(&mut held, &says).expect("taken");
        let judged = held.trust().issue_key(&issue_kid("eu-fr-bre"), NOW, Id::of(b"x")).err();
        assert_eq!(judged, counts.then_some(Reason::KeyRevoked), "by {by}");
    }
}

#[test]
fn with_the_relay_key_stolen_too_only_what_the_good_lists_name_counts() {
    let (genuine, fake) = (Id::of(b"genuine"), Id::of(b"fake"));
    let list = genuine.as_bytes().to_vec();
    let mut held = held();
    assert_eq!(held.offer_list(&list), Err(Refusal::NotNamed));
    let revokes = later("eu-fr", 2, |b| {
        let stolen = revocation("eu-fr", "issue", hours(1), Why::Compromised);
        b.revoked.push(Revocation { good: Some(vec![Id::of(&list)]), ..stolen });
    });
    offer(&mut held, &revokes).expect("taken");
    let before = NOW;
    let judged =
        |held: &Documents, at, of| held.trust().issue_key(&issue_kid("eu-fr"), at, of).err();
    assert_eq!(judged(&held, before, genuine), Some(Reason::KeyUnknown), "the list decides");
    assert_eq!(held.missing_lists(), [Id::of(&list)]);
    assert!(!held.trust().is_void(&issue_kid("eu-fr"), &id("eu-fr"), before, genuine));
    assert_eq!(held.offer_list(&list), Ok(true));
    assert_eq!(held.offer_list(&list), Ok(false));
    assert_eq!(judged(&held, before, genuine), None);
    assert_eq!(judged(&held, before, fake), Some(Reason::KeyRevoked), "back-dated");
    assert_eq!(judged(&held, hours(1), genuine), Some(Reason::KeyRevoked));
    assert!(held.trust().is_void(&issue_kid("eu-fr"), &id("eu-fr"), before, fake));
    offer(&mut held, &later("eu-fr", 3, |_| {})).expect("taken");
    assert_eq!(judged(&held, before, genuine), None, "a list outlives the next bundle");
}

#[test]
fn a_list_out_of_order_is_refused() {
    let mut two = [Id::of(b"a"), Id::of(b"b")];
    two.sort();
    let backwards: Vec<u8> = two.iter().rev().flat_map(|one| *one.as_bytes()).collect();
    let mut held = held();
    let revokes = later("eu-fr", 2, |b| {
        let stolen = revocation("eu-fr", "issue", NOW, Why::Compromised);
        b.revoked.push(Revocation { good: Some(vec![Id::of(&backwards)]), ..stolen });
    });
    offer(&mut held, &revokes).expect("taken");
    assert!(matches!(held.offer_list(&backwards), Err(Refusal::Form(_))));
}

#[test]
fn an_expired_root_ends_what_its_state_signs_from_then_on() {
    let mut held = held();
    let mut next = Root::new(fed(), id("eu-fr"), 2, (NOW.secs() - 9, NOW.secs() + HOUR));
    next.root = one("eu-fr", "root");
    next.bundle = one("eu-fr", "bundle");
    offer(&mut held, &signed(&next, &key("eu-fr", "root"))).expect("taken");
    assert_eq!(held.trust().authority_ends(&id("eu-fr-bre-chu")), Some(hours(1)));
    assert_eq!(held.trust().authority_ends(&id("eu")), None, "another's root is not seen");
}

#[test]
fn who_signs_without_end_fills_nobody_and_loses_no_revocation() {
    let mut held = held();
    let mut said = Vec::new();
    let mut gone = Vec::new();
    for version in 2..100 {
        // One revocation is dropped again, the others are carried on.
        if version % 10 == 0 {
            said.push(revocation("eu-fr-bre", &format!("old-{version}"), NOW, Why::Ceased));
        }
        let once = revocation("eu-fr-bre", "issue", NOW, Why::Ceased);
        let more = (version == 7).then_some(once);
        let next = later("eu-fr-bre", version, |b| {
            b.revoked = said.iter().chain(&more).cloned().collect();
        });
        offer(&mut held, &next).expect("taken");
        gone.extend(held.gone());
    }
    let here = held.all().filter(|(name, _)| name.node == id("eu-fr-bre")).count();
    assert_eq!(here, 17, "the newest, and the one with the revocation that nobody repeats");
    assert_eq!(gone.len(), 99 - 17);
    let mut again = Documents::pinned(&root("eu-fr")).expect("a pin");
    let kept: Vec<_> = held.all().map(|(_, document)| (document.clone(), NOW)).collect();
    assert_eq!(again.restore_kept(&kept), []);
    let judged = again.trust().issue_key(&issue_kid("eu-fr-bre"), NOW, Id::of(b"x")).err();
    assert_eq!(judged, Some(Reason::KeyRevoked));
}

#[test]
fn a_node_that_revokes_something_else_each_time_stops_at_itself() {
    let mut held = held();
    let refused = (2..400).find_map(|version| {
        let other = revocation("eu-fr-bre", &format!("key-{version}"), NOW, Why::Ceased);
        offer(&mut held, &later("eu-fr-bre", version, |b| b.revoked = vec![other.clone()])).err()
    });
    assert_eq!(refused, Some(Refusal::TooMany(id("eu-fr-bre"))));
    offer(&mut held, &later("eu-fr-nor", 2, |_| {})).expect("another goes on");
}
