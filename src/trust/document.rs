//! The two trust documents as they are signed. Strict: one bad entry rejects the whole document.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::grant::Grant;
use crate::jws::Jwk;
use crate::notice::{Federation, Id, Level, NodeId, Scope, Tlp};

/// Entries in one bundle: the largest authority foreseen introduces a hundred; the document's
/// 64 KiB is the harder bound.
pub const MAX_NODES: usize = 512;
const MAX_KEYS: usize = 32;

/// The word that says which document it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum What {
    Root,
    Bundle,
}

/// Keys of which `threshold` distinct ones must sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySet {
    /// How many; never zero.
    pub threshold: usize,
    /// The keys.
    pub keys: Vec<Jwk>,
}

/// An authority's pinned root: who may sign the next root, and who signs bundles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Root {
    /// The federation.
    pub fed: Federation,
    what: What,
    /// The authority.
    pub node: NodeId,
    /// N; the next is N + 1, signed by both.
    pub version: u64,
    /// Issued at, seconds.
    pub iat: u64,
    /// Expires, seconds.
    pub exp: u64,
    /// Root keys.
    pub root: KeySet,
    /// Bundle keys.
    pub bundle: KeySet,
}

/// An authority's list of its keys, of those it introduces, and of revocations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// The federation.
    pub fed: Federation,
    what: What,
    /// The authority.
    pub node: NodeId,
    /// Any higher version is accepted.
    pub version: u64,
    /// Issued at, seconds.
    pub iat: u64,
    /// Expires, seconds: from then on the node does not issue.
    pub exp: u64,
    /// Whom to phone.
    pub contact: Contact,
    /// The node's own keys.
    pub keys: Vec<KeyEntry>,
    /// Whom it introduces.
    pub nodes: Vec<NodeEntry>,
    /// Keys that count no more.
    pub revoked: Vec<Revocation>,
}

/// A duty contact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// Telephone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub phone: Option<String>,
    /// When it is answered.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hours: Option<String>,
    /// Mail.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mail: Option<String>,
}

/// What a key is for. Never shared, so that a stolen relay key issues nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Usage {
    /// Statements; in the publisher's tool.
    Issue,
    /// Hops, receipts and, once there are any, heartbeats; in the relay.
    Relay,
}

impl Usage {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Relay => "relay",
        }
    }
}

/// One of a node's keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyEntry {
    /// The key.
    pub jwk: Jwk,
    /// What for.
    #[serde(rename = "use")]
    pub usage: Usage,
    /// Not before, seconds.
    pub nbf: u64,
    /// Expires, seconds.
    pub exp: u64,
    /// Kinds that it may sign; absent: all of the node's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kinds: Option<Vec<crate::notice::Kind>>,
    /// Scopes that it may sign for; absent: all of the node's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub scopes: Option<Vec<Scope>>,
    /// Strictest label that it may sign; absent: the node's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tlp: Option<Tlp>,
}

/// How a node is introduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum As {
    /// Below the authority.
    Child,
    /// Follows it; its keys stand in its parent's bundle.
    Member,
    /// Above a State.
    Union,
    /// A State, in the union's bundle.
    State,
}

/// One introduced node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeEntry {
    /// Which.
    pub id: NodeId,
    /// How.
    #[serde(rename = "as")]
    pub introduced: As,
    /// Its level.
    pub level: Level,
    /// Whom it serves; of a member, the part for which it follows.
    pub constituency: Vec<Scope>,
    /// The most that its keys may sign.
    pub may: Grant,
    /// The strictest label that it may be sent over this link.
    pub ceiling: Tlp,
    /// The sectors in which it has clients: how far AMBER goes (TLP 2.0).
    pub clients: Vec<String>,
    /// Its bundle keys; none for a member or State.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bundle: Option<KeySet>,
    /// A State's root keys.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub root: Option<KeySet>,
}

/// A key that counts no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// Which key.
    pub kid: String,
    /// From when on, seconds.
    pub at: u64,
    /// Why.
    pub why: Why,
    /// The last good manifests, when a relay key went with the issue key.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub good: Option<Vec<Id>>,
}

/// Why a key was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// Another took its place.
    Superseded,
    /// Its use ended.
    Ceased,
    /// Somebody else has it.
    Compromised,
}

