//! Which clock runs until when, and whether it was met: at month ends, late, early, corrected.

use std::collections::BTreeMap;
use std::time::Duration;

use chappe::case::{Anchor, Clocks, Deadline, DeadlineStanding, Duty, Span};
use chappe::notice::{CaseState, Events, Regime, Report, Severity, Stage, Time};

use super::made::*;
use crate::forge::id;
use DeadlineStanding::{Met, MetLate, Near, Open, Passed};

const SECOND: Duration = Duration::from_secs(1);

fn at_the_state(held: &[Held]) -> BTreeMap<String, Deadline> {
    let all = one(held).deadlines(&id("eu-fr"), Clocks::builtin());
    all.into_iter().map(|deadline| (deadline.name.clone(), deadline)).collect()
}

/// When a report issued then counts as sent.
fn sent(issued: Time) -> Time {
    issued + SECOND
}

pub(super) fn aware(at: Time) -> impl Fn(&mut Report) {
    move |report| report.aware = at.secs()
}

fn under(regime: Regime) -> impl Fn(&mut Report) {
    move |report| report.regime = regime
}

fn hours(count: u64) -> Duration {
    Duration::from_secs(count * HOUR)
}

#[test]
fn an_early_warning_is_due_24_hours_and_a_notification_72_hours_after_awareness() {
    let aware_at = instant("2026-03-28T23:30:00Z");
    let all = at_the_state(&[
        report("warning", aware_at + hours(3), Stage::EarlyWarning).reporting(aware(aware_at))
    ]);
    // The night when clocks change in France has 23 hours; a deadline's day has 24.
    assert_eq!(all["early-warning"].due, instant("2026-03-29T23:30:00Z"));
    assert_eq!(all["notification"].due, instant("2026-03-31T23:30:00Z"));
    assert_eq!(all["early-warning"].met, Some(sent(aware_at + hours(3))));
    assert_eq!(all["notification"].met, None);
    assert!(!all.contains_key("final"), "a final report is due only after a notification");
    assert!(!all.contains_key("final-after-handling"));
}

#[test]
fn a_month_ends_on_the_same_day_of_the_next_or_on_its_last() {
    let cases = [
        ("2027-01-31T10:00:00.000Z", "2027-02-28T10:00:00.000Z"),
        ("2028-01-31T10:00:00.000Z", "2028-02-29T10:00:00.000Z"),
        ("2028-01-29T23:59:59.999Z", "2028-02-29T23:59:59.999Z"),
        ("2027-02-28T10:00:00.000Z", "2027-03-28T10:00:00.000Z"),
        ("2028-02-29T10:00:00.000Z", "2028-03-29T10:00:00.000Z"),
        ("2026-03-31T00:00:00.000Z", "2026-04-30T00:00:00.000Z"),
        ("2026-12-31T23:59:59.999Z", "2027-01-31T23:59:59.999Z"),
        ("2026-04-30T12:00:00.000Z", "2026-05-30T12:00:00.000Z"),
        ("2100-01-31T12:00:00.000Z", "2100-02-28T12:00:00.000Z"),
        ("2000-01-31T12:00:00.000Z", "2000-02-29T12:00:00.000Z"),
    ];
    let month = Span::parse("P1M").expect("a month");
    for (from, due) in cases {
        assert_eq!(month.after(instant(from)), Some(instant(due)), "{from}");
    }
}

#[test]
fn a_final_report_is_due_a_calendar_month_after_the_notification_was_sent() {
    let notified = instant("2027-01-30T12:00:00Z");
    let all = [
        report("warning", notified, Stage::EarlyWarning),
        report("notification", notified + hours(24), Stage::Notification).re("warning"),
    ];
    let deadline = &at_the_state(&all)["final"];
    assert_eq!(deadline.from, sent(instant("2027-01-31T12:00:00Z")));
    assert_eq!(deadline.due, instant("2027-02-28T12:00:01Z"));
}

