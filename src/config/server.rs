//! `[server]` and `[[upstream]]`: the servers that a relay connects to.

use std::path::{Path, PathBuf};

use super::spans::{Schema, Shape};
use super::table::Table;
use super::values::{parsed, path, server_url};
use crate::notice::NodeId;

/// Copies of each stream: one server. A cluster of three says so.
pub const DEFAULT_REPLICAS: usize = 1;

/// A node's own server, and as whom the relay connects. Holds paths, never a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// `nats://host:port` or `tls://host:port`.
    pub url: String,
    /// The file of the user's nkey seed.
    pub seed: PathBuf,
    /// Authorities of the server's certificate; without it the system's are believed.
    pub ca: Option<PathBuf>,
    /// Client certificate; there if and only if `key` is.
    pub cert: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
    /// Copies of each stream: 1, or 3 in a cluster.
    pub replicas: usize,
}

/// A server from which notices come, and to which escalations go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// The parent or followed node whose it is.
    pub node: NodeId,
    /// `nats://host:port` or `tls://host:port`.
    pub url: String,
    /// The file of the link's nkey seed.
    pub seed: PathBuf,
    /// Authorities of the server's certificate; without it the system's are believed.
    pub ca: Option<PathBuf>,
    /// Client certificate; there if and only if `key` is.
    pub cert: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
}

const V: Shape = Shape::Value;
pub(super) const SERVER: Schema = Schema {
    title: "[server]",
    keys: &[("url", V), ("seed", V), ("ca", V), ("cert", V), ("key", V), ("replicas", V)],
    other: None,
};
pub(super) const UPSTREAM: Schema = Schema {
    title: "[[upstream]]",
    keys: &[("node", V), ("url", V), ("seed", V), ("ca", V), ("cert", V), ("key", V)],
    other: None,
};

/// The keys that every connection has, in whatever file.
pub(super) struct Reach {
    pub(super) url: String,
    pub(super) seed: PathBuf,
    pub(super) ca: Option<PathBuf>,
    pub(super) cert: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
}

impl Reach {
    /// `base` is the folder of the file: paths are relative to it.
    pub(super) fn read(table: Table<'_, '_, '_>, base: &Path) -> Option<Self> {
        let url = table.need("url", server_url);
        let seed = table.need("seed", path);
        let file = |key| table.text(key, path).map(|path| base.join(path));
        let (ca, cert, key) = (file("ca"), file("cert"), file("key"));
        match (&cert, &key) {
            (Some(_), None) => table.wrong_at("cert", "a certificate without its `key`"),
            (None, Some(_)) => table.wrong_at("key", "a key without its `cert`"),
            _ => {}
        }
        let plain = url.as_ref().is_some_and(|url| url.starts_with("nats://"));
        if plain && (ca.is_some() || cert.is_some() || key.is_some()) {
            let text = "nats:// with TLS files: write tls://, which never falls back to plain text";
            table.wrong_at("url", text);
        }
        Some(Self { url: url?, seed: base.join(seed?), ca, cert, key })
    }
}

impl Server {
    pub(super) fn read(table: Table<'_, '_, '_>, base: &Path) -> Option<Self> {
        let reach = Reach::read(table, base);
        let replicas = match table.integer("replicas") {
            None => DEFAULT_REPLICAS,
            Some(1) => 1,
            Some(3) => 3,
            Some(other) => {
                table.wrong_at("replicas", &format!("{other}; expected 1 or 3"));
                DEFAULT_REPLICAS
            }
        };
        let Reach { url, seed, ca, cert, key } = reach?;
        Some(Self { url, seed, ca, cert, key, replicas })
    }
}

/// `[[upstream]]`: each once, and never this node.
pub(super) fn upstreams(
    root: Table<'_, '_, '_>,
    me: Option<&NodeId>,
    base: &Path,
) -> Option<Vec<Upstream>> {
    let mut seen = Vec::new();
    let mut found = Vec::new();
    for table in root.tables("upstream", UPSTREAM.title) {
        let node: Option<NodeId> = table.need("node", parsed);
        if let Some(node) = &node {
            if Some(node) == me {
                table.wrong_at("node", "this node itself; expected its parent or a followed node");
            }
            if seen.contains(node) {
                table.wrong_at("node", &format!("`{node}` is an upstream already"));
            }
            seen.push(node.clone());
        }
        let reach = Reach::read(table, base);
        let whole = |(node, Reach { url, seed, ca, cert, key })| Upstream {
            node,
            url,
            seed,
            ca,
            cert,
            key,
        };
        found.push(node.zip(reach).map(whole));
    }
    found.into_iter().collect()
}
