//! Sets of keys and key ids as people write them.

use std::collections::BTreeSet;

use super::CeremonyError;
use crate::jws::{Jwk, KeyId, PublicKey};
use crate::trust::{KeySet, Paper};

const MAX_KEYS: usize = 32;

/// Keys of which `threshold` must sign.
///
/// # Errors
/// [`CeremonyError::Threshold`] if that can never be met or means nothing,
/// [`CeremonyError::KeyTwice`].
pub fn key_set(threshold: usize, keys: &[PublicKey]) -> Result<KeySet, CeremonyError> {
    let mut seen = BTreeSet::new();
    if let Some(twice) = keys.iter().find(|key| !seen.insert(key.id())) {
        return Err(CeremonyError::KeyTwice(twice.id().clone()));
    }
    set_of(threshold, keys.iter().map(PublicKey::to_jwk).collect())
}

pub(super) fn set_of(threshold: usize, keys: Vec<Jwk>) -> Result<KeySet, CeremonyError> {
    if threshold == 0 || threshold > keys.len() || keys.len() > MAX_KEYS {
        return Err(CeremonyError::Threshold { threshold, keys: keys.len() });
    }
    Ok(KeySet { threshold, keys })
}

/// The keys that are admitted; a weak one signs nothing.
pub(super) fn admitted(set: &KeySet) -> Vec<PublicKey> {
    set.keys.iter().filter_map(|jwk| PublicKey::from_jwk(jwk).ok()).collect()
}

/// The key's id; of a key that is not admitted, its `x` with a mark, so that it can be named.
pub(super) fn id_of(jwk: &Jwk) -> KeyId {
    let inadmissible = || KeyId::hint(&format!("!{}", jwk.x));
    PublicKey::from_jwk(jwk).map_or_else(|_| inadmissible(), |key| key.id().clone())
}

/// The one among `keys` whose id begins with `text`.
pub(super) fn find<'a>(
    text: &str,
    keys: impl Iterator<Item = &'a Jwk>,
) -> Result<KeyId, CeremonyError> {
    let found: BTreeSet<KeyId> =
        keys.map(id_of).filter(|id| !text.is_empty() && id.as_str().starts_with(text)).collect();
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(CeremonyError::NoKey(text.to_owned())),
        (Some(_), Some(_)) => Err(CeremonyError::Ambiguous(text.to_owned())),
    }
}

/// Why every reader would reject a document, whoever signed it; `None` if nothing is wrong.
#[must_use]
pub fn flaw(paper: &Paper) -> Option<String> {
    paper.flaw().or_else(|| sound(paper).err().map(|error| error.to_string()))
}

/// Each key of a document is admitted and stands in it once; sets can be met.
pub(super) fn sound(paper: &Paper) -> Result<(), CeremonyError> {
    for set in sets(paper) {
        set_of(set.threshold, set.keys.clone())?;
    }
    let mut seen = BTreeSet::new();
    for (jwk, node, _) in paper.keys() {
        let key = PublicKey::from_jwk(jwk);
        let key = key.map_err(|e| CeremonyError::Key(node.clone(), e.to_string()))?;
        if !seen.insert(key.id().clone()) {
            return Err(CeremonyError::KeyTwice(key.id().clone()));
        }
    }
    Ok(())
}

fn sets(paper: &Paper) -> Vec<&KeySet> {
    match paper {
        Paper::Root(root) => vec![&root.root, &root.bundle],
        Paper::Bundle(bundle) => {
            bundle.nodes.iter().flat_map(|entry| entry.bundle.iter().chain(&entry.root)).collect()
        }
    }
}
