//! Cases at one router: which report goes on up, what a parent is told, what is over.

use std::time::Duration;

use super::*;
use chappe::case::{Case, Clocks};
use chappe::notice::Receipt;
use chappe::routing::{Heard, cases};

const HOSPITAL: &str = "eu-fr-bre-chu";
const REGION: &str = "eu-fr-bre";
const HOUR: Duration = Duration::from_secs(3_600);
const KEEP: Duration = Duration::from_secs(90 * 24 * 3_600);

/// The hospital's first report, critical.
fn first(top: &str) -> Statement {
    escalation(HOSPITAL, top, Tlp::Amber)
}

/// Its next, of low severity: no rule lets it climb.
fn next(top: &str, re: Id) -> Statement {
    let severity = Severity::Low;
    Statement { re: Some(re), severity, iat: first(top).iat + 1, ..first(top) }
}

fn answer(by: &str, re: Id, state: &str) -> Statement {
    let case = serde_json::from_value(serde_json::json!({ "state": state })).expect("an answer");
    let kind = Kind::Response;
    Statement { kind, iss: id(by), case: Some(case), re: Some(re), ..first(HOSPITAL) }
}

fn up(m: &Statement) -> Verified {
    arriving(REGION, &[HOSPITAL], m)
}

/// Takes a report as a relay does: decides, keeps, says its word.
fn take(router: &mut Router, m: &Verified) -> Verdict {
    let verdict = decide(router, m);
    keep(router, m);
    let word = router.receipt(NOW, &trust(), m, &verdict);
    router.keep_receipt(word, String::new());
    verdict
}

fn stops() -> Verdict {
    Verdict::Place(vec![Place::Cases])
}

fn climbs() -> Verdict {
    Verdict::Place(vec![Place::Cases, Place::Outbox(id("eu-fr"))])
}

fn all(router: &Router) -> Vec<Case> {
    cases(&router.filed())
}

#[test]
fn a_later_report_goes_wherever_an_earlier_one_of_its_case_went() {
    let mut router = router(REGION);
    let report = up(&first("eu-fr"));
    assert_eq!(take(&mut router, &report), climbs());
    let later = up(&next("eu-fr", report.id()));
    assert_eq!(take(&mut router, &later), climbs());
    let last = up(&Statement { iat: later.statement().iat + 1, ..next("eu-fr", later.id()) });
    assert_eq!(take(&mut router, &last), climbs());
    let stranger = up(&Statement { iat: first("eu-fr").iat + 9, ..next("eu-fr", Id::of(b"x")) });
    assert_eq!(decide(&router, &stranger), stops(), "of another case");
    let ends_here = up(&next(REGION, report.id()));
    assert_eq!(decide(&router, &ends_here), stops(), "not past its audience");
}

#[test]
fn where_a_report_went_is_known_also_once_receipts_are_forgotten() {
    let mut router = router(REGION);
    let report = up(&first("eu-fr"));
    keep(&mut router, &report);
    assert_eq!(decide(&router, &up(&next("eu-fr", report.id()))), climbs());
    let mut quiet = Router::new(id(REGION), Policy::default());
    take(&mut quiet, &report);
    assert_eq!(decide(&quiet, &up(&next("eu-fr", report.id()))), stops());
}

#[test]
fn a_report_that_came_before_the_one_that_climbs_follows_it() {
    let mut router = router(REGION);
    let (report, later) = (up(&first("eu-fr")), up(&next("eu-fr", up(&first("eu-fr")).id())));
    assert_eq!(take(&mut router, &later), stops());
    assert_eq!(router.left_behind(NOW, &trust(), &all(&router)), []);
    assert_eq!(take(&mut router, &report), climbs());
    let behind = router.left_behind(NOW, &trust(), &all(&router));
    assert_eq!(behind, [(later.id(), id("eu-fr"))]);
    let word = router.climbs(NOW, &trust(), later.id(), id("eu-fr"));
    router.keep_receipt(word, String::new());
    assert_eq!(router.left_behind(NOW, &trust(), &all(&router)), []);
}

#[test]
fn what_a_rule_sends_up_and_the_audience_does_not_is_marked_for_a_person() {
    let mut router = router(REGION);
    let report = up(&first(REGION));
    assert_eq!(take(&mut router, &report), stops());
    let to = |router: &Router| router.to_forward(&trust(), &all(router)[0]);
    assert_eq!(to(&router), Some(id("eu-fr")));
    keep(&mut router, &arriving(REGION, &[], &forward(report.id())));
    assert_eq!(all(&router).len(), 1);
    assert_eq!(to(&router), None, "a person did it");
    let mut quiet = Router::new(id(REGION), Policy::default());
    take(&mut quiet, &report);
    assert_eq!(to(&quiet), None, "no rule says so");
}

