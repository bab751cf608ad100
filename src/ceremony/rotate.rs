//! A new key in an old one's place, with an overlap in which both count.

use std::time::Duration;

use super::CeremonyError;
use super::bundle::entry;
use super::keys::{find, id_of};
use super::words::time;
use crate::jws::{Jwk, KeyId, PublicKey};
use crate::notice::{NodeId, Time};
use crate::trust::{Bundle, KeyEntry, KeySet, Usage};

/// Which key was rotated, and so what has to follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// A key of the node itself.
    Own(Usage),
    /// A bundle key of a node that is introduced.
    BundleKeyOf(NodeId),
    /// A root key of a State that is introduced.
    RootKeyOf(NodeId),
}

/// Puts `to` beside the key whose id begins with `from`, and gives that id. Of the node's own
/// keys the old one ends one `overlap` after the new one's `life` begins, and stays listed; of an
/// introduced node's both stay until the old one is dropped, since such a set has no times.
///
/// # Errors
/// [`CeremonyError`]: the key is not here, ended already, or would end before the other counts.
pub fn rotate(
    bundle: &mut Bundle,
    from: &str,
    to: &PublicKey,
    life: (Time, Time),
    overlap: Duration,
) -> Result<(Rotation, KeyId), CeremonyError> {
    let old = find(from, all(bundle))?;
    if let Some(at) = bundle.keys.iter().position(|key| id_of(&key.jwk) == old) {
        return own(bundle, at, to, life, overlap).map(|done| (done, old));
    }
    for node in &mut bundle.nodes {
        let id = node.id.clone();
        if let Some(set) = node.bundle.as_mut().filter(|set| has(set, &old)) {
            set.keys.push(to.to_jwk());
            return Ok((Rotation::BundleKeyOf(id), old));
        }
        if let Some(set) = node.root.as_mut().filter(|set| has(set, &old)) {
            set.keys.push(to.to_jwk());
            return Ok((Rotation::RootKeyOf(id), old));
        }
    }
    Err(CeremonyError::NoKey(from.to_owned()))
}

fn own(
    bundle: &mut Bundle,
    at: usize,
    to: &PublicKey,
    life: (Time, Time),
    overlap: Duration,
) -> Result<Rotation, CeremonyError> {
    let Some(old) = bundle.keys.get_mut(at) else { return Err(CeremonyError::Nothing) };
    let (start, end) = life;
    if end <= start {
        return Err(CeremonyError::Time("the new key would end before it counts".into()));
    }
    if Time::from_secs(old.exp) <= start {
        let text = format!(
            "key {} ends at {}, before the new one counts: between the two nothing could be signed",
            id_of(&old.jwk),
            Time::from_secs(old.exp)
        );
        return Err(CeremonyError::Time(text));
    }
    let (usage, kinds, scopes, tlp) = (old.usage, old.kinds.clone(), old.scopes.clone(), old.tlp);
    old.exp = old.exp.min((start + overlap).secs());
    let new = entry(to, usage, (start.secs(), end.secs()));
    bundle.keys.push(KeyEntry { kinds, scopes, tlp, ..new });
    Ok(Rotation::Own(usage))
}

/// Takes a key out of the set of an introduced node; says whose.
///
/// # Errors
/// [`CeremonyError::Elsewhere`] for a key of the node itself: it stays listed,
/// [`CeremonyError::NoKey`], [`CeremonyError::Ambiguous`].
pub fn drop_key(bundle: &mut Bundle, text: &str) -> Result<NodeId, CeremonyError> {
    let gone = find(text, all(bundle))?;
    if bundle.keys.iter().any(|key| id_of(&key.jwk) == gone) {
        let text = format!(
            "key {gone} is {}'s own: it stays listed, since what it signed is verified for 400 \
             days after its end; revoke it if it must not count",
            bundle.node
        );
        return Err(CeremonyError::Elsewhere(text));
    }
    let mut owner = None;
    for node in &mut bundle.nodes {
        for set in node.bundle.iter_mut().chain(node.root.iter_mut()) {
            if has(set, &gone) {
                set.keys.retain(|jwk| id_of(jwk) != gone);
                owner = Some(node.id.clone());
            }
        }
    }
    owner.ok_or_else(|| CeremonyError::NoKey(text.to_owned()))
}

fn all(bundle: &Bundle) -> impl Iterator<Item = &Jwk> {
    let introduced = bundle.nodes.iter().flat_map(|node| node.bundle.iter().chain(&node.root));
    bundle.keys.iter().map(|key| &key.jwk).chain(introduced.flat_map(|set| &set.keys))
}

fn has(set: &KeySet, id: &KeyId) -> bool {
    set.keys.iter().any(|jwk| id_of(jwk) == *id)
}

impl Rotation {
    /// What has to be done next and by whom, in the order in which no notice is lost.
    #[must_use]
    pub fn next_steps(&self, by: &NodeId, old: &KeyId, life: (Time, Time)) -> Vec<String> {
        let (start, end) = (time(life.0.secs()), time(life.1.secs()));
        match self {
            Self::Own(usage) => vec![
                format!(
                    "sign this bundle and distribute it; until it is in force everywhere, {by} \
                     goes on with key {old}: what is signed with a key that a reader does not \
                     know yet is refused there"
                ),
                format!(
                    "once every neighbour has it, and not before {start}: give {} the new key",
                    holder(*usage)
                ),
                format!("before {end}, when key {old} ends: nothing uses it any more; destroy it"),
            ],
            Self::BundleKeyOf(node) => vec![
                format!(
                    "{by} signs this bundle and distributes it; {node}'s bundle in force goes on \
                     to hold, signed with the old key"
                ),
                format!(
                    "once every node has it: {node} signs its next bundle with the new key (a \
                     bundle that is signed with the new key alone does not hold where this one \
                     has not come yet; signed with both it holds everywhere) and distributes it"
                ),
                format!(
                    "once every node has that, best before {end}: {by} drops the old key \
                     (`chappe trust rotate BUNDLE --drop {old}`), signs and distributes; dropped \
                     earlier, {node}'s bundle holds no more and its keys count no more"
                ),
            ],
            Self::RootKeyOf(node) => vec![
                format!("{by} signs this bundle and distributes it"),
                format!(
                    "{node}'s next root, signed by the thresholds of its old and new root keys, \
                     follows from any root that {by} introduced; it may come before or after"
                ),
                format!(
                    "once every node has both, best before {end}: {by} drops the old key \
                     (`chappe trust rotate BUNDLE --drop {old}`), signs and distributes"
                ),
            ],
        }
    }
}

fn holder(usage: Usage) -> &'static str {
    match usage {
        Usage::Issue => "the publishers' tools",
        Usage::Relay => "the relay (its key file, then a restart)",
    }
}
