//! The cases of this node, as its desk sees them. Made anew at each question, out of the ledger.

use std::collections::BTreeMap;

use super::cases::{
    CaseLine, CasesAnswer, CasesQuestion, DeadlineLine, LevelLine, Mark, SimilarLine,
    UnansweredLine,
};
use super::casework::{clusters, silent};
use super::node::Node;
use crate::case::Case;
use crate::notice::{Id, NodeId, Time, embargo_title};
use crate::routing::{self, Router};
use crate::trust::Trust;

/// Entries in one answer.
const MAX_CASES: usize = 100;
/// Bytes of cases in one answer; one always fits.
const MAX_BYTES: usize = 768 * 1024;
/// Ids, levels and marks in one entry.
const MAX_IN_ONE: usize = 100;

/// The desk's answer.
pub(super) async fn answer(node: &Node, now: Time, question: &CasesQuestion) -> CasesAnswer {
    let filed = node.router.lock().await.filed();
    // Put together without holding the router: others go on meanwhile.
    let cases = routing::cases(&filed);
    let found = chosen(node, &cases, question);
    let (router, trust) = (node.router.lock().await, node.trust());
    let (mut lines, mut bytes) = (Vec::new(), 0);
    for case in found.iter().take(MAX_CASES) {
        let line = line(node, &router, &trust, now, (case, question.notices));
        bytes += serde_json::to_vec(&line).map_or(0, |json| json.len());
        if bytes > MAX_BYTES && !lines.is_empty() {
            break;
        }
        lines.push(line);
    }
    let more = found.len().saturating_sub(lines.len());
    let similar = clusters(node, &cases, now).into_iter().take(MAX_CASES).map(|cluster| {
        let cases = cluster.cases.into_iter().take(MAX_IN_ONE).collect();
        let (rule, what, place) = (cluster.rule, cluster.what, cluster.place);
        SimilarLine { rule, what, place, exercise: cluster.exercise, cases }
    });
    CasesAnswer { cases: lines, more, unanswered: told(&router), similar: similar.collect() }
}

/// What children say.
fn told(router: &Router) -> Vec<UnansweredLine> {
    let words = router.unanswered().into_iter().take(MAX_CASES);
    words.map(|word| UnansweredLine { of: word.of, by: word.by.clone(), at: word.at }).collect()
}

/// What was asked for: the next deadline first, what has none last; or by their keys, which stay
/// as they are while deadlines and numbers change, those after one of them.
fn chosen<'c>(node: &Node, cases: &'c [Case], question: &CasesQuestion) -> Vec<&'c Case> {
    let begins = |id: Id, wanted: &str| wanted.len() >= 4 && id.to_string().starts_with(wanted);
    let wanted = |case: &&Case| match &question.case {
        Some(wanted) => case.ids().any(|id| begins(id, wanted)),
        None => question.all || case.is_open(&node.me, &node.clocks),
    };
    let mut found: Vec<&Case> = cases.iter().filter(wanted).collect();
    if let Some(after) = question.after {
        found.retain(|case| case.key > after);
        found.sort_by_key(|case| case.key);
        return found;
    }
    found.sort_by_cached_key(|case| {
        let open = case.is_open(&node.me, &node.clocks);
        let next = case.next_deadline(&node.me, &node.clocks).filter(|_| open);
        (next.is_none(), next.map(|deadline| deadline.due), !open, case.key)
    });
    found
}

fn line(
    node: &Node,
    router: &Router,
    trust: &Trust,
    now: Time,
    (case, skip): (&Case, usize),
) -> CaseLine {
    let last = case.last();
    let shown = last.map_or(case.key, |report| report.id);
    let said = router.ledger().statement(shown).map(|s| s.title.as_str());
    let (notices, more_notices) = part(case.ids(), skip);
    let hops = case.reports.iter().map(|r| r.since).chain(case.words.iter().map(|w| w.since));
    CaseLine {
        case: case.key,
        notices,
        more_notices,
        issuer: case.issuer().clone(),
        embargo: case.embargo().map(str::to_owned),
        title: title(case.embargo(), said),
        tlp: case.tlp(),
        severity: case.severity(),
        stage: case.stage(),
        regime: case.regime(),
        aud: last.map(|report| report.to.clone()),
        exercise: case.exercise.clone(),
        since: hops.min().unwrap_or_default(),
        open: case.is_open(&node.me, &node.clocks),
        closed: case.closed_at(&node.me, &node.clocks),
        levels: levels(router, case),
        deadlines: deadlines(node, now, case),
        marks: marks(node, router, trust, now, case),
    }
}

