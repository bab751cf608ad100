//! For whom a case is still open.

use chappe::case::Clocks;
use chappe::notice::{CaseState, Regime, Severity, Stage};

use super::made::*;
use crate::forge::id;

const VICTIM: &str = "eu-fr-bre-chu";

fn is_open(held: &[Held], me: &str) -> bool {
    one(held).is_open(&id(me), Clocks::builtin())
}

fn says(by: &str, secs: u64, state: CaseState) -> Held {
    word(by, VICTIM, "warning", at(secs), state)
}

#[test]
fn a_level_has_done_with_a_case_once_it_has_closed_or_rejected_it() {
    let mut all = vec![report("warning", at(0), Stage::EarlyWarning)];
    assert!(is_open(&all, "eu-fr-bre"));
    all.push(says("eu-fr-bre", 1, CaseState::Accepted));
    assert!(is_open(&all, "eu-fr-bre"));
    all.push(says("eu-fr-bre", 2, CaseState::Closed));
    assert!(!is_open(&all, "eu-fr-bre"));
    assert!(is_open(&all, "eu-fr"), "another level has not answered yet");
    all.push(says("eu-fr-bre", 3, CaseState::InProgress));
    assert!(is_open(&all, "eu-fr-bre"), "it was opened again");
}

#[test]
fn what_comes_to_a_level_after_it_closed_the_case_opens_it_again() {
    for end in [CaseState::Closed, CaseState::Rejected] {
        let mut all = vec![
            report("warning", at(0), Stage::EarlyWarning),
            report("late", at(5), Stage::Notification).re("warning"),
            says("eu-fr-bre", 1, CaseState::Accepted),
            says("eu-fr-bre", 10, end),
        ];
        assert!(!is_open(&all, "eu-fr-bre"));
        let own = report_of("eu-fr-bre", "eu-fr", "forward", at(20), Stage::EarlyWarning);
        let back = report("back", at(20), Stage::EarlyWarning).re("late");
        for nothing_new in [own.origin("warning"), back] {
            assert!(!is_open(&[&all[..], &[nothing_new]].concat(), "eu-fr-bre"), "{end}");
        }
        // Sent before, and here only after: nobody had read it.
        all[1].since = all[3].since + std::time::Duration::from_millis(1);
        assert!(is_open(&all, "eu-fr-bre"), "{end}");
        assert_eq!(one(&all).closed_at(&id("eu-fr-bre"), Clocks::builtin()), None);
    }
}

#[test]
fn who_reported_waits_for_every_level_that_answered_and_owes_the_final_report() {
    let mut all = vec![report("warning", at(0), Stage::EarlyWarning)];
    assert!(is_open(&all, VICTIM), "nobody has answered");
    all.push(says("eu-fr-bre", 1, CaseState::Accepted));
    all.push(says("eu-fr", 2, CaseState::Rejected));
    assert!(is_open(&all, VICTIM), "one level works on it");
    all.push(says("eu-fr-bre", 3, CaseState::Closed));
    assert!(is_open(&all, VICTIM), "the final report is missing");
    all.push(report("final", at(4), Stage::Final).re("warning"));
    assert!(!is_open(&all, VICTIM));
}

#[test]
fn without_a_legal_clock_nobody_owes_a_final_report() {
    let report = report("warning", at(0), Stage::EarlyWarning)
        .reporting(|report| report.regime = Regime::None);
    let rejected = says("eu-fr-bre", 1, CaseState::Rejected);
    assert!(!is_open(&[report, rejected], VICTIM));
}

#[test]
fn who_takes_a_call_closes_its_own_case() {
    let phoned = report_of("eu-fr-bre", "eu-fr-bre", "warning", at(0), Stage::EarlyWarning);
    let own = |secs, state| word("eu-fr-bre", "eu-fr-bre", "warning", at(secs), state);
    let end = report_of("eu-fr-bre", "eu-fr-bre", "final", at(4), Stage::Final).re("warning");
    let mut all = vec![phoned, own(1, CaseState::Accepted), end];
    assert!(is_open(&all, "eu-fr-bre"));
    all.push(own(5, CaseState::Closed));
    assert!(!is_open(&all, "eu-fr-bre"));
}