#[test]
fn while_the_incident_goes_on_a_progress_report_stands_in_and_the_final_is_due_after_handling() {
    let start = instant("2026-11-30T08:00:00Z");
    let handled = instant("2026-12-31T08:00:00Z");
    let tell = |report: &mut Report| {
        report.events = Some(Events { handled: Some(handled.secs()), ..Events::default() });
    };
    let mut all = vec![
        report("notification", start, Stage::Notification),
        report("progress", start + hours(29 * 24), Stage::Progress).re("notification"),
    ];
    let now = start + hours(40 * 24);
    assert_eq!(at_the_state(&all)["final"].standing(now), Met);
    all.push(report("handled", handled + hours(1), Stage::Progress).re("progress").reporting(tell));
    let due = at_the_state(&all)["final-after-handling"].clone();
    assert_eq!((due.due, due.met), (instant("2027-01-31T08:00:00Z"), None));
    let last = due.due + hours(1);
    all.push(report("final", last, Stage::Final).re("handled").reporting(tell));
    assert_eq!(at_the_state(&all)["final-after-handling"].standing(last), MetLate);
    assert_eq!(at_the_state(&all)["final"].standing(last), Met);
}

#[test]
fn a_later_report_does_not_move_a_deadline_back_and_what_it_says_is_shown() {
    let told = at(0);
    let all = [
        report("warning", told, Stage::EarlyWarning).reporting(aware(told - hours(2))),
        report("later", told + hours(1), Stage::EarlyWarning)
            .re("warning")
            .reporting(aware(told + hours(1))),
    ];
    let deadline = &at_the_state(&all)["early-warning"];
    assert_eq!(deadline.from, told - hours(2));
    assert_eq!(deadline.due, told + hours(22));
    assert_eq!(deadline.changed, Some(told + hours(1)));
}

#[test]
fn an_earlier_awareness_that_is_told_later_counts_from_then_on() {
    let told = at(0);
    let mut all = vec![report("warning", told, Stage::EarlyWarning).reporting(aware(told))];
    assert_eq!(at_the_state(&all)["early-warning"].standing(told), Met);
    let back = report("corrected", told + hours(1), Stage::EarlyWarning).re("warning");
    all.push(back.reporting(aware(told - hours(48))));
    let deadline = &at_the_state(&all)["early-warning"];
    assert_eq!(deadline.standing(told + hours(1)), MetLate);
    assert_eq!(deadline.changed, None);
    // Back-dated to the beginning of time, it is over; nothing overflows.
    all[1] = all[1].clone().reporting(|report| report.aware = 0);
    assert_eq!(at_the_state(&all)["notification"].standing(told), Passed);
}

#[test]
fn what_counts_as_sent_is_the_first_hop_and_not_what_the_issuer_says() {
    let told = at(0);
    let mut late = report("warning", told, Stage::EarlyWarning).reporting(aware(told - hours(20)));
    late.first = told + hours(5);
    assert_eq!(at_the_state(&[late])["early-warning"].standing(told), MetLate);
}

#[test]
fn a_report_that_came_too_early_or_out_of_order_meets_nothing() {
    let all = [
        report("warning", at(0), Stage::EarlyWarning),
        report("final", at(HOUR), Stage::Final).re("warning"),
    ];
    assert_eq!(at_the_state(&all)["notification"].met, Some(sent(at(HOUR))));
    let begins_with_its_end = [report("final", at(0), Stage::Final)];
    let deadlines = at_the_state(&begins_with_its_end);
    assert!(deadlines["early-warning"].met.is_none() && !deadlines.contains_key("final"));
}

#[test]
fn no_later_report_takes_a_clock_back() {
    let warning = report("warning", at(HOUR), Stage::EarlyWarning).reporting(aware(at(0)));
    let begun = at_the_state(std::slice::from_ref(&warning));
    let harmless = |report: &mut Report| {
        (report.regime, report.aware) = (Regime::None, at(HOUR).secs());
    };
    let denied = report("denied", at(2 * HOUR), Stage::EarlyWarning).re("warning");
    let denied = [warning.clone(), denied.reporting(harmless)];
    let now = at_the_state(&denied);
    assert_eq!(now.keys().collect::<Vec<_>>(), begun.keys().collect::<Vec<_>>());
    assert_eq!(now["notification"].due, begun["notification"].due);
    assert_eq!(one(&denied).regime(), Regime::Nis2);
}

