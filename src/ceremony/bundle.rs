//! The first bundle of a node and each next one: whom it introduces, and its own keys.

use std::time::Duration;

use super::CeremonyError;
use super::keys::{id_of, sound};
use crate::jws::PublicKey;
use crate::notice::{Kind, Level, NodeId, Scope, Time, Tlp};
use crate::trust::{As, Bundle, Grant, KeyEntry, KeySet, NodeEntry, Paper, Usage};

/// How long a key stays listed after its end: the longest life of a notice. A notice is judged at
/// the time of its first hop, and whoever holds it must be able to verify it still.
const KEPT: Duration = Duration::from_secs(400 * 24 * 3600);

/// What is said of a node that is introduced; what is absent stays as it is, or is the usual.
#[derive(Clone, Debug, Default)]
pub struct Introduction {
    /// Its level.
    pub level: Option<Level>,
    /// Whom it serves.
    pub constituency: Vec<Scope>,
    /// Kinds that its keys may sign.
    pub kinds: Vec<Kind>,
    /// Scopes that its keys may sign for.
    pub scopes: Vec<Scope>,
    /// The strictest label that its keys may sign.
    pub tlp: Option<Tlp>,
    /// The strictest label that it may be sent.
    pub ceiling: Option<Tlp>,
    /// The sectors of its clients.
    pub clients: Option<Vec<String>>,
    /// Its bundle keys.
    pub bundle: Option<KeySet>,
    /// Its root keys.
    pub root: Option<KeySet>,
}

/// The first bundle of a node, checked.
///
/// # Errors
/// [`CeremonyError`]: what is wrong with it.
pub fn first_bundle(bundle: Bundle) -> Result<Bundle, CeremonyError> {
    whole(bundle)
}

/// The version after `old`, with all that it says; keys that ended 400 days ago are left out.
#[must_use]
pub fn next_bundle(old: &Bundle, now: Time) -> Bundle {
    let mut next = old.clone();
    next.version = old.version.saturating_add(1);
    next.iat = now.secs();
    next.keys.retain(|key| Time::from_secs(key.exp) + KEPT > now);
    next
}

/// The changed bundle, if it would hold and says something new; `anew` allows one that says the
/// same, for other keys to sign it.
///
/// # Errors
/// [`CeremonyError::Nothing`], [`CeremonyError::Time`] if it has expired,
/// [`CeremonyError::Flaw`] and those about keys.
pub fn proposed(old: &Bundle, new: Bundle, anew: bool) -> Result<Bundle, CeremonyError> {
    let mut same = old.clone();
    (same.version, same.iat) = (new.version, new.iat);
    if same == new && !anew {
        return Err(CeremonyError::Nothing);
    }
    if new.exp <= new.iat {
        let text = format!("the bundle expired at {}: renew it too", Time::from_secs(new.exp));
        return Err(CeremonyError::Time(text));
    }
    whole(new)
}

fn whole(bundle: Bundle) -> Result<Bundle, CeremonyError> {
    let paper = Paper::Bundle(bundle.clone());
    sound(&paper)?;
    paper.flaw().map_or(Ok(bundle), |flaw| Err(CeremonyError::Flaw(flaw)))
}

/// Puts a node into the bundle, or changes what is said of it.
///
/// # Errors
/// [`CeremonyError::Introduction`] if a new one lacks its level, constituency or keys.
pub fn introduce(
    bundle: &mut Bundle,
    id: &NodeId,
    how: As,
    said: &Introduction,
) -> Result<(), CeremonyError> {
    let old = bundle.nodes.iter().position(|entry| entry.id == *id);
    let entry = match old.and_then(|at| bundle.nodes.get(at)) {
        Some(entry) if entry.introduced == how => entry.clone(),
        _ => fresh(id, how, said)?,
    };
    let entry = overlaid(entry, said);
    match old.and_then(|at| bundle.nodes.get_mut(at)) {
        Some(place) => *place = entry,
        None => bundle.nodes.push(entry),
    }
    Ok(())
}