/// As many ids as one answer has, and how many follow.
fn part(ids: impl Iterator<Item = Id>, skip: usize) -> (Vec<Id>, usize) {
    let mut rest = ids.skip(skip);
    let some = rest.by_ref().take(MAX_IN_ONE).collect();
    (some, rest.count())
}

/// Under embargo its code name, also where the last report is of somebody who is not bound by it:
/// the two beside each other would say what the code name stands for.
fn title(embargo: Option<&str>, said: Option<&str>) -> String {
    let code = embargo.map(embargo_title);
    code.or_else(|| said.map(str::to_owned)).unwrap_or_default()
}

fn levels(router: &Router, case: &Case) -> BTreeMap<NodeId, LevelLine> {
    let mut levels: BTreeMap<NodeId, LevelLine> = BTreeMap::new();
    for (node, standing) in case.states() {
        let said = case.words.iter().find(|word| word.id == standing.id);
        let reason = said.and_then(|word| word.reason.clone());
        let (state, at) = (Some(standing.state), Some(standing.at));
        levels.insert(node, LevelLine { state, at, reason, ..LevelLine::default() });
    }
    let words = case.last().map(|report| router.words_on(report.id)).unwrap_or_default();
    for (by, word) in words {
        if let Some(to) = &word.to {
            levels.entry(to.clone()).or_default();
        }
        let level = levels.entry(by.clone()).or_default();
        level.word = Some(word.outcome.as_str().to_owned());
        level.to.clone_from(&word.to);
    }
    levels.into_iter().take(MAX_IN_ONE).collect()
}

fn deadlines(node: &Node, now: Time, case: &Case) -> Vec<DeadlineLine> {
    let all = case.deadlines(&node.me, &node.clocks).into_iter();
    all.map(|deadline| DeadlineLine {
        standing: deadline.standing(now).as_str().to_owned(),
        of: deadline.of.as_str().to_owned(),
        from: deadline.from,
        due: deadline.due,
        met: deadline.met,
        changed: deadline.changed,
        name: deadline.name,
        source: deadline.source,
    })
    .collect()
}

fn marks(node: &Node, router: &Router, trust: &Trust, now: Time, case: &Case) -> Vec<Mark> {
    let open = case.is_open(&node.me, &node.clocks);
    let behind = router.behind(trust, case);
    // Where earlier reports went a person knows already that it should go on.
    let forward = router.to_forward(trust, case).filter(|to| !behind.contains(to));
    let others = case.reports.iter().filter(|report| report.by != node.me);
    let redacted = others.filter(|report| report.redacted);
    let late = case.reports.iter().filter(|report| !report.in_order).map(|report| report.id);
    let late = late.chain(case.words.iter().filter(|word| !word.in_order).map(|word| word.id));
    let mut marks: Vec<Mark> = redacted.map(|report| Mark::Redacted(report.by.clone())).collect();
    marks.extend(late.map(Mark::OutOfOrder));
    if open {
        marks.extend(forward.map(Mark::Forward));
        marks.extend(behind.into_iter().map(Mark::Behind));
        marks.extend(case.has_news(&node.me).then_some(Mark::News));
        marks.extend(silent(node, router, now, case).into_iter().map(Mark::Silent));
    }
    marks.extend(router.has_called(case).then_some(Mark::Unanswered));
    // What a person does stands before what only says something.
    marks.sort();
    marks.dedup();
    marks.truncate(MAX_IN_ONE);
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_of_many_notices_has_all_of_them_in_parts() {
        let ids: Vec<Id> = (0..250_u8).map(|n| Id::of(&[n])).collect();
        let (mut read, mut more) = part(ids.iter().copied(), 0);
        while more > 0 {
            let next = part(ids.iter().copied(), read.len());
            read.extend(next.0);
            more = next.1;
        }
        assert_eq!(read, ids);
        assert_eq!(part(ids.iter().copied(), 1000), (Vec::new(), 0));
    }

    #[test]
    fn a_case_under_embargo_goes_by_its_code_name_whoever_reported_last() {
        let said = Some("Incident: ransomware in eu.fr.bre.health");
        assert_eq!(title(Some("heron"), said), "Incident heron");
        assert_eq!(title(None, said), "Incident: ransomware in eu.fr.bre.health");
    }
}
