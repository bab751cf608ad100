//! Cases at one router: which report goes on up, and what a parent is told.

use std::time::Duration;

use super::over::over_at;
use super::*;
use chappe::case::Case;
use chappe::notice::Receipt;
use chappe::routing::{Heard, cases};

const HOSPITAL: &str = "eu-fr-bre-chu";
pub(super) const REGION: &str = "eu-fr-bre";
pub(super) const HOUR: Duration = Duration::from_secs(3_600);
pub(super) const KEEP: Duration = Duration::from_secs(90 * 24 * 3_600);

/// The hospital's first report, critical.
pub(super) fn first(top: &str) -> Statement {
    escalation(HOSPITAL, top, Tlp::Amber)
}

/// Its next, of low severity: no rule lets it climb.
fn next(top: &str, re: Id) -> Statement {
    let severity = Severity::Low;
    Statement { re: Some(re), severity, iat: first(top).iat + 1, ..first(top) }
}

pub(super) fn answer(by: &str, re: Id, state: &str) -> Statement {
    let case = serde_json::from_value(serde_json::json!({ "state": state })).expect("an answer");
    let kind = Kind::Response;
    Statement { kind, iss: id(by), case: Some(case), re: Some(re), ..first(HOSPITAL) }
}

pub(super) fn up(m: &Statement) -> Verified {
    arriving(REGION, &[HOSPITAL], m)
}

/// Takes a report as a relay does: decides, keeps, says its word.
pub(super) fn take(router: &mut Router, m: &Verified) -> Verdict {
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

pub(super) fn all(router: &Router) -> Vec<Case> {
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
    let later = next(REGION, report.id());
    let later = up(&Statement { severity: Severity::Critical, iat: later.iat + 9, ..later });
    take(&mut router, &later);
    assert_eq!(to(&router), Some(id("eu-fr")), "not this one yet");
    let mut quiet = Router::new(id(REGION), Policy::default());
    take(&mut quiet, &report);
    assert_eq!(to(&quiet), None, "no rule says so");
}

#[test]
fn a_case_that_was_taken_by_phone_is_marked_like_an_entitys_where_a_rule_sends_it_up() {
    let mut router = router(REGION);
    take(&mut router, &arriving(REGION, &[], &escalation(REGION, REGION, Tlp::Amber)));
    assert_eq!(router.to_forward(&trust(), &all(&router)[0]), Some(id("eu-fr")));
}

#[test]
fn who_was_told_the_reports_before_and_not_the_last_is_behind() {
    let mut router = Router::new(id(REGION), Policy::default());
    let behind = |router: &Router| router.behind(&trust(), &all(router)[0]);
    let report = up(&first(REGION));
    take(&mut router, &report);
    assert_eq!(behind(&router), [].into(), "nobody was told anything");
    take(&mut router, &arriving(REGION, &[], &forward(report.id())));
    assert_eq!(behind(&router), [].into());
    let later = up(&next(REGION, report.id()));
    take(&mut router, &later);
    assert_eq!(behind(&router), [id("eu-fr")].into());
    let on = Statement { iat: later.statement().iat + 1, ..forward(later.id()) };
    take(&mut router, &arriving(REGION, &[], &on));
    assert_eq!(behind(&router), [].into(), "a person has passed that on, too");
    // What climbs by itself is known there.
    let mut climbing = self::router(REGION);
    let report = up(&first("eu-fr"));
    take(&mut climbing, &report);
    take(&mut climbing, &arriving(REGION, &[], &redacted(forward(report.id()))));
    take(&mut climbing, &up(&next("eu-fr", report.id())));
    assert_eq!(behind(&climbing), [].into());
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
fn who_reports_without_end_takes_nobody_elses_place_at_the_parent() {
    let mut router = router("eu-fr");
    for number in 0..60 {
        let report = first("eu-fr");
        let report = Statement { iat: report.iat + number, ..report };
        take(&mut router, &arriving("eu-fr", &[HOSPITAL, REGION], &report));
    }
    let mut townhall = escalation("eu-fr-nor-mairie", "eu-fr", Tlp::Amber);
    if let Some(chappe::notice::Case::Report(report)) = &mut townhall.case {
        report.scope = scope("eu.fr.nor.public-administration");
    }
    let other = arriving("eu-fr", &["eu-fr-nor-mairie", "eu-fr-nor"], &townhall);
    take(&mut router, &other);
    let told = calls(&router, NOW + 4 * HOUR);
    assert_eq!(told.len(), 11, "ten of the one, and the one of the other");
    assert!(told.iter().any(|word| word.of == other.id()));
    told.iter().for_each(|word| _ = router.keep_call(word.clone()));
    assert_eq!(calls(&router, NOW + 5 * HOUR), []);
    let of = told.iter().map(|word| word.of).find(|of| *of != other.id()).expect("one");
    keep(&mut router, &arriving("eu-fr", &[], &answer("eu-fr", of, "accepted")));
    let then = calls(&router, NOW + 5 * HOUR);
    let outcomes: Vec<Outcome> = then.iter().map(|word| word.outcome).collect();
    assert_eq!(outcomes, [Outcome::Read, Outcome::Unanswered], "the next has room then");
}

#[test]
fn what_was_told_of_a_case_is_forgotten_with_the_receipts_of_that_time() {
    let mut router = router("eu-fr");
    router.keep_call(unanswered(REGION, NOW));
    router.prune(NOW + 29 * 24 * HOUR);
    assert_eq!(router.unanswered().len(), 1);
    router.prune(NOW + 30 * 24 * HOUR);
    assert_eq!(router.unanswered(), Vec::<&Receipt>::new(), "it would have been said again");
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
