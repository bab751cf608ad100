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

/// The region with a national advisory, its own word on it and one of the hospital's and of a
/// sibling's.
fn spoken(router: &mut Router) -> Id {
    let m = arriving(REGION, &[STATE], &national());
    take(router, &m);
    for by in ["eu-fr-bre-chu", "eu-fr-nor"] {
        router.keep_receipt(says(by, m.id(), Outcome::Delivered), String::new());
    }
    m.id()
}

#[test]
fn the_words_that_went_up_are_read_in_pages_and_none_of_an_entity_is_among_them() {
    let mut router = router(REGION);
    let of = spoken(&mut router);
    let report = up(&first(STATE));
    take(&mut router, &report);
    let (mut words, mut last) = (Vec::new(), None);
    loop {
        let (page, next) = router.words_up(&trust(), &id(STATE), last.as_ref(), 1);
        words.extend(page);
        match next {
            Some(next) => last = Some(next),
            None => break,
        }
    }
    let said: Vec<(Id, &str)> = words.iter().map(|word| (word.of, word.by.as_str())).collect();
    assert_eq!(said, [(of, REGION), (of, "eu-fr-nor")], "words on a report go down");
    assert_eq!(router.words_up(&trust(), &id("eu"), None, 9).0, []);
}

#[test]
fn a_word_is_wanted_if_it_is_news_of_what_the_child_itself_could_have() {
    let mut router = router(STATE);
    let m = arriving(STATE, &[], &national());
    keep(&mut router, &m);
    let wants =
        |router: &Router, child: &str, word: &Receipt| router.wants(&trust(), &id(child), word);
    let word = says(REGION, m.id(), Outcome::Delivered);
    assert!(wants(&router, REGION, &word));
    assert!(!wants(&router, "eu-fr-nor", &word), "not its own");
    assert!(!wants(&router, REGION, &says(REGION, Id::of(b"x"), Outcome::Refused)), "not here");
    let local = advisory(STATE, "scope:eu.fr.nor.all", Tlp::Green);
    let local = arriving(STATE, &[], &local);
    keep(&mut router, &local);
    let guess = says(REGION, local.id(), Outcome::Refused);
    assert!(!wants(&router, REGION, &guess), "as if it were not here");
    assert!(wants(&router, "eu-fr-nor", &says("eu-fr-nor", local.id(), Outcome::Refused)));
    router.keep_receipt(word.clone(), String::new());
    assert!(!wants(&router, REGION, &word));
    let read = says(REGION, m.id(), Outcome::Read);
    assert!(wants(&router, REGION, &read));
    router.keep_receipt(read, String::new());
    assert!(!wants(&router, REGION, &Receipt { at: NOW + MONTH, ..word }), "it says less");
}

#[test]
fn what_is_here_without_an_own_word_gets_one_again_while_words_are_kept() {
    let mut router = router(REGION);
    let m = arriving(REGION, &[STATE], &national());
    keep(&mut router, &m);
    keep(&mut router, &up(&first(STATE)));
    let words = router.unsaid(NOW, &trust());
    let mut said: Vec<_> = words.iter().map(|w| (w.outcome, w.of, w.to.clone())).collect();
    said.sort();
    let climbs = (Outcome::Climbs, up(&first(STATE)).id(), Some(id(STATE)));
    assert_eq!(said, [(Outcome::Delivered, m.id(), None), climbs]);
    assert_eq!(router.unsaid(NOW + MONTH, &trust()), [], "it is forgotten by then");
    for word in words {
        router.keep_receipt(word, String::new());
    }
    assert_eq!(router.unsaid(NOW, &trust()), []);
}

#[test]
fn a_report_on_which_no_word_came_is_asked_about_after_a_while() {
    let mut router = router(REGION);
    let report = up(&first(STATE));
    take(&mut router, &report);
    let unheard = |router: &Router, minutes: u64| {
        router.unheard_of(NOW + Duration::from_secs(60 * minutes), &trust(), &id(STATE))
    };
    assert_eq!((unheard(&router, 0), unheard(&router, 2)), (Vec::new(), vec![report.id()]));
    router.keep_receipt(says(STATE, report.id(), Outcome::Stops), String::new());
    assert_eq!(unheard(&router, 2), []);
}