#[test]
fn what_whom_it_let_in_reports_after_the_end_opens_a_telephoned_case_again() {
    let phoned = report_of("eu-fr-bre", "eu-fr-bre", "warning", at(0), Stage::EarlyWarning);
    let end = report_of("eu-fr-bre", "eu-fr-bre", "final", at(4), Stage::Final).re("warning");
    let own = |secs, state| word("eu-fr-bre", "eu-fr-bre", "warning", at(secs), state);
    let admission = says("eu-fr-bre", 1, CaseState::InProgress);
    let mut news = report("news", at(9), Stage::Final).to("eu-fr-bre");
    news.statement.re = Some(admission.id);
    let all = vec![phoned, admission, end, own(5, CaseState::Closed)];
    assert!(!is_open(&all, "eu-fr-bre"));
    let then = [&all[..], &[news]].concat();
    assert!(is_open(&then, "eu-fr-bre") && one(&then).has_news(&id("eu-fr-bre")));
}

#[test]
fn who_was_let_in_owes_no_final_report() {
    let mut all = vec![says("eu-fr-bre", 1, CaseState::InProgress)];
    assert!(is_open(&all, VICTIM));
    all.push(says("eu-fr-bre", 2, CaseState::Closed));
    assert!(!is_open(&all, VICTIM));
    let mut own = report("own", at(3), Stage::Progress).to("eu-fr-bre");
    own.statement.re = Some(all[0].id);
    all.push(own);
    assert!(!is_open(&all, VICTIM));
}

#[test]
fn a_level_that_forwards_still_owes_its_own_word() {
    let forward = report_of("eu-fr-bre", "eu-fr", "forward", at(1), Stage::EarlyWarning);
    let all = [
        report("warning", at(0), Stage::EarlyWarning).to("eu-fr-bre"),
        forward.origin("warning"),
        word("eu-fr", "eu-fr-bre", "forward", at(2), CaseState::Rejected),
    ];
    assert!(is_open(&all, "eu-fr-bre"), "the hospital has heard nothing");
    assert!(!is_open(&all, "eu-fr"));
}

#[test]
fn where_only_words_for_others_pass_nothing_is_open() {
    assert!(!is_open(&[says("eu-fr", 1, CaseState::Accepted)], "eu-fr-bre"));
}

#[test]
fn a_case_was_closed_when_the_last_of_it_came() {
    let clocks = Clocks::builtin();
    let region = id("eu-fr-bre");
    let mut all = vec![report("warning", at(0), Stage::EarlyWarning)];
    assert_eq!(one(&all).closed_at(&region, clocks), None);
    all.push(says("eu-fr-bre", 60, CaseState::Rejected));
    assert_eq!(one(&all).closed_at(&region, clocks), Some(all[1].since));
    all.push(says("eu-fr", 90, CaseState::Rejected));
    assert_eq!(one(&all).closed_at(&region, clocks), Some(all[2].since));
}

#[test]
fn a_critical_case_waits_for_this_levels_own_word_from_when_it_came_here() {
    let waits = |held: &[Held]| one(held).unanswered_since(&id("eu-fr-bre"));
    let mut all = vec![report("warning", at(0), Stage::EarlyWarning)];
    assert_eq!(waits(&all), Some(all[0].since));
    assert_eq!(one(&all).unanswered_since(&id(VICTIM)), None, "it is its own report");
    all.push(says("eu-fr", 60, CaseState::Accepted));
    assert_eq!(waits(&all), Some(all[0].since), "another's word is not ours");
    all.push(says("eu-fr-bre", 70, CaseState::Closed));
    assert_eq!(waits(&all), Some(all[0].since), "a word out of order is none");
    all.push(says("eu-fr-bre", 80, CaseState::Accepted));
    assert_eq!(waits(&all), None);
}

#[test]
fn a_case_that_becomes_critical_waits_from_then_on_and_one_that_is_no_more_waits_no_longer() {
    let waits = |held: &[Held]| one(held).unanswered_since(&id("eu-fr-bre"));
    let mut first = report("warning", at(0), Stage::EarlyWarning);
    first.statement.severity = Severity::High;
    let worse = report("worse", at(HOUR), Stage::EarlyWarning).re("warning");
    let mut better = report("better", at(2 * HOUR), Stage::EarlyWarning).re("worse");
    better.statement.severity = Severity::Medium;
    assert_eq!(waits(std::slice::from_ref(&first)), None);
    assert_eq!(waits(&[first.clone(), worse.clone()]), Some(worse.since));
    assert_eq!(waits(&[first, worse, better]), None);
}
