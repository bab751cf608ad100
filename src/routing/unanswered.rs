//! Critical cases that nobody answers: what this node says of its own to its parent, and what its
//! children say of theirs. The notice itself is not here: there is an id, a child and a time.
//!
//! These words stand apart from all others, so that none takes the place of what a relay said of a
//! report. What is due is a difference between the cases and what was said: a restart of either
//! side, or a word that was lost on its way, changes nothing that the next look does not mend.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::router::Router;
use crate::address::Source;
use crate::case::Case;
use crate::notice::{Id, NodeId, Outcome, Reason, Receipt, Time};
use crate::trust::Trust;

/// Cases of one child, and so of this node at its parent. Whoever makes up more is not heard, and
/// harms nobody else.
const MAX_OF_A_CHILD: usize = 100;
/// Of these of one issuer: whoever reports critical cases without end takes nobody else's place.
const MAX_OF_AN_ISSUER: usize = 10;
/// Words that one look says.
const AT_ONCE: usize = 20;
/// What still holds is said again before it is forgotten.
const SAY_AGAIN: Duration = Duration::from_secs(7 * 24 * 3600);
/// As long as the stream of receipts remembers.
const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 3600);

/// The last such word of each node on each case.
#[derive(Debug, Default)]
pub(super) struct Calls(BTreeMap<NodeId, BTreeMap<Id, Receipt>>);

impl Calls {
    fn word(&self, by: &NodeId, of: Id) -> Option<&Receipt> {
        self.0.get(by)?.get(&of)
    }

    /// Of one (`by`, `of`) the latest counts, in whatever order they come.
    fn keep(&mut self, receipt: Receipt) -> bool {
        if self.word(&receipt.by, receipt.of).is_some_and(|last| last.at >= receipt.at) {
            return false;
        }
        let of_one = self.0.entry(receipt.by.clone()).or_default();
        if of_one.len() >= MAX_OF_A_CHILD && !of_one.contains_key(&receipt.of) {
            let over = of_one.iter().filter(|(_, word)| !is_open(word));
            match over.min_by_key(|(_, word)| word.at).map(|(of, _)| *of) {
                Some(oldest) => _ = of_one.remove(&oldest),
                None => return false,
            }
        }
        of_one.insert(receipt.of, receipt);
        true
    }

    pub(super) fn prune(&mut self, now: Time) {
        self.0.retain(|_, of_one| {
            of_one.retain(|_, word| now.since(word.at) < REMEMBERED);
            !of_one.is_empty()
        });
    }

    fn has_room(&self, receipt: &Receipt) -> bool {
        let of_one = self.0.get(&receipt.by);
        of_one.is_none_or(|all| {
            all.len() < MAX_OF_A_CHILD
                || all.contains_key(&receipt.of)
                || !all.values().all(is_open)
        })
    }

    fn open<'c>(&'c self, by: &NodeId) -> impl Iterator<Item = &'c Receipt> + use<'c> {
        self.0.get(by).into_iter().flat_map(BTreeMap::values).filter(|word| is_open(word))
    }
}

fn is_open(word: &Receipt) -> bool {
    word.outcome == Outcome::Unanswered
}

/// What a receipt of a child is to its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing of this: an ordinary word.
    No,
    /// Known already, or older than what is known.
    Old,
    /// A case that nobody answers there.
    Unanswered,
    /// Somebody answers now, or the case is over.
    Answered,
}

impl Router {
    /// The words that this node owes its parent: of each critical case that has waited for longer
    /// than `after` that nobody answers it, and of each of which that was said and is no more so
    /// that it is over. Nothing of drills, of what its own people reported, and of what the parent
    /// has anyway. Bounded; the longest waiting come first, and the rest at a later look.
    #[must_use]
    pub fn due_calls(
        &self,
        now: Time,
        trust: &Trust,
        cases: &[Case],
        after: Duration,
    ) -> Vec<Receipt> {
        let parent = self.me.parent().filter(|up| trust.upstreams(&self.me).contains(up));
        let Some(parent) = parent else { return Vec::new() };
        let waits = |case: &&Case| {
            let since = case.unanswered_since(&self.me).filter(|_| case.exercise.is_none());
            since.is_some_and(|since| now.since(since) >= after) && !self.has(trust, &parent, case)
        };
        let waiting: Vec<&Case> = cases.iter().filter(waits).collect();
        let keys: BTreeSet<Id> = waiting.iter().map(|case| case.key).collect();
        let over = self.calls.open(&self.me).filter(|word| !keys.contains(&word.of));
        let over = over.map(|word| (word.of, self.answered(cases, word.of)));
        let new = self.new_calls(now, waiting).into_iter().map(|of| (of, Outcome::Unanswered));
        let due = over.chain(new).take(AT_ONCE);
        due.map(|(of, outcome)| self.call(now, trust, of, outcome)).collect()
    }

