//! Revocations beside one another, and the lists that they name.

use chappe::notice::{Id, Reason, Time};
use chappe::trust::{Documents, Refusal, Revocation, Why};

use crate::forge::*;
use crate::made::*;

const MAX_LIST_BYTES: usize = 1024 * 1024;

/// A list of so many ids, ascending.
fn list(ids: u32) -> Vec<u8> {
    (0..ids).flat_map(|at| [[0; 28].as_slice(), &at.to_be_bytes()].concat()).collect()
}

fn before(secs: u64) -> Time {
    Time::from_secs(NOW.secs() - secs)
}

/// Says of the key of the region that it was revoked at a time, in `by`'s second bundle.
fn revokes(held: &mut Documents, by: &str, at: Time, why: Why, good: Option<&[u8]>) {
    let says = later(by, 2, |b| {
        let one = revocation("eu-fr-bre", "issue", at, why);
        b.revoked.push(Revocation { good: good.map(|list| vec![Id::of(list)]), ..one });
    });
    offer(held, &says).expect("taken");
}

/// What a node that is told of such lists says to one of them.
fn named(list: &[u8]) -> (Documents, Result<bool, Refusal>) {
    let mut held = held();
    revokes(&mut held, "eu-fr", NOW, Why::Compromised, Some(list));
    let said = held.offer_list(list);
    (held, said)
}

fn judged(held: &Documents, at: Time, of: Id) -> Option<Reason> {
    held.trust().issue_key(&issue_kid("eu-fr-bre"), at, of).err()
}

#[test]
fn a_list_has_32768_ids_at_most() {
    let largest = list(32_768);
    assert_eq!(largest.len(), MAX_LIST_BYTES);
    assert_eq!(named(&largest).1, Ok(true));
    let larger = list(32_769);
    assert_eq!(named(&larger).1, Err(Refusal::Size(larger.len())));
}

#[test]
fn a_list_has_whole_ids_each_once() {
    assert_eq!(named(&list(0)).1, Ok(true));
    let (one, two) = (list(1), list(2));
    for wrong in [&two[..33], &two[..31], &[&one[..], &one].concat(), &[&two[32..], &one].concat()]
    {
        assert!(matches!(named(wrong).1, Err(Refusal::Form(_))), "{} bytes", wrong.len());
    }
}

#[test]
fn which_lists_are_here_and_which_are_missing_is_said() {
    let (two, digest) = (list(2), Id::of(&list(2)));
    let mut held = held();
    revokes(&mut held, "eu-fr", NOW, Why::Compromised, Some(&two));
    assert!(!held.has_list(digest));
    assert_eq!(held.missing_lists(), [digest]);
    held.offer_list(&two).expect("taken");
    assert!(held.has_list(digest) && !held.has_list(Id::of(b"another")));
    assert_eq!(held.missing_lists(), []);
}

#[test]
fn one_revocation_that_says_no_is_enough_though_the_list_of_another_is_missing() {
    for listed_first in [true, false] {
        let mut held = held();
        let lists = |held: &mut Documents| {
            revokes(held, "eu-fr", NOW, Why::Compromised, Some(&list(1)));
        };
        if listed_first {
            lists(&mut held);
        }
        revokes(&mut held, "eu-fr-bre", before(9), Why::Ceased, None);
        if !listed_first {
            lists(&mut held);
        }
        assert_eq!(judged(&held, before(9), Id::of(b"x")), Some(Reason::KeyRevoked));
        assert_eq!(judged(&held, before(10), Id::of(b"x")), Some(Reason::KeyUnknown));
    }
}

#[test]
fn a_missing_list_decides_though_another_revocation_is_later() {
    for (first, second) in [("eu-fr", "eu-fr-bre"), ("eu-fr-bre", "eu-fr")] {
        let mut held = held();
        revokes(&mut held, first, NOW, Why::Compromised, Some(&list(1)));
        revokes(&mut held, second, hours(1), Why::Ceased, None);
        assert_eq!(judged(&held, before(9), Id::of(b"x")), Some(Reason::KeyUnknown));
    }
}

#[test]
fn a_stolen_key_stays_stolen_whatever_else_is_said_of_it() {
    let void = |said: &[(&str, Time, Why)], at| {
        let mut held = held();
        for (by, from, why) in said {
            revokes(&mut held, by, *from, *why, None);
        }
        held.trust().is_void(&issue_kid("eu-fr-bre"), &id("eu-fr-bre"), at, Id::of(b"x"))
    };
    let (stolen, ceased) = (("eu-fr", NOW, Why::Compromised), ("eu-fr-bre", NOW, Why::Ceased));
    for said in [&[stolen, ceased][..], &[ceased, stolen], &[stolen]] {
        assert!(void(said, NOW), "{said:?}");
        assert!(!void(said, before(1)), "{said:?}");
    }
    assert!(!void(&[ceased], NOW), "what it signed after its end is refused, not withdrawn");
    let later_stolen = [ceased, ("eu-fr", hours(1), Why::Compromised)];
    assert!(!void(&later_stolen, NOW));
}

#[test]
fn a_revocation_said_twice_stands_once() {
    let mut held = held();
    for version in [2, 3] {
        let says = later("eu-fr-bre", version, |b| {
            b.revoked.push(revocation("eu-fr-bre", "issue", NOW, Why::Ceased));
        });
        offer(&mut held, &says).expect("taken");
    }
    let key = held.trust().find(&issue_kid("eu-fr-bre")).expect("a key").clone();
    let all: Vec<_> = held.trust().revoked(&key).collect();
    assert_eq!(all.len(), 1);
    assert_eq!((&all[0].by, all[0].at, all[0].why), (&id("eu-fr-bre"), NOW, Why::Ceased));
}
