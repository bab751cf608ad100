//! Child processes by name, none of which outlives the test.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

/// Waits for the end of its input, which comes when the test process ends in whatever way, and
/// then kills and removes everything: what a static owns is never dropped.
const GUARD: &str = r#"cat > /dev/null
for pid in "$1"/pids/*; do kill -9 "$(cat "$pid")"; done
rm -rf "$1""#;
const COMPLAINTS: usize = 6;

/// Where servers sync every write: in memory if there is room, else on the disk; or in the folder
/// that `SERVERS_DIR` names (with `CHAPPE_` before it would be a setting of the program). A test
/// kills processes and never the machine, so nothing is lost that a disk would keep; on a shared
/// disk most of a run is waiting.
fn quick() -> PathBuf {
    const ROOM_KIB: u64 = 4 << 20;
    if let Some(chosen) = std::env::var_os("SERVERS_DIR") {
        return chosen.into();
    }
    let memory = Path::new("/dev/shm");
    let df = Command::new("df").args(["--output=avail", "-k"]).arg(memory).output();
    let text = df.map(|df| String::from_utf8_lossy(&df.stdout).into_owned()).unwrap_or_default();
    let room: Option<u64> = text.lines().last().and_then(|line| line.trim().parse().ok());
    let roomy = room.is_some_and(|room| room > ROOM_KIB);
    if roomy { memory.to_owned() } else { std::env::temp_dir() }
}

pub(super) struct Processes {
    folder: PathBuf,
    guard: Child,
    children: Mutex<BTreeMap<String, Child>>,
}

impl Processes {
    pub(super) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("chappe-test-").tempdir_in(quick());
        let folder = folder.expect("a folder").keep();
        for name in ["pids", "logs"] {
            fs::create_dir(folder.join(name)).expect("a folder");
        }
        let mut guard = Command::new("sh");
        guard.arg("-c").arg(GUARD).arg("guard").arg(&folder).stdin(Stdio::piped());
        // A group of its own: what ends the test's group must not end the guard.
        guard.process_group(0);
        let guard = guard.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a guard");
        Self { folder, guard, children: Mutex::default() }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn spawn(&self, name: &str, command: &mut Command) {
        let log = self.folder.join("logs").join(name);
        let log = File::options().append(true).create(true).open(log).expect("a log");
        let error = log.try_clone().expect("a handle");
        let child = command.stdin(Stdio::null()).stdout(log).stderr(error).spawn();
        let child = child.unwrap_or_else(|e| panic!("{name} does not start: {e}"));
        fs::write(self.pid_file(name), child.id().to_string()).expect("a pid file");
        let before = self.children.lock().expect("children").insert(name.to_owned(), child);
        assert!(before.is_none(), "{name} runs already");
    }

    fn pid_file(&self, name: &str) -> PathBuf {
        self.folder.join("pids").join(name)
    }

    pub(super) fn kill(&self, name: &str) {
        let mut child = self.take(name);
        child.kill().expect("killed");
        child.wait().expect("ended");
    }

    fn take(&self, name: &str) -> Child {
        fs::remove_file(self.pid_file(name)).expect("a pid file");
        let child = self.children.lock().expect("children").remove(name);
        child.unwrap_or_else(|| panic!("{name} does not run"))
    }

    /// Sends a signal, `STOP` or the like, to one that runs.
    pub(super) fn signal(&self, name: &str, signal: &str) {
        let pid = fs::read_to_string(self.pid_file(name)).expect("a pid file");
        let told = Command::new("kill").arg(format!("-{signal}")).arg(pid).status();
        assert!(told.expect("kill runs").success(), "{name} has ended before");
    }

    pub(super) fn pid(&self, name: &str) -> u32 {
        let pid = fs::read_to_string(self.pid_file(name)).expect("a pid file");
        pid.parse().expect("a pid")
    }

    /// Those that ended without having been told to, and how.
    pub(super) fn ended(&self) -> Vec<String> {
        let mut children = self.children.lock().expect("children");
        let ended = children.iter_mut().filter_map(|(name, child)| {
            let status = child.try_wait().expect("asked")?;
            Some(format!("{name}: {status}"))
        });
        ended.collect()
    }

    pub(super) async fn terminate(&self, name: &str) -> bool {
        self.signal(name, "TERM");
        let mut child = self.take(name);
        for _ in 0..500 {
            if let Some(status) = child.try_wait().expect("asked") {
                return status.success();
            }
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
        child.kill().expect("killed");
        child.wait().expect("ended");
        false
    }

    /// The whole log of each process, by its name.
    pub(super) fn said(&self) -> Vec<(String, Vec<u8>)> {
        let logs = fs::read_dir(self.folder.join("logs")).expect("logs");
        let logs = logs.map(|log| log.expect("a log"));
        logs.map(|log| (log.file_name().display().to_string(), fs::read(log.path()).expect("read")))
            .collect()
    }

    /// The last lines of each process that are not mere information.
    pub(super) fn complaints(&self) -> String {
        let mut all = String::new();
        for log in fs::read_dir(self.folder.join("logs")).expect("logs").flatten() {
            let text = fs::read_to_string(log.path()).unwrap_or_default();
            let told =
                |line: &&str| !line.contains("\"level\":\"INFO\"") && !line.contains("[INF]");
            let lines: Vec<&str> = text.lines().filter(told).collect();
            let last = &lines[lines.len().saturating_sub(COMPLAINTS)..];
            if !last.is_empty() {
                let name = log.file_name();
                all.push_str(&format!("--- {}\n{}\n", name.display(), last.join("\n")));
            }
        }
        all
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
        if let Ok(children) = self.children.get_mut() {
            for child in children.values_mut() {
                let _ = child.wait();
            }
        }
    }
}
