//! A nats-server as a child process that is kept running.
//!
//! For the demo, the tests, and small nodes without a service manager. Ready means that the server
//! greets on its port under its own name with JetStream on, not that some time has passed. It runs
//! in a process group of its own, so that a Ctrl-C in the terminal stops us first and us it.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::connect::reconnect_delay;

/// From start to ready; a large store takes its time.
const READY_TIMEOUT: Duration = Duration::from_secs(30);
const PROBE_EVERY: Duration = Duration::from_millis(20);
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
/// From the request to stop to the kill.
const GRACE: Duration = Duration::from_secs(10);
/// The longest greeting that is read.
const GREETING_BYTES: u64 = 32 * 1024;
/// How much of the log an error quotes.
const QUOTED_LINES: usize = 5;

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The nats-server.
    pub binary: PathBuf,
    /// Its configuration file.
    pub config: PathBuf,
    /// The `server_name` in it, by which we know our own server from a stranger on the port.
    pub name: String,
    /// The address in it on which clients are served.
    pub listen: SocketAddr,
    /// The file to which its log is appended.
    pub log: PathBuf,
}

/// Why a server does not run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    /// It could not be started at all.
    #[error("{path}: {why}")]
    Start {
        /// The file that stood in the way: binary or log.
        path: String,
        /// The system's words.
        why: String,
    },
    /// It ended before it was ready.
    #[error("nats-server with {config} ended at once ({status}): {log}")]
    Ended {
        /// Its configuration.
        config: String,
        /// How it ended.
        status: String,
        /// The last lines of its log.
        log: String,
    },
    /// It did not get ready in time.
    #[error("nats-server with {config} is not ready after {} s: {log}", READY_TIMEOUT.as_secs())]
    NotReady {
        /// Its configuration.
        config: String,
        /// The last lines of its log.
        log: String,
    },
    /// It could not be told to do something.
    #[error("nats-server: {0}")]
    Signal(String),
}

/// A running server. Dropping it kills the process; [`Supervised::shutdown`] is the gentle way.
#[derive(Debug)]
pub struct Supervised {
    launch: Launch,
    shared: Arc<Shared>,
    stop: CancellationToken,
    keeper: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Shared {
    pid: AtomicU32,
    restarts: AtomicU64,
}

impl Supervised {
    /// Starts the server and waits, at most 30 s, until it is ready. From then on it is started
    /// again whenever it ends, after 0.1 s growing to 5 s.
    ///
    /// # Errors
    /// [`ServerError`], with the last lines of its log.
    pub async fn start(launch: Launch) -> Result<Self, ServerError> {
        let mut child = spawn(&launch)?;
        ready(&launch, &mut child).await?;
        let shared = Arc::new(Shared::default());
        shared.pid.store(child.id().unwrap_or(0), Ordering::Relaxed);
        let stop = CancellationToken::new();
        let mut keeper = JoinSet::new();
        keeper.spawn(keep(launch.clone(), child, Arc::clone(&shared), stop.clone()));
        Ok(Self { launch, shared, stop, keeper })
    }

    /// Its process id; 0 while it is being started again.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.shared.pid.load(Ordering::Relaxed)
    }

    /// How often it was started again.
    #[must_use]
    pub fn restarts(&self) -> u64 {
        self.shared.restarts.load(Ordering::Relaxed)
    }

    /// The address for clients, `nats://host:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://{}", self.launch.listen)
    }

    /// Makes it read its configuration again. No connection is cut but those of removed users.
    ///
    /// # Errors
    /// [`ServerError::Signal`] if it could not be told; what it makes of it stands in its log.
    pub async fn reload(&self) -> Result<(), ServerError> {
        signal(&self.launch.binary, "reload", self.pid()).await
    }

    /// Asks it to stop, and kills it after 10 s.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        while self.keeper.join_next().await.is_some() {}
    }
}

/// A port of this machine that nobody listens on at this moment.
///
/// # Errors
/// The system's, if there is none.
pub fn free_port() -> std::io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

async fn keep(launch: Launch, mut child: Child, shared: Arc<Shared>, stop: CancellationToken) {
    let mut attempt = 0;
    loop {
        let ended = tokio::select! {
            status = child.wait() => status,
            () = stop.cancelled() => return end(&launch, &mut child).await,
        };
        shared.pid.store(0, Ordering::Relaxed);
        tracing::warn!(server = %launch.name, status = %shown(ended), "nats-server ended");
        loop {
            tokio::select! {
                () = tokio::time::sleep(reconnect_delay(attempt)) => {}
                () = stop.cancelled() => return,
            }
            attempt += 1;
            shared.restarts.fetch_add(1, Ordering::Relaxed);
            match again(&launch, &shared).await {
                Ok(running) => {
                    child = running;
                    attempt = 0;
                    break;
                }
                Err(error) => tracing::error!(server = %launch.name, %error, "not restarted"),
            }
        }
    }
}

