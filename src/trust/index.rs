//! Which document is where: by what it is, whose, and its version.

use std::collections::BTreeMap;

use super::held::Held;
use crate::notice::NodeId;

/// Positions in the list of held documents; the pinned root is the first.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    roots: BTreeMap<NodeId, BTreeMap<u64, usize>>,
    bundles: BTreeMap<NodeId, BTreeMap<u64, usize>>,
}

impl Index {
    /// Where the pinned root is.
    pub(super) fn pin(&self) -> usize {
        0
    }

    pub(super) fn insert(&mut self, held: &Held, at: usize) {
        let all = if held.is_root() { &mut self.roots } else { &mut self.bundles };
        all.entry(held.node().clone()).or_default().insert(held.version(), at);
    }

    /// Where the same version of the same document is.
    pub(super) fn same(&self, held: &Held) -> Option<usize> {
        let all = if held.is_root() { &self.roots } else { &self.bundles };
        all.get(held.node())?.get(&held.version()).copied()
    }

    pub(super) fn root(&self, node: &NodeId, version: u64) -> Option<usize> {
        self.roots.get(node)?.get(&version).copied()
    }

    /// The roots of a node, lowest version first.
    pub(super) fn roots(&self, node: &NodeId) -> impl DoubleEndedIterator<Item = usize> {
        self.roots.get(node).into_iter().flat_map(|all| all.values().copied())
    }

    /// The bundles of a node, lowest version first.
    pub(super) fn bundles(&self, node: &NodeId) -> impl DoubleEndedIterator<Item = usize> {
        self.bundles.get(node).into_iter().flat_map(|all| all.values().copied())
    }
}
