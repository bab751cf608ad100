//! What may be said next: every state with every word, every stage after every other.

use std::collections::BTreeMap;
use std::path::Path;

use chappe::case::{Illegal, answers_after, may_answer, may_follow};
use chappe::notice::{CaseState, Stage};

use super::made::*;
use crate::forge::id;

/// The rows behind the marker of a table in docs/PROTOCOL.md.
pub(super) fn table(name: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/PROTOCOL.md");
    let doc = std::fs::read_to_string(path).expect("the protocol");
    let (_, rest) = doc.split_once(&format!("<!-- table: {name} -->\n")).expect("the table");
    let rows = rest.lines().take_while(|line| line.starts_with('|')).skip(2);
    let cells = |row: &str| {
        row.trim_matches('|').split(" | ").map(|cell| cell.trim().replace('`', "")).collect()
    };
    rows.map(cells).collect()
}

fn states() -> impl Iterator<Item = Option<CaseState>> {
    [None].into_iter().chain(CaseState::ALL.map(Some))
}

fn name(state: Option<CaseState>) -> String {
    state.map_or("none", CaseState::as_str).to_owned()
}

#[test]
fn the_protocol_says_of_every_state_which_words_may_follow() {
    let said: BTreeMap<String, String> =
        table("states").into_iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    let known = |state| {
        let next: Vec<&str> = answers_after(state).iter().map(|next| next.as_str()).collect();
        (name(state), next.join(" "))
    };
    assert_eq!(said, states().map(known).collect());
}

#[test]
fn of_all_56_pairs_of_state_and_word_exactly_35_are_in_order() {
    let mut in_order = 0;
    for now in states() {
        for next in CaseState::ALL {
            let expected = match now {
                _ if answers_after(now).contains(&next) => Ok(()),
                None => Err(Illegal::Opening { next }),
                Some(now) => Err(Illegal::Word { now, next }),
            };
            assert_eq!(may_answer(now, next), expected);
            in_order += usize::from(expected.is_ok());
        }
    }
    assert_eq!(in_order, 35);
}

/// The words that bring a level to a state, in as few as there can be.
fn way_to(state: Option<CaseState>) -> Vec<CaseState> {
    let mut ways = vec![(None, Vec::new())];
    for _ in 0..3 {
        for (at, way) in ways.clone() {
            for next in answers_after(at) {
                let longer: Vec<CaseState> = way.iter().copied().chain([*next]).collect();
                ways.push((Some(*next), longer));
            }
        }
    }
    let of = |(at, way): &(Option<CaseState>, Vec<CaseState>)| (*at == state).then(|| way.clone());
    ways.iter().filter_map(of).min_by_key(Vec::len).expect("a way")
}

#[test]
fn a_word_in_order_moves_the_level_and_one_out_of_order_changes_nothing() {
    for now in states() {
        for next in CaseState::ALL {
            let mut all = vec![report("warning", at(0), Stage::EarlyWarning)];
            let words = way_to(now).into_iter().chain([next]);
            for (number, state) in words.enumerate() {
                let issued = at((number as u64 + 1) * MINUTE);
                all.push(word("eu-fr-bre", "eu-fr-bre-chu", "warning", issued, state));
            }
            let case = one(&all);
            let fits = may_answer(now, next).is_ok();
            let stands = case.states().get(&id("eu-fr-bre")).map(|standing| standing.state);
            assert_eq!(stands, if fits { Some(next) } else { now }, "{now:?} {next}");
            assert_eq!(case.words.last().map(|word| word.in_order), Some(fits));
            let before = one(&all[..all.len() - 1]);
            assert_eq!(before.may_say(&id("eu-fr-bre"), next).is_ok(), fits);
        }
    }
}

