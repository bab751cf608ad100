//! From the checked tree to trust documents: a root for each union and State, a bundle for each
//! node. Pure: keys come in, documents go out.

use super::model::{Node, Topology};
use crate::jws::{Jwk, PublicKey};
use crate::notice::{Federation, Level, NodeId, Time};
use crate::trust::{As, Bundle, Contact, KeyEntry, KeySet, NodeEntry, Root, Usage};

/// How long a drafted document and its keys count.
const YEAR: u64 = 365 * 24 * 3600;
/// Keys count a little before they are made: clocks differ.
const SKEW: u64 = 3600;

/// Root keys of an authority: five people have one each.
pub const ROOT_KEYS: usize = 5;
/// How many of them must sign: two may be away, or lost, or in wrong hands.
pub const ROOT_THRESHOLD: usize = 3;
/// One bundle key is enough to sign: a revocation cannot wait until two people have met. Who pins
/// a root has a second key named there, so that a lost one needs no root ceremony.
pub(super) const BUNDLE_THRESHOLD: usize = 1;

/// The public keys of one node.
#[derive(Clone, Debug)]
pub struct NodeKeys {
    /// Root keys; a union's and a State's, else none.
    pub root: Vec<PublicKey>,
    /// Bundle keys; any one signs.
    pub bundle: Vec<PublicKey>,
    /// Issue key.
    pub issue: PublicKey,
    /// Relay key.
    pub relay: PublicKey,
}

/// Whose keys are whose.
pub trait KeyRing {
    /// The keys of a node of the topology.
    fn keys(&self, node: &NodeId) -> Option<&NodeKeys>;
}

/// The root of a union or State, of which [`ROOT_THRESHOLD`] keys must sign; `None` for a node
/// without root keys.
#[must_use]
pub fn root(
    fed: &Federation,
    node: &Node,
    keys: &NodeKeys,
    version: u64,
    now: Time,
) -> Option<Root> {
    if keys.root.is_empty() {
        return None;
    }
    let mut root = Root::new(fed.clone(), node.id.clone(), version, life(now));
    root.root = root_set(keys);
    root.bundle = bundle_set(keys);
    Some(root)
}

/// The bundle of one node; `None` if a key that it needs is not on the ring.
#[must_use]
pub fn bundle(
    fed: &Federation,
    topology: &Topology,
    node: &Node,
    ring: &dyn KeyRing,
    version: u64,
    now: Time,
) -> Option<Bundle> {
    let keys = ring.keys(&node.id)?;
    let mut bundle = Bundle::new(fed.clone(), node.id.clone(), version, life(now));
    bundle.contact = Contact {
        phone: node.contact.phone.clone(),
        hours: node.contact.hours.clone(),
        mail: node.contact.mail.clone(),
    };
    bundle.keys =
        vec![entry(&keys.issue, Usage::Issue, now), entry(&keys.relay, Usage::Relay, now)];
    bundle.nodes = introduced(topology, node, ring)?;
    Some(bundle)
}

fn introduced(topology: &Topology, node: &Node, ring: &dyn KeyRing) -> Option<Vec<NodeEntry>> {
    let mut nodes = Vec::new();
    for child in topology.children(&node.id) {
        let keys = ring.keys(&child.id)?;
        let state = node.level == Level::Union;
        let how = if state { As::State } else { As::Child };
        let mut introduction = introduction(child, how);
        if state {
            introduction.root = (!keys.root.is_empty()).then(|| root_set(keys));
        } else {
            introduction.bundle = Some(bundle_set(keys));
        }
        nodes.push(introduction);
    }
    for follower in topology.followers(&node.id) {
        let constituency = follower.constituency_under(node);
        nodes.push(NodeEntry { constituency, ..introduction(follower, As::Member) });
    }
    if node.level == Level::National {
        let union = topology.node(topology.union())?;
        let keys = ring.keys(&union.id)?;
        let bundle = Some(bundle_set(keys));
        nodes.push(NodeEntry { bundle, ..introduction(union, As::Union) });
    }
    Some(nodes)
}

fn introduction(node: &Node, introduced: As) -> NodeEntry {
    NodeEntry {
        id: node.id.clone(),
        introduced,
        level: node.level,
        constituency: node.constituency.clone(),
        may: node.may.clone(),
        ceiling: node.ceiling,
        clients: node.clients.clone(),
        bundle: None,
        root: None,
    }
}

fn entry(key: &PublicKey, usage: Usage, now: Time) -> KeyEntry {
    let (nbf, exp) = life(now);
    KeyEntry { jwk: key.to_jwk(), usage, nbf, exp, kinds: None, scopes: None, tlp: None }
}

fn life(now: Time) -> (u64, u64) {
    (now.secs().saturating_sub(SKEW), now.secs() + YEAR)
}

fn root_set(keys: &NodeKeys) -> KeySet {
    set(&keys.root, ROOT_THRESHOLD)
}

fn bundle_set(keys: &NodeKeys) -> KeySet {
    set(&keys.bundle, BUNDLE_THRESHOLD)
}

fn set(keys: &[PublicKey], threshold: usize) -> KeySet {
    let keys: Vec<Jwk> = keys.iter().map(PublicKey::to_jwk).collect();
    KeySet { threshold, keys }
}
