//! A whole federation on a real nats-server, for tests that must not believe a stand-in: rendered
//! from a topology, provisioned, one process for each relay. Killed and removed when dropped, and
//! also when the test process dies.
#![allow(dead_code, unreachable_pub)] // each test binary uses its own part
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::unwrap_used)]

mod apart;
mod backup;
mod look;
mod notices;
mod ports;
mod processes;
mod trust;
mod users;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use chappe::address::Role;
use chappe::bus::Bus;
use chappe::notice::NodeId;
use chappe::topology::{RenderOptions, Rendered, RenderedNode, Topology, render};
use chappe::trust::Trust;
use tokio::task::JoinSet;

#[allow(unused_imports)] // not every binary names it
pub use look::payload;
pub use notices::*;
use processes::Processes;
#[allow(unused_imports)] // not every binary names it
pub use users::Raw;

pub const SMALL: &str = "topology/small.toml";
pub const LISTENERS: &str = "tests/fixtures/topology/listeners.toml";
/// How long anything may take on a loaded machine.
pub const PATIENCE: Duration = Duration::from_secs(30);
const SERVER: &str = "nats-server";

/// Every node of one topology on one server.
pub struct Federation {
    pub rendered: Rendered,
    pub trust: Trust,
    monitor_port: u16,
    processes: Processes,
    period: Option<u64>,
}

impl Federation {
    /// Renders, provisions and starts everything, and waits until every relay is ready.
    pub async fn start(topology: &str) -> Self {
        let federation = Self::provisioned(topology).await;
        federation.start_relays();
        federation.all_ready().await;
        federation
    }

    /// As [`Self::start`]; every issuer says what it has in force each `period` seconds.
    pub async fn start_beating(topology: &str, period: u64) -> Self {
        let federation = Self { period: Some(period), ..Self::provisioned(topology).await };
        federation.start_relays();
        federation.all_ready().await;
        federation
    }

    /// As [`Self::start`], with no relay: a server and its accounts, streams and durables.
    pub async fn provisioned(topology: &str) -> Self {
        Self::provisioned_on(topology, |_| {}).await
    }

    /// As [`Self::provisioned`], with something done to the rendered files before anything starts.
    pub async fn provisioned_on(topology: &str, prepare: impl FnOnce(&Rendered)) -> Self {
        let processes = Processes::new();
        let monitor_port = ports::free();
        let out = processes.folder().join("out");
        let rendered = render_into(topology, &out, true, monitor_port);
        prepare(&rendered);
        let trust = trust(&rendered.out);
        let federation = Self { rendered, trust, monitor_port, processes, period: None };
        federation.start_server().await;
        federation.provision().await;
        federation
    }

    pub fn node(&self, id: &str) -> &RenderedNode {
        let found = self.rendered.nodes.iter().find(|node| node.id.as_str() == id);
        found.unwrap_or_else(|| panic!("no node {id}"))
    }

    pub fn nodes(&self) -> impl Iterator<Item = &NodeId> {
        self.rendered.nodes.iter().map(|node| &node.id)
    }

    pub async fn start_server(&self) {
        self.spawn_server();
        let up = async || match ports::get(self.monitor_port, "/healthz").await {
            Some((200, _)) => Ok(()),
            other => Err(format!("{other:?}")),
        };
        self.eventually("a healthy server", up).await;
    }

    /// As [`Self::start_server`], without waiting for anything: it may not be able to start.
    pub fn spawn_server(&self) {
        let mut command = Command::new(ports::nats_server());
        command.arg("-c").arg(self.rendered.out.join("nats-server.conf"));
        self.processes.spawn(SERVER, &mut command);
    }

    pub fn kill_server(&self) {
        self.processes.kill(SERVER);
    }

    pub fn start_relays(&self) {
        for node in self.nodes() {
            self.start_relay(node.as_str());
        }
    }

    pub fn start_relay(&self, node: &str) {
        self.start_relay_with(node, &[]);
    }

