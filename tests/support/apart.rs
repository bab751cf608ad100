//! Each organisation with a server of its own, so that one of them can die alone.

use std::process::Command;

use super::processes::Processes;
use super::{Federation, ports, render_into, trust};

impl Federation {
    /// Renders a topology with a server for each node; nothing runs yet. Every issuer says what it
    /// has in force each `period` seconds.
    pub async fn rendered_apart(topology: &str, period: u64) -> Self {
        let processes = Processes::new();
        let text = std::fs::read_to_string(topology).expect("a topology file");
        let monitor_port = ports::free_range(text.matches("[[node]]").count());
        let rendered = render_into(topology, &processes.folder().join("out"), false, monitor_port);
        let trust = trust(&rendered.out);
        Self { rendered, trust, monitor_port, processes, period: Some(period) }
    }

    /// Starts one node's server; `enter` is whose view of the disks it has.
    pub fn start_server_of(&self, node: &str, enter: Option<u32>) {
        let conf = self.node(node).folder.join("nats-server.conf");
        let server = ports::nats_server();
        let mut command = match enter {
            None => Command::new(server),
            Some(pid) => {
                let mut inside = Command::new("nsenter");
                inside.args(["--target", &pid.to_string(), "--user", "--mount"]);
                inside.arg("--preserve-credentials").arg(server);
                inside
            }
        };
        self.processes.spawn(&server_name(node), command.arg("-c").arg(conf));
    }

    /// Waits until one node's server is well.
    pub async fn server_is_well(&self, node: &str) {
        let at = self.nodes().position(|id| id.as_str() == node).expect("a node");
        let port = self.monitor_port + u16::try_from(at).expect("a few nodes");
        let well = async || match ports::get(port, "/healthz").await {
            Some((200, _)) => Ok(()),
            other => Err(format!("{other:?}")),
        };
        self.eventually(&format!("the server of {node} is well"), well).await;
    }

    pub fn kill_server_of(&self, node: &str) {
        self.processes.kill(&server_name(node));
    }

    /// Stops every thread of a process where it stands, or lets them go on.
    pub fn freeze_relay(&self, node: &str, frozen: bool) {
        self.processes.signal(node, if frozen { "STOP" } else { "CONT" });
    }

    /// As [`Self::freeze_relay`], of a node's server.
    pub fn freeze_server_of(&self, node: &str, frozen: bool) {
        self.processes.signal(&server_name(node), if frozen { "STOP" } else { "CONT" });
    }

    /// A process of the test's own, which ends with it. Returns its id.
    pub fn start_helper(&self, name: &str, command: &mut Command) -> u32 {
        self.processes.spawn(name, command);
        self.processes.pid(name)
    }

    /// Processes that ended by themselves, and how.
    pub fn ended(&self) -> Vec<String> {
        self.processes.ended()
    }

    /// Copies everything that was said to where it outlives the test.
    pub fn keep_logs(&self, folder: &std::path::Path) {
        std::fs::create_dir_all(folder).expect("a folder");
        for (name, said) in self.said() {
            std::fs::write(folder.join(name), said).expect("written");
        }
    }

    /// Makes streams and durables everywhere.
    pub async fn provision_all(&self) {
        self.provision().await;
    }
}

fn server_name(node: &str) -> String {
    format!("server-of-{node}")
}
