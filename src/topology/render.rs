//! From a topology to a folder with which every node really starts: keys, seeds, signed bundles,
//! a server's and a relay's configuration, desk profiles. Run again, it keeps every key and
//! changes what the topology changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::bundles::KeyRing;
use super::files::{RenderError, write};
use super::model::{Node, Topology};
use super::offline::{Keys, seed};
use super::versions::Documents;
use super::written::{desk_toml, relay_toml, subscriber_toml};
use super::{ServerSettings, server_conf};
use crate::address::{AccountSpec, DESK, LocalSubscriber, Neighbourhood, Role, replay_durable};
use crate::jws;
use crate::notice::{Federation, NodeId, Time};
use crate::trust::Trust;

/// Where things go and who listens where.
#[derive(Clone, Debug)]
pub struct RenderOptions {
    /// The folder.
    pub out: PathBuf,
    /// One server for all nodes (a demonstration), or one each (an organisation).
    pub one_server: bool,
    /// Host of every server.
    pub host: String,
    /// Client port of the first server; each next has the next.
    pub port: u16,
    /// Monitoring port of the first server.
    pub monitor_port: u16,
    /// Console port of the first relay.
    pub console_port: u16,
    /// Now: documents and keys count from here.
    pub now: Time,
}

/// What was rendered, for those who start it.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// The folder.
    pub out: PathBuf,
    /// The federation.
    pub fed: Federation,
    /// Each node's plan and ports, in the topology's order.
    pub nodes: Vec<RenderedNode>,
}

/// One rendered node.
#[derive(Clone, Debug)]
pub struct RenderedNode {
    /// The node.
    pub id: NodeId,
    /// Its folder.
    pub folder: PathBuf,
    /// Its server.
    pub url: String,
    /// Its relay's console.
    pub console_port: u16,
    /// Its accounts' users.
    pub hood: Neighbourhood,
}

/// Bytes of storage that one server's streams may reserve.
const MAX_FILE: u64 = 400 * 1024 * 1024 * 1024;

/// Renders a topology.
///
/// # Errors
/// [`RenderError`] naming the file.
pub fn render(topology: &Topology, options: &RenderOptions) -> Result<Rendered, RenderError> {
    let keys = Keys::make(topology, &options.out)?;
    let documents = Documents::draw(topology, &keys, &options.out, options.now)?;
    let trusts = documents.compile()?;
    documents.write()?;
    write(&options.out.join("jwks.json"), &jwks(topology, &keys))?;
    let mut nodes = Vec::new();
    for (index, node) in topology.nodes().iter().enumerate() {
        let home = node.id.state().unwrap_or_else(|| node.id.clone());
        if let Some(trust) = trusts.get(&home) {
            nodes.push(render_node(node, index, (&home, trust), topology, options)?);
        }
    }
    let fed = documents.fed().clone();
    if options.one_server {
        let accounts: Vec<_> = nodes.iter().flat_map(|n| n.hood.plan().accounts).collect();
        server_file(options, &nodes, &options.out, 0, &accounts)?;
    } else {
        for (index, node) in nodes.iter().enumerate() {
            server_file(options, &nodes, &node.folder, index, &node.hood.plan().accounts)?;
        }
    }
    Ok(Rendered { out: options.out.clone(), fed, nodes })
}

fn folder(options: &RenderOptions, node: &NodeId) -> PathBuf {
    options.out.join("nodes").join(node.as_str())
}

fn jwks(topology: &Topology, ring: &dyn KeyRing) -> String {
    let one = |key: &jws::PublicKey, node: &NodeId, usage: &str| {
        let jwk = key.to_jwk();
        serde_json::json!({"kty": jwk.kty, "crv": jwk.crv, "x": jwk.x, "kid": key.id().as_str(),
            "chappe_node": node, "chappe_use": usage})
    };
    let both = |node: &Node| {
        let keys = ring.keys(&node.id)?;
        Some([one(&keys.issue, &node.id, "issue"), one(&keys.relay, &node.id, "relay")])
    };
    let all: Vec<_> = topology.nodes().iter().filter_map(both).flatten().collect();
    format!("{:#}\n", serde_json::json!({ "keys": all }))
}

