//! What belongs together: notices that refer to one another, also through some that are not here.

use std::collections::{BTreeMap, HashMap};

use super::told::{Case, Item, Told, Word};
use crate::notice::{Audience, Id, Kind, NodeId, Statement};
use crate::policy::{may_forward, may_refer};

/// A place where notices meet: a notice that is here, or one that is not, with whose it must be and
/// which exercise it must belong to. Two that speak of it and cannot both be right do not meet.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Spot<'a> {
    Here(Id),
    Missing(Id, &'a NodeId, Option<&'a str>),
}

/// Puts together what belongs together. The cases are the same in whatever order the notices come;
/// they are sorted by key.
///
/// Two notices belong to one case if one refers to the other with `re` or `origin` as it may, also
/// by way of notices that are not here. A notice that refers to one as it must not (which a node
/// that holds both refuses, and which may have come first) is a case of its own.
pub fn group<'a>(items: impl IntoIterator<Item = Item<'a>>) -> Vec<Case> {
    let items: BTreeMap<Id, Item<'a>> = items
        .into_iter()
        .filter(|item| item.statement.kind.is_case())
        .map(|item| (item.id, item))
        .collect();
    let mut sets = Sets::default();
    for item in items.values() {
        let me = sets.number(Spot::Here(item.id));
        for spot in spots(item.statement, &items) {
            let other = sets.number(spot);
            sets.join(me, other);
        }
    }
    let mut parts: BTreeMap<usize, Vec<&Item<'a>>> = BTreeMap::new();
    for item in items.values() {
        let me = sets.number(Spot::Here(item.id));
        parts.entry(sets.root(me)).or_default().push(item);
    }
    let mut cases: Vec<Case> = parts.into_values().filter_map(|part| case(&part)).collect();
    cases.sort_by_key(|case| case.key);
    cases
}

fn case(part: &[&Item<'_>]) -> Option<Case> {
    let reports: Vec<Told> = part.iter().filter_map(|item| Told::of(item)).collect();
    let words: Vec<Word> = part.iter().filter_map(|item| Word::of(item)).collect();
    let exercise = part.first().and_then(|item| item.statement.exercise.clone());
    Case::of(reports, words, exercise)
}

fn spots<'a>(s: &'a Statement, items: &BTreeMap<Id, Item<'a>>) -> Vec<Spot<'a>> {
    let spot = |id: Id, whose: &'a NodeId, may: fn(&Statement, &Statement) -> bool| match items
        .get(&id)
        .map(|target| target.statement)
    {
        None => Some(Spot::Missing(id, whose, s.exercise.as_deref())),
        Some(t) => (s.exercise == t.exercise && may(s, t)).then_some(Spot::Here(id)),
    };
    let whose = match &s.aud {
        Audience::Node(to) if s.kind == Kind::Response => to,
        _ => &s.iss,
    };
    let re = s.re.and_then(|id| spot(id, whose, may_refer));
    let origin = s.report().and_then(|report| report.origin);
    re.into_iter().chain(origin.and_then(|id| spot(id, &s.iss, may_forward))).collect()
}

/// Disjoint sets of spots.
#[derive(Default)]
struct Sets<'a> {
    numbers: HashMap<Spot<'a>, usize>,
    above: Vec<usize>,
}

impl<'a> Sets<'a> {
    fn number(&mut self, spot: Spot<'a>) -> usize {
        let next = self.above.len();
        let number = *self.numbers.entry(spot).or_insert(next);
        if number == next {
            self.above.push(next);
        }
        number
    }

    fn root(&mut self, of: usize) -> usize {
        let mut at = of;
        while let Some(&up) = self.above.get(at).filter(|up| **up != at) {
            // Halves the way for the next who asks.
            let top = self.above.get(up).copied().unwrap_or(up);
            if let Some(slot) = self.above.get_mut(at) {
                *slot = top;
            }
            at = up;
        }
        at
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if let Some(slot) = self.above.get_mut(a.max(b)) {
            *slot = a.min(b);
        }
    }
}
