//! From a topology to a folder with which every node really starts: keys, seeds, signed bundles,
//! a server's and a relay's configuration, desk profiles. Run again, it keeps every key and
//! changes what the topology changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::bundles::{KeyRing, NodeKeys, bundle, root};
use super::files::{RenderError, read_document, write};
use super::model::{Node, Topology};
use super::written::{desk_toml, relay_toml, subscriber_toml};
use super::{ServerSettings, server_conf};
use crate::address::{AccountSpec, DESK, LocalSubscriber, Neighbourhood, Role, replay_durable};
use crate::jws::{self, General, Signer as _};
use crate::keys::{self, KeyFileError, NkeyFile};
use crate::notice::{Federation, NodeId, Time};
use crate::trust::{Bundle, Root, Trust};

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

/// A node's files of keys.
struct Ring(BTreeMap<NodeId, NodeKeys>);

impl KeyRing for Ring {
    fn keys(&self, node: &NodeId) -> Option<&NodeKeys> {
        self.0.get(node)
    }
}

/// Bytes of storage that one server's streams may reserve.
const MAX_FILE: u64 = 400 * 1024 * 1024 * 1024;

/// Renders a topology.
///
/// # Errors
/// [`RenderError`] naming the file.
pub fn render(topology: &Topology, options: &RenderOptions) -> Result<Rendered, RenderError> {
    let ring = make_keys(topology, options)?;
    let fed = federation(topology, options)?;
    let mut documents = Vec::new();
    for node in topology.nodes() {
        documents.extend(make_root(node, &ring, &fed, options)?);
        documents.push(make_bundle(topology, node, &ring, &fed, options)?);
    }
    write(&options.out.join("jwks.json"), &jwks(topology, &ring))?;
    let mut trusts = BTreeMap::new();
    let mut nodes = Vec::new();
    for (index, node) in topology.nodes().iter().enumerate() {
        let home = node.id.state().unwrap_or_else(|| node.id.clone());
        if !trusts.contains_key(&home) {
            trusts.insert(home.clone(), compiled(&home, &documents, options)?);
        }
        if let Some(trust) = trusts.get(&home) {
            nodes.push(render_node(node, index, (&home, trust), topology, options)?);
        }
    }
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

fn make_keys(topology: &Topology, options: &RenderOptions) -> Result<Ring, RenderError> {
    let mut ring = BTreeMap::new();
    for node in topology.nodes() {
        let own = folder(options, &node.id).join("keys");
        let offline = options.out.join("offline").join(node.id.as_str());
        let root = (node.id.depth() <= 2).then(|| key(&offline.join("root.pem"))).transpose()?;
        let keys = NodeKeys {
            root: root.map(|key| key.public().clone()),
            bundle: key(&offline.join("bundle.pem"))?.public().clone(),
            issue: key(&own.join("issue.pem"))?.public().clone(),
            relay: key(&own.join("relay.pem"))?.public().clone(),
        };
        ring.insert(node.id.clone(), keys);
    }
    Ok(Ring(ring))
}

/// The key of a file, made if there is none.
fn key(path: &Path) -> Result<jws::SecretKey, RenderError> {
    make_folder(path)?;
    match keys::create_plain_key(path) {
        Err(KeyFileError::Exists(_)) => Ok(keys::read_key(path)?),
        made => Ok(made?),
    }
}

fn seed(path: &Path) -> Result<NkeyFile, RenderError> {
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

/// The federation of an earlier run, or a new one.
fn federation(topology: &Topology, options: &RenderOptions) -> Result<Federation, RenderError> {
    let path = root_path(options, topology.union());
    if let Some(old) = read_document::<Root>(&path)? {
        return Ok(old.fed);
    }
    let random = keys::random()?;
    let text: String = random.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Federation::try_from(text).map_err(|e| RenderError::File { path, why: e.to_string() })
}

fn root_path(options: &RenderOptions, node: &NodeId) -> PathBuf {
    options.out.join("trust").join(format!("{node}.root.json"))
}

fn make_root(
    node: &Node,
    ring: &Ring,
    fed: &Federation,
    options: &RenderOptions,
) -> Result<Option<General>, RenderError> {
    let Some(keys) = ring.keys(&node.id) else { return Ok(None) };
    let Some(document) = root(fed, node, keys, options.now) else { return Ok(None) };
    let path = root_path(options, &node.id);
    let same = |old: &Root| old.root == document.root && old.bundle == document.bundle;
    if read_document::<Root>(&path)?.as_ref().is_some_and(same) {
        return super::files::read_general(&path);
    }
    let signer = options.out.join("offline").join(node.id.as_str()).join("root.pem");
    sign_into(&path, &document, &signer).map(Some)
}

fn make_bundle(
    topology: &Topology,
    node: &Node,
    ring: &Ring,
    fed: &Federation,
    options: &RenderOptions,
) -> Result<General, RenderError> {
    let path = options.out.join("trust").join(format!("{}.bundle.json", node.id));
    let old = read_document::<Bundle>(&path)?;
    let version = old.as_ref().map_or(1, |old| old.version + 1);
    let missing = || RenderError::File { path: path.clone(), why: "a key is missing".into() };
    let new = bundle(fed, topology, node, ring, version, options.now).ok_or_else(missing)?;
    if old.as_ref().is_some_and(|old| says_the_same(old, &new))
        && let Some(document) = super::files::read_general(&path)?
    {
        return Ok(document);
    }
    let signer = options.out.join("offline").join(node.id.as_str()).join("bundle.pem");
    sign_into(&path, &new, &signer)
}

/// Whether only times and version differ.
fn says_the_same(old: &Bundle, new: &Bundle) -> bool {
    let keys = |bundle: &Bundle| {
        bundle.keys.iter().map(|key| (key.jwk.clone(), key.usage)).collect::<Vec<_>>()
    };
    old.contact == new.contact && old.nodes == new.nodes && keys(old) == keys(new)
}

fn sign_into<T: serde::Serialize>(
    path: &Path,
    document: &T,
    signer: &Path,
) -> Result<General, RenderError> {
    let failed = |why: String| RenderError::File { path: path.into(), why };
    let payload = serde_json::to_vec(document).map_err(|e| failed(e.to_string()))?;
    let mut signed = General::unsigned(&payload);
    signed.sign(&key(signer)?).map_err(|e| failed(e.to_string()))?;
    let text = serde_json::to_string_pretty(&signed).map_err(|e| failed(e.to_string()))?;
    write(path, &format!("{text}\n"))?;
    Ok(signed)
}

fn jwks(topology: &Topology, ring: &Ring) -> String {
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

/// What a node that pins `home`'s root believes; a draft that does not hold together goes nowhere.
fn compiled(
    home: &NodeId,
    documents: &[General],
    options: &RenderOptions,
) -> Result<Trust, RenderError> {
    let path = root_path(options, home);
    let gone = || RenderError::File { path: path.clone(), why: "gone".into() };
    let root = super::files::read_general(&path)?.ok_or_else(gone)?;
    let (trust, rejected) = Trust::compile(&root, documents)
        .map_err(|e| RenderError::Trust(home.clone(), e.to_string()))?;
    match rejected.first() {
        Some(first) => Err(RenderError::Trust(home.clone(), first.why.clone())),
        None => Ok(trust),
    }
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
