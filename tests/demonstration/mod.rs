//! One `chappe demo` that stays up in a folder of its own, and is gone when the test is.

#![allow(unreachable_pub)] // for one test binary

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use chappe::time::Stopwatch;
use serde_json::Value;

const PLAYED: Duration = Duration::from_secs(120);
const ENDED: Duration = Duration::from_secs(40);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A running demo.
pub struct Demonstration {
    /// Where it keeps everything.
    pub folder: tempfile::TempDir,
    /// What it printed when it had played.
    pub account: Value,
    child: Child,
}

impl Demonstration {
    /// Starts it, and waits for its account.
    pub fn start(topology: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let complaints = std::fs::File::create(folder.path().join("stderr")).expect("a file");
        let mut child = Command::new(env!("CARGO_BIN_EXE_chappe"))
            .current_dir(root(""))
            .args(["demo", "--json", "--topology", topology, "--dir"])
            .arg(folder.path())
            .stdout(Stdio::piped())
            .stderr(complaints)
            .spawn()
            .expect("runs");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut demo = Self { folder, account: Value::Null, child };
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|l| sender.send(l)));
        let line = receiver.recv_timeout(PLAYED);
        let line = line.unwrap_or_else(|e| panic!("no account: {e}\n{}", demo.complaints()));
        demo.account = serde_json::from_str(&line).expect("one JSON object");
        demo
    }

    /// A command as the desk of a node.
    pub fn chappe(&self, verb: &str, node: &str) -> Command {
        let profile = self.folder.path().join("nodes").join(node).join("desk.toml");
        let mut command = Command::new(env!("CARGO_BIN_EXE_chappe"));
        command.arg(verb).arg("-c").arg(profile).stdin(Stdio::null());
        command
    }

    /// Its processes that were started with a file of that name in its folder.
    pub fn processes(&self, file: &str) -> Vec<u32> {
        let wanted = self.folder.path().join(file).display().to_string();
        let own = self.child.id();
        let pids = std::fs::read_dir("/proc").expect("/proc").filter_map(|entry| {
            let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let words = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
            let is_it = String::from_utf8_lossy(&words).contains(&wanted);
            (is_it && pid != own).then_some(pid)
        });
        pids.collect()
    }

    /// SIGKILL.
    pub fn kill(&self, pids: &[u32]) {
        for pid in pids {
            signal("-KILL", *pid);
        }
    }

    /// SIGTERM; its exit code, or `None` if it did not end by itself.
    pub fn terminate(&mut self) -> Option<i32> {
        signal("-TERM", self.child.id());
        let watch = Stopwatch::start();
        while watch.elapsed() < ENDED {
            if let Some(status) = self.child.try_wait().expect("asked") {
                return status.code();
            }
            std::thread::sleep(LOOK_EVERY);
        }
        None
    }

    /// What it wrote to standard error.
    pub fn complaints(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default()
    }
}

impl Drop for Demonstration {
    fn drop(&mut self) {
        // Itself first: it would start again what dies.
        self.child.kill().ok();
        self.child.wait().ok();
        self.kill(&self.processes(""));
    }
}

fn signal(name: &str, pid: u32) {
    let told = Command::new("kill").arg(name).arg(pid.to_string()).output();
    told.expect("kill runs");
}

/// Tries until it works.
pub fn patiently(patience: Duration, mut attempt: impl FnMut() -> Result<(), String>) {
    let watch = Stopwatch::start();
    while let Err(why) = attempt() {
        assert!(watch.elapsed() < patience, "not within {patience:?}: {why}");
        std::thread::sleep(LOOK_EVERY);
    }
}

/// A file of the repository.
pub fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
