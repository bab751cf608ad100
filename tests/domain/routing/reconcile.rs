//! What a router has sent up and may be asked back, and what it tells a child of what it holds.

use std::time::Duration;

use super::cases::{KEEP, REGION, first, take, up};
use super::*;
use chappe::notice::Receipt;

const STATE: &str = "eu-fr";
const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);

fn says(by: &str, of: Id, outcome: Outcome) -> Receipt {
    let (by, at) = (id(by), NOW + Duration::from_secs(1));
    Receipt { fed: fed(), of, by, outcome, reason: None, to: None, counts: None, at }
}

fn sent_up(router: &Router) -> Vec<Id> {
    router.sent_up(NOW, &trust(), &id(STATE))
}

#[test]
fn what_went_up_is_asked_for_once_it_was_heard_of_and_until_it_was_refused() {
    let mut router = router(REGION);
    let report = up(&first(STATE));
    take(&mut router, &report);
    take(&mut router, &up(&Statement { iat: first(STATE).iat + 1, ..first(REGION) }));
    assert_eq!(sent_up(&router), [], "it may be on its way");
    router.keep_receipt(says(STATE, report.id(), Outcome::Stops), String::new());
    assert_eq!(sent_up(&router), [report.id()]);
    assert_eq!(router.sent_up(NOW, &trust(), &id("eu-fr-sante")), [], "it went elsewhere");
    assert_eq!(router.sent_up(NOW + KEEP * 9, &trust(), &id(STATE)), [], "it has expired");
    let mut refused = says(STATE, report.id(), Outcome::Refused);
    refused.at = refused.at + Duration::from_secs(1);
    router.keep_receipt(refused, String::new());
    assert_eq!(sent_up(&router), []);
}

#[test]
fn when_words_are_forgotten_what_went_up_follows_from_the_rules() {
    let mut router = router(REGION);
    let report = up(&first(STATE));
    keep(&mut router, &report);
    assert_eq!(sent_up(&router), []);
    assert_eq!(router.sent_up(NOW + MONTH, &trust(), &id(STATE)), [report.id()]);
}

#[test]
fn what_was_withdrawn_is_not_asked_for_and_what_withdrew_it_is() {
    for erase in [None, Some(true)] {
        let mut router = router(REGION);
        let report = up(&first(STATE));
        let end = ending(Kind::Withdrawal, report.statement(), report.id());
        let end = up(&Statement { erase, case: None, ..end });
        for m in [&report, &end] {
            take(&mut router, m);
            router.keep_receipt(says(STATE, m.id(), Outcome::Stops), String::new());
        }
        assert_eq!(sent_up(&router), [end.id()]);
    }
}

#[test]
fn a_child_is_told_of_what_came_from_it_and_of_nothing_else() {
    let mut router = router(STATE);
    let report = arriving(STATE, &["eu-fr-bre-chu", REGION], &first(STATE));
    let stranger = Id::of(b"nobody's");
    keep(&mut router, &report);
    let ids = [stranger, report.id()];
    assert_eq!(router.has_of(&id(REGION), &ids), [report.id()]);
    for other in ["eu-fr-nor", "eu-fr-sante", "eu-fr-bre-chu"] {
        assert_eq!(router.has_of(&id(other), &ids), [], "{other}");
    }
}

#[test]
fn what_ended_here_counts_as_held_so_that_nobody_sends_it_again() {
    let mut router = router(STATE);
    let path = ["eu-fr-bre-chu", REGION];
    let report = arriving(STATE, &path, &first(STATE));
    let end = ending(Kind::Withdrawal, report.statement(), report.id());
    let end = Statement { erase: Some(true), case: None, ..end };
    keep(&mut router, &arriving(STATE, &path, &end));
    assert_eq!(router.has_of(&id(REGION), &[report.id()]), [report.id()], "erased");
    assert_eq!(router.has_of(&id("eu-fr-nor"), &[report.id()]), []);
    let over = Id::of(b"over");
    router.is_over(over, NOW);
    assert_eq!(router.has_of(&id(REGION), &[over]), [over], "its case is over");
}

#[test]
fn what_was_placed_for_a_child_alone_is_named_to_it_in_order_while_it_counts() {
    let mut router = router(STATE);
    let mut own = |number: u64, to: &str| {
        let mut notice = advisory(STATE, &format!("node:{to}"), Tlp::Green);
        notice.doc.as_mut().expect("a document").reference = number.to_string();
        let notice = arriving(STATE, &[], &notice);
        let Verdict::Place(places) = decide(&router, &notice) else { panic!("{notice:?}") };
        keep(&mut router, &notice);
        router.placed(notice.id(), &places);
        notice
    };
    let mut notices = [own(1, REGION), own(2, REGION), own(3, "eu-fr-bre-chu")];
    own(4, "eu-fr-nor");
    notices.sort_by_key(Verified::id);
    let ids = notices.each_ref().map(Verified::id);
    let none = Id::from([0; 32]);
    let named =
        |router: &Router, after: Id, most: usize| router.addressed(NOW, &id(REGION), after, most);
    assert_eq!(named(&router, none, 9), ids);
    assert_eq!(named(&router, none, 2), ids[..2]);
    assert_eq!(named(&router, ids[1], 9), ids[2..]);
    assert_eq!(named(&router, ids[2], 9), []);
    assert_eq!(router.addressed(NOW + KEEP * 9, &id(REGION), none, 9), [], "expired");
    let end = ending(Kind::Withdrawal, notices[0].statement(), ids[0]);
    let end = arriving(STATE, &[], &end);
    keep(&mut router, &end);
    assert_eq!(named(&router, none, 9), ids[1..]);
}

#[test]
fn what_is_not_here_is_lacking_unless_it_was_refused_filtered_erased_or_is_over() {
    let mut router = router(REGION);
    let here = up(&first(STATE));
    take(&mut router, &here);
    let outcomes =
        [Outcome::Refused, Outcome::Filtered, Outcome::Erased, Outcome::Delivered, Outcome::Read];
    let said = outcomes.map(|outcome| {
        let of = Id::of(outcome.as_str().as_bytes());
        router.keep_receipt(says(REGION, of, outcome), String::new());
        of
    });
    let (over, lost) = (Id::of(b"over"), Id::of(b"lost"));
    router.is_over(over, NOW);
    let ids = [&said[..], &[here.id(), over, lost]].concat();
    assert_eq!(router.lacks(&ids), [said[3], said[4], lost], "a yes of before is no notice");
}
