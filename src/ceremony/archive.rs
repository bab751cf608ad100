//! The documents of one place, and which of them are in force: who must sign what next.
//!
//! The same walk as a relay's, with one difference: a draft may be taken as if it were signed, so
//! that what it would change can be told before anybody signs it.

use std::collections::{BTreeMap, VecDeque};

use super::CeremonyError;
use super::claims::Claims;
use super::keys::{admitted, flaw};
use crate::jws::General;
use crate::notice::{Federation, NodeId};
use crate::trust::{As, Bundle, KeySet, Paper, Root};

/// Keys of which a threshold must sign a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// Whose keys, in words.
    pub whose: String,
    /// The keys.
    pub set: KeySet,
}

/// A pinned root and every document beside it.
#[derive(Clone, Debug)]
pub struct Archive {
    pub(super) home: NodeId,
    pub(super) fed: Federation,
    pub(super) pin: Root,
    pub(super) documents: Vec<(Paper, General)>,
}

/// What is in force.
#[derive(Clone, Debug, Default)]
pub(super) struct InForce {
    pub(super) roots: BTreeMap<NodeId, Root>,
    pub(super) bundles: BTreeMap<NodeId, Bundle>,
    /// Who must sign each node's bundle.
    pub(super) quorums: BTreeMap<NodeId, Quorum>,
    /// Whose keys are whose.
    pub(super) claims: Claims,
    /// Keys that the draft names for another owner or use, in words.
    pub(super) conflicts: Vec<String>,
}

impl InForce {
    fn take(&mut self, paper: &Paper, draft: Option<&Paper>) {
        if draft == Some(paper) {
            self.conflicts = self.claims.conflicts(paper);
        }
        self.claims.take(paper);
    }
}

impl Archive {
    /// Starts from a pinned root. What is no trust document is left out.
    ///
    /// # Errors
    /// [`CeremonyError::Pin`] if the root is none, or its own threshold has not signed it.
    pub fn new(pin: &General, documents: &[General]) -> Result<Self, CeremonyError> {
        let wrong = |why: String| CeremonyError::Pin(why);
        let Paper::Root(root) = Paper::read(pin).map_err(|e| wrong(e.to_string()))? else {
            return Err(wrong("a bundle, not a root".into()));
        };
        let signed = pin.signers(&admitted(&root.root)).len();
        if signed < root.root.threshold.max(1) {
            let text = format!("signed by {signed} of the {} keys needed", root.root.threshold);
            return Err(wrong(text));
        }
        let read = |one: &General| Some((Paper::read(one).ok()?, one.clone()));
        let mut documents: Vec<(Paper, General)> = documents.iter().filter_map(read).collect();
        if !documents.iter().any(|(_, general)| general.is_copy_of(pin)) {
            documents.push((Paper::Root(root.clone()), pin.clone()));
        }
        Ok(Self { home: root.node.clone(), fed: root.fed.clone(), pin: root, documents })
    }

    /// The authority whose root is pinned.
    #[must_use]
    pub fn home(&self) -> &NodeId {
        &self.home
    }

    /// The version of `paper`'s document that is in force, if there is one.
    #[must_use]
    pub fn in_force(&self, paper: &Paper) -> Option<Paper> {
        let now = self.walk(None);
        match paper {
            Paper::Root(root) => now.roots.get(&root.node).cloned().map(Paper::Root),
            Paper::Bundle(bundle) => now.bundles.get(&bundle.node).cloned().map(Paper::Bundle),
        }
    }

    /// Every bundle in force.
    #[must_use]
    pub fn bundles(&self) -> Vec<Bundle> {
        self.walk(None).bundles.into_values().collect()
    }

    /// Who must sign `paper`; empty if nobody here says so.
    #[must_use]
    pub fn quorums(&self, paper: &Paper) -> Vec<Quorum> {
        let now = self.walk(None);
        match paper {
            Paper::Root(root) => {
                let before = self.before(root, &now);
                let old = before.map(|old| Quorum::of_root(old, "root keys"));
                old.into_iter().chain([Quorum::of_root(root, "root keys")]).collect()
            }
            Paper::Bundle(bundle) => now.quorums.get(&bundle.node).cloned().into_iter().collect(),
        }
    }

    /// The root that a root has to follow, if it is here.
    fn before<'a>(&'a self, root: &Root, now: &'a InForce) -> Option<&'a Root> {
        let last = now.roots.get(&root.node)?;
        if last.version < root.version {
            return Some(last);
        }
        self.documents.iter().find_map(|(paper, _)| match paper {
            Paper::Root(old) if old.node == root.node && old.version + 1 == root.version => {
                Some(old)
            }
            _ => None,
        })
    }