fn render_node(
    node: &Node,
    index: usize,
    (home, trust): (&NodeId, &Trust),
    topology: &Topology,
    options: &RenderOptions,
) -> Result<RenderedNode, RenderError> {
    let offset = u16::try_from(index).unwrap_or(u16::MAX);
    let own = folder(options, &node.id);
    let subscribers: Vec<LocalSubscriber> = node.subscribers.iter().map(local).collect();
    let amber = node.subscribers.iter().any(|s| s.tlp == crate::notice::Tlp::Amber);
    let hood = Neighbourhood::of(trust, &node.id, &node.publishers, &subscribers, amber);
    let url_of = |id: &NodeId| server_url(topology, id, options);
    write(
        &own.join("relay.toml"),
        &relay_toml(node, home, &hood, amber, options.console_port + offset, &url_of),
    )?;
    for publisher in hood.all_publishers() {
        let text = desk_toml(&node.id, home, &publisher, &url_of(&node.id));
        write(&own.join(format!("{publisher}.toml")), &text)?;
    }
    for subscriber in &node.subscribers {
        for user in [format!("sub-{}", subscriber.name), replay_durable(&subscriber.name)] {
            let text = subscriber_toml(&node.id, home, &user, &url_of(&node.id));
            write(&own.join(format!("{user}.toml")), &text)?;
        }
    }
    Ok(RenderedNode {
        id: node.id.clone(),
        folder: own,
        url: url_of(&node.id),
        console_port: options.console_port + offset,
        hood,
    })
}

fn local(subscriber: &super::model::Subscriber) -> LocalSubscriber {
    LocalSubscriber {
        name: subscriber.name.clone(),
        scopes: subscriber.scopes.clone(),
        severities: subscriber.severities.clone(),
        tlp: subscriber.tlp,
        drills: subscriber.drills,
    }
}

fn server_url(topology: &Topology, id: &NodeId, options: &RenderOptions) -> String {
    let index = topology.nodes().iter().position(|node| node.id == *id).unwrap_or_default();
    let offset = if options.one_server { 0 } else { u16::try_from(index).unwrap_or(u16::MAX) };
    format!("nats://{}:{}", options.host, options.port + offset)
}

/// Where a user's seed is: a link's with the child that uses it, all others with the node.
#[must_use]
pub fn seed_path(out: &Path, account_node: &NodeId, role: &Role) -> PathBuf {
    let of = |node: &NodeId| out.join("nodes").join(node.as_str()).join("seeds");
    match role {
        Role::Relay => of(account_node).join("relay.nk"),
        Role::Provisioner => of(account_node).join("provisioner.nk"),
        Role::Monitor => of(account_node).join("monitor.nk"),
        Role::Desk => of(account_node).join(format!("{DESK}.nk")),
        Role::Publisher(name) => of(account_node).join(format!("{name}.nk")),
        Role::Subscriber(name) => of(account_node).join(format!("sub-{name}.nk")),
        Role::Replay(name) => of(account_node).join(format!("{}.nk", replay_durable(name))),
        Role::Link(child) => of(child).join(format!("link-{account_node}.nk")),
    }
}

fn server_file(
    options: &RenderOptions,
    nodes: &[RenderedNode],
    place: &Path,
    index: usize,
    accounts: &[AccountSpec],
) -> Result<(), RenderError> {
    let mut nkeys = BTreeMap::new();
    for account in accounts {
        let Some(node) = owner(nodes, &account.name) else { continue };
        for user in &account.users {
            let public = seed(&seed_path(&options.out, node, &user.role))?.public;
            nkeys.insert((account.name.clone(), user.role.clone()), public);
        }
    }
    let offset = u16::try_from(index).unwrap_or(u16::MAX);
    let name = nodes.get(index).map(|node| node.id.to_string()).unwrap_or_default();
    let settings = ServerSettings {
        name: if options.one_server { "chappe-demo".into() } else { name },
        listen: format!("{}:{}", options.host, options.port + offset),
        monitor_port: options.monitor_port + offset,
        store: std::path::absolute(place.join("jetstream"))
            .map_err(|e| RenderError::File { path: place.into(), why: e.to_string() })?,
        max_file: MAX_FILE,
    };
    let find = |account: &str, role: &Role| nkeys.get(&(account.to_owned(), role.clone())).cloned();
    write(&place.join("nats-server.conf"), &server_conf(&settings, accounts, &find))
}

fn owner<'n>(nodes: &'n [RenderedNode], account: &str) -> Option<&'n NodeId> {
    let node = account.strip_suffix("_in").or_else(|| account.strip_suffix("_out"));
    let node = node.unwrap_or(account);
    nodes.iter().map(|rendered| &rendered.id).find(|id| id.as_str() == node)
}
