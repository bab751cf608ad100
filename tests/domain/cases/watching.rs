//! Repetition, and silence upward.

use std::time::Duration;

use chappe::case::{Alike, Cluster, Ground, Silence, Similar, silent, similar};
use chappe::notice::{CaseState, Id, NodeId, Outcome, Receipt, Stage, Time};

use super::made::*;
use crate::forge::{fed, id, scope};

fn rule(alike: Alike, by: Ground) -> Similar {
    let within = Duration::from_secs(DAY);
    Similar { name: "wave".into(), alike, by, count: 3, within }
}

fn ransomware() -> Alike {
    Alike::Nature("ransomware".into())
}

fn hit(name: &str, secs: u64, place: &str) -> Held {
    let report = report(name, at(secs), Stage::EarlyWarning);
    report.reporting(|report| report.scope = scope(place))
}

fn found(rule: &Similar, held: &[Held], now: u64) -> Vec<(String, usize)> {
    let clusters = similar(rule, &cases(held), at(now));
    clusters.iter().map(|found| (found.place.clone(), found.cases.len())).collect()
}

#[test]
fn three_similar_cases_in_a_region_within_a_day_are_a_cluster() {
    let all = [
        hit("a", 0, "eu.fr.bre.health"),
        hit("b", HOUR, "eu.fr.bre.energy"),
        hit("c", 2 * HOUR, "eu.fr.bre.health"),
        hit("d", 2 * HOUR, "eu.fr.nor.health"),
    ];
    let by_region = rule(ransomware(), Ground::Region);
    assert_eq!(found(&by_region, &all, 3 * HOUR), [("eu.fr.bre".to_owned(), 3)]);
    let by_sector = rule(ransomware(), Ground::Sector);
    assert_eq!(found(&by_sector, &all, 3 * HOUR), [("eu.health".to_owned(), 3)]);
    assert_eq!(found(&by_region, &all, 25 * HOUR), [], "the first was more than a day ago");
    assert_eq!(found(&by_region, &all[..2], 3 * HOUR), []);
}

#[test]
fn another_nature_another_exercise_and_a_follow_up_do_not_add_to_a_cluster() {
    let mut drill = hit("c", HOUR, "eu.fr.bre.health");
    drill.statement.exercise = Some("panoptes-26".into());
    let other = hit("d", HOUR, "eu.fr.bre.health").reporting(|report| report.nature = None);
    let all = [
        hit("a", 0, "eu.fr.bre.health"),
        hit("a again", 1, "eu.fr.bre.health").re("a"),
        hit("b", HOUR, "eu.fr.bre.health"),
        drill,
        other,
    ];
    assert_eq!(found(&rule(ransomware(), Ground::Region), &all, 2 * HOUR), []);
    let two = Similar { count: 2, ..rule(Alike::Each, Ground::Country) };
    assert_eq!(found(&two, &all, 2 * HOUR), [("eu.fr".to_owned(), 2)]);
}

#[test]
fn what_is_under_embargo_is_nowhere_but_in_the_union() {
    let all = ["a", "b", "c"].map(|name| hit(name, 0, "eu.all.all.all"));
    for by in [Ground::Country, Ground::Region, Ground::Sector, Ground::RegionSector] {
        assert_eq!(found(&rule(ransomware(), by), &all, HOUR), []);
    }
    let anywhere = rule(Alike::Type("malicious-code/infected-system".into()), Ground::Anywhere);
    let clusters = similar(&anywhere, &cases(&all), at(HOUR));
    let mut keys = ["a", "b", "c"].map(|name| Id::of(name.as_bytes())).to_vec();
    keys.sort_unstable();
    let what = "malicious-code/infected-system".to_owned();
    let place = "eu".to_owned();
    let rule = "wave".to_owned();
    assert_eq!(clusters, [Cluster { rule, what, place, exercise: None, cases: keys }]);
}

#[test]
fn a_report_of_somebody_who_is_not_bound_by_an_embargo_shows_no_place_of_the_case() {
    let admitted = |(name, secs): (&str, u64)| {
        let hidden = report_of("eu-fr-bre", "eu-fr-bre", name, at(secs), Stage::EarlyWarning);
        let hidden = hidden.reporting(|report| {
            (report.embargo, report.scope) = (Some("heron".into()), scope("eu.all.all.all"));
        });
        let (csirt, victim) = ("eu-fr-bre", "eu-fr-bre-chu");
        let admits = word(csirt, victim, name, at(secs + 1), CaseState::Accepted);
        let own = format!("{name} again");
        let mut own = report_of(victim, csirt, &own, at(secs + 2), Stage::Notification);
        own.statement.re = Some(admits.id);
        [hidden, admits, own]
    };
    let all: Vec<Held> = [("a", 0), ("b", 10), ("c", 20)].into_iter().flat_map(admitted).collect();
    assert_eq!(found(&rule(ransomware(), Ground::Region), &all, HOUR), []);
    let anywhere = rule(ransomware(), Ground::Anywhere);
    assert_eq!(found(&anywhere, &all, HOUR), [("eu".to_owned(), 3)]);
}

fn receipt(by: &str, outcome: Outcome, to: Option<&str>, at: Time) -> Receipt {
    let (of, by, to): (_, NodeId, _) = (Id::of(b"report"), id(by), to.map(id));
    Receipt { fed: fed(), of, by, outcome, reason: None, to, counts: None, at }
}

const QUARTER: Duration = Duration::from_secs(15 * MINUTE);

#[test]
fn who_should_have_a_report_and_says_nothing_in_time_is_silent() {
    let climbs = receipt("eu-fr-bre", Outcome::Climbs, Some("eu-fr"), at(0));
    assert_eq!(silent([&climbs], at(15 * MINUTE), QUARTER), []);
    let (of, by, to, since) = (climbs.of, id("eu-fr-bre"), id("eu-fr"), at(0));
    let later = at(15 * MINUTE + 1);
    assert_eq!(silent([&climbs], later, QUARTER), [Silence { of, by, to, since }]);
}

#[test]
fn any_word_of_its_own_ends_the_silence_and_the_next_that_it_names_is_waited_for() {
    let climbs = receipt("eu-fr-bre", Outcome::Climbs, Some("eu-fr"), at(0));
    for outcome in [Outcome::Stops, Outcome::Refused, Outcome::Read] {
        let word = receipt("eu-fr", outcome, None, at(HOUR));
        assert_eq!(silent([&climbs, &word], at(DAY), QUARTER), []);
    }
    let on = receipt("eu-fr", Outcome::Climbs, Some("eu"), at(HOUR));
    let silences = silent([&climbs, &on], at(DAY), QUARTER);
    let waited: Vec<&str> = silences.iter().map(|silence| silence.to.as_str()).collect();
    assert_eq!(waited, ["eu"]);
}

#[test]
fn who_read_what_climbs_still_waits_for_the_next() {
    let read = receipt("eu-fr-bre", Outcome::Read, Some("eu-fr"), at(0));
    assert_eq!(silent([&read], at(HOUR), QUARTER).len(), 1);
}
