//! Writing rendered files whole, and reading back what an earlier run signed.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::jws::{self, General};
use crate::keys::KeyFileError;
use crate::notice::NodeId;

/// Why a topology cannot be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A file cannot be read or written.
    #[error("{path}: {why}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// Too few of an authority's root keys are there to sign the next root.
    #[error(
        "{folder}: the next root of {node} needs {need} of the keys that root {version} names, and \
         {have} are here: bring back the others; no document was changed"
    )]
    RootKeys {
        /// Whose root.
        node: NodeId,
        /// The root that says so.
        version: u64,
        /// How many must sign.
        need: usize,
        /// How many are there.
        have: usize,
        /// Where they are looked for.
        folder: PathBuf,
    },
    /// The bundles do not hold together: the topology's check missed something.
    #[error("the bundles of {0} do not hold together: {1}")]
    Trust(NodeId, String),
}

/// Writes a file whole: beside it first, then in its place.
pub(super) fn write(path: &Path, text: &str) -> Result<(), RenderError> {
    let failed = |e: std::io::Error| RenderError::File { path: path.into(), why: e.to_string() };
    let parent = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(failed)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let draft = path.with_file_name(name);
    std::fs::write(&draft, text).map_err(failed)?;
    std::fs::rename(&draft, path).map_err(failed)
}

/// Writes a file unless it says this already.
pub(super) fn write_change(path: &Path, text: &str) -> Result<(), RenderError> {
    let same = std::fs::read(path).is_ok_and(|there| there == text.as_bytes());
    if same { Ok(()) } else { write(path, text) }
}

/// The document of an earlier run, if there is one.
pub(super) fn read_general(path: &Path) -> Result<Option<General>, RenderError> {
    let failed = |why: String| RenderError::File { path: path.into(), why };
    match std::fs::read(path) {
        Ok(bytes) => General::parse(&bytes).map(Some).map_err(|e| failed(e.to_string())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// The document of an earlier run and what it says, if there is one.
pub(super) fn read_document<T: DeserializeOwned + Serialize>(
    path: &Path,
) -> Result<Option<(General, T)>, RenderError> {
    let failed = |why: String| RenderError::File { path: path.into(), why };
    let Some(document) = read_general(path)? else { return Ok(None) };
    let payload = document.unverified_payload().map_err(|e| failed(e.to_string()))?;
    let says = jws::from_slice(&payload).map_err(|e| failed(e.to_string()))?;
    Ok(Some((document, says)))
}
