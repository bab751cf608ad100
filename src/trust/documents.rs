//! The documents that a node holds, and the safe way in for another.
//!
//! The rules are TUF's: a version never goes back, the same version never has two contents, a root
//! follows the one before by the threshold of both. What is here was checked when it came, in the
//! order in which it came; the same order at the next start gives the same trust, and nothing but
//! the pinned root is believed without a signature.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::chain::{self, Quorums};
use super::document::Revocation;
use super::held::{Claim, Held, Quorum, Says};
use super::index::Index;
use super::refusal::Refusal;
use super::store::{Trust, TrustError};
use crate::jws::{General, KeyId, MAX_DOCUMENT_BYTES};
use crate::notice::{Federation, Id, NodeId, Time};

/// A list at its largest: 32 768 ids, more than a node has in force on one channel.
pub const MAX_LIST_BYTES: usize = 1024 * 1024;
/// Documents that a node holds: each authority of Europe with a hundred versions, and the bound
/// of the walk at each change.
const MAX_HELD: usize = 65_536;
/// Versions of one bundle that stay: a fork of one of these is told from a rollback.
const KEPT_VERSIONS: usize = 16;
/// Versions of one bundle at most, where each older one has a revocation that the newer ones lack:
/// whoever signs without end stops at himself.
const MAX_VERSIONS: usize = 256;

/// What a document is, as its subject says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sort {
    /// A root.
    Root,
    /// A bundle.
    Bundle,
}

/// A document that was taken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// What.
    pub sort: Sort,
    /// Whose.
    pub node: NodeId,
    /// Its version.
    pub version: u64,
}

/// What became of an offered document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offered {
    /// It is new and was taken.
    Taken(Named),
    /// The same is here already.
    Known(Named),
}

/// Every trust document of a node, and what they make it believe.
#[derive(Clone, Debug)]
pub struct Documents {
    home: NodeId,
    fed: Federation,
    pub(super) held: Vec<Held>,
    index: Index,
    claims: HashMap<KeyId, Claim>,
    trust: Arc<Trust>,
    quorums: Quorums,
    /// Nodes of which something was taken since trust was compiled.
    pub(super) changed: BTreeSet<NodeId>,
    /// Old versions that were let go and may be deleted where they are kept.
    gone: Vec<Named>,
}

impl Documents {
    /// Starts from a pinned root, which is believed because it is pinned; that it signs itself
    /// catches a wrong file.
    ///
    /// # Errors
    /// [`TrustError::Pin`].
    pub fn pinned(root: &General) -> Result<Self, TrustError> {
        let pin = |why: String| TrustError::Pin(why);
        let mut held = Held::read(root.clone()).map_err(|e| pin(e.to_string()))?;
        let Says::Root(says) = &held.says else { return Err(pin("not a root".into())) };
        let (home, fed, own) = (says.node.clone(), says.fed.clone(), held.quorum(&says.root));
        if !held.meets(&own) {
            return Err(pin("not signed by its own root keys' threshold".into()));
        }
        let mut documents = Self {
            trust: Arc::new(Trust::empty(fed.clone())),
            home,
            fed,
            held: Vec::new(),
            index: Index::default(),
            claims: HashMap::new(),
            quorums: Quorums::default(),
            changed: BTreeSet::new(),
            gone: Vec::new(),
        };
        documents.keep(held);
        documents.settle();
        Ok(documents)
    }

    /// The authority whose root is pinned.
    #[must_use]
    pub fn home(&self) -> &NodeId {
        &self.home
    }

    /// What the documents make this node believe.
    #[must_use]
    pub fn trust(&self) -> &Arc<Trust> {
        &self.trust
    }

    /// Every held document as it was signed, in the order in which they came; the pin first.
    pub fn all(&self) -> impl Iterator<Item = (Named, &General)> {
        self.held.iter().map(|held| (named(held), held.general()))
    }

    /// Every node that a bundle of `node` has ever introduced, in whatever version.
    #[must_use]
    pub fn ever_introduced(&self, node: &NodeId) -> BTreeSet<NodeId> {
        let bundles = self.index.bundles(node).filter_map(|at| self.held.get(at));
        let entries = bundles.flat_map(|held| match &held.says {
            Says::Bundle(bundle) => bundle.nodes.as_slice(),
            Says::Root(_) => &[],
        });
        entries.map(|entry| entry.id.clone()).collect()
    }