async fn again(launch: &Launch, shared: &Shared) -> Result<Child, ServerError> {
    let mut child = spawn(launch)?;
    ready(launch, &mut child).await?;
    shared.pid.store(child.id().unwrap_or(0), Ordering::Relaxed);
    Ok(child)
}

async fn end(launch: &Launch, child: &mut Child) {
    let asked = match child.id() {
        Some(pid) => signal(&launch.binary, "term", pid).await,
        None => return,
    };
    if let Err(error) = asked {
        tracing::warn!(server = %launch.name, %error, "nats-server is killed");
    } else if tokio::time::timeout(GRACE, child.wait()).await.is_ok() {
        return;
    }
    child.kill().await.ok();
}

fn spawn(launch: &Launch) -> Result<Child, ServerError> {
    let failed = |path: &Path, error: std::io::Error| ServerError::Start {
        path: path.display().to_string(),
        why: error.to_string(),
    };
    let log = File::options().create(true).append(true).open(&launch.log);
    let log = log.map_err(|error| failed(&launch.log, error))?;
    let copy = log.try_clone().map_err(|error| failed(&launch.log, error))?;
    let mut command = Command::new(&launch.binary);
    command.arg("-c").arg(&launch.config).stdin(Stdio::null()).stdout(copy).stderr(log);
    command.kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    command.spawn().map_err(|error| failed(&launch.binary, error))
}

/// The server's own way to send a signal, which needs no system call of ours.
async fn signal(binary: &Path, word: &str, pid: u32) -> Result<(), ServerError> {
    let failed = |why: String| ServerError::Signal(format!("{word}: {why}"));
    if pid == 0 {
        return Err(failed("it is not running".to_owned()));
    }
    let mut command = Command::new(binary);
    command.arg("--signal").arg(format!("{word}={pid}")).stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

async fn ready(launch: &Launch, child: &mut Child) -> Result<(), ServerError> {
    let config = launch.config.display().to_string();
    tokio::select! {
        status = child.wait() => {
            let (status, log) = (shown(status), tail(&launch.log));
            Err(ServerError::Ended { config, status, log })
        }
        () = greeted(launch) => Ok(()),
        () = tokio::time::sleep(READY_TIMEOUT) => {
            Err(ServerError::NotReady { config, log: tail(&launch.log) })
        }
    }
}

async fn greeted(launch: &Launch) {
    loop {
        let greeting = tokio::time::timeout(PROBE_TIMEOUT, greeting(launch.listen)).await;
        if let Ok(Ok(text)) = greeting
            && is_ours(&text, &launch.name)
        {
            return;
        }
        tokio::time::sleep(PROBE_EVERY).await;
    }
}

async fn greeting(address: SocketAddr) -> std::io::Result<String> {
    let stream = TcpStream::connect(address).await?;
    let mut line = String::new();
    BufReader::new(stream.take(GREETING_BYTES)).read_line(&mut line).await?;
    Ok(line)
}

fn is_ours(greeting: &str, name: &str) -> bool {
    let info = greeting.strip_prefix("INFO ").unwrap_or_default();
    let info: serde_json::Value = serde_json::from_str(info).unwrap_or_default();
    info.get("server_name").and_then(|n| n.as_str()) == Some(name)
        && info.get("jetstream").and_then(serde_json::Value::as_bool) == Some(true)
}

fn shown(status: std::io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    }
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(QUOTED_LINES).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
}

#[cfg(test)]
mod tests {
    use super::is_ours;

    #[test]
    fn a_stranger_on_the_port_is_not_taken_for_our_server() {
        let greeting = "INFO {\"server_name\":\"other\",\"jetstream\":true} \r\n";
        assert!(!is_ours(greeting, "ours"));
        assert!(is_ours(greeting, "other"));
    }

    #[test]
    fn a_server_without_jetstream_is_not_ready() {
        assert!(!is_ours("INFO {\"server_name\":\"ours\"}\r\n", "ours"));
        assert!(!is_ours("SSH-2.0-OpenSSH\r\n", "ours"));
    }
}
