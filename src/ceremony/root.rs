//! The first root of an authority and each next one.

use super::CeremonyError;
use super::keys::{find, id_of, sound};
use crate::jws::{Jwk, KeyId, PublicKey};
use crate::notice::Time;
use crate::trust::{KeySet, Paper, Root};

/// A root that is used in earnest: two keys may be lost and two stolen.
const KEYS: usize = 5;
const THRESHOLD: usize = 3;

/// How a successor differs from the root before it.
#[derive(Clone, Debug, Default)]
pub struct RootChange {
    /// More root keys.
    pub root_keys: Vec<PublicKey>,
    /// More bundle keys.
    pub bundle_keys: Vec<PublicKey>,
    /// Keys that go, by the beginning of their ids.
    pub drop: Vec<String>,
    /// A key in another's place: a root key at once, since both roots sign; a bundle key beside
    /// the old one, until that is dropped.
    pub swap: Option<(String, PublicKey)>,
    /// How many root keys sign; as before if absent.
    pub threshold: Option<usize>,
    /// How many bundle keys sign; as before if absent.
    pub bundle_threshold: Option<usize>,
}

/// The first root of an authority, checked; `fewer` allows less than 3 of 5.
///
/// # Errors
/// [`CeremonyError`]: what is wrong with it.
pub fn first_root(root: Root, fewer: bool) -> Result<Root, CeremonyError> {
    whole(root, fewer)
}

/// Root N + 1, to be signed by the thresholds of both.
///
/// # Errors
/// [`CeremonyError`]: an unknown key, or what would be wrong with it.
pub fn next_root(
    old: &Root,
    life: (Time, Time),
    change: &RootChange,
    fewer: bool,
) -> Result<Root, CeremonyError> {
    let mut next = old.clone();
    next.version = old.version.saturating_add(1);
    (next.iat, next.exp) = (life.0.secs(), life.1.secs());
    if let Some((from, to)) = &change.swap {
        swap(&mut next, from, to)?;
    }
    for text in &change.drop {
        let gone = find(text, all(&next))?;
        without(&mut next.root, &gone);
        without(&mut next.bundle, &gone);
    }
    next.root.keys.extend(change.root_keys.iter().map(PublicKey::to_jwk));
    next.bundle.keys.extend(change.bundle_keys.iter().map(PublicKey::to_jwk));
    next.root.threshold = change.threshold.unwrap_or(next.root.threshold);
    next.bundle.threshold = change.bundle_threshold.unwrap_or(next.bundle.threshold);
    whole(next, fewer)
}

fn all(root: &Root) -> impl Iterator<Item = &Jwk> {
    root.root.keys.iter().chain(&root.bundle.keys)
}

fn without(set: &mut KeySet, gone: &KeyId) {
    set.keys.retain(|jwk| id_of(jwk) != *gone);
}

fn swap(root: &mut Root, from: &str, to: &PublicKey) -> Result<(), CeremonyError> {
    let old = find(from, all(root))?;
    match root.root.keys.iter_mut().find(|jwk| id_of(jwk) == old) {
        Some(jwk) => *jwk = to.to_jwk(),
        None => root.bundle.keys.push(to.to_jwk()),
    }
    Ok(())
}

fn whole(root: Root, fewer: bool) -> Result<Root, CeremonyError> {
    let (threshold, keys) = (root.root.threshold, root.root.keys.len());
    if !fewer && threshold > 0 && (threshold < THRESHOLD || keys < KEYS) {
        return Err(CeremonyError::FewKeys { threshold, keys });
    }
    let paper = Paper::Root(root.clone());
    sound(&paper)?;
    paper.flaw().map_or(Ok(root), |flaw| Err(CeremonyError::Flaw(flaw)))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{NOW, key, root};
    use super::*;

    fn next(change: RootChange) -> Result<Root, CeremonyError> {
        let life = (NOW, NOW + std::time::Duration::from_secs(3600));
        next_root(&root(), life, &change, false)
    }

    #[test]
    fn a_root_key_is_replaced_at_once_and_a_bundle_key_stays_beside_the_new_one() {
        let swap = |old: u8| Some((key(old).id().as_str().to_owned(), key(99)));
        let by_root = next(RootChange { swap: swap(11), ..RootChange::default() }).expect("a root");
        assert_eq!((by_root.version, by_root.root.keys.len()), (2, 5));
        assert!(!by_root.root.keys.contains(&key(11).to_jwk()));
        let by_bundle =
            next(RootChange { swap: swap(1), ..RootChange::default() }).expect("a root");
        assert_eq!(by_bundle.bundle.keys, [key(1).to_jwk(), key(99).to_jwk()]);
        assert_eq!(by_bundle.root, root().root);
    }

    #[test]
    fn a_root_never_falls_below_three_of_five_by_accident() {
        let drop = vec![key(11).id().as_str().to_owned()];
        let fewer = next(RootChange { drop: drop.clone(), ..RootChange::default() });
        assert_eq!(fewer, Err(CeremonyError::FewKeys { threshold: 3, keys: 4 }));
        let two = next(RootChange { threshold: Some(2), ..RootChange::default() });
        assert_eq!(two, Err(CeremonyError::FewKeys { threshold: 2, keys: 5 }));
        let life = (NOW, NOW + std::time::Duration::from_secs(3600));
        let change = RootChange { drop, ..RootChange::default() };
        assert!(next_root(&root(), life, &change, true).is_ok());
    }

    #[test]
    fn a_threshold_that_means_nothing_or_is_never_met_is_refused() {
        for threshold in [0, 6] {
            let change = RootChange { threshold: Some(threshold), ..RootChange::default() };
            assert_eq!(next(change), Err(CeremonyError::Threshold { threshold, keys: 5 }));
        }
    }

    #[test]
    fn a_root_key_is_no_bundle_key() {
        let change = RootChange { bundle_keys: vec![key(12)], ..RootChange::default() };
        assert_eq!(next(change), Err(CeremonyError::KeyTwice(key(12).id().clone())));
    }

    #[test]
    fn a_root_that_would_end_before_it_begins_is_refused() {
        let change = RootChange::default();
        let flaw = next_root(&root(), (NOW, NOW), &change, false);
        assert!(matches!(flaw, Err(CeremonyError::Flaw(_))), "{flaw:?}");
    }
}
