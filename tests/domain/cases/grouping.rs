//! Which notices are one case.

use chappe::notice::{CaseState, Id, Stage, Tlp};

use super::made::*;

fn id(name: &str) -> Id {
    Id::of(name.as_bytes())
}

#[test]
fn a_case_is_a_thread_of_reports_with_the_words_on_them() {
    let all = [
        report("warning", at(0), Stage::EarlyWarning),
        word("eu-fr-bre", "eu-fr-bre-chu", "warning", at(MINUTE), CaseState::Accepted),
        report("notification", at(DAY), Stage::Notification).re("warning"),
        word("eu-fr", "eu-fr-bre-chu", "notification", at(DAY + MINUTE), CaseState::Accepted),
        report("asked", at(2 * DAY), Stage::Notification).re("eu-fr-bre accepted 1795514460000"),
    ];
    let case = one(&all);
    assert_eq!(case.key, id("warning"));
    assert_eq!((case.reports.len(), case.words.len()), (3, 2));
    assert!(all.iter().all(|held| case.contains(held.id)));
    assert!(!case.contains(id("another")));
}

#[test]
fn what_answers_a_notice_that_is_not_here_is_one_case_with_what_else_refers_to_it() {
    let all = [
        report("notification", at(DAY), Stage::Notification).re("lost"),
        word("eu-fr", "eu-fr-bre-chu", "lost", at(MINUTE), CaseState::Accepted),
    ];
    assert_eq!(one(&all).key, id("notification"));
}

#[test]
fn two_of_whom_only_one_can_refer_to_what_is_missing_are_two_cases() {
    let all = [
        report("notification", at(DAY), Stage::Notification).re("lost"),
        report_of("eu-fr-nor-mairie", "eu-fr", "foreign", at(DAY), Stage::Final).re("lost"),
    ];
    assert_eq!(cases(&all).len(), 2);
}

#[test]
fn a_foreign_report_is_a_case_of_its_own_and_meets_no_deadline_of_anothers() {
    let warning = report("warning", at(0), Stage::EarlyWarning);
    let foreign = report_of("eu-fr-nor-mairie", "eu-fr", "foreign", at(DAY), Stage::Final);
    for foreign in [foreign.clone().re("warning"), foreign.origin("warning")] {
        let all = cases(&[warning.clone(), foreign]);
        assert_eq!(all.len(), 2);
        assert!(all.iter().all(|case| case.reports.len() == 1));
    }
}

#[test]
fn a_foreign_word_says_nothing_in_the_case() {
    let all = [
        report("warning", at(0), Stage::EarlyWarning),
        word("eu-fr-nor", "eu-fr-bre-chu", "warning", at(MINUTE), CaseState::Accepted),
    ];
    let cases = cases(&all);
    assert_eq!(cases.len(), 2);
    assert!(cases.iter().all(|case| case.reports.is_empty() || case.states().is_empty()));
}

#[test]
fn a_drill_never_joins_a_real_case() {
    let mut drill = report("drill", at(DAY), Stage::Notification).re("warning");
    drill.statement.exercise = Some("panoptes-26".into());
    let all = cases(&[report("warning", at(0), Stage::EarlyWarning), drill]);
    assert_eq!(all.len(), 2);
    assert_eq!(all.iter().filter(|case| case.exercise.is_some()).count(), 1);
}

#[test]
fn a_forward_is_one_case_with_what_it_forwards_and_tells_nothing_new() {
    let forward = report_of("eu-fr-bre", "eu-fr", "forward", at(MINUTE), Stage::EarlyWarning);
    let forward = forward.origin("warning").reporting(|report| report.redacted = Some(true));
    let at_the_region =
        one(&[report("warning", at(0), Stage::EarlyWarning).to("eu-fr-bre"), forward.clone()]);
    assert_eq!(at_the_region.issuer().as_str(), "eu-fr-bre-chu");
    assert_eq!(at_the_region.own_reports().count(), 1);
    let at_the_state = one(&[forward]);
    assert_eq!(at_the_state.issuer().as_str(), "eu-fr-bre");
    assert!(at_the_state.reports[0].redacted);
}

#[test]
fn a_forward_by_a_clock_that_is_behind_does_not_become_the_first_report() {
    let forward = report_of("eu-fr-bre", "eu-fr", "forward", at(0), Stage::EarlyWarning);
    let all = [
        report("warning", at(4 * MINUTE), Stage::EarlyWarning).to("eu-fr-bre"),
        forward.origin("warning"),
    ];
    assert_eq!(one(&all).key, id("warning"));
}

#[test]
fn a_forward_with_a_looser_label_is_none() {
    let mut forward = report_of("eu-fr-bre", "eu-fr", "forward", at(1), Stage::EarlyWarning);
    forward.statement.tlp = Tlp::Green;
    let warning = report("warning", at(0), Stage::EarlyWarning).to("eu-fr-bre");
    assert_eq!(cases(&[warning, forward.origin("warning")]).len(), 2);
}

#[test]
fn who_was_let_in_tells_its_own_part_of_the_case() {
    let admission = word("eu-fr-bre", "eu-fr-bre-chu", "phoned", at(HOUR), CaseState::Accepted);
    let phoned = report_of("eu-fr-bre", "eu-fr-bre", "phoned", at(0), Stage::EarlyWarning);
    let mut own = report("own", at(DAY), Stage::Notification).to("eu-fr-bre");
    own.statement.re = Some(admission.id);
    let case = one(&[phoned, admission, own]);
    assert_eq!(case.issuer().as_str(), "eu-fr-bre");
    assert_eq!(case.stage(), Some(Stage::Notification));
    assert!(case.reports.iter().all(|report| report.in_order));
}

#[test]
fn a_case_is_bound_by_the_strictest_label_and_as_grave_as_its_last_report_says() {
    let mut later = report("later", at(DAY), Stage::Notification).re("warning");
    later.statement.tlp = Tlp::Green;
    later.statement.severity = chappe::notice::Severity::Low;
    let case = one(&[report("warning", at(0), Stage::EarlyWarning), later]);
    assert_eq!(case.tlp(), Tlp::Amber);
    assert_eq!(case.severity(), chappe::notice::Severity::Low);
}

#[test]
fn an_embargo_lasts_until_who_set_it_lifts_it() {
    let hidden = |report: &mut chappe::notice::Report| report.embargo = Some("blue-lamp".into());
    let of = |name, secs| report_of("eu-fr-bre", "eu-fr", name, at(secs), Stage::EarlyWarning);
    let set = of("warning", 0).reporting(hidden);
    assert_eq!(one(std::slice::from_ref(&set)).embargo(), Some("blue-lamp"));
    assert_eq!(one(&[set, of("lifted", DAY).re("warning")]).embargo(), None);
}
