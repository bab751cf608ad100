//! The trust documents of a rendered folder, version after version.
//!
//! `trust/<node>.root.json` is the newest root of a union or State, the one to pin. Every version
//! stays beside it as `<node>.root.<N>.json`, so that who pinned an older one can follow N to
//! N + 1: each next root is signed by the threshold of the one before and by its own. A bundle has
//! one file, since any higher version replaces it. All are drawn and tried before one is written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::bundles::{BUNDLE_THRESHOLD, KeyRing as _, bundle, root};
use super::files::{RenderError, read_document, write_change};
use super::model::{Node, Topology};
use super::offline::{Keys, enough, safe, too_few};
use crate::jws::{General, PublicKey, SecretKey};
use crate::keys;
use crate::notice::{Federation, NodeId, Time};
use crate::trust::{Bundle, KeyEntry, Root, Trust};

/// Drawn and signed documents.
pub(super) struct Documents {
    fed: Federation,
    /// The newest root of each authority.
    roots: BTreeMap<NodeId, General>,
    bundles: Vec<General>,
    /// Where which document goes.
    files: Vec<(PathBuf, General)>,
}

impl Documents {
    /// Takes over what an earlier run signed if it still says what the topology says, and signs the
    /// next version of all else.
    ///
    /// # Errors
    /// [`RenderError`].
    pub(super) fn draw(
        topology: &Topology,
        keys: &Keys,
        out: &Path,
        now: Time,
    ) -> Result<Self, RenderError> {
        let fed = federation(topology, out)?;
        let mut documents =
            Self { fed, roots: BTreeMap::new(), bundles: Vec::new(), files: Vec::new() };
        for node in topology.nodes() {
            documents.draw_root(node, keys, out, now)?;
            documents.draw_bundle(topology, node, keys, out, now)?;
        }
        Ok(documents)
    }

    /// The federation.
    pub(super) fn fed(&self) -> &Federation {
        &self.fed
    }

    fn draw_root(
        &mut self,
        node: &Node,
        keys: &Keys,
        out: &Path,
        now: Time,
    ) -> Result<(), RenderError> {
        let old = newest_root(out, &node.id)?;
        let version = old.as_ref().map_or(1, |(_, old)| old.version + 1);
        let own = keys.keys(&node.id);
        let Some(new) = own.and_then(|own| root(&self.fed, node, own, version, now)) else {
            return Ok(());
        };
        let (document, version) = match old {
            Some((document, old)) if says_the_same_root(&old, &new) => (document, old.version),
            old => {
                let before = old.map(|(_, root)| root);
                (sign_root(&new, before.as_ref(), keys, out)?, version)
            }
        };
        self.files.push((version_path(out, &node.id, version), document.clone()));
        self.files.push((root_path(out, &node.id), document.clone()));
        self.roots.insert(node.id.clone(), document);
        Ok(())
    }

    fn draw_bundle(
        &mut self,
        topology: &Topology,
        node: &Node,
        keys: &Keys,
        out: &Path,
        now: Time,
    ) -> Result<(), RenderError> {
        let path = out.join("trust").join(format!("{}.bundle.json", node.id));
        let missing = || RenderError::File { path: path.clone(), why: "a key is missing".into() };
        let signers = &keys.keys(&node.id).ok_or_else(missing)?.bundle;
        let old = read_document::<Bundle>(&path)?;
        let version = old.as_ref().map_or(1, |(_, old)| old.version + 1);
        let new = bundle(&self.fed, topology, node, keys, version, now).ok_or_else(missing)?;
        let document = match old {
            Some((document, old)) if is_valid(&document, signers) && says_the_same(&old, &new) => {
                document
            }
            old => {
                let new = old.map_or(new.clone(), |(_, old)| after(&old, new));
                sign(&new, &[&keys.bundle_signer(&node.id)?], &path)?
            }
        };
        self.files.push((path, document.clone()));
        self.bundles.push(document);
        Ok(())
    }

    /// What the nodes under each root believe; a draft that does not hold together goes nowhere.
    ///
    /// # Errors
    /// [`RenderError::Trust`].
    pub(super) fn compile(&self) -> Result<BTreeMap<NodeId, Trust>, RenderError> {
        let documents: Vec<General> = self.roots.values().chain(&self.bundles).cloned().collect();
        let one = |(home, pin): (&NodeId, &General)| {
            let failed = |why: String| RenderError::Trust(home.clone(), why);
            let compiled = Trust::compile(pin, &documents);
            let (trust, rejected) = compiled.map_err(|e| failed(e.to_string()))?;
            match rejected.into_iter().next() {
                Some(first) => Err(failed(first.why)),
                None => Ok((home.clone(), trust)),
            }
        };
        self.roots.iter().map(one).collect()
    }