    /// Which of the waiting to tell now: those that there is room for, and what must be repeated.
    fn new_calls(&self, now: Time, mut waiting: Vec<&Case>) -> Vec<Id> {
        waiting.sort_by_cached_key(|case| (case.unanswered_since(&self.me), case.key));
        let told = |case: &Case| self.calls.word(&self.me, case.key).filter(|word| is_open(word));
        let mut all = self.calls.open(&self.me).count();
        let mut of_issuer: BTreeMap<&NodeId, usize> = BTreeMap::new();
        for case in waiting.iter().filter(|case| told(case).is_some()) {
            *of_issuer.entry(case.issuer()).or_default() += 1;
        }
        let mut due = Vec::new();
        for case in waiting {
            if let Some(last) = told(case) {
                due.extend((now.since(last.at) >= SAY_AGAIN).then_some(case.key));
                continue;
            }
            let issuers = of_issuer.entry(case.issuer()).or_default();
            if all < MAX_OF_A_CHILD && *issuers < MAX_OF_AN_ISSUER {
                (all, *issuers) = (all + 1, *issuers + 1);
                due.push(case.key);
            }
        }
        due
    }

    /// Whether the parent has a report of a case by itself: it went there, or came from there.
    fn has(&self, trust: &Trust, parent: &NodeId, case: &Case) -> bool {
        let went = |id: Id| self.went_to(trust, id).as_ref() == Some(parent);
        case.ids().any(|id| went(id) || self.ledger.from(id).flatten() == Some(parent))
    }

    /// `read` if somebody here has answered, `stops` if the case ended otherwise.
    fn answered(&self, cases: &[Case], of: Id) -> Outcome {
        let case = cases.iter().find(|case| case.contains(of));
        let own = case.is_some_and(|case| case.words.iter().any(|word| word.by == self.me));
        if own { Outcome::Read } else { Outcome::Stops }
    }

    /// The id, this node, and nothing else.
    fn call(&self, now: Time, trust: &Trust, of: Id, outcome: Outcome) -> Receipt {
        let last = self.calls.word(&self.me, of);
        let at = last.map_or(now, |last| now.max(Time::from_millis(last.at.millis() + 1)));
        let (fed, by) = (trust.fed().clone(), self.me.clone());
        Receipt { fed, of, by, outcome, reason: None, to: None, counts: None, at }
    }

    /// What a receipt from `source` is to this node as a parent. It needs not hold the notice.
    ///
    /// # Errors
    /// Of an `unanswered`: `direction` if it is not the word of the child itself to its parent,
    /// `claim` if it says more than it may.
    pub fn hears(&self, source: &Source, receipt: &Receipt) -> Result<Heard, Reason> {
        let direct = *source == Source::Child(receipt.by.clone())
            && receipt.by.parent().as_ref() == Some(&self.me);
        let last = self.calls.word(&receipt.by, receipt.of);
        if !is_open(receipt) {
            let ends = last.is_some_and(|last| is_open(last) && last.at < receipt.at);
            return Ok(if direct && ends { Heard::Answered } else { Heard::No });
        }
        if !direct {
            return Err(Reason::Direction);
        }
        if receipt.reason.is_some() || receipt.to.is_some() || receipt.counts.is_some() {
            return Err(Reason::Claim);
        }
        let old = last.is_some_and(|last| last.at >= receipt.at);
        Ok(if old { Heard::Old } else { Heard::Unanswered })
    }

    /// Whether there is room for such a word of a child.
    #[must_use]
    pub fn has_room_for(&self, receipt: &Receipt) -> bool {
        self.calls.has_room(receipt)
    }

    /// Takes such a word, of this node or of a child. Whether it was news, and there was room.
    pub fn keep_call(&mut self, receipt: Receipt) -> bool {
        self.calls.keep(receipt)
    }

    /// Whether this node has told its parent that nobody answers a case.
    #[must_use]
    pub fn has_called(&self, case: &Case) -> bool {
        self.calls.open(&self.me).any(|word| case.contains(word.of))
    }

    /// What children say that nobody answers there, the longest first.
    #[must_use]
    pub fn unanswered(&self) -> Vec<&Receipt> {
        let children = self.calls.0.keys().filter(|by| **by != self.me);
        let mut found: Vec<&Receipt> = children.flat_map(|by| self.calls.open(by)).collect();
        found.sort_by_key(|word| (word.at, word.of));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(of: u64, outcome: &str, at: u64) -> Receipt {
        let of = Id::of(&of.to_be_bytes());
        let json = serde_json::json!({"fed": "00112233445566778899aabbccddeeff", "of": of,
            "by": "eu-fr-bre", "outcome": outcome, "at": at});
        serde_json::from_value(json).expect("a receipt")
    }

    fn open(calls: &Calls) -> usize {
        calls.open(&word(0, "stops", 0).by).count()
    }

    #[test]
    fn the_last_word_counts_in_every_order() {
        for order in [[1, 2, 3], [3, 2, 1], [2, 3, 1], [3, 1, 2]] {
            let mut calls = Calls::default();
            for at in order {
                let outcome = if at == 3 { "read" } else { "unanswered" };
                calls.keep(word(1, outcome, at));
            }
            assert_eq!(open(&calls), 0, "{order:?}");
        }
    }

    #[test]
    fn a_child_that_makes_up_cases_is_bounded_and_what_is_over_makes_room() {
        let mut calls = Calls::default();
        let kept = |n: u64| calls.keep(word(n, "unanswered", n));
        assert_eq!((0..1_000).map(kept).filter(|kept| *kept).count(), MAX_OF_A_CHILD);
        assert!(calls.keep(word(5, "read", 2_000)));
        assert!(calls.keep(word(5_000, "unanswered", 2_001)));
        assert_eq!(open(&calls), MAX_OF_A_CHILD);
        assert!(calls.keep(word(5_000, "unanswered", 2_002)), "said again");
    }
}