#[test]
fn a_corrected_regime_takes_the_place_of_the_one_before() {
    let warning = report("warning", at(HOUR), Stage::EarlyWarning);
    let corrected = report("corrected", at(2 * HOUR), Stage::EarlyWarning).re("warning");
    let all = [warning, corrected.reporting(under(Regime::CraIncident))];
    let sources: Vec<String> = at_the_state(&all).into_values().map(|d| d.source).collect();
    assert!(sources.iter().all(|source| !source.contains("art. 23(4)")), "{sources:?}");
    assert_eq!(one(&all).regime(), Regime::CraIncident);
}

#[test]
fn what_is_out_of_order_changes_neither_severity_nor_clocks() {
    let all = [
        report("warning", at(HOUR), Stage::EarlyWarning).reporting(aware(at(0))),
        report("told", at(2 * HOUR), Stage::Notification).re("warning").reporting(aware(at(0))),
    ];
    let mut late = report("late", at(3 * HOUR), Stage::EarlyWarning).re("told");
    late.statement.severity = Severity::Low;
    late = late.reporting(under(Regime::Dora)).reporting(aware(at(0) - hours(300)));
    let with = [all[0].clone(), all[1].clone(), late];
    assert_eq!(at_the_state(&with), at_the_state(&all));
    assert_eq!(one(&with).severity(), one(&all).severity());
}

#[test]
fn a_correction_meets_nothing_a_second_time() {
    let all = [
        report("warning", at(0), Stage::EarlyWarning),
        report("corrected", at(40 * HOUR), Stage::EarlyWarning).re("warning"),
    ];
    assert_eq!(at_the_state(&all)["early-warning"].met, Some(sent(at(0))));
}

#[test]
fn a_deadline_is_open_near_passed_met_or_met_late() {
    let start = at(0);
    let deadline = |span: Duration, met: Option<Time>| Deadline {
        name: "notification".into(),
        source: "NIS2 art. 23(4)(b)".into(),
        of: Duty::Reporter,
        stage: Some(Stage::Notification),
        anchor: Anchor::Aware,
        from: start,
        due: start + span,
        met,
        changed: None,
        forwarded: false,
    };
    let millisecond = Duration::from_millis(1);
    let day = deadline(hours(24), None);
    assert_eq!(day.standing(start + hours(18)), Open);
    assert_eq!(day.standing(start + hours(18) + millisecond), Near);
    assert_eq!(day.standing(day.due), Near);
    assert_eq!(day.standing(day.due + millisecond), Passed);
    // Of a month a quarter is more than three days.
    let month = deadline(hours(30 * 24), None);
    assert_eq!(month.standing(start + hours(27 * 24)), Open);
    assert_eq!(month.standing(start + hours(27 * 24) + millisecond), Near);
    assert_eq!(deadline(hours(24), Some(start + hours(24))).standing(start), Met);
    assert_eq!(deadline(hours(24), Some(start + hours(24) + millisecond)).standing(start), MetLate);
}

#[test]
fn a_vulnerabilitys_final_report_is_due_14_days_after_a_measure_is_available() {
    let tell = |report: &mut Report| {
        report.regime = Regime::CraVulnerability;
        report.events = Some(Events { measure: Some(at(0).secs()), ..Events::default() });
    };
    let first = report("warning", at(0), Stage::EarlyWarning);
    let none = at_the_state(&[first.clone().reporting(under(Regime::CraVulnerability))]);
    assert!(!none.contains_key("final"), "without a measure nothing is due");
    assert_eq!(at_the_state(&[first.reporting(tell)])["final"].due, at(14 * DAY));
}

#[test]
fn a_severe_incidents_final_report_is_due_a_month_after_the_notification_and_no_progress_meets_it()
{
    let cra = || under(Regime::CraIncident);
    let start = instant("2026-08-31T08:00:00Z");
    let all = [
        report("notification", start, Stage::Notification).reporting(cra()),
        report("progress", start + hours(1), Stage::Progress).re("notification").reporting(cra()),
    ];
    let deadline = &at_the_state(&all)["final"];
    assert_eq!((deadline.due, deadline.met), (instant("2026-09-30T08:00:01Z"), None));
}