    /// Writes what is new. A numbered root comes before the one to pin, so that a run that is
    /// broken off goes on from it.
    ///
    /// # Errors
    /// [`RenderError::File`].
    pub(super) fn write(&self) -> Result<(), RenderError> {
        for (path, document) in &self.files {
            let failed = |why: String| RenderError::File { path: path.clone(), why };
            let text = serde_json::to_string_pretty(document).map_err(|e| failed(e.to_string()))?;
            write_change(path, &format!("{text}\n"))?;
        }
        Ok(())
    }
}

fn root_path(out: &Path, node: &NodeId) -> PathBuf {
    out.join("trust").join(format!("{node}.root.json"))
}

fn version_path(out: &Path, node: &NodeId, version: u64) -> PathBuf {
    out.join("trust").join(format!("{node}.root.{version}.json"))
}

/// The newest root of an earlier run: the one to pin, or a later one beside it.
pub(super) fn newest_root(
    out: &Path,
    node: &NodeId,
) -> Result<Option<(General, Root)>, RenderError> {
    let mut newest = read_document::<Root>(&root_path(out, node))?;
    loop {
        let next = newest.as_ref().map_or(1, |(_, root)| root.version + 1);
        match read_document::<Root>(&version_path(out, node, next))? {
            Some(found) if found.1.version == next => newest = Some(found),
            _ => return Ok(newest),
        }
    }
}

/// The federation of an earlier run, or a new one.
fn federation(topology: &Topology, out: &Path) -> Result<Federation, RenderError> {
    if let Some((_, old)) = newest_root(out, topology.union())? {
        return Ok(old.fed);
    }
    let random = keys::random()?;
    let text: String = random.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let path = root_path(out, topology.union());
    Federation::try_from(text).map_err(|e| RenderError::File { path, why: e.to_string() })
}

fn says_the_same_root(old: &Root, new: &Root) -> bool {
    old.root == new.root && old.bundle == new.bundle
}

fn is_valid(document: &General, signers: &[PublicKey]) -> bool {
    document.signers(signers).len() >= BUNDLE_THRESHOLD
}

/// Whether only times, version and revocations differ.
fn says_the_same(old: &Bundle, new: &Bundle) -> bool {
    let keys = |bundle: &Bundle| {
        bundle.keys.iter().map(|key| (key.jwk.clone(), key.usage)).collect::<Vec<_>>()
    };
    old.contact == new.contact && old.nodes == new.nodes && keys(old) == keys(new)
}

/// The next version takes over what no topology says: revocations, and from when on a key counts,
/// so that what it signed before stays readable.
fn after(old: &Bundle, mut new: Bundle) -> Bundle {
    for key in &mut new.keys {
        let same = |was: &&KeyEntry| was.jwk == key.jwk && was.usage == key.usage;
        if let Some(was) = old.keys.iter().find(same) {
            key.nbf = key.nbf.min(was.nbf);
        }
    }
    new.revoked.clone_from(&old.revoked);
    new
}

fn sign_root(
    new: &Root,
    before: Option<&Root>,
    keys: &Keys,
    out: &Path,
) -> Result<General, RenderError> {
    let there = keys.root_signers(&new.node)?;
    let sets: Vec<_> = std::iter::once(&new.root).chain(before.map(|root| &root.root)).collect();
    let signers = enough(&there, &sets)
        .ok_or_else(|| too_few(before.unwrap_or(new), &there, &safe(out, &new.node)))?;
    sign(new, &signers, &version_path(out, &new.node, new.version))
}

fn sign<T: serde::Serialize>(
    document: &T,
    signers: &[&SecretKey],
    path: &Path,
) -> Result<General, RenderError> {
    let failed = |why: String| RenderError::File { path: path.into(), why };
    let payload = serde_json::to_vec(document).map_err(|e| failed(e.to_string()))?;
    let mut signed = General::unsigned(&payload);
    for signer in signers {
        signed.sign(*signer).map_err(|e| failed(e.to_string()))?;
    }
    Ok(signed)
}
