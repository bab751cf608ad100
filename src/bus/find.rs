//! Finding a nats-server to run: the user's own, or one fetched once.
//!
//! The demo and the tests run the real server. Fetching is done by the same script that a
//! developer can run by hand; it is carried inside the program, so that an installed `chappe`
//! finds a server too.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::version::{NEEDED, Version};

/// Names the server to use, over all others.
const CHOSEN: &str = "CHAPPE_NATS_SERVER";
const SCRIPT: &str = include_str!("../../scripts/nats-server.py");
const HASHES: &str = include_str!("../../scripts/nats-server.txt");
/// A slow line takes minutes for 18 MB.
const FETCH_TIMEOUT: Duration = Duration::from_secs(330);
const VERSION_TIMEOUT: Duration = Duration::from_secs(10);

/// Why there is no server to run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// Too old.
    #[error("{whence} {path} is version {found}; {NEEDED} or later is needed")]
    TooOld {
        /// Who named it.
        whence: &'static str,
        /// Its path.
        path: String,
        /// Its version.
        found: Version,
    },
    /// It does not run or does not say its version.
    #[error("{path}: {why}")]
    Unusable {
        /// Its path.
        path: String,
        /// What happened.
        why: String,
    },
    /// Nothing is installed and nothing could be fetched.
    #[error("no nats-server {NEEDED} or later, and none could be fetched: {0}")]
    NotFetched(String),
}

/// The path of a usable nats-server: `CHAPPE_NATS_SERVER`, else on `PATH`, else fetched once into
/// the user's cache. The first use may take minutes.
///
/// # Errors
/// [`FindError`]. A chosen server that is too old is an error; one on `PATH` is passed over.
pub async fn find_server() -> Result<PathBuf, FindError> {
    if let Some(chosen) = std::env::var_os(CHOSEN).filter(|chosen| !chosen.is_empty()) {
        return usable(Path::new(&chosen), "CHAPPE_NATS_SERVER:").await;
    }
    for path in on_path() {
        match usable(&path, "on PATH:").await {
            Ok(path) => return Ok(path),
            Err(why) => tracing::info!(%why, "nats-server passed over"),
        }
    }
    fetch().await
}

fn on_path() -> Vec<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let name = format!("nats-server{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&paths)
        .map(|dir| dir.join(&name))
        .find(|p| p.is_file())
        .into_iter()
        .collect()
}

/// Runs `--version`.
async fn usable(path: &Path, whence: &'static str) -> Result<PathBuf, FindError> {
    let shown = path.display().to_string();
    let unusable = |why: String| FindError::Unusable { path: shown.clone(), why };
    let run = Command::new(path).arg("--version").stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(VERSION_TIMEOUT, run)
        .await
        .map_err(|_| unusable("`--version` does not end".to_owned()))?
        .map_err(|error| unusable(format!("cannot be run: {error}")))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    match Version::find(&said) {
        None => Err(unusable("`--version` does not name a version".to_owned())),
        Some(found) if found < NEEDED => Err(FindError::TooOld { whence, path: shown, found }),
        Some(_) => Ok(path.to_owned()),
    }
}

/// Runs the script, which looks into the cache first.
async fn fetch() -> Result<PathBuf, FindError> {
    let failed = |why: String| FindError::NotFetched(why);
    let output = match tokio::time::timeout(FETCH_TIMEOUT, run_script()).await {
        Err(_) => return Err(failed(format!("it took more than {} s", FETCH_TIMEOUT.as_secs()))),
        Ok(Err(error)) => return Err(failed(format!("python3: {error}"))),
        Ok(Ok(output)) => output,
    };
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        usable(Path::new(&said(&output.stdout)), "fetched:").await
    } else {
        Err(failed(said(&output.stderr)))
    }
}

/// The hashes go along in the environment: a file for them could be exchanged by others.
async fn run_script() -> std::io::Result<Output> {
    let mut child = Command::new("python3")
        .arg("-")
        .env("CHAPPE_NATS_HASHES", HASHES)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(SCRIPT.as_bytes()).await?;
    }
    child.wait_with_output().await
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{FindError, usable};
    use crate::bus::Version;

    /// Kept as files: one that is written and run at once is "busy" while another test forks.
    fn fake(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/nats-server").join(name)
    }

    #[tokio::test]
    async fn a_server_that_is_too_old_is_named_with_both_versions() {
        let error = usable(&fake("old"), "CHAPPE_NATS_SERVER:").await.unwrap_err();
        assert!(matches!(error, FindError::TooOld { found: Version(2, 10, 7), .. }));
        let text = error.to_string();
        assert!(text.contains("2.10.7") && text.contains("2.14.0"), "{text}");
    }

    #[tokio::test]
    async fn what_is_no_server_is_not_run_as_one() {
        let error = usable(&fake("nonsense"), "on PATH:").await.unwrap_err();
        assert!(error.to_string().contains("does not name a version"));
        assert!(usable(&fake("absent"), "on PATH:").await.is_err());
    }
}