/// What stands in an introduction if nothing else is said, as in a topology file: a CSIRT signs
/// everything for those whom it serves, an entity asks for help.
fn fresh(id: &NodeId, how: As, said: &Introduction) -> Result<NodeEntry, CeremonyError> {
    let lacks = |expected| CeremonyError::Introduction { node: id.clone(), expected };
    let level = match how {
        As::State => Level::National,
        As::Union => Level::Union,
        As::Child | As::Member => said.level.ok_or_else(|| lacks("its level"))?,
    };
    if said.constituency.is_empty() {
        return Err(lacks("its constituency: the scopes that it serves"));
    }
    match how {
        As::State if said.root.is_none() => return Err(lacks("its root keys")),
        As::Child | As::Union if said.bundle.is_none() => return Err(lacks("its bundle keys")),
        _ => {}
    }
    let kinds = match level {
        Level::Entity => vec![Kind::Withdrawal, Kind::Escalation],
        _ => Kind::ALL.to_vec(),
    };
    Ok(NodeEntry {
        id: id.clone(),
        introduced: how,
        level,
        constituency: said.constituency.clone(),
        may: Grant { kinds, scopes: said.constituency.clone(), tlp: Tlp::Red },
        ceiling: Tlp::Red,
        clients: Vec::new(),
        bundle: None,
        root: None,
    })
}

fn overlaid(mut entry: NodeEntry, said: &Introduction) -> NodeEntry {
    let put = |place: &mut Vec<Scope>, said: &[Scope]| {
        if !said.is_empty() {
            *place = said.to_vec();
        }
    };
    put(&mut entry.constituency, &said.constituency);
    put(&mut entry.may.scopes, &said.scopes);
    if !said.kinds.is_empty() {
        entry.may.kinds.clone_from(&said.kinds);
    }
    entry.level = said.level.unwrap_or(entry.level);
    entry.may.tlp = said.tlp.unwrap_or(entry.may.tlp);
    entry.ceiling = said.ceiling.unwrap_or(entry.ceiling);
    entry.clients = said.clients.clone().unwrap_or(entry.clients);
    entry.bundle = said.bundle.clone().or(entry.bundle);
    entry.root = said.root.clone().or(entry.root);
    entry
}

/// Takes a node out of the bundle.
///
/// # Errors
/// [`CeremonyError::NotIntroduced`].
pub fn remove(bundle: &mut Bundle, id: &NodeId) -> Result<(), CeremonyError> {
    let before = bundle.nodes.len();
    bundle.nodes.retain(|entry| entry.id != *id);
    if bundle.nodes.len() == before {
        return Err(CeremonyError::NotIntroduced(id.clone()));
    }
    Ok(())
}

/// Puts a key of the node itself into its bundle; one that is listed with the same use gets the
/// new end and grant, and counts from where it did.
///
/// # Errors
/// [`CeremonyError::KeyTwice`] if it is listed with another use, [`CeremonyError::Time`] if it
/// would never count.
pub fn own_key(bundle: &mut Bundle, entry: KeyEntry) -> Result<(), CeremonyError> {
    let id = id_of(&entry.jwk);
    let listed = bundle.keys.iter_mut().find(|key| key.jwk == entry.jwk);
    let (usage, nbf) = (entry.usage, listed.as_ref().map_or(entry.nbf, |key| key.nbf));
    if entry.exp <= nbf {
        return Err(CeremonyError::Time(format!("key {id} would end before it counts")));
    }
    match listed {
        Some(key) if key.usage != usage => return Err(CeremonyError::KeyTwice(id)),
        Some(key) => *key = KeyEntry { nbf, ..entry },
        None => bundle.keys.push(entry),
    }
    Ok(())
}