    /// Lists that a revocation names and that are not here.
    #[must_use]
    pub fn missing_lists(&self) -> Vec<Id> {
        self.trust.revocations.missing().collect()
    }

    /// Whether a list is here.
    #[must_use]
    pub fn has_list(&self, digest: Id) -> bool {
        self.trust.revocations.has_list(digest)
    }

    /// Takes a document that came from somebody else, if it may be taken now.
    ///
    /// # Errors
    /// [`Refusal`]; whoever holds it may offer it again if [`Refusal::may_pass_later`].
    pub fn offer(&mut self, now: Time, bytes: &[u8]) -> Result<Offered, Refusal> {
        let mut held = read(bytes)?;
        held.since = now;
        let name = named(&held);
        let known = self.is_known(&held)?;
        self.is_not_back(&held)?;
        if known {
            return Ok(Offered::Known(name));
        }
        if Time::from_secs(held.exp()) <= now {
            return Err(Refusal::Expired(held.exp()));
        }
        self.take(held)?;
        self.settle();
        self.let_go(&name.node);
        Ok(Offered::Taken(name))
    }

    /// Old versions that were let go since this was asked last.
    pub fn gone(&mut self) -> Vec<Named> {
        std::mem::take(&mut self.gone)
    }

    /// Lets go of a node's old bundles, but for the newest, and for those with a revocation that no
    /// newer one repeats: a revocation is never undone. Without this, anybody with a bundle key
    /// could fill every node of his State.
    fn let_go(&mut self, node: &NodeId) {
        let versions: Vec<usize> = self.index.bundles(node).rev().collect();
        let mut said: Vec<Revocation> = Vec::new();
        let mut gone = BTreeSet::new();
        for (newer, at) in versions.into_iter().enumerate() {
            let Some(Says::Bundle(bundle)) = self.held.get(at).map(|held| &held.says) else {
                continue;
            };
            let repeated = bundle.revoked.iter().all(|one| said.contains(one));
            if newer >= KEPT_VERSIONS && repeated {
                gone.insert(at);
            }
            said.extend(bundle.revoked.iter().cloned());
        }
        if gone.is_empty() {
            return;
        }
        let held = std::mem::take(&mut self.held);
        self.index = Index::default();
        for (at, one) in held.into_iter().enumerate() {
            if gone.contains(&at) {
                self.gone.push(named(&one));
            } else {
                self.index.insert(&one, self.held.len());
                self.held.push(one);
            }
        }
    }

    /// Takes a list of ids, 32 bytes each, ascending. It proves itself: a revocation names its
    /// digest.
    ///
    /// # Errors
    /// [`Refusal::NotNamed`] while no revocation does, [`Refusal::Size`] or [`Refusal::Form`].
    pub fn offer_list(&mut self, bytes: &[u8]) -> Result<bool, Refusal> {
        let digest = Id::of(bytes);
        if self.trust.revocations.has_list(digest) {
            return Ok(false);
        }
        if bytes.len() > MAX_LIST_BYTES {
            return Err(Refusal::Size(bytes.len()));
        }
        if !self.trust.revocations.names(digest) {
            return Err(Refusal::NotNamed);
        }
        let ids: Vec<Id> = bytes.as_chunks::<32>().0.iter().map(|one| Id::from(*one)).collect();
        if !bytes.len().is_multiple_of(32) || !ids.is_sorted_by(|a, b| a < b) {
            return Err(Refusal::Form("a list has ids of 32 bytes each, ascending".into()));
        }
        let trust = Arc::make_mut(&mut self.trust);
        trust.revocations.take_list(digest, ids.into_iter().collect::<HashSet<_>>());
        Ok(true)
    }

    /// Compiles what was taken since; `offer` does so by itself.
    pub fn settle(&mut self) {
        if self.changed.is_empty() {
            return;
        }
        self.changed.clear();
        let mut trust = Trust::empty(self.fed.clone());
        trust.revocations = self.trust.revocations.clone();
        let (trust, quorums) = chain::compile(&mut self.held, &self.index, &self.home, trust);
        (self.trust, self.quorums) = (Arc::new(trust), quorums);
    }

    /// Whether the same bytes are here. The same version with others is equivocation: the first
    /// stays, and somebody has to look.
    pub(super) fn is_known(&self, held: &Held) -> Result<bool, Refusal> {
        if *held.fed() != self.fed {
            return Err(Refusal::Federation);
        }
        match self.index.same(held).and_then(|at| self.held.get(at)) {
            Some(same) if same.payload == held.payload => Ok(true),
            Some(_) => Err(Refusal::Fork(held.version())),
            None => Ok(false),
        }
    }

