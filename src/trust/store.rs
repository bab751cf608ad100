//! The compiled outcome: seats, links between them, keys.

use std::collections::{BTreeMap, HashMap};

use super::document::{Contact, Usage};
use super::grant::Grant;
use super::refusal::Refusal;
use super::revoked::{Judged, Revocations, Revoked};
use serde::Deserialize;

use crate::jws::{General, KeyId, PublicKey};
use crate::notice::{Federation, Id, Level, NodeId, Reason, Scope, Statement, Time, Tlp};

/// Why nothing can be trusted at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// The pinned root is no valid root.
    #[error("pinned root: {0}")]
    Pin(String),
    /// The pinned authority's own bundle is missing or invalid.
    #[error("no valid bundle of {0}, the pinned authority: {1}")]
    NoBundle(NodeId, String),
}

/// A document that was not taken, and why; the rest goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Whose document it was, as far as that can be read.
    pub node: Option<NodeId>,
    /// What is wrong.
    pub why: String,
}

impl Rejected {
    pub(super) fn new(document: &General, refusal: &Refusal) -> Self {
        #[derive(Deserialize)]
        struct Whose {
            node: NodeId,
        }
        let payload = document.unverified_payload().unwrap_or_default();
        let node = serde_json::from_slice::<Whose>(&payload).ok().map(|whose| whose.node);
        Self { node, why: refusal.to_string() }
    }
}

/// One node as its introducers describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Which.
    pub id: NodeId,
    /// Its level.
    pub level: Level,
    /// Whom it serves, within its introducer's.
    pub constituency: Vec<Scope>,
    /// What its keys may sign: every grant from the root down must allow it.
    pub grants: Vec<Grant>,
    /// Downward: its children, then its followers.
    pub links: Vec<Link>,
    /// Whom to phone.
    pub contact: Contact,
    /// Version of its bundle in force; zero without one.
    pub version: u64,
    /// When its bundle expires.
    pub expires: Time,
}

/// A downward link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The child or follower.
    pub to: NodeId,
    /// Its level.
    pub level: Level,
    /// Whom it serves over this link.
    pub constituency: Vec<Scope>,
    /// The strictest label that it may be sent.
    pub ceiling: Tlp,
    /// The sectors of its clients.
    pub clients: Vec<String>,
    /// Whether it follows, rather than being a child.
    pub follows: bool,
    /// What it allowed once and no more, newest first, at most 16.
    pub former: Vec<Former>,
}

/// What a link allowed before it was narrowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Former {
    /// Whom the node served over it.
    pub constituency: Vec<Scope>,
    /// The strictest label that it might be sent.
    pub ceiling: Tlp,
    /// The sectors of its clients.
    pub clients: Vec<String>,
    /// When the bundle that narrows it was taken here.
    pub until: Time,
}

impl Link {
    /// The link as it was then.
    #[must_use]
    pub fn as_it_was(&self, then: &Former) -> Self {
        Self {
            constituency: then.constituency.clone(),
            ceiling: then.ceiling,
            clients: then.clients.clone(),
            former: Vec::new(),
            ..self.clone()
        }
    }
}

/// A key with its owner.
#[derive(Clone, Debug)]
pub struct TrustedKey {
    /// The key.
    pub public: PublicKey,
    /// Whose.
    pub node: NodeId,
    /// What for.
    pub usage: Usage,
    /// In its window from here,
    pub nbf: Time,
    /// to here.
    pub exp: Time,
    /// Its own grant, below its node's.
    pub grant: Grant,
}

/// Everything that a node believes about others.
#[derive(Clone, Debug)]
pub struct Trust {
    pub(super) fed: Federation,
    pub(super) seats: BTreeMap<NodeId, Seat>,
    pub(super) keys: HashMap<KeyId, TrustedKey>,
    /// The last root of each authority: its version, and when it expires.
    pub(super) roots: BTreeMap<NodeId, (u64, Time)>,
    pub(super) revocations: Revocations,
}

impl Trust {
    pub(super) fn empty(fed: Federation) -> Self {
        let (seats, keys) = (BTreeMap::new(), HashMap::new());
        Self { fed, seats, keys, roots: BTreeMap::new(), revocations: Revocations::default() }
    }

    /// The federation.
    #[must_use]
    pub fn fed(&self) -> &Federation {
        &self.fed
    }

    /// A node's seat.
    #[must_use]
    pub fn seat(&self, id: &NodeId) -> Option<&Seat> {
        self.seats.get(id)
    }

    /// Every seat, by id.
    pub fn seats(&self) -> impl Iterator<Item = &Seat> {
        self.seats.values()
    }

    /// Every key.
    pub fn keys(&self) -> impl Iterator<Item = &TrustedKey> {
        self.keys.values()
    }