/// An entry of a key with all that its node may sign.
pub(super) fn entry(key: &PublicKey, usage: Usage, life: (u64, u64)) -> KeyEntry {
    let (nbf, exp) = life;
    KeyEntry { jwk: key.to_jwk(), usage, nbf, exp, kinds: None, scopes: None, tlp: None }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{NOW, bundle, id, key, scope, whole};
    use super::*;

    fn days(number: u64) -> Duration {
        Duration::from_secs(number * 24 * 3600)
    }

    #[test]
    fn a_key_stays_listed_for_400_days_after_its_end_and_then_goes() {
        let mut old = bundle("eu-fr");
        let (first, second) = (NOW, NOW + days(10));
        old.keys = vec![
            entry(&key(1), Usage::Issue, (0, first.secs())),
            entry(&key(2), Usage::Issue, (0, second.secs())),
        ];
        let left = |now| next_bundle(&old, now).keys.len();
        assert_eq!(
            [left(NOW + days(399)), left(NOW + days(400)), left(NOW + days(410))],
            [2, 1, 0]
        );
    }

    #[test]
    fn the_next_version_carries_every_revocation_and_is_issued_now() {
        let old = whole();
        let new = next_bundle(&old, NOW + days(1));
        assert_eq!((new.version, new.iat, new.exp), (8, (NOW + days(1)).secs(), old.exp));
        assert_eq!(new.revoked, old.revoked);
        assert!(!new.revoked.is_empty());
    }

    #[test]
    fn a_new_version_says_something_new_unless_it_is_to_be_signed_anew() {
        let old = whole();
        let new = next_bundle(&old, NOW);
        assert_eq!(proposed(&old, new.clone(), false), Err(CeremonyError::Nothing));
        assert_eq!(proposed(&old, new.clone(), true), Ok(new));
    }

    #[test]
    fn an_expired_bundle_is_not_proposed_without_a_new_end() {
        let old = whole();
        let mut new = next_bundle(&old, Time::from_secs(old.exp));
        new.contact.phone = Some("1".into());
        assert!(matches!(proposed(&old, new, false), Err(CeremonyError::Time(_))));
    }

    #[test]
    fn what_is_not_said_of_a_known_node_stays_as_it_was() {
        let mut changed = whole();
        let before = changed.nodes[0].clone();
        let said = Introduction { tlp: Some(Tlp::Green), ..Introduction::default() };
        introduce(&mut changed, &before.id, As::Child, &said).expect("changed");
        let may = Grant { tlp: Tlp::Green, ..before.may.clone() };
        assert_eq!(changed.nodes, [NodeEntry { may, ..before }]);
    }

    #[test]
    fn a_new_node_needs_its_level_its_constituency_and_its_keys() {
        let full = Introduction {
            level: Some(Level::Entity),
            constituency: vec![scope("eu.fr.nor")],
            bundle: super::super::key_set(1, &[key(9)]).ok(),
            ..Introduction::default()
        };
        let lacking = [
            Introduction { level: None, ..full.clone() },
            Introduction { constituency: Vec::new(), ..full.clone() },
            Introduction { bundle: None, ..full.clone() },
        ];
        for said in lacking {
            let done = introduce(&mut bundle("eu-fr"), &id("eu-fr-town"), As::Child, &said);
            assert!(matches!(done, Err(CeremonyError::Introduction { .. })), "{said:?}");
        }
        let mut with = bundle("eu-fr");
        introduce(&mut with, &id("eu-fr-town"), As::Child, &full).expect("introduced");
        assert_eq!(with.nodes[0].may.kinds, [Kind::Withdrawal, Kind::Escalation]);
        assert_eq!(with.nodes[0].may.scopes, [scope("eu.fr.nor")]);
    }

    #[test]
    fn a_key_never_changes_its_use_and_keeps_its_beginning() {
        let mut with = bundle("eu-fr");
        own_key(&mut with, entry(&key(1), Usage::Issue, (10, 20))).expect("added");
        own_key(&mut with, entry(&key(1), Usage::Issue, (15, 30))).expect("extended");
        assert_eq!((with.keys[0].nbf, with.keys[0].exp), (10, 30));
        let relay = own_key(&mut with, entry(&key(1), Usage::Relay, (15, 30)));
        assert_eq!(relay, Err(CeremonyError::KeyTwice(key(1).id().clone())));
        let never = own_key(&mut with, entry(&key(2), Usage::Relay, (30, 30)));
        assert!(matches!(never, Err(CeremonyError::Time(_))));
    }
}