#[test]
fn a_bank_counts_from_classification_and_from_awareness_then_from_report_to_report() {
    let tell = |report: &mut Report| {
        report.regime = Regime::Dora;
        report.aware = at(0).secs();
        report.events = Some(Events { classified: Some(at(2 * HOUR).secs()), ..Events::default() });
    };
    let mut all = vec![report("initial", at(3 * HOUR), Stage::Notification).reporting(tell)];
    let deadlines = at_the_state(&all);
    assert_eq!(deadlines["notification"].due, at(6 * HOUR));
    assert_eq!(deadlines["notification-after-awareness"].due, at(24 * HOUR));
    assert_eq!(deadlines["intermediate"].due, sent(at(75 * HOUR)));
    assert!(!deadlines.contains_key("final"));
    let next = instant("2026-11-30T09:00:00Z");
    all.push(report("intermediate", next, Stage::Intermediate).re("initial").reporting(tell));
    assert_eq!(at_the_state(&all)["final"].due, instant("2026-12-30T09:00:01Z"));
    assert_eq!(at_the_state(&all)["notification"].met, Some(sent(at(3 * HOUR))));
}

#[test]
fn a_level_has_24_hours_for_its_first_feedback_from_when_the_report_came_to_it() {
    let mut all = vec![report("warning", at(0), Stage::EarlyWarning)];
    all[0].since = at(HOUR);
    for regime in Regime::ALL {
        let deadlines = at_the_state(&[all[0].clone().reporting(under(regime))]);
        assert_eq!(deadlines["first-feedback"].due, at(25 * HOUR), "{regime}");
        assert_eq!(deadlines.len() == 1, regime == Regime::None);
    }
    let anothers = word("eu-fr-bre", "eu-fr-bre-chu", "warning", at(2 * HOUR), CaseState::Accepted);
    all.push(anothers);
    assert_eq!(at_the_state(&all)["first-feedback"].met, None);
    let out_of_order = word("eu-fr", "eu-fr-bre-chu", "warning", at(3 * HOUR), CaseState::Closed);
    all.push(out_of_order);
    assert_eq!(at_the_state(&all)["first-feedback"].met, None);
    let own = word("eu-fr", "eu-fr-bre-chu", "warning", at(4 * HOUR), CaseState::Accepted);
    all.push(own);
    assert_eq!(at_the_state(&all)["first-feedback"].met, Some(sent(at(4 * HOUR))));
}

#[test]
fn who_reported_has_no_feedback_to_give() {
    let case = one(&[report("warning", at(0), Stage::EarlyWarning)]);
    let own = case.deadlines(&id("eu-fr-bre-chu"), Clocks::builtin());
    assert!(!own.is_empty() && own.iter().all(|deadline| deadline.of == Duty::Reporter));
}

#[test]
fn what_a_forward_met_is_never_called_late_but_what_nobody_met_passes() {
    let forward = report_of("eu-fr-bre", "eu-fr", "forward", at(0), Stage::EarlyWarning)
        .origin("warning")
        .reporting(aware(at(0) - hours(60)));
    let deadlines = at_the_state(&[forward]);
    assert_eq!(deadlines["early-warning"].standing(at(0)), Met);
    assert!(deadlines["early-warning"].forwarded);
    assert_eq!(deadlines["notification"].standing(at(20 * HOUR)), Passed);
}

#[test]
fn a_forward_changes_no_deadline_where_what_it_forwards_is_here() {
    let warning = report("warning", at(0), Stage::EarlyWarning).to("eu-fr-bre");
    let forward = report_of("eu-fr-bre", "eu-fr", "forward", at(DAY), Stage::Notification);
    let forward = forward.origin("warning").reporting(aware(at(0) - hours(100)));
    let me = id("eu-fr-bre");
    let due = |held: &[Held]| one(held).deadlines(&me, Clocks::builtin());
    assert_eq!(due(std::slice::from_ref(&warning)), due(&[warning.clone(), forward]));
}

#[test]
fn deadlines_come_in_their_order_and_the_next_is_the_first_that_is_not_met() {
    let case = one(&[report("notification", at(0), Stage::Notification)]);
    let me = id("eu-fr-bre-chu");
    let all = case.deadlines(&me, Clocks::builtin());
    assert!(all.is_sorted_by_key(|deadline| deadline.due));
    let next = case.next_deadline(&me, Clocks::builtin()).expect("one is open");
    assert_eq!((next.name.as_str(), next.met), ("final", None));
}