impl Root {
    /// A root to be signed.
    #[must_use]
    pub fn new(fed: Federation, node: NodeId, version: u64, life: (u64, u64)) -> Self {
        let none = KeySet { threshold: 1, keys: Vec::new() };
        let (iat, exp) = life;
        Self { fed, what: What::Root, node, version, iat, exp, root: none.clone(), bundle: none }
    }

    pub(super) fn is_root(&self) -> bool {
        self.what == What::Root
    }

    /// What is wrong with the document taken alone; `None` if nothing.
    pub(super) fn flaw(&self) -> Option<String> {
        if self.node.depth() > 2 {
            return Some(format!("{} is neither a union nor a State", self.node));
        }
        if self.version == 0 {
            return Some("version 0: the first is 1".into());
        }
        if self.exp <= self.iat {
            return Some("exp is not after iat".into());
        }
        self.root.flaw().or_else(|| self.bundle.flaw())
    }
}

impl Bundle {
    /// A bundle to be filled and signed.
    #[must_use]
    pub fn new(fed: Federation, node: NodeId, version: u64, life: (u64, u64)) -> Self {
        let (iat, exp) = life;
        Self {
            fed,
            what: What::Bundle,
            node,
            version,
            iat,
            exp,
            contact: Contact::default(),
            keys: Vec::new(),
            nodes: Vec::new(),
            revoked: Vec::new(),
        }
    }

    /// What is wrong with the document taken alone; `None` if nothing.
    pub(super) fn flaw(&self) -> Option<String> {
        if self.what != What::Bundle {
            return Some("`what` is not bundle".into());
        }
        if self.version == 0 {
            return Some("version 0: the first is 1".into());
        }
        if self.exp <= self.iat {
            return Some("exp is not after iat".into());
        }
        if self.keys.len() > MAX_KEYS || self.nodes.len() > MAX_NODES {
            return Some(format!("more than {MAX_KEYS} keys or {MAX_NODES} nodes"));
        }
        let mut ids = HashSet::new();
        self.nodes
            .iter()
            .find_map(|entry| (!ids.insert(&entry.id)).then(|| format!("{} twice", entry.id)))
            .or_else(|| self.nodes.iter().find_map(|entry| self.entry_flaw(entry)))
            .or_else(|| self.revoked.iter().find_map(Revocation::flaw))
    }

    fn entry_flaw(&self, entry: &NodeEntry) -> Option<String> {
        let id = &entry.id;
        let below = id.parent().as_ref() == Some(&self.node);
        let fits = match entry.introduced {
            As::Child => {
                let level = matches!(entry.level, Level::Regional | Level::Sector | Level::Entity);
                below && level && entry.bundle.is_some() && entry.root.is_none()
            }
            As::Member => {
                !self.node.contains(id)
                    && !id.contains(&self.node)
                    && id.state() == self.node.state()
                    && entry.bundle.is_none()
                    && entry.root.is_none()
            }
            As::Union => {
                self.node.parent().as_ref() == Some(id)
                    && id.depth() == 1
                    && entry.level == Level::Union
                    && entry.bundle.is_some()
                    && entry.root.is_none()
            }
            As::State => {
                below
                    && self.node.depth() == 1
                    && entry.level == Level::National
                    && entry.root.is_some()
                    && entry.bundle.is_none()
            }
        };
        if !fits {
            return Some(format!("{id} cannot be introduced by {} like this", self.node));
        }
        entry.bundle.iter().chain(&entry.root).find_map(KeySet::flaw)
    }
}

impl Revocation {
    /// Manifests that one revocation may name: a channel each, and a node has few.
    const MAX_GOOD: usize = 64;

    fn flaw(&self) -> Option<String> {
        let good = self.good.as_ref()?;
        if self.why != Why::Compromised {
            return Some("`good` stands beside `compromised` alone".into());
        }
        let most = Self::MAX_GOOD;
        (good.len() > most).then(|| format!("more than {most} manifests in `good`"))
    }
}

impl KeySet {
    /// What is wrong with it, its keys aside: they are admitted where the document is read. Equal
    /// keys are found there too, so that a threshold is never met by one key under two entries.
    pub(super) fn flaw(&self) -> Option<String> {
        let keys = self.keys.len();
        let wrong = self.threshold == 0 || self.threshold > keys || keys > MAX_KEYS;
        wrong.then(|| format!("a threshold of {} over {keys} keys", self.threshold))
    }
}
