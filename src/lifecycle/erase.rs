//! Erasing withdrawals: what they delete, and what may never come again.
//!
//! What is due is a function of what is here: an erasing withdrawal, and a notice that it erases.
//! So a relay that dies in between finds it again at its next start. Once it is deleted nothing
//! but the withdrawal says that it ever was.

use std::sync::Arc;

use super::ledger::Ledger;
use super::thread::ThreadKey;
use crate::notice::{Id, Kind, NodeId, Statement};

/// A notice that must be deleted wherever this node keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The notice.
    pub id: Id,
    /// What was signed, for its subjects alone.
    pub statement: Arc<Statement>,
    /// The node that it came from; `None` for the node's own.
    pub from: Option<NodeId>,
}

/// An erasing withdrawal: what is left of what it erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tombstone<'l> {
    /// The withdrawal.
    pub id: Id,
    /// Its statement.
    pub statement: &'l Arc<Statement>,
    /// The node that it came from; `None` for the node's own.
    pub from: Option<&'l NodeId>,
}

/// Whether a statement erases.
#[must_use]
pub fn is_erasing(s: &Statement) -> bool {
    s.kind == Kind::Withdrawal && s.erase == Some(true)
}

impl Ledger {
    /// Whether an erasing withdrawal that is here erases a notice: a document's versions up to the
    /// withdrawn one, with the closings and withdrawals of these, whose titles may repeat theirs;
    /// of any other notice that one, by its id.
    #[must_use]
    pub fn erases(&self, id: Id, s: &Statement) -> bool {
        if is_erasing(s) {
            return false;
        }
        let named = |target: Id| self.erasing(target).is_some_and(|by| by.contains_key(&s.iss));
        match (&s.doc, s.kind) {
            (_, Kind::Annotation) | (None, _) => {
                let ends = s.re.filter(|_| s.kind == Kind::Withdrawal);
                named(id) || ends.is_some_and(named)
            }
            (Some(doc), _) => {
                let thread = ThreadKey::of(s).and_then(|key| self.thread(&key));
                thread.is_some_and(|thread| thread.is_erased(doc.revision))
            }
        }
    }

    /// What must be deleted, and was not yet.
    #[must_use]
    pub fn due(&self) -> Vec<Due> {
        let due = self.due_entries();
        due.map(|(id, statement, from)| Due {
            id,
            statement: Arc::clone(statement),
            from: from.cloned(),
        })
        .collect()
    }

    /// What is left of a notice that was erased, or never came: the withdrawals that name it. None
    /// but its issuer's counts; while it is not here, nobody can say whose it was.
    pub fn tombstones_of(&self, target: Id) -> impl Iterator<Item = Tombstone<'_>> {
        let named = self.erasing(target).into_iter().flat_map(|by| by.values());
        named.filter_map(|id| {
            let (statement, from) = (self.statement(*id)?, self.from(*id)?);
            Some(Tombstone { id: *id, statement, from })
        })
    }

    /// Every erasing withdrawal that is here, with the notice that it names.
    pub fn tombstones(&self) -> impl Iterator<Item = (Id, Tombstone<'_>)> {
        let targets = self.erased_targets();
        targets.flat_map(|target| self.tombstones_of(target).map(move |stone| (target, stone)))
    }
}
