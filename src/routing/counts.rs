//! What a node adds to its own word: that a person has read a notice, and how many of the
//! entities that it serves said what. A fold over the receipts that it has, so that a restart
//! neither forgets nor counts twice.

use std::time::Duration;

use super::router::Router;
use crate::notice::{Counts, Id, Level, Outcome, Receipt, Time};
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

    /// What the entities said to whom this node passed a notice on; `None` if none has, if it is
    /// this node's own (their words are where they are needed), or if it travels up.
    #[must_use]
    pub fn counts(&self, trust: &Trust, of: Id) -> Option<Counts> {
        let seat = trust.seat(&self.me).filter(|seat| seat.level != Level::Entity)?;
        let statement = self.ledger.statement(of)?;
        self.ledger.from(of)??;
        if policy::is_upward(trust, statement) {
            return None;
        }
        let mut counts = Counts::new();
        for link in seat.links.iter().filter(|link| link.level == Level::Entity) {
            let word = self.last_word(of, &link.to).map(|word| word.outcome);
            if let Some(outcome) = word.filter(|outcome| Outcome::COUNTED.contains(outcome)) {
                *counts.entry(outcome).or_default() += 1;
            }
        }
        (!counts.is_empty()).then_some(counts)
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
        for of in &self.uncounted {
            let counts = self.counted(trust, *of);
            let Some(last) = self.own_word(*of).filter(|last| last.counts != counts) else {
                told.push(*of);
                continue;
            };
            let wait = if last.counts.is_none() { SETTLE.min(period) } else { period };
            if now.since(last.at) >= wait && due.len() < most {
                let at = now.max(Time::from_millis(last.at.millis() + 1));
                due.push(Receipt { counts, at, ..last.clone() });
            }
        }
        for of in told {
            self.uncounted.remove(&of);
        }
        due
    }

    /// The counts that a word of this node carries. Never fewer than it has told: the stream
    /// forgets the receipts of entities before a notice ends.
    pub(super) fn counted(&self, trust: &Trust, of: Id) -> Option<Counts> {
        let total = |counts: &Option<Counts>| -> u64 {
            counts.iter().flat_map(Counts::values).map(|count| u64::from(*count)).sum()
        };
        let told = self.own_word(of).and_then(|last| last.counts.clone());
        let counts = self.counts(trust, of);
        if total(&counts) >= total(&told) { counts } else { told }
    }
}