    /// The downward link from one node to another, if there is one.
    #[must_use]
    pub fn link(&self, from: &NodeId, to: &NodeId) -> Option<&Link> {
        self.seats.get(from)?.links.iter().find(|link| link.to == *to)
    }

    /// Upstreams of a node: its parent, then those that list it as a member.
    #[must_use]
    pub fn upstreams(&self, id: &NodeId) -> Vec<NodeId> {
        let mut found: Vec<NodeId> = self
            .seats
            .values()
            .filter(|seat| seat.links.iter().any(|link| link.to == *id))
            .map(|seat| seat.id.clone())
            .collect();
        found.sort_by_key(|up| id.parent().as_ref() != Some(up));
        found
    }

    /// The key that a record names, if it is of this use and counted at `at`.
    ///
    /// # Errors
    /// `key-unknown`, `key-use`, `key-window` or `key-revoked`.
    pub fn key(&self, kid: &KeyId, usage: Usage, at: Time) -> Result<&TrustedKey, Reason> {
        self.judged(kid, usage, at, None)
    }

    /// The issue key that a notice names, if it counted at its first hop's time. Where a node's
    /// relay key was stolen too, times prove nothing, and the notice must stand in a good list.
    ///
    /// # Errors
    /// As [`Self::key`]; `key-unknown` too while a list that decides is missing.
    pub fn issue_key(&self, kid: &KeyId, first: Time, id: Id) -> Result<&TrustedKey, Reason> {
        self.judged(kid, Usage::Issue, first, Some(id))
    }

    fn judged(
        &self,
        kid: &KeyId,
        usage: Usage,
        at: Time,
        id: Option<Id>,
    ) -> Result<&TrustedKey, Reason> {
        let key = self.keys.get(kid).ok_or(Reason::KeyUnknown)?;
        if key.usage != usage {
            return Err(Reason::KeyUse);
        }
        if at < key.nbf || at >= key.exp {
            return Err(Reason::KeyWindow);
        }
        match self.revocations.judge(kid, &key.node, at, id) {
            Judged::Good => Ok(key),
            Judged::Bad { .. } => Err(Reason::KeyRevoked),
            Judged::Open => Err(Reason::KeyUnknown),
        }
    }

    /// Whether a notice that is here already counts as withdrawn: its issue key is compromised,
    /// and it had its first hop at or after that time, or stands in none of the good lists.
    #[must_use]
    pub fn is_void(&self, kid: &KeyId, issuer: &NodeId, first: Time, id: Id) -> bool {
        let judged = self.revocations.judge(kid, issuer, first, Some(id));
        judged == Judged::Bad { compromised: true }
    }

    /// What was revoked of a key, by those who may.
    pub fn revoked(&self, key: &TrustedKey) -> impl Iterator<Item = &Revoked> {
        self.revocations.of(key.public.id(), &key.node)
    }

    /// The version of an authority's last root, and when it expires; `None` for the union of
    /// another's pin, of which only the bundle is known.
    #[must_use]
    pub fn root(&self, authority: &NodeId) -> Option<(u64, Time)> {
        self.roots.get(authority).copied()
    }

    /// Until when the keys of a node count at all: its authority's last root.
    #[must_use]
    pub fn authority_ends(&self, node: &NodeId) -> Option<Time> {
        let authority = node.state().unwrap_or_else(|| node.clone());
        self.root(&authority).map(|(_, expires)| expires)
    }

    /// Whether a node's word is stale at a time: its bundle has expired. What comes validly from
    /// it still passes, so that nobody can stop the tree by withholding a bundle.
    #[must_use]
    pub fn is_stale(&self, node: &NodeId, at: Time) -> bool {
        self.seats.get(node).is_none_or(|seat| seat.expires <= at)
    }

    /// The key that a record names, whatever its use and window: to check a signature first.
    #[must_use]
    pub fn find(&self, kid: &KeyId) -> Option<&TrustedKey> {
        self.keys.get(kid)
    }

    /// Whether `key` may sign `statement`: its own grant and every grant above it.
    ///
    /// # Errors
    /// `grant-kind`, `grant-scope` or `grant-tlp`; `audience` if a `node:` is not known.
    pub fn allows(&self, key: &TrustedKey, statement: &Statement) -> Result<(), Reason> {
        let seat = self.seats.get(&key.node).ok_or(Reason::KeyUnknown)?;
        let target = match &statement.aud {
            crate::notice::Audience::Scope(_) => &[],
            crate::notice::Audience::Node(node) => {
                self.seats.get(node).ok_or(Reason::Audience)?.constituency.as_slice()
            }
        };
        seat.grants
            .iter()
            .chain(std::iter::once(&key.grant))
            .try_for_each(|grant| grant.allows(statement, target))
    }
}
