//! `[server]` and `[[upstream]]`: the servers that a relay connects to.

use std::path::Path;

use super::link::Connection;
use super::spans::{Schema, Shape};
use super::table::Table;
use super::values::parsed;
use crate::notice::NodeId;

/// Copies of each stream: one server. A cluster of three says so.
pub const DEFAULT_REPLICAS: u8 = 1;
/// A node's own server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConfig {
    /// How the relay reaches it.
    pub connection: Connection,
    /// Copies of each stream, 1 or 3.
    pub replicas: u8,
}

/// A server from which notices come, and to which escalations go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamConfig {
    /// Whose it is.
    pub node: NodeId,
    /// How the relay reaches it.
    pub connection: Connection,
}

const V: Shape = Shape::Value;

pub(super) const SERVER: Schema = Schema {
    title: "[server]",
    keys: &[
        ("url", V),
        ("seed", V),
        ("inbox", V),
        ("ca", V),
        ("cert", V),
        ("key", V),
        ("replicas", V),
    ],
    other: None,
};
pub(super) const UPSTREAM: Schema = Schema {
    title: "[[upstream]]",
    keys: &[("node", V), ("url", V), ("seed", V), ("inbox", V), ("ca", V), ("cert", V), ("key", V)],
    other: None,
};

impl ServerConfig {
    pub(super) fn read(table: Table<'_, '_, '_>, base: &Path) -> Option<Self> {
        let connection = Connection::read(table, base);
        let replicas = match table.integer("replicas") {
            None => DEFAULT_REPLICAS,
            Some(1) => 1,
            Some(3) => 3,
            Some(other) => {
                table.wrong_at("replicas", &format!("{other}; expected 1 or 3"));
                DEFAULT_REPLICAS
            }
        };
        Some(Self { connection: connection?, replicas })
    }
}

/// `[[upstream]]`: each once, and never this node.
pub(super) fn upstreams(
    root: Table<'_, '_, '_>,
    me: Option<&NodeId>,
    base: &Path,
) -> Option<Vec<UpstreamConfig>> {
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
        let connection = Connection::read(table, base);
        found.push(
            node.zip(connection).map(|(node, connection)| UpstreamConfig { node, connection }),
        );
    }
    found.into_iter().collect()
}