#[test]
fn each_level_has_a_state_of_its_own() {
    let all = [
        report("warning", at(0), Stage::EarlyWarning),
        word("eu-fr-bre", "eu-fr-bre-chu", "warning", at(1), CaseState::Accepted),
        word("eu-fr", "eu-fr-bre-chu", "warning", at(2), CaseState::Rejected),
        word("eu-fr-bre", "eu-fr-bre-chu", "warning", at(3), CaseState::Closed),
    ];
    let states = one(&all).states();
    assert_eq!(states[&id("eu-fr-bre")].state, CaseState::Closed);
    assert_eq!(states[&id("eu-fr")].state, CaseState::Rejected);
    assert!(states.values().all(chappe::case::Standing::is_over));
}

#[test]
fn reports_go_on_or_correct_and_never_go_back() {
    use Stage::{EarlyWarning, Final, Intermediate, Notification, Progress};
    let begins = |stage| may_follow(&[], stage).is_ok();
    assert_eq!(Stage::ALL.map(begins), [true, true, false, false, false]);
    let follow = |before: Stage| Stage::ALL.map(|next| may_follow(&[before], next).is_ok());
    assert_eq!(follow(EarlyWarning), [true; 5]);
    assert_eq!(follow(Notification), [false, true, true, true, true]);
    assert_eq!(follow(Intermediate), [false, false, true, true, true]);
    assert_eq!(follow(Progress), [false, false, true, true, true]);
    assert_eq!(follow(Final), [false, false, false, false, true]);
    let refused = may_follow(&[EarlyWarning, Final], Notification);
    assert_eq!(refused, Err(Illegal::Back { before: Final, next: Notification }));
    assert_eq!(may_follow(&[], Progress), Err(Illegal::First(Progress)));
}

#[test]
fn a_report_out_of_order_is_kept_and_changes_nothing() {
    let all = [
        report("warning", at(0), Stage::EarlyWarning),
        report("final", at(DAY), Stage::Final).re("warning"),
        report("back", at(2 * DAY), Stage::Notification).re("final"),
    ];
    let case = one(&all);
    assert_eq!(case.stage(), Some(Stage::Final));
    let in_order: Vec<bool> = case.reports.iter().map(|report| report.in_order).collect();
    assert_eq!(in_order, [true, true, false]);
}

#[test]
fn what_a_level_passes_on_late_is_out_of_order_only_where_the_same_node_was_told_more() {
    let own = |name, top, secs, stage| report_of("eu-fr-bre", top, name, at(secs), stage);
    let mut all = vec![
        own("warning", "eu-fr-bre", 0, Stage::EarlyWarning),
        own("notification", "eu-fr-bre", 1, Stage::Notification).re("warning"),
        own("up", "eu-fr", 2, Stage::EarlyWarning).origin("warning"),
        own("up again", "eu-fr", 3, Stage::Notification).origin("notification"),
        own("on", "eu", 4, Stage::EarlyWarning).origin("warning"),
    ];
    assert!(one(&all).reports.iter().all(|report| report.in_order));
    all.push(own("back", "eu-fr", 5, Stage::EarlyWarning).origin("warning"));
    assert!(!one(&all).reports[5].in_order);
}

#[test]
fn a_case_does_not_begin_with_its_end_but_what_is_lost_may_have_been_its_beginning() {
    let begins = one(&[report("final", at(0), Stage::Final)]);
    assert!(!begins.reports[0].in_order);
    let follows = one(&[report("final", at(0), Stage::Final).re("lost")]);
    assert!(follows.reports[0].in_order);
}

#[test]
fn who_was_asked_goes_on_from_where_the_reports_are() {
    let phoned = report_of("eu-fr-bre", "eu-fr-bre", "phoned", at(0), Stage::Notification);
    let admission = word("eu-fr-bre", "eu-fr-bre-chu", "phoned", at(1), CaseState::Accepted);
    let case = one(&[phoned, admission.clone()]);
    let hospital = id("eu-fr-bre-chu");
    assert!(case.may_report(&hospital, Stage::EarlyWarning).is_err());
    assert!(case.may_report(&hospital, Stage::Intermediate).is_ok());
    // At the hospital, which holds nothing but the word.
    assert!(one(&[admission]).may_report(&hospital, Stage::Progress).is_ok());
}
