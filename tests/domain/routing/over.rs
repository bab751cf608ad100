//! The end of cases at one router: when it begins, that it is whole, and that it lasts.

use super::cases::{HOUR, KEEP, REGION, all, answer, first, take, up};
use super::*;
use chappe::case::Clocks;

pub(super) fn over_at(router: &Router, at: Time) -> Vec<Id> {
    let over = router.over(at, &all(router), Clocks::builtin(), KEEP);
    let mut ids: Vec<Id> = over.iter().flatten().map(|due| due.id).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn what_was_closed_for_long_enough_is_over_and_stays_so() {
    let mut router = router(REGION);
    let report = up(&first(REGION));
    take(&mut router, &report);
    let taken = arriving(REGION, &[], &answer(REGION, report.id(), "accepted"));
    let closed =
        Statement { iat: taken.statement().iat + 1, ..answer(REGION, report.id(), "closed") };
    let closed = arriving(REGION, &[], &closed);
    keep(&mut router, &taken);
    assert_eq!(over_at(&router, NOW + 2 * KEEP), [], "it is open");
    keep(&mut router, &closed);
    assert_eq!(over_at(&router, NOW + KEEP - HOUR), []);
    let mut ids = vec![report.id(), taken.id(), closed.id()];
    ids.sort_unstable();
    assert_eq!(over_at(&router, NOW + KEEP), ids);
    for of in ids {
        router.is_over(of, NOW + KEEP);
        router.forget(of);
    }
    assert!(all(&router).is_empty() && router.was_over(report.id()));
    // At a start it may be found on the board once more: a crash came in between.
    keep(&mut router, &closed);
    assert_eq!(over_at(&router, NOW + KEEP + HOUR), [closed.id()]);
    router.prune(NOW + KEEP + HOUR);
    assert!(router.was_over(report.id()));
    router.prune(NOW + 6 * KEEP);
    assert!(!router.was_over(report.id()), "everything has expired by then");
}

/// The hospital's report, taken and closed by the region.
fn closed(router: &mut Router) -> Vec<Id> {
    let report = up(&first(REGION));
    take(router, &report);
    let mut ids = vec![report.id()];
    for (later, state) in [(1, "accepted"), (2, "closed")] {
        let word = answer(REGION, report.id(), state);
        let word = arriving(REGION, &[], &Statement { iat: word.iat + later, ..word });
        keep(router, &word);
        ids.push(word.id());
    }
    ids
}

#[test]
fn the_end_of_a_case_begins_whole_so_that_whatever_part_of_it_is_left_is_open_for_nobody() {
    let mut router = router(REGION);
    let ids = closed(&mut router);
    let late = NOW + KEEP;
    let over = router.over(late, &all(&router), Clocks::builtin(), KEEP);
    assert_eq!(over.len(), 1, "one case is one piece");
    let order: Vec<Id> = over[0].iter().map(|due| due.id).collect();
    assert_eq!(order, ids, "the report first, the word that closed it last");
    assert!(router.begin_end(late, Clocks::builtin(), KEEP, &over[0]));
    assert_eq!(all(&router), [], "nothing is deleted yet, and nothing counts");
    // Killed in between, in whatever order: the rest is deleted at the next start.
    for left in &ids {
        let mut after = super::router(REGION);
        ids.iter().for_each(|id| after.is_over(*id, late));
        closed(&mut after);
        ids.iter().filter(|id| *id != left).for_each(|id| after.forget(*id));
        assert_eq!(all(&after), []);
        assert_eq!(over_at(&after, late), [*left]);
    }
}

#[test]
fn what_has_come_since_stops_the_end_of_its_case() {
    let mut router = router(REGION);
    let ids = closed(&mut router);
    let late = NOW + KEEP;
    let over = router.over(late, &all(&router), Clocks::builtin(), KEEP);
    let again = answer(REGION, ids[0], "in-progress");
    let again = Statement { iat: again.iat + 3, ..again };
    keep(&mut router, &arriving(REGION, &[], &again));
    assert!(!router.begin_end(late, Clocks::builtin(), KEEP, &over[0]));
    assert!(!router.was_over(ids[0]) && all(&router).len() == 1);
}

#[test]
fn a_withdrawn_report_goes_before_what_withdraws_it_and_with_it() {
    let mut router = router(REGION);
    let report = up(&first(REGION));
    take(&mut router, &report);
    let ends = Statement { case: None, ..ending(Kind::Withdrawal, &first(REGION), report.id()) };
    let ends = up(&ends);
    take(&mut router, &ends);
    let late = NOW + KEEP;
    let over = router.over(late, &all(&router), Clocks::builtin(), KEEP);
    let order: Vec<Vec<Id>> =
        over.iter().map(|together| together.iter().map(|due| due.id).collect()).collect();
    assert_eq!(order, [[report.id(), ends.id()]]);
    assert!(router.begin_end(late, Clocks::builtin(), KEEP, &over[0]));
    router.forget(ends.id());
    assert_eq!(all(&router), [], "it does not come back without its withdrawal");
    assert_eq!(over_at(&router, late), [report.id()]);
}

#[test]
fn a_case_is_held_past_the_end_of_its_first_report() {
    let mut router = router(REGION);
    take(&mut router, &up(&first(REGION)));
    router.prune(NOW + 2 * KEEP);
    assert_eq!(all(&router).len(), 1);
    router.prune(NOW + 5 * KEEP);
    assert_eq!(all(&router).len(), 0, "as its stream");
}