    /// Whether its version is not lower than what is in force, however well it is signed.
    fn is_not_back(&self, offered: &Held) -> Result<(), Refusal> {
        let in_force = match offered.is_root() {
            true => self.quorums.root.get(offered.node()).map_or(0, |(version, _)| *version),
            false => self.trust.seat(offered.node()).map_or(0, |seat| seat.version),
        };
        let found = offered.version();
        if found >= in_force { Ok(()) } else { Err(Refusal::Rollback { found, held: in_force }) }
    }

    pub(super) fn take(&mut self, mut held: Held) -> Result<(), Refusal> {
        // What was taken above it, a root of the same node too, decides who must sign it.
        let node = held.node().clone();
        let above = |other: &NodeId| other.depth() < 3 || (*other != node && other.contains(&node));
        if self.changed.iter().any(above) {
            self.settle();
        }
        self.signed_by_those_who_must(&mut held)?;
        self.keys_are_free(&held)?;
        self.keep(held);
        Ok(())
    }

    fn signed_by_those_who_must(&self, held: &mut Held) -> Result<(), Refusal> {
        let node = held.node().clone();
        let Says::Root(root) = &held.says else {
            let quorum = self.quorums.bundle.get(&node);
            return met(held, quorum.ok_or(Refusal::NotIntroduced(node))?);
        };
        let (version, last) = (root.version, self.quorums.root.get(&node));
        // The chain is past it, or begins with a later pin.
        let is_past = last.is_some_and(|(in_force, _)| version <= *in_force);
        if is_past || (node.depth() == 1 && node != self.home) {
            return Err(Refusal::Unneeded(node));
        }
        let own = held.quorum(&root.root);
        let follows = last.filter(|(before, _)| before.checked_add(1) == Some(version));
        let named = self.quorums.state.get(&node);
        let gap = || Refusal::Gap { found: version, held: last.map_or(0, |(before, _)| *before) };
        let above = follows.map(|(_, quorum)| quorum).or(named);
        let above = above.ok_or_else(|| match last {
            Some(_) => gap(),
            None => Refusal::NotIntroduced(node.clone()),
        })?;
        met(held, above)?;
        met(held, &own)
    }

    /// A key has one owner and one use in the federation, and who named it first keeps it: else
    /// whoever lists another's key could have the other's bundle rejected. That a State names its
    /// union's keys, and the union the State's, is the same owner and use.
    fn keys_are_free(&self, held: &Held) -> Result<(), Refusal> {
        for (kid, claim) in held.claims() {
            match self.claims.get(&kid) {
                Some(other) if *other != claim => {
                    return Err(Refusal::KeyTaken(kid, other.0.clone()));
                }
                _ => {}
            }
        }
        let versions = self.index.bundles(held.node()).count();
        if self.held.len() >= MAX_HELD || (!held.is_root() && versions >= MAX_VERSIONS) {
            return Err(Refusal::TooMany(held.node().clone()));
        }
        match &held.says {
            Says::Bundle(bundle) if !self.trust.revocations.has_room(bundle) => {
                Err(Refusal::TooMany(held.node().clone()))
            }
            _ => Ok(()),
        }
    }

    fn keep(&mut self, held: Held) {
        for (kid, claim) in held.claims() {
            self.claims.entry(kid).or_insert(claim);
        }
        if let Says::Bundle(bundle) = &held.says {
            let trust = Arc::make_mut(&mut self.trust);
            trust.revocations.take(&bundle.node, &bundle.revoked);
        }
        self.changed.insert(held.node().clone());
        self.index.insert(&held, self.held.len());
        self.held.push(held);
    }
}

fn read(bytes: &[u8]) -> Result<Held, Refusal> {
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(Refusal::Size(bytes.len()));
    }
    Held::read(General::parse(bytes).map_err(|e| Refusal::Form(e.to_string()))?)
}

fn met(held: &mut Held, quorum: &Quorum) -> Result<(), Refusal> {
    let (found, needed) = (held.signed_by(quorum), quorum.threshold.max(1));
    if found >= needed { Ok(()) } else { Err(Refusal::Signatures { found, needed }) }
}

pub(super) fn named(held: &Held) -> Named {
    let sort = if held.is_root() { Sort::Root } else { Sort::Bundle };
    Named { sort, node: held.node().clone(), version: held.version() }
}
