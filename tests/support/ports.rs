//! Free ports, the server's binary, and one HTTP request.

use std::fs::File;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(super) fn free() -> u16 {
    free_range(1)
}

/// Ports that are given away together, so that a few files say which are.
const BLOCK: u16 = 16;
/// Until the end of this process.
static TAKEN: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// Whether these blocks are ours: a port is free until its server starts, and other tests, in this
/// process and in others, look for ports meanwhile.
fn take(blocks: std::ops::Range<u16>) -> bool {
    let folder = std::env::temp_dir().join("chappe-test-ports");
    std::fs::create_dir_all(&folder).expect("a folder");
    let lock = |block: u16| {
        let file = File::create(folder.join(block.to_string())).ok()?;
        file.try_lock().ok().map(|()| file)
    };
    let files: Option<Vec<File>> = blocks.map(lock).collect();
    files.is_some_and(|files| {
        TAKEN.lock().expect("the taken").extend(files);
        true
    })
}

/// The first of so many free ports in a row. Below the range from which the system takes ports for
/// outgoing connections: one of those could take it before we do.
pub(super) fn free_range(count: usize) -> u16 {
    const LOWEST: u16 = 12_000;
    const HIGHEST: u16 = 32_000;
    let count = u16::try_from(count).expect("a few ports");
    for _ in 0..200 {
        let mut random = [0; 2];
        getrandom::fill(&mut random).expect("random bytes");
        let needed = count.div_ceil(BLOCK);
        let block = u16::from_le_bytes(random) % ((HIGHEST - LOWEST) / BLOCK - needed);
        if !take(block..block + needed) {
            continue;
        }
        let first = LOWEST + block * BLOCK;
        let bound = (first..first + count).map(|port| TcpListener::bind(("127.0.0.1", port)));
        if bound.collect::<Result<Vec<_>, _>>().is_ok() {
            return first;
        }
    }
    panic!("no {count} free ports in a row");
}

/// The server's binary: `CHAPPE_NATS_SERVER`, PATH, or the one that the script fetches.
pub(super) fn nats_server() -> PathBuf {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    let find = || {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/nats-server.py");
        let done = Command::new("python3").arg(script).output().expect("python3 runs");
        let why = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "no nats-server: {why}");
        PathBuf::from(String::from_utf8_lossy(&done.stdout).trim())
    };
    FOUND.get_or_init(find).clone()
}

/// Status and body; `None` while nobody answers.
pub(super) async fn get(port: u16, path: &str) -> Option<(u16, String)> {
    let answer = tokio::time::timeout(Duration::from_secs(5), ask(port, path)).await.ok()??;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

async fn ask(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    Some(answer)
}