#[test]
fn what_was_refused_on_its_way_up_or_has_expired_is_not_sent_again_and_again() {
    let mut router = router(REGION);
    let (report, later) = (up(&first("eu-fr")), up(&next("eu-fr", up(&first("eu-fr")).id())));
    take(&mut router, &later);
    take(&mut router, &report);
    let end = Time::from_secs(later.statement().exp);
    assert_eq!(router.left_behind(end - HOUR, &trust(), &all(&router)).len(), 1);
    assert_eq!(router.left_behind(end, &trust(), &all(&router)), []);
    let word = router.climbs(NOW, &trust(), later.id(), id("eu-fr"));
    router.keep_receipt(word, String::new());
    let word = router.refusal(NOW, &trust(), later.id(), Reason::KeyRevoked);
    router.keep_receipt(word, String::new());
    assert_eq!(router.left_behind(NOW, &trust(), &all(&router)), []);
}

/// What a level sends up itself of a report that came to it.
fn forward(of: Id) -> Statement {
    let mut forward = escalation(REGION, "eu-fr", Tlp::Amber);
    if let Some(chappe::notice::Case::Report(report)) = &mut forward.case {
        report.origin = Some(of);
    }
    forward
}

fn redacted(mut statement: Statement) -> Statement {
    if let Some(chappe::notice::Case::Report(report)) = &mut statement.case {
        report.redacted = Some(true);
    }
    statement
}

fn secret(mut statement: Statement) -> Statement {
    if let Some(chappe::notice::Case::Report(report)) = &mut statement.case {
        report.embargo = Some("quiet-river".into());
        report.scope = scope("eu.all.all.all");
    }
    Statement { title: "Incident quiet-river".into(), ..statement }
}

#[test]
fn what_a_person_forwards_pulls_nothing_of_what_it_leaves_out_up_behind_it() {
    for change in [|whole| whole, redacted, secret] {
        let mut router = Router::new(id(REGION), Policy::default());
        let report = up(&first("eu-fr"));
        assert_eq!(take(&mut router, &report), stops(), "no rule lets it climb");
        let forward = arriving(REGION, &[], &change(forward(report.id())));
        assert_eq!(take(&mut router, &forward), climbs());
        assert_eq!(all(&router).len(), 1);
        assert_eq!(router.left_behind(NOW, &trust(), &all(&router)), []);
        let later = up(&next("eu-fr", report.id()));
        assert_eq!(take(&mut router, &later), stops());
        assert_eq!(router.left_behind(NOW, &trust(), &all(&router)), []);
    }
}

#[test]
fn whom_a_csirt_let_in_follows_what_that_told_openly_and_not_what_it_keeps_under_embargo() {
    let phoned = escalation(REGION, "eu-fr", Tlp::Amber);
    for (phoned, goes) in [(phoned.clone(), climbs()), (secret(phoned), stops())] {
        let mut router = Router::new(id(REGION), Policy::default());
        let phoned = arriving(REGION, &[], &phoned);
        take(&mut router, &phoned);
        let admission = arriving(REGION, &[], &answer(REGION, phoned.id(), "accepted"));
        take(&mut router, &admission);
        assert_eq!(take(&mut router, &up(&next("eu-fr", admission.id()))), goes);
        assert_eq!(all(&router).len(), 1);
    }
}

fn calls(router: &Router, at: Time) -> Vec<Receipt> {
    router.due_calls(at, &trust(), &all(router), 4 * HOUR)
}

#[test]
fn what_nobody_answers_in_time_is_told_to_the_parent_once_and_taken_back_once() {
    let mut router = router(REGION);
    let report = up(&first(REGION));
    take(&mut router, &report);
    assert_eq!(calls(&router, NOW + HOUR), []);
    let told = calls(&router, NOW + 4 * HOUR);
    assert_eq!(told.len(), 1);
    let json = serde_json::to_value(&told[0]).expect("JSON");
    let at = (NOW + 4 * HOUR).millis();
    let only = serde_json::json!({"fed": fed(), "of": report.id(), "by": REGION,
        "outcome": "unanswered", "at": at});
    assert_eq!(json, only);
    router.keep_call(told[0].clone());
    assert_eq!(calls(&router, NOW + 5 * HOUR), []);
    assert!(router.has_called(&all(&router)[0]) && router.unanswered().is_empty());
    let again = calls(&router, NOW + 200 * HOUR);
    assert_eq!(again.len(), 1, "before it is forgotten");
    keep(&mut router, &arriving(REGION, &[], &answer(REGION, report.id(), "accepted")));
    let over = calls(&router, NOW + 5 * HOUR);
    assert_eq!(over.iter().map(|word| word.outcome).collect::<Vec<_>>(), [Outcome::Read]);
    assert_eq!((over[0].of, &over[0].to), (report.id(), &None));
    router.keep_call(over[0].clone());
    assert_eq!(calls(&router, NOW + 300 * HOUR), []);
}