    /// As [`Self::start_relay`], with these variables.
    pub fn start_relay_with(&self, node: &str, variables: &[(&str, &str)]) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chappe"));
        command.arg("relay").arg("--config").arg(self.node(node).folder.join("relay.toml"));
        // What is set for the tests, or by whoever runs them, is no part of a relay's settings.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CHAPPE_")) {
            command.env_remove(name);
        }
        if let Some(period) = self.period {
            command.env("CHAPPE_BEATS_PERIOD", period.to_string());
        }
        command.envs(variables.iter().copied());
        self.processes.spawn(node, &mut command);
    }

    /// SIGKILL: nothing is finished or said.
    pub fn kill_relay(&self, node: &str) {
        self.processes.kill(node);
    }

    /// SIGTERM; whether it ended with success in time.
    pub async fn stop_relay(&self, node: &str) -> bool {
        self.processes.terminate(node).await
    }

    /// The last lines of each log that are not mere information.
    pub fn complaints(&self) -> String {
        self.processes.complaints()
    }

    /// Everything that each process has said so far, by its name.
    pub fn said(&self) -> Vec<(String, Vec<u8>)> {
        self.processes.said()
    }

    /// A page of a node's console, whatever its status.
    pub async fn page(&self, node: &str, path: &str) -> String {
        let page = ports::get(self.node(node).console_port, path).await;
        page.unwrap_or_else(|| panic!("{node} does not answer")).1
    }

    pub async fn all_ready(&self) {
        for node in self.nodes() {
            self.ready(node.as_str()).await;
        }
    }

    pub async fn ready(&self, node: &str) {
        self.answers(node, "/readyz").await;
    }

    /// Waits until a relay's process answers, whatever it lacks.
    pub async fn alive(&self, node: &str) {
        self.answers(node, "/livez").await;
    }

    async fn answers(&self, node: &str, path: &str) {
        let port = self.node(node).console_port;
        let answers = async || match ports::get(port, path).await {
            Some((200, _)) => Ok(()),
            other => Err(format!("{other:?}")),
        };
        self.eventually(&format!("the relay of {node} says yes to {path}"), answers).await;
    }

    async fn provision(&self) {
        let mut tasks = JoinSet::new();
        for node in &self.rendered.nodes {
            let (endpoint, plan) = (self.endpoint(&node.id, &Role::Provisioner), node.hood.plan());
            tasks.spawn(async move {
                let bus = Bus::connect(&endpoint).await.expect("the provisioner connects");
                bus.provision(&plan, 1).await.expect("provisioned");
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.expect("a node is provisioned");
        }
    }

    /// Waits until `check` holds; what it last saw, and what the relays complained about, if not.
    pub async fn eventually<T>(
        &self,
        what: &str,
        check: impl AsyncFnMut() -> Result<T, String>,
    ) -> T {
        self.within(PATIENCE, what, check).await
    }

    pub async fn within<T>(
        &self,
        patience: Duration,
        what: &str,
        mut check: impl AsyncFnMut() -> Result<T, String>,
    ) -> T {
        let deadline = tokio::time::Instant::now() + patience;
        loop {
            let seen = match check().await {
                Ok(done) => return done,
                Err(seen) => seen,
            };
            if tokio::time::Instant::now() > deadline {
                let complaints = self.processes.complaints();
                panic!("not within {patience:?}: {what}\nlast seen: {seen}\n{complaints}");
            }
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    }
}

fn render_into(topology: &str, out: &Path, one_server: bool, monitor_port: u16) -> Rendered {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(topology);
    let text = std::fs::read_to_string(&path).expect("a topology file");
    let (topology, _) = Topology::load(&text, topology).expect("a valid topology");
    let (nodes, servers) =
        (topology.nodes().len(), if one_server { 1 } else { topology.nodes().len() });
    let port = ports::free_range(nodes + servers);
    let options = RenderOptions {
        out: PathBuf::from(out),
        one_server,
        host: "127.0.0.1".into(),
        port,
        monitor_port,
        console_port: port + u16::try_from(servers).expect("a few servers"),
        now: chappe::time::now(),
    };
    render(&topology, &options).expect("rendered")
}

fn trust(out: &Path) -> Trust {
    let folder = out.join("trust");
    let files =
        chappe::relay::TrustFiles { root: folder.join("eu-fr.root.json"), bundles: Some(folder) };
    let (trust, rejected) = chappe::relay::load_trust(&files).expect("trust documents");
    assert!(rejected.is_empty(), "{rejected:?}");
    trust
}
