//! The organisations: each with its server, its relay and its links, all of which can break.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::disk::Disk;
use crate::links::{Link, Mode};
use crate::plan::{Fault, Kind, Targets};
use crate::support::Federation;

pub const TOPOLOGY: &str = "tests/fixtures/topology/chaos.toml";
/// Seconds between two heartbeats: an alarm comes within the run, and goes.
pub const PERIOD: u64 = 10;

/// A moment in which both ends of a link hear of a reset.
const RESET: Duration = Duration::from_millis(100);

pub struct World {
    pub all: Federation,
    links: BTreeMap<String, Link>,
    small: String,
    disk: Option<Disk>,
}

impl World {
    /// Everything runs and is ready; `small` is whose disk can be full.
    pub async fn start(small: &str) -> Self {
        let all = Federation::rendered_apart(TOPOLOGY, PERIOD).await;
        let disk = Disk::under(&all, small).await;
        let links = lay(&all).await;
        let world = Self { all, links, small: small.to_owned(), disk };
        for node in world.nodes() {
            world.start_server(&node);
        }
        for node in world.nodes() {
            world.all.server_is_well(&node).await;
        }
        world.all.provision_all().await;
        world.all.start_relays();
        world.all.all_ready().await;
        world
    }

    pub fn nodes(&self) -> Vec<String> {
        self.all.nodes().map(ToString::to_string).collect()
    }

    pub fn targets(&self) -> Targets {
        let links = self.links.keys().cloned().collect();
        Targets { nodes: self.nodes(), links, small: self.small.clone() }
    }

    fn start_server(&self, node: &str) {
        let disk = self.disk.as_ref().filter(|_| node == self.small);
        self.all.start_server_of(node, disk.map(|disk| disk.holder));
    }

    /// Breaks something, waits, and mends it. Whether it could be played.
    pub async fn play(&self, fault: &Fault) -> bool {
        let (node, lasts) = (fault.target.as_str(), fault.lasts);
        match fault.kind {
            Kind::KillRelay => {
                self.all.kill_relay(node);
                tokio::time::sleep(lasts).await;
                self.all.start_relay(node);
            }
            Kind::KillServer => {
                self.all.kill_server_of(node);
                tokio::time::sleep(lasts).await;
                self.start_server(node);
            }
            Kind::KillBoth => {
                self.all.kill_server_of(node);
                self.all.kill_relay(node);
                tokio::time::sleep(lasts).await;
                // As after a reboot: which of them is first is nobody's promise.
                self.all.start_relay(node);
                self.start_server(node);
            }
            Kind::FreezeRelay => {
                self.all.freeze_relay(node, true);
                tokio::time::sleep(lasts).await;
                self.all.freeze_relay(node, false);
            }
            Kind::FreezeServer => {
                self.all.freeze_server_of(node, true);
                tokio::time::sleep(lasts).await;
                self.all.freeze_server_of(node, false);
            }
            Kind::FullDisk => return self.fill(lasts).await,
            Kind::Cut | Kind::BlackHole | Kind::Deaf | Kind::Forgotten => {
                self.break_link(fault).await;
            }
        }
        true
    }

    async fn fill(&self, lasts: Duration) -> bool {
        let Some(disk) = &self.disk else { return false };
        disk.fill();
        tokio::time::sleep(lasts).await;
        disk.free();
        // The server goes on refusing, as if nothing had become free, until it is started anew.
        self.all.kill_server_of(&self.small);
        self.start_server(&self.small);
        true
    }

    async fn break_link(&self, fault: &Fault) {
        let link = &self.links[&fault.target];
        let mode = match fault.kind {
            Kind::Cut => Mode::Cut,
            Kind::Deaf => Mode::Deaf,
            _ => Mode::Stalled,
        };
        if fault.kind == Kind::Forgotten {
            return link.forget();
        }
        link.set(mode);
        tokio::time::sleep(fault.lasts).await;
        if mode == Mode::Deaf {
            link.set(Mode::Cut);
            tokio::time::sleep(RESET).await;
        }
        link.set(Mode::Through);
    }
}

/// Puts a link of ours between each relay and each server that it connects to, its own too.
async fn lay(all: &Federation) -> BTreeMap<String, Link> {
    let mut links = BTreeMap::new();
    for node in &all.rendered.nodes {
        let file = node.folder.join("relay.toml");
        let mut text = std::fs::read_to_string(&file).expect("a configuration");
        for server in std::iter::once(&node.id).chain(&node.hood.upstreams) {
            let url = &all.node(server.as_str()).url;
            let port = url.rsplit(':').next().expect("a port").parse().expect("a port");
            let link = Link::to(port).await;
            let through = format!("nats://127.0.0.1:{}", link.port());
            assert_eq!(text.matches(&format!("\"{url}\"")).count(), 1, "{text}");
            text = text.replace(&format!("\"{url}\""), &format!("\"{through}\""));
            links.insert(format!("{} to {server}", node.id), link);
        }
        std::fs::write(&file, text).expect("written");
    }
    links
}