#[test]
fn what_the_parent_has_what_is_a_drill_and_what_is_not_critical_is_not_told() {
    let late = NOW + 5 * HOUR;
    let told = |statement: &Statement| {
        let mut router = router(REGION);
        take(&mut router, &up(statement));
        calls(&router, late).len()
    };
    assert_eq!(told(&first(REGION)), 1);
    assert_eq!(told(&first("eu-fr")), 0, "it climbs to the parent");
    assert_eq!(told(&Statement { exercise: Some("x".into()), ..first(REGION) }), 0);
    assert_eq!(told(&Statement { severity: Severity::High, ..first(REGION) }), 0);
    let mut own = router(REGION);
    take(&mut own, &arriving(REGION, &[], &escalation(REGION, REGION, Tlp::Amber)));
    assert_eq!(calls(&own, late), [], "its own people reported it");
}

#[test]
fn a_withdrawn_case_waits_for_nobody() {
    let mut router = router(REGION);
    let report = up(&first(REGION));
    take(&mut router, &report);
    router.keep_call(calls(&router, NOW + 4 * HOUR)[0].clone());
    let ends = Statement { case: None, ..ending(Kind::Withdrawal, &first(REGION), report.id()) };
    take(&mut router, &up(&ends));
    let over = calls(&router, NOW + 5 * HOUR);
    assert_eq!(over.iter().map(|word| word.outcome).collect::<Vec<_>>(), [Outcome::Stops]);
    let again = over_at(&router, NOW + KEEP + HOUR);
    let mut both = vec![report.id(), up(&ends).id()];
    both.sort_unstable();
    assert_eq!(again, both, "and goes with its withdrawal");
}

fn unanswered(by: &str, at: Time) -> Receipt {
    let (of, outcome) = (Id::of(b"a case that is not here"), Outcome::Unanswered);
    Receipt { fed: fed(), of, by: id(by), outcome, reason: None, to: None, counts: None, at }
}

#[test]
fn a_parent_takes_it_from_the_child_itself_without_the_notice_and_no_more_than_that() {
    let mut router = router("eu-fr");
    let from = |child: &str| Source::Child(id(child));
    let word = unanswered(REGION, NOW);
    assert_eq!(router.hears(&from(REGION), &word), Ok(Heard::Unanswered));
    let entity = unanswered(HOSPITAL, NOW);
    for (source, word) in [
        (from(REGION), &entity),
        (from("eu-fr-nor"), &word),
        (Source::Upstream(id("eu")), &word),
        (from(HOSPITAL), &entity),
    ] {
        assert_eq!(router.hears(&source, word), Err(Reason::Direction), "{source}");
    }
    for more in [
        Receipt { to: Some(id("eu-fr-sante")), ..word.clone() },
        Receipt { reason: Some("rule".into()), ..word.clone() },
        Receipt { counts: Some([(Outcome::Read, 1)].into()), ..word.clone() },
    ] {
        assert_eq!(router.hears(&from(REGION), &more), Err(Reason::Claim));
    }
    assert!(router.keep_call(word.clone()));
    assert_eq!(router.hears(&from(REGION), &word), Ok(Heard::Old));
    assert_eq!(router.unanswered(), [&word]);
    let read = Receipt { outcome: Outcome::Read, at: NOW + HOUR, ..word.clone() };
    let early = Receipt { at: NOW - HOUR, ..read.clone() };
    assert_eq!(router.hears(&from(REGION), &early), Ok(Heard::No));
    assert_eq!(router.hears(&from(REGION), &read), Ok(Heard::Answered));
    assert!(router.keep_call(read.clone()));
    assert_eq!(router.hears(&from(REGION), &read), Ok(Heard::No), "an ordinary word");
    assert_eq!(router.unanswered(), Vec::<&Receipt>::new());
}

fn over_at(router: &Router, at: Time) -> Vec<Id> {
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
        let mut after = self::router(REGION);
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
