//! What everybody would believe, with a draft taken as if it were signed.
//!
//! A draft has no signatures yet, and `Trust` believes nothing without them. So what is in force
//! is signed anew with keys made up for the purpose, each in the place of a node's root or bundle
//! keys, and compiled by the very code that relays run. Those keys never leave this file; issue and
//! relay keys, the only ones that the result names, stay as they are. A second compiler in here
//! was not chosen: two of them drift.

use std::collections::BTreeMap;

use super::archive::{Archive, InForce};
use crate::jws::{General, SecretKey, Signer as _};
use crate::notice::{Id, NodeId};
use crate::trust::{Bundle, KeyEntry, KeySet, Paper, Revocation, Root, Trust, TrustedKey};

/// What is believed, and from which documents.
pub(super) struct World {
    /// `None` if the pinned authority has no bundle that holds.
    pub(super) trust: Option<Trust>,
    pub(super) documents: InForce,
    /// What is left out although enough have signed it, and why.
    pub(super) rejected: Vec<String>,
}

impl World {
    pub(super) fn of(archive: &Archive, draft: Option<&Paper>) -> Self {
        let documents = archive.walk(draft);
        let signed = signed_anew(&documents);
        let pin = documents.roots.get(&archive.home).and_then(stand_in_root);
        let compiled = pin.map(|pin| Trust::compile(&pin, &signed));
        let (trust, rejected) = match compiled {
            Some(Ok((trust, rejected))) => (Some(trust), rejected),
            Some(Err(_)) | None => (None, Vec::new()),
        };
        // That a node has no bundle yet is no fault of a document, and is told of the node.
        let silent = |node: &NodeId| !documents.bundles.contains_key(node);
        let rejected = rejected.iter().filter_map(|one| match &one.node {
            Some(node) if silent(node) => None,
            Some(node) => Some(format!("{node}: {}", one.why)),
            None => Some(one.why.clone()),
        });
        Self { trust, rejected: rejected.collect(), documents }
    }

    /// What a key's own entry says of it.
    pub(super) fn entry(&self, key: &TrustedKey) -> Option<&KeyEntry> {
        let bundle = self.documents.bundles.get(&key.node)?;
        bundle.keys.iter().find(|entry| entry.jwk == key.public.to_jwk())
    }

    /// The revocations of a key by those who may, from the earliest on.
    pub(super) fn revocations(&self, key: &str, owner: &NodeId) -> Vec<(&NodeId, &Revocation)> {
        let may = |by: &NodeId| by == owner || (by.depth() > 1 && by.contains(owner));
        let by_whom = self.documents.bundles.values().filter(|bundle| may(&bundle.node));
        let mut found: Vec<(&NodeId, &Revocation)> = by_whom
            .flat_map(|bundle| bundle.revoked.iter().map(move |one| (&bundle.node, one)))
            .filter(|(_, one)| one.kid == key)
            .collect();
        found.sort_by_key(|(_, one)| one.at);
        found
    }

    /// Every node that is introduced somewhere, and how often.
    pub(super) fn introduced(&self) -> BTreeMap<&NodeId, usize> {
        let mut found = BTreeMap::new();
        for entry in self.documents.bundles.values().flat_map(|bundle| &bundle.nodes) {
            *found.entry(&entry.id).or_insert(0) += 1;
        }
        found
    }
}

fn stand_in(node: &NodeId, part: &str) -> Option<SecretKey> {
    SecretKey::from_seed(Id::of(format!("{part} of {node}").as_bytes()).as_bytes()).ok()
}

fn stand_in_set(node: &NodeId, part: &str) -> Option<KeySet> {
    let keys = vec![stand_in(node, part)?.public().to_jwk()];
    Some(KeySet { threshold: 1, keys })
}

fn stand_in_root(root: &Root) -> Option<General> {
    let mut root = root.clone();
    let node = root.node.clone();
    root.root = stand_in_set(&node, "root")?;
    root.bundle = stand_in_set(&node, "bundle")?;
    signed(&Paper::Root(root), &node, "root")
}

fn stand_in_bundle(bundle: &Bundle) -> Option<General> {
    let mut bundle = bundle.clone();
    for entry in &mut bundle.nodes {
        if entry.bundle.is_some() {
            entry.bundle = stand_in_set(&entry.id, "bundle");
        }
        if entry.root.is_some() {
            entry.root = stand_in_set(&entry.id, "root");
        }
    }
    let node = bundle.node.clone();
    signed(&Paper::Bundle(bundle), &node, "bundle")
}

fn signed(paper: &Paper, node: &NodeId, part: &str) -> Option<General> {
    let mut general = paper.draft().ok()?;
    general.sign(&stand_in(node, part)?).ok()?;
    Some(general)
}

fn signed_anew(documents: &InForce) -> Vec<General> {
    let roots = documents.roots.values().filter_map(stand_in_root);
    roots.chain(documents.bundles.values().filter_map(stand_in_bundle)).collect()
}
