//! What a node adds to its own word: that a person has read a notice, and how many of the
//! entities that it serves said what. A fold over the receipts that it has, so that a restart
//! neither forgets nor counts twice.

use std::collections::BTreeSet;
use std::time::Duration;

use super::router::Router;
use crate::notice::{Counts, Id, Level, NodeId, Outcome, Receipt, Time};
use crate::policy;
use crate::trust::Trust;

/// The first count waits for those who are as quick as the first.
const SETTLE: Duration = Duration::from_secs(5);

impl Router {
    /// This node's word that a person has read a notice that is here. Where an escalation went on
    /// to stays said.
    #[must_use]
    pub fn read(&self, now: Time, trust: &Trust, of: Id) -> Receipt {
        let to = self.own_word(of).and_then(|last| last.to.clone());
        self.word(now, trust, of, Outcome::Read, None, to)
    }

    /// This node's own words with new counts, at most `most`: of one notice at most one a period,
    /// the first soon after the first entity has spoken.
    pub fn due_counts(
        &mut self,
        now: Time,
        trust: &Trust,
        period: Duration,
        most: usize,
    ) -> Vec<Receipt> {
        let (mut due, mut told) = (Vec::new(), Vec::new());
        let served = served(trust, &self.me);
        for of in &self.uncounted {
            let Some(last) = self.own_word(*of) else {
                told.push(*of);
                continue;
            };
            let wait = if last.counts.is_none() { SETTLE.min(period) } else { period };
            if now.since(last.at) < wait || due.len() >= most {
                continue;
            }
            let counts = self.counted(trust, &served, *of);
            if counts == last.counts {
                told.push(*of);
                continue;
            }
            let at = now.max(Time::from_millis(last.at.millis() + 1));
            due.push(Receipt { counts, at, ..last.clone() });
        }
        for of in told {
            self.uncounted.remove(&of);
        }
        due
    }

    /// The counts that a word of this node carries. Never fewer than it has told: the stream
    /// forgets the receipts of entities before a notice ends.
    pub(super) fn counted(
        &self,
        trust: &Trust,
        served: &BTreeSet<&NodeId>,
        of: Id,
    ) -> Option<Counts> {
        let total = |counts: &Option<Counts>| -> u64 {
            counts.iter().flat_map(Counts::values).map(|count| u64::from(*count)).sum()
        };
        let told = self.own_word(of).and_then(|last| last.counts.clone());
        let counts = self.counts(trust, served, of);
        if total(&counts) >= total(&told) { counts } else { told }
    }

    /// What the entities said to whom this node passed a notice on; `None` if none has, if it is
    /// this node's own (their words are where they are needed), or if it travels up. Of one that
    /// was erased the withdrawal is left.
    fn counts(&self, trust: &Trust, served: &BTreeSet<&NodeId>, of: Id) -> Option<Counts> {
        let (statement, from) = match self.ledger.statement(of) {
            Some(statement) => (statement, self.ledger.from(of)?),
            None => self.ledger.tombstones_of(of).next().map(|s| (s.statement, s.from))?,
        };
        from?;
        if policy::is_upward(trust, statement) {
            return None;
        }
        let mut counts = Counts::new();
        let words = self.receipts.of(of).map(|(word, _)| word);
        for word in words.filter(|word| served.contains(&word.by)) {
            if Outcome::COUNTED.contains(&word.outcome) {
                *counts.entry(word.outcome).or_default() += 1;
            }
        }
        (!counts.is_empty()).then_some(counts)
    }
}

/// The entities whose words end at this node.
pub(super) fn served<'t>(trust: &'t Trust, me: &NodeId) -> BTreeSet<&'t NodeId> {
    let seat = trust.seat(me).filter(|seat| seat.level != Level::Entity);
    let links = seat.into_iter().flat_map(|seat| &seat.links);
    links.filter(|link| link.level == Level::Entity).map(|link| &link.to).collect()
}
