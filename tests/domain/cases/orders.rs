//! In whatever order notices come, and whichever are missing: the same notices are the same cases.
//! `CHAPPE_SEED=N` plays one history.

use std::collections::BTreeSet;

use chappe::case::Clocks;
use chappe::notice::{CaseState, Id, Kind, Stage, Statement};
use chappe::policy::{may_forward, may_refer};

use super::made::*;
use crate::forge::id;
use crate::random::{Seeded, seeds};

const NODES: [&str; 5] = ["eu-fr-bre-chu", "eu-fr-nor-mairie", "eu-fr-bre", "eu-fr", "eu"];

/// Notices of several cases, honest and not: each refers to earlier ones, to others', to nothing.
fn history(chance: &mut Seeded) -> Vec<Held> {
    let mut all: Vec<Held> = Vec::new();
    for number in 0..4 + chance.below(20) {
        let by = NODES[chance.below(NODES.len())];
        let name = format!("{number}");
        // Clocks of issuers differ; some of one issuer's notices have the same second.
        let issued = at(chance.below(40) as u64 * 30 * MINUTE);
        let target = (!all.is_empty()).then(|| all[chance.below(all.len())].clone());
        let stage = Stage::ALL[chance.below(Stage::ALL.len())];
        let mut next = match &target {
            Some(target) if chance.below(2) == 0 => {
                let to = match chance.below(4) {
                    0 => NODES[chance.below(NODES.len())],
                    _ => target.statement.iss.as_str(),
                };
                word(by, to, "", issued, CaseState::ALL[chance.below(7)])
            }
            _ => report_of(by, NODES[chance.below(NODES.len())], &name, issued, stage),
        };
        next.id = Id::of(name.as_bytes());
        let target = target.map(|target| target.id);
        match (chance.below(4), &next.statement.kind) {
            (0, Kind::Escalation) => {
                next = next.reporting(|report| report.origin = target);
            }
            (1, Kind::Escalation) => {}
            _ => next.statement.re = target,
        }
        all.push(next);
    }
    all
}

/// Some of them, in some order, some twice.
fn some_of(chance: &mut Seeded, all: &[Held]) -> Vec<Held> {
    let mut some: Vec<Held> = all.iter().filter(|_| chance.below(4) > 0).cloned().collect();
    if let Some(again) = some.first().cloned() {
        some.push(again);
    }
    chance.shuffle(&mut some);
    some
}

#[test]
fn whatever_the_order_of_arrival_the_cases_are_the_same() {
    for seed in seeds(400) {
        let mut chance = Seeded::new(seed);
        let mut some = history(&mut chance);
        some = some_of(&mut chance, &some);
        let first = cases(&some);
        for _ in 0..4 {
            chance.shuffle(&mut some);
            assert_eq!(first, cases(&some), "CHAPPE_SEED={seed}");
        }
    }
}

#[test]
fn every_notice_is_in_one_case_and_together_is_what_refers_to_each_other() {
    for seed in seeds(400) {
        let mut chance = Seeded::new(seed);
        let all = history(&mut chance);
        let some = some_of(&mut chance, &all);
        let found: BTreeSet<BTreeSet<Id>> =
            cases(&some).iter().map(|case| case.ids().collect()).collect();
        assert_eq!(found, by_hand(&some), "CHAPPE_SEED={seed}");
    }
}

/// As the protocol says it, slowly: sets that share a reference grow together until none does.
fn by_hand(some: &[Held]) -> BTreeSet<BTreeSet<Id>> {
    let mut sets: Vec<BTreeSet<Id>> = some.iter().map(|held| BTreeSet::from([held.id])).collect();
    let pairs = || some.iter().flat_map(|a| some.iter().map(move |b| (a, b)));
    for (a, b) in pairs().filter(|(a, b)| meet(some, a, b)) {
        let (with, without): (Vec<_>, Vec<_>) =
            sets.into_iter().partition(|set| set.contains(&a.id) || set.contains(&b.id));
        sets = without;
        sets.push(with.into_iter().flatten().collect());
    }
    sets.into_iter().collect()
}

fn meet(some: &[Held], a: &Held, b: &Held) -> bool {
    let here = |id: Id| some.iter().any(|held| held.id == id);
    let refers = |s: &Statement, to: &Held| {
        let re = s.re == Some(to.id) && may_refer(s, &to.statement);
        let origin = s.report().and_then(|report| report.origin) == Some(to.id);
        re || (origin && may_forward(s, &to.statement))
    };
    let missing = |s: &Statement| {
        let to = match (s.kind, &s.aud) {
            (Kind::Response, chappe::notice::Audience::Node(to)) => to.clone(),
            _ => s.iss.clone(),
        };
        let origin = s.report().and_then(|report| report.origin).map(|id| (id, s.iss.clone()));
        let all = s.re.map(|id| (id, to)).into_iter().chain(origin);
        all.filter(|(id, _)| !here(*id)).collect::<BTreeSet<_>>()
    };
    let both = !missing(&a.statement).is_disjoint(&missing(&b.statement));
    both || refers(&a.statement, b) || refers(&b.statement, a)
}

#[test]
fn what_comes_later_only_adds_and_moves_no_deadline_back() {
    let clocks = Clocks::builtin();
    for seed in seeds(200) {
        let mut chance = Seeded::new(seed);
        let mut all = vec![report("0", at(0), Stage::EarlyWarning)];
        for number in 1..8_u64 {
            let before = (number - 1).to_string();
            let stage = Stage::ALL[chance.below(Stage::ALL.len())];
            let aware = at(0).secs() - chance.below(100) as u64 * HOUR;
            let next = report(&number.to_string(), at(number * HOUR), stage).re(&before);
            all.push(next.reporting(|report| report.aware = aware));
        }
        let me = id("eu-fr");
        let due = |held: &[Held]| {
            let deadlines = one(held).deadlines(&me, clocks);
            deadlines.into_iter().map(|deadline| (deadline.name, deadline.due)).collect::<Vec<_>>()
        };
        for until in 1..all.len() {
            let later = due(&all[..=until]);
            for (name, before) in due(&all[..until]) {
                let now = later.iter().find(|(other, _)| *other == name).expect("it stays");
                assert!(now.1 <= before, "CHAPPE_SEED={seed}: {name}");
            }
        }
    }
}
