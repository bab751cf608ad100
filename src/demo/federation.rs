//! Bringing the federation up: files, server, streams, relays; and what testers need to join in.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::json;

use super::relays::Relays;
use super::run::{DemoError, Options};
use crate::address::{DESK, LINK_API, Role, replay_durable};
use crate::bus::{Bus, Endpoint, Launch, Supervised, TlsFiles, find_server};
use crate::console;
use crate::keys;
use crate::topology::{RenderOptions, Rendered, RenderedNode, Topology, render, seed_path};

/// Nodes provisioned at a time; the server writes one file after another anyway.
const AT_A_TIME: usize = 8;
/// From the start of the relays until every one is ready.
const READY: Duration = Duration::from_secs(60);

/// A running federation.
pub(super) struct Federation {
    pub(super) rendered: Rendered,
    pub(super) server: Supervised,
    relays: Relays,
}

impl Federation {
    /// Renders, starts and provisions everything, and waits until every relay is ready.
    pub(super) async fn start(
        topology: &Topology,
        options: &Options,
        tell: &(dyn Fn(&str) + Sync),
    ) -> Result<Self, DemoError> {
        let (out, fast) = (options.out.as_path(), options.fast);
        let consoles = u16::try_from(topology.nodes().len()).unwrap_or(u16::MAX);
        let nats = free_range(consoles.saturating_add(2))?;
        let (monitor, console_port) = (nats + 1, nats + 2);
        let options = RenderOptions {
            out: out.to_owned(),
            one_server: true,
            host: "127.0.0.1".into(),
            port: nats,
            monitor_port: monitor,
            console_port,
            now: crate::time::now(),
        };
        let rendered = render(topology, &options)?;
        if fast {
            hasten(&rendered)?;
        }
        let server = Supervised::start(Launch {
            binary: find_server().await?,
            config: out.join("nats-server.conf"),
            name: "chappe-demo".into(),
            listen: SocketAddr::from(([127, 0, 0, 1], nats)),
            log: out.join("nats-server.log"),
        })
        .await?;
        tell("making streams and durables");
        provision(&rendered).await?;
        write_federation(topology, &rendered)?;
        tell("starting a relay for each node");
        let relays = Relays::start(&rendered)?;
        let federation = Self { rendered, server, relays };
        federation.wait_until_ready().await?;
        Ok(federation)
    }

