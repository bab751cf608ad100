//! The keys of a rendered folder: made once, never overwritten. Root and bundle keys lie in
//! `offline/<node>/`, issue and relay keys with the node.
//!
//! Where an authority has a root already, none of the keys that it names is made again: one that is
//! not here is in somebody's safe, and only a file with another key says that it was replaced.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::bundles::{KeyRing, NodeKeys, ROOT_KEYS};
use super::files::RenderError;
use super::model::{Node, Topology};
use super::versions::newest_root;
use crate::jws::{PublicKey, SecretKey, Signer as _};
use crate::keys::{self, KeyFileError, NkeyFile};
use crate::notice::NodeId;
use crate::trust::{KeySet, Root};

/// Signs bundles.
const BUNDLE: &str = "bundle.pem";
/// Signs bundles when the other is lost; of a union or State, where only a root can replace it.
const BUNDLE_SPARE: &str = "bundle-spare.pem";

/// Whose keys are whose.
pub(super) struct Keys {
    out: PathBuf,
    nodes: BTreeMap<NodeId, NodeKeys>,
}

impl KeyRing for Keys {
    fn keys(&self, node: &NodeId) -> Option<&NodeKeys> {
        self.nodes.get(node)
    }
}

impl Keys {
    /// Reads the keys of every node, and makes those that are not there and in no root.
    ///
    /// # Errors
    /// [`RenderError`] naming the file.
    pub(super) fn make(topology: &Topology, out: &Path) -> Result<Self, RenderError> {
        let mut nodes = BTreeMap::new();
        for node in topology.nodes() {
            nodes.insert(node.id.clone(), of_node(node, out)?);
        }
        Ok(Self { out: out.to_owned(), nodes })
    }

    /// Every root key of an authority that is here: also `root*.pem` files beside the five, so
    /// that a key which was replaced can still sign what replaces it.
    pub(super) fn root_signers(&self, node: &NodeId) -> Result<Vec<SecretKey>, RenderError> {
        root_keys(&safe(&self.out, node))
    }

    /// A key that signs bundles.
    pub(super) fn bundle_signer(&self, node: &NodeId) -> Result<SecretKey, RenderError> {
        let safe = safe(&self.out, node);
        let (first, spare) = (safe.join(BUNDLE), safe.join(BUNDLE_SPARE));
        let there = if !first.exists() && spare.exists() { spare } else { first };
        Ok(keys::read_key(&there)?)
    }
}

/// A union or a State: it has a root.
fn is_authority(node: &Node) -> bool {
    node.id.depth() <= 2
}

/// What never leaves an authority's safe.
pub(super) fn safe(out: &Path, node: &NodeId) -> PathBuf {
    out.join("offline").join(node.as_str())
}

/// Says how many keys are missing for the root after `root`.
pub(super) fn too_few(root: &Root, there: &[SecretKey], folder: &Path) -> RenderError {
    RenderError::RootKeys {
        node: root.node.clone(),
        version: root.version,
        need: root.root.threshold,
        have: there.iter().filter(|key| is_in(&root.root, key.public())).count(),
        folder: folder.to_owned(),
    }
}

/// As few of the keys as meet every threshold, those that count for several first.
pub(super) fn enough<'k>(there: &'k [SecretKey], sets: &[&KeySet]) -> Option<Vec<&'k SecretKey>> {
    let worth = |key: &SecretKey| sets.iter().filter(|set| is_in(set, key.public())).count();
    let mut order: Vec<&SecretKey> = there.iter().collect();
    order.sort_by_key(|key| std::cmp::Reverse(worth(key)));
    let mut chosen: Vec<&SecretKey> = Vec::new();
    let met = |chosen: &[&SecretKey], set: &KeySet| {
        chosen.iter().filter(|key| is_in(set, key.public())).count() >= set.threshold
    };
    for key in order {
        let twice = chosen.iter().any(|other| other.public() == key.public());
        let needed = |set: &KeySet| is_in(set, key.public()) && !met(&chosen, set);
        if !twice && sets.iter().any(|set| needed(set)) {
            chosen.push(key);
        }
    }
    sets.iter().all(|set| met(&chosen, set)).then_some(chosen)
}

fn is_in(set: &KeySet, key: &PublicKey) -> bool {
    set.keys.contains(&key.to_jwk())
}

fn root_keys(folder: &Path) -> Result<Vec<SecretKey>, RenderError> {
    let failed = |e: std::io::Error| RenderError::File { path: folder.into(), why: e.to_string() };
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("root") && name.ends_with(".pem") {
            paths.push(path);
        }
    }
    paths.sort();
    paths.iter().map(|path| Ok(keys::read_key(path)?)).collect()
}

fn of_node(node: &Node, out: &Path) -> Result<NodeKeys, RenderError> {
    let own = out.join("nodes").join(node.id.as_str()).join("keys");
    let safe = safe(out, &node.id);
    let old = if is_authority(node) { newest_root(out, &node.id)? } else { None };
    let old = old.map(|(_, root)| root);
    let roots = if is_authority(node) { ROOT_KEYS } else { 0 };
    let bundles: &[&str] = if is_authority(node) { &[BUNDLE, BUNDLE_SPARE] } else { &[BUNDLE] };
    let root_files: Vec<PathBuf> =
        (1..=roots).map(|number| safe.join(format!("root-{number}.pem"))).collect();
    let bundle_files: Vec<PathBuf> = bundles.iter().map(|name| safe.join(name)).collect();
    Ok(NodeKeys {
        root: set(&root_files, old.as_ref().map(|root| &root.root))?,
        bundle: set(&bundle_files, old.as_ref().map(|root| &root.bundle))?,
        issue: key(&own.join("issue.pem"))?.public().clone(),
        relay: key(&own.join("relay.pem"))?.public().clone(),
    })
}

/// The public keys of these files, in their order; of one that is not here, what the root before
/// says. A root with another number of keys is of an earlier version, and says nothing of it.
fn set(files: &[PathBuf], before: Option<&KeySet>) -> Result<Vec<PublicKey>, RenderError> {
    let before = before.filter(|set| set.keys.len() == files.len());
    let one = |(index, path): (usize, &PathBuf)| {
        let away = before.filter(|_| !path.exists()).and_then(|set| set.keys.get(index));
        match away.and_then(|jwk| PublicKey::from_jwk(jwk).ok()) {
            Some(away) => Ok(away),
            None => Ok(key(path)?.public().clone()),
        }
    };
    files.iter().enumerate().map(one).collect()
}

/// The key of a file, made if there is none.
fn key(path: &Path) -> Result<SecretKey, RenderError> {
    make_folder(path)?;
    match keys::create_key(path) {
        Err(KeyFileError::Exists(_)) => Ok(keys::read_key(path)?),
        made => Ok(made?),
    }
}

/// The nkey of a file, made if there is none.
pub(super) fn seed(path: &Path) -> Result<NkeyFile, RenderError> {
    make_folder(path)?;
    match keys::create_nkey(path) {
        Err(KeyFileError::Exists(_)) => Ok(keys::read_nkey(path)?),
        made => Ok(made?),
    }
}

fn make_folder(file: &Path) -> Result<(), RenderError> {
    let parent = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent)
        .map_err(|e| RenderError::File { path: parent.into(), why: e.to_string() })
}
