//! What a node reads back from its own streams.

use crate::jws::KeyId;
use crate::lifecycle::Kept;
use crate::notice::{Hop, Id, NodeId, Statement};

/// A notice at rest in one of the node's streams, its own hop last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The notice.
    pub id: Id,
    /// Its statement.
    pub statement: Statement,
    /// The key that signed it.
    pub kid: KeyId,
    /// Its custody.
    pub hops: Vec<Hop>,
}

impl Stored {
    /// The node that it came from; `None` for the node's own.
    #[must_use]
    pub fn from(&self) -> Option<NodeId> {
        let before = self.hops.len().checked_sub(2)?;
        self.hops.get(before).map(|hop| hop.by.clone())
    }

    pub(super) fn kept(self) -> Kept {
        let from = self.from();
        let first = self.hops.first().map(|hop| hop.at).unwrap_or_default();
        let since = self.hops.last().map(|hop| hop.at).unwrap_or_default();
        Kept { statement: self.statement, from, kid: self.kid, first, since }
    }
}