    /// What is in force, with `draft` taken as if it were signed by those who must.
    pub(super) fn walk(&self, draft: Option<&Paper>) -> InForce {
        let mut found = InForce::default();
        let mut queue = VecDeque::new();
        self.below_root(self.pin.clone(), draft, &mut found, &mut queue);
        while let Some((node, quorum)) = queue.pop_front() {
            if found.quorums.contains_key(&node) {
                continue;
            }
            let bundle = self.best_bundle(&node, &quorum.set, draft, &found.claims);
            found.quorums.insert(node.clone(), quorum);
            let Some(bundle) = bundle else { continue };
            found.take(&Paper::Bundle(bundle.clone()), draft);
            for entry in &bundle.nodes {
                match (entry.introduced, &entry.bundle, &entry.root) {
                    (As::Child, Some(set), _) => queue.push_back(introduced(&node, entry, set)),
                    (As::Union, Some(set), _) if node == self.home => {
                        queue.push_back(introduced(&node, entry, set));
                    }
                    (As::State, _, Some(set)) if entry.id != self.home => {
                        if let Some(root) = self.root_of(&entry.id, set, draft) {
                            self.below_root(root, draft, &mut found, &mut queue);
                        }
                    }
                    _ => {}
                }
            }
            found.bundles.insert(node, bundle);
        }
        found
    }

    /// Follows the chain from a root that counts to its last, which names the bundle keys.
    fn below_root(
        &self,
        first: Root,
        draft: Option<&Paper>,
        found: &mut InForce,
        queue: &mut VecDeque<(NodeId, Quorum)>,
    ) {
        let mut last = first;
        while let Some(next) = self.next_root(&last, draft) {
            last = next;
        }
        let whose = format!("bundle keys of {}, as root {} names them", last.node, last.version);
        queue.push_back((last.node.clone(), Quorum { whose, set: last.bundle.clone() }));
        found.take(&Paper::Root(last.clone()), draft);
        found.roots.insert(last.node.clone(), last);
    }

    fn next_root(&self, last: &Root, draft: Option<&Paper>) -> Option<Root> {
        let follows = |root: &Root| {
            root.node == last.node && Some(root.version) == last.version.checked_add(1)
        };
        let sets = |root: &Root| [last.root.clone(), root.root.clone()];
        match draft {
            Some(Paper::Root(root)) if follows(root) => Some(root.clone()),
            _ => self.roots().find_map(|(root, general)| {
                let signed = follows(root) && sets(root).iter().all(|set| met(general, set));
                signed.then(|| root.clone())
            }),
        }
    }

    /// Another State's root as the union introduces it.
    fn root_of(&self, node: &NodeId, set: &KeySet, draft: Option<&Paper>) -> Option<Root> {
        let counts = |(root, general): &(&Root, &General)| {
            root.node == *node && met(general, set) && met(general, &root.root)
        };
        let best = self.roots().filter(counts).max_by_key(|(root, _)| root.version);
        match (best, draft) {
            (Some((root, _)), _) => Some(root.clone()),
            (None, Some(Paper::Root(root))) if root.node == *node => Some(root.clone()),
            (None, _) => None,
        }
    }

    fn roots(&self) -> impl Iterator<Item = (&Root, &General)> {
        self.documents.iter().filter_map(|(paper, general)| match paper {
            Paper::Root(root) if root.fed == self.fed && flaw(paper).is_none() => {
                Some((root, general))
            }
            _ => None,
        })
    }

    /// The highest version that holds and that enough of `set` have signed.
    fn best_bundle(
        &self,
        node: &NodeId,
        set: &KeySet,
        draft: Option<&Paper>,
        claims: &Claims,
    ) -> Option<Bundle> {
        let drafted = draft.and_then(|paper| match paper {
            Paper::Bundle(bundle) if bundle.node == *node => Some(bundle),
            _ => None,
        });
        let signed = self.documents.iter().filter_map(|(paper, general)| match paper {
            Paper::Bundle(bundle) if bundle.node == *node && bundle.fed == self.fed => {
                let holds = flaw(paper).is_none() && met(general, set);
                (holds && claims.conflicts(paper).is_empty()).then_some(bundle)
            }
            _ => None,
        });
        signed.chain(drafted).max_by_key(|bundle| bundle.version).cloned()
    }
}

impl Quorum {
    /// The keys that sign a root and the next.
    #[must_use]
    pub fn of_root(root: &Root, word: &str) -> Self {
        let whose = format!("{word} of {}, root {}", root.node, root.version);
        Self { whose, set: root.root.clone() }
    }
}

fn introduced(by: &NodeId, entry: &crate::trust::NodeEntry, set: &KeySet) -> (NodeId, Quorum) {
    let whose = format!("bundle keys of {}, as {by} introduces it", entry.id);
    (entry.id.clone(), Quorum { whose, set: set.clone() })
}

pub(super) fn met(general: &General, set: &KeySet) -> bool {
    general.signers(&admitted(set)).len() >= set.threshold.max(1)
}
