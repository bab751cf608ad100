//! Keys that count no more. A revocation is never taken back: it stands in each later version.

use std::collections::BTreeSet;

use super::CeremonyError;
use super::keys::{find, id_of};
use crate::jws::{Jwk, KeyId};
use crate::notice::{Id, NodeId, Time};
use crate::trust::{Bundle, Revocation, Usage, Why};

/// Ids in one list, which is at most 1 MiB.
const MAX_LISTED: usize = 32 * 1024;
/// Lists that one revocation names: one for each channel of its issuer.
const MAX_LISTS: usize = 64;

/// Whose key it is and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Whose.
    pub node: NodeId,
    /// What for.
    pub usage: Usage,
    /// Its id.
    pub key: KeyId,
}

impl Owner {
    /// The one among `listed` whose key's id begins with `text`.
    ///
    /// # Errors
    /// [`CeremonyError::NoKey`], [`CeremonyError::Ambiguous`].
    pub fn find<'a>(
        text: &str,
        listed: impl Iterator<Item = (&'a Jwk, &'a NodeId, Usage)> + Clone,
    ) -> Result<Self, CeremonyError> {
        let key = find(text, listed.clone().map(|(jwk, _, _)| jwk))?;
        let mut found = listed.filter(|(jwk, _, _)| id_of(jwk) == key);
        let (_, node, usage) = found.next().ok_or_else(|| CeremonyError::NoKey(text.into()))?;
        Ok(Self { node: node.clone(), usage, key })
    }
}

/// A list of the notices of one channel that are genuine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// SHA-256 of `bytes`: what the revocation names.
    pub digest: Id,
    /// The ids, 32 bytes each, ascending: what travels beside the bundle.
    pub bytes: Vec<u8>,
}

impl Manifest {
    /// From a text with one id, 64 hexadecimal digits, a line; empty lines are passed over.
    ///
    /// # Errors
    /// [`CeremonyError::List`] with the line, or if there is none, or more than fit into 1 MiB.
    pub fn read(text: &str) -> Result<Self, CeremonyError> {
        let mut ids: BTreeSet<Id> = BTreeSet::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            let bad = |e| CeremonyError::List(format!("line {}: {e}", at + 1));
            ids.insert(line.parse().map_err(bad)?);
        }
        if ids.is_empty() || ids.len() > MAX_LISTED {
            let text = format!("{} notice ids: expected 1 to {MAX_LISTED}", ids.len());
            return Err(CeremonyError::List(text));
        }
        let bytes: Vec<u8> = ids.iter().flat_map(|id| *id.as_bytes()).collect();
        Ok(Self { digest: Id::of(&bytes), bytes })
    }

    /// How many notices it names.
    #[must_use]
    pub fn count(&self) -> usize {
        self.bytes.len() / 32
    }
}

/// Adds the revocation of one key. `good` goes to an issue key alone: it says which notices are
/// genuine, and a relay key signs none.
///
/// # Errors
/// [`CeremonyError::NotBelow`] if the authority may not, [`CeremonyError::Revoked`] if it says
/// nothing new, [`CeremonyError::List`] if `good` cannot stand there.
pub fn revoke(
    bundle: &mut Bundle,
    owner: &Owner,
    why: Why,
    at: Time,
    good: &[Manifest],
) -> Result<(), CeremonyError> {
    let own = owner.node == bundle.node;
    let below = bundle.node.depth() > 1 && bundle.node.contains(&owner.node);
    if !own && !below {
        let (by, owner) = (bundle.node.clone(), owner.node.clone());
        return Err(CeremonyError::NotBelow { by, owner });
    }
    if !good.is_empty() && why != Why::Compromised {
        let text = "lists of good notices stand beside `compromised` alone";
        return Err(CeremonyError::List(text.into()));
    }
    if good.len() > MAX_LISTS {
        return Err(CeremonyError::List(format!("{} lists, at most {MAX_LISTS}", good.len())));
    }
    let named = (owner.usage == Usage::Issue && !good.is_empty())
        .then(|| good.iter().map(|list| list.digest).collect::<Vec<Id>>());
    let kid = owner.key.as_str();
    let said = |old: &Revocation| {
        old.kid == kid
            && old.at <= at.secs()
            && (old.why == Why::Compromised || why != Why::Compromised)
            && (named.is_none() || old.good == named)
    };
    if bundle.revoked.iter().any(said) {
        return Err(CeremonyError::Revoked(owner.key.clone()));
    }
    bundle.revoked.push(Revocation { kid: kid.to_owned(), at: at.secs(), why, good: named });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::samples::{NOW, bundle, id, key};
    use super::*;

    fn owner(node: &str, usage: Usage) -> Owner {
        Owner { node: id(node), usage, key: key(1).id().clone() }
    }

    #[test]
    fn an_authority_revokes_its_own_keys_and_those_below_it_and_the_union_only_its_own() {
        let may = |by: &str, of: &str| {
            revoke(&mut bundle(by), &owner(of, Usage::Issue), Why::Ceased, NOW, &[]).is_ok()
        };
        assert!(may("eu-fr", "eu-fr") && may("eu-fr", "eu-fr-bre-chu") && may("eu", "eu"));
        assert!(!may("eu", "eu-fr") && !may("eu-fr-bre", "eu-fr") && !may("eu-fr", "eu-be-x"));
        assert!(!may("eu-fr", "eu-frx"));
    }

    #[test]
    fn a_second_revocation_counts_only_if_it_is_earlier_or_graver() {
        let mut bundle = bundle("eu-fr");
        let mut again = |why, at| {
            revoke(&mut bundle, &owner("eu-fr", Usage::Issue), why, Time::from_secs(at), &[])
        };
        assert_eq!(again(Why::Superseded, 100), Ok(()));
        let known = Err(CeremonyError::Revoked(key(1).id().clone()));
        assert_eq!(again(Why::Superseded, 100), known);
        assert_eq!(again(Why::Ceased, 200), known);
        assert_eq!(again(Why::Superseded, 50), Ok(()));
        assert_eq!(again(Why::Compromised, 200), Ok(()));
        assert_eq!(again(Why::Compromised, 300), known);
        assert_eq!(bundle.revoked.len(), 3);
    }

    #[test]
    fn a_list_is_ascending_without_doubles_and_its_name_is_its_digest() {
        let (low, high) = ("1".repeat(64), "f".repeat(64));
        let list = Manifest::read(&format!("{high}\n\n{low}\n{high}")).expect("a list");
        assert_eq!(list.bytes, [[0x11; 32], [0xff; 32]].concat());
        assert_eq!((list.digest, list.count()), (Id::of(&list.bytes), 2));
        let line = |text: &str| Manifest::read(text).expect_err("refused").to_string();
        assert!(line(&format!("{low}\nF{}", "f".repeat(63))).starts_with("line 2: "));
        assert!(line("\n").starts_with("0 notice ids"));
    }

    #[test]
    fn a_relay_key_gets_no_list_and_lists_stand_beside_compromised_alone() {
        let good = [Manifest::read(&"1".repeat(64)).expect("a list")];
        let revoked = |usage, why| {
            let mut bundle = bundle("eu-fr");
            revoke(&mut bundle, &owner("eu-fr", usage), why, NOW, &good)
                .map(|()| bundle.revoked[0].good.is_some())
        };
        assert_eq!(revoked(Usage::Issue, Why::Compromised), Ok(true));
        assert_eq!(revoked(Usage::Relay, Why::Compromised), Ok(false));
        assert!(matches!(revoked(Usage::Issue, Why::Ceased), Err(CeremonyError::List(_))));
    }
}
