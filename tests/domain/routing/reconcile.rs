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
