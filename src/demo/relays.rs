//! One relay process for each node, started again when it dies.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::run::DemoError;
use crate::time::Stopwatch;
use crate::topology::Rendered;

/// Between two starts of a relay that dies: doubling, so that one that cannot start is no storm.
const AGAIN: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(10));
/// A relay that ran this long had started well.
const WELL: Duration = Duration::from_secs(10);
/// A relay drains within twelve seconds; then it is killed.
const GRACE: Duration = Duration::from_secs(15);

/// Every relay of the federation.
pub(super) struct Relays {
    keepers: JoinSet<()>,
    stop: CancellationToken,
}

impl Relays {
    /// Starts them all.
    pub(super) fn start(rendered: &Rendered) -> Result<Self, DemoError> {
        let program = std::env::current_exe().map_err(|e| DemoError::File(e.to_string()))?;
        let stop = CancellationToken::new();
        let mut keepers = JoinSet::new();
        for node in &rendered.nodes {
            keepers.spawn(keep(program.clone(), node.folder.clone(), stop.clone()));
        }
        Ok(Self { keepers, stop })
    }

    /// Tells them all to end, and waits.
    pub(super) async fn end(mut self) {
        self.stop.cancel();
        while self.keepers.join_next().await.is_some() {}
    }
}

async fn keep(program: PathBuf, folder: PathBuf, stop: CancellationToken) {
    let mut pause = AGAIN.0;
    while !stop.is_cancelled() {
        let started = Stopwatch::start();
        match spawn(&program, &folder) {
            Ok(mut child) => {
                tokio::select! {
                    status = child.wait() => {
                        tracing::warn!(folder = %folder.display(), ?status, "relay ended");
                    }
                    () = stop.cancelled() => return end(&mut child).await,
                }
            }
            Err(error) => tracing::error!(folder = %folder.display(), %error, "relay not started"),
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => {}
        }
        pause = if started.elapsed() > WELL { AGAIN.0 } else { (pause * 2).min(AGAIN.1) };
    }
}

fn spawn(program: &Path, folder: &Path) -> std::io::Result<Child> {
    let log = File::options().create(true).append(true).open(folder.join("relay.log"))?;
    let copy = log.try_clone()?;
    Command::new(program)
        .args(["relay", "--config"])
        .arg(folder.join("relay.toml"))
        .stdin(Stdio::null())
        .stdout(copy)
        .stderr(log)
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
}

/// SIGTERM, as a service manager sends it.
async fn end(child: &mut Child) {
    if let Some(pid) = child.id() {
        let told = Command::new("kill").arg("-TERM").arg(pid.to_string()).status().await;
        if told.is_ok_and(|status| status.success())
            && tokio::time::timeout(GRACE, child.wait()).await.is_ok()
        {
            return;
        }
    }
    child.kill().await.ok();
}