    async fn wait_until_ready(&self) -> Result<(), DemoError> {
        let all = async {
            for node in &self.rendered.nodes {
                while !is_ready(node).await {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        };
        let late = |_| DemoError::NotReady(READY.as_secs());
        tokio::time::timeout(READY, all).await.map_err(late)
    }

    /// Ends the relays, then the server.
    pub(super) async fn end(self) {
        self.relays.end().await;
        self.server.shutdown().await;
    }
}

/// The legal clocks that run here.
const CLOCKS: &str = include_str!("clocks.toml");

/// Gives every relay the demo's fast clocks.
fn hasten(rendered: &Rendered) -> Result<(), DemoError> {
    for node in &rendered.nodes {
        let (config, clocks) = (node.folder.join("relay.toml"), node.folder.join("clocks.toml"));
        let failed = |e: std::io::Error| DemoError::File(format!("{}: {e}", node.folder.display()));
        let mut text = std::fs::read_to_string(&config).map_err(failed)?;
        text.push_str("\n[cases]\nclocks = \"clocks.toml\"\n");
        std::fs::write(&clocks, CLOCKS).map_err(failed)?;
        std::fs::write(&config, text).map_err(failed)?;
    }
    Ok(())
}

async fn is_ready(node: &RenderedNode) -> bool {
    let console = format!("127.0.0.1:{}", node.console_port);
    let answer = console::ask(&console, "/readyz").await.unwrap_or_default();
    answer.contains("\"ready\":true")
}

/// A first port with `count` free ones from there on. Below the range from which the system gives
/// outgoing connections theirs: one of those took a console's port between choice and use.
fn free_range(count: u16) -> Result<u16, DemoError> {
    const TRIES: usize = 100;
    const FROM: u16 = 20_000;
    const SPAN: u32 = 10_000;
    let free = |port: u16| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
    for _ in 0..TRIES {
        let offset = getrandom::u32().unwrap_or_default() % SPAN;
        let first = FROM + u16::try_from(offset).unwrap_or_default();
        if (first..first + count).all(free) {
            return Ok(first);
        }
    }
    Err(DemoError::File(format!("no {count} free ports in a row")))
}

async fn provision(rendered: &Rendered) -> Result<(), DemoError> {
    futures_util::stream::iter(&rendered.nodes)
        .map(|node| async move {
            let bus = connect(rendered, node, &Role::Provisioner, "provisioner").await?;
            bus.provision(&node.hood.plan(), 1).await?;
            Ok::<(), DemoError>(())
        })
        .buffer_unordered(AT_A_TIME)
        .try_collect()
        .await
}

/// A connection as one of a node's users.
pub(super) async fn connect(
    rendered: &Rendered,
    node: &RenderedNode,
    role: &Role,
    user: &str,
) -> Result<Bus, DemoError> {
    let endpoint = Endpoint {
        url: node.url.clone(),
        seed: keys::read_nkey(&seed_path(&rendered.out, &node.id, role))?.seed,
        inbox: format!("_INBOX_{user}"),
        name: format!("{} {user}", node.id),
        tls: TlsFiles::default(),
    };
    Ok(Bus::connect(&endpoint).await?)
}

/// `federation.json`: whom there is, where, and with which seeds a tester connects.
fn write_federation(topology: &Topology, rendered: &Rendered) -> Result<(), DemoError> {
    let nodes: Vec<_> =
        rendered.nodes.iter().filter_map(|node| described(topology, rendered, node)).collect();
    let text = format!("{:#}\n", json!({ "fed": rendered.fed, "nodes": nodes }));
    let path = rendered.out.join("federation.json");
    std::fs::write(&path, text).map_err(|e| DemoError::File(format!("{}: {e}", path.display())))
}

fn described(
    topology: &Topology,
    rendered: &Rendered,
    node: &RenderedNode,
) -> Option<serde_json::Value> {
    let seat = topology.node(&node.id)?;
    let accounts = node.hood.plan().accounts;
    let users = accounts.iter().flat_map(|account| &account.users);
    let mut roles = serde_json::Map::new();
    for user in users {
        let (name, is_first) = match &user.role {
            Role::Publisher(_) => ("publisher", true),
            Role::Desk => (DESK, true),
            Role::Subscriber(_) => ("subscriber", true),
            Role::Replay(_) => ("replay", true),
            Role::Monitor => ("monitor", true),
            Role::Relay | Role::Provisioner | Role::Link(_) => ("", false),
        };
        if !is_first || roles.contains_key(name) {
            continue;
        }
        let seed = std::path::absolute(seed_path(&rendered.out, &node.id, &user.role)).ok()?;
        let subjects: Vec<_> =
            user.subscribe.iter().filter(|s| !s.starts_with(&user.inbox)).collect();
        let mut told = json!({"seed": seed, "inbox_prefix": user.inbox, "subjects": subjects});
        if let (Role::Replay(subscriber), Some(told)) = (&user.role, told.as_object_mut()) {
            told.insert("durable".into(), replay_durable(subscriber).into());
            told.insert("stream".into(), "BOARD".into());
            told.insert("api_prefix".into(), LINK_API.into());
        }
        roles.insert(name.to_owned(), told);
    }
    Some(json!({
        "id": node.id,
        "name": seat.name,
        "level": seat.level,
        "constituency": seat.constituency,
        "parent": node.id.parent(),
        "follows": seat.follows,
        "nats": node.url,
        "metrics": format!("http://127.0.0.1:{}/metrics", node.console_port),
        "roles": roles,
    }))
}
