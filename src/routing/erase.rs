//! What a node says of a notice that it erased, and what it lets others say.

use std::collections::BTreeMap;

use super::router::{Back, Router};
use crate::lifecycle::{Tombstone, is_erasing};
use crate::notice::{Id, NodeId, Outcome, Receipt, Statement, Time};
use crate::policy;
use crate::trust::Trust;

/// As long as receipts are kept: what was said before then is not said again.
const SAID_WITHIN_SECS: u64 = 29 * 24 * 3600;

impl Router {
    /// Forgets what was deleted from every stream.
    pub fn erased(&mut self, id: Id) {
        self.ledger.forget_due(id);
    }

    /// This node's word that it erased a notice, and where it goes: back the way that the notice
    /// came, or, where that is not known any more, its withdrawal. `None` if it was said.
    #[must_use]
    pub fn erasure(
        &self,
        now: Time,
        trust: &Trust,
        target: Id,
        came: Option<Option<NodeId>>,
    ) -> Option<(Receipt, Back, &Statement)> {
        let stone = self.ledger.tombstones_of(target).next()?;
        let word = self.word(now, trust, target, Outcome::Erased, None, None);
        let late = now.since(self.ledger.since(stone.id)?).as_secs() > SAID_WITHIN_SECS;
        if late || self.has_said(&word) {
            return None;
        }
        let came = came.unwrap_or_else(|| stone.from.cloned());
        Some((word, self.way(trust, came.as_ref()), stone.statement))
    }

    /// Every node's word on a notice. Of an erasing withdrawal, whoever has erased what it names
    /// says so of that, and that is what counts.
    pub fn words(&self, id: Id) -> impl Iterator<Item = &(Receipt, String)> {
        let erasing = self.ledger.statement(id).filter(|s| is_erasing(s));
        let target = erasing.and_then(|s| s.re).into_iter();
        let of_target = target.flat_map(|target| self.receipts.of(target));
        let erased: BTreeMap<&NodeId, _> = of_target
            .filter(|(said, _)| said.outcome == Outcome::Erased)
            .map(|said| (&said.0.by, said))
            .collect();
        let of_itself: Vec<_> =
            self.receipts.of(id).filter(|(said, _)| !erased.contains_key(&said.by)).collect();
        of_itself.into_iter().chain(erased.into_values())
    }

    /// What a receipt speaks of: a notice that is here, or of one that was erased the withdrawal.
    #[must_use]
    pub fn spoken_of(&self, trust: &Trust, receipt: &Receipt) -> Option<&Statement> {
        match self.ledger.statement(receipt.of) {
            Some(statement) => Some(statement),
            None => self.stone(trust, receipt).map(|stone| &**stone.statement),
        }
    }

    /// The withdrawal under which a node may say that it erased what is not here any more.
    pub(super) fn stone(&self, trust: &Trust, receipt: &Receipt) -> Option<Tombstone<'_>> {
        let mut stones =
            self.ledger.tombstones_of(receipt.of).filter(|_| receipt.outcome == Outcome::Erased);
        stones.find(|stone| policy::once_entitled(trust, stone.statement).contains_key(&receipt.by))
    }
}
