//! What was revoked: kept apart from the bundles that said so, since it never shrinks. A later
//! bundle that leaves a revocation out undoes nothing.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::document::{Bundle, Revocation, Why};
use crate::jws::KeyId;
use crate::notice::{Id, NodeId, Time};

/// Revocations of one authority: its own keys and those of some hundred nodes below it, for years.
const MAX_REVOKED: usize = 8_192;

/// One revocation, with the authority that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// Whose bundle says so.
    pub by: NodeId,
    /// From when on the key counts no more.
    pub at: Time,
    /// Why.
    pub why: Why,
    /// Digests of the lists outside of which nothing that the key signed counts, whatever its
    /// time: the node's relay key went with its issue key, so times prove nothing.
    pub good: Option<Vec<Id>>,
}

/// What a key's revocations say of one thing that it signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// It counts.
    Good,
    /// It does not; `compromised` if somebody else may have signed it.
    Bad {
        /// Whether it was the thief's, as far as anybody can tell.
        compromised: bool,
    },
    /// A list that decides is not here yet.
    Open,
}

/// Every revocation, by key, and the lists that they name.
#[derive(Clone, Debug, Default)]
pub(super) struct Revocations {
    by_key: HashMap<KeyId, Vec<Revoked>>,
    lists: HashMap<Id, Arc<HashSet<Id>>>,
}

impl Revocations {
    /// Takes what a bundle of `by` says, once.
    pub(super) fn take(&mut self, by: &NodeId, said: &[Revocation]) {
        for one in said {
            let all = self.by_key.entry(KeyId::hint(&one.kid)).or_default();
            let (at, why, good) = (Time::from_secs(one.at), one.why, one.good.clone());
            let revoked = Revoked { by: by.clone(), at, why, good };
            if !all.contains(&revoked) {
                all.push(revoked);
            }
        }
    }

    /// Whether what a bundle revokes still fits: a node has a few dozen keys in all its time.
    pub(super) fn has_room(&self, bundle: &Bundle) -> bool {
        let said = self.all().filter(|one| one.by == bundle.node).count();
        said.saturating_add(bundle.revoked.len()) <= MAX_REVOKED
    }

    /// Whether a revocation names the list of this digest.
    pub(super) fn names(&self, digest: Id) -> bool {
        self.all().flat_map(|one| &one.good).any(|good| good.contains(&digest))
    }

    /// Whether a list is here.
    pub(super) fn has_list(&self, digest: Id) -> bool {
        self.lists.contains_key(&digest)
    }

    pub(super) fn take_list(&mut self, digest: Id, ids: HashSet<Id>) {
        self.lists.insert(digest, Arc::new(ids));
    }

    /// Lists that are named and not here.
    pub(super) fn missing(&self) -> impl Iterator<Item = Id> {
        let named = self.all().flat_map(|one| one.good.iter().flatten().copied());
        named.filter(|digest| !self.has_list(*digest))
    }

    fn all(&self) -> impl Iterator<Item = &Revoked> {
        self.by_key.values().flatten()
    }

    /// The revocations of a key of `owner` that count: a node's own, and those of a State over
    /// what is inside it. The union revokes nothing inside a State.
    pub(super) fn of(&self, kid: &KeyId, owner: &NodeId) -> impl Iterator<Item = &Revoked> {
        let may = move |by: &NodeId| by == owner || (by.depth() > 1 && by.contains(owner));
        self.by_key.get(kid).into_iter().flatten().filter(move |one| may(&one.by))
    }

    /// Judges what a key of `owner` signed at `at`: a notice has an `id`, of other records only
    /// the time counts. One revocation that says no is enough.
    pub(super) fn judge(&self, kid: &KeyId, owner: &NodeId, at: Time, id: Option<Id>) -> Judged {
        let mut judged = Judged::Good;
        for one in self.of(kid, owner) {
            let stolen = one.why == Why::Compromised;
            let outside = match (&one.good, id) {
                (Some(good), Some(id)) => self.outside(good, id),
                _ => Some(false),
            };
            match (at >= one.at, outside) {
                (true, _) | (_, Some(true)) => {
                    let before = judged == Judged::Bad { compromised: true };
                    judged = Judged::Bad { compromised: stolen || before };
                }
                (false, None) if judged == Judged::Good => judged = Judged::Open,
                (false, _) => {}
            }
        }
        judged
    }

    /// Whether an id stands in none of the lists; `None` while one that could have it is missing.
    fn outside(&self, good: &[Id], id: Id) -> Option<bool> {
        let has = |digest: &Id| self.lists.get(digest).is_some_and(|list| list.contains(&id));
        if good.iter().any(has) {
            return Some(false);
        }
        good.iter().all(|digest| self.has_list(*digest)).then_some(true)
    }
}
