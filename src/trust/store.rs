//! The compiled outcome: seats, links between them, keys.

use std::collections::{BTreeMap, HashMap};

use super::document::{Contact, Usage, Why};
use super::grant::Grant;
use crate::jws::{KeyId, PublicKey};
use crate::notice::Reason;
use crate::notice::{Federation, Level, NodeId, Scope, Statement, Time, Tlp};

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
    /// From when on it counts no more.
    pub revoked: Option<(Time, Why)>,
}

/// Everything that a node believes about others.
#[derive(Clone, Debug)]
pub struct Trust {
    pub(super) fed: Federation,
    pub(super) seats: BTreeMap<NodeId, Seat>,
    pub(super) keys: HashMap<KeyId, TrustedKey>,
}

impl Trust {
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
        let key = self.keys.get(kid).ok_or(Reason::KeyUnknown)?;
        if key.usage != usage {
            return Err(Reason::KeyUse);
        }
        if at < key.nbf || at >= key.exp {
            return Err(Reason::KeyWindow);
        }
        match key.revoked {
            Some((from, _)) if at >= from => Err(Reason::KeyRevoked),
            _ => Ok(key),
        }
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
