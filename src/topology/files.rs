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

/// The document of an earlier run, if there is one.
pub(super) fn read_general(path: &Path) -> Result<Option<General>, RenderError> {
    let failed = |why: String| RenderError::File { path: path.into(), why };
    match std::fs::read(path) {
        Ok(bytes) => General::parse(&bytes).map(Some).map_err(|e| failed(e.to_string())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// What the document of an earlier run says.
pub(super) fn read_document<T: DeserializeOwned + Serialize>(
    path: &Path,
) -> Result<Option<T>, RenderError> {
    let failed = |why: String| RenderError::File { path: path.into(), why };
    let Some(document) = read_general(path)? else { return Ok(None) };
    let payload = document.unverified_payload().map_err(|e| failed(e.to_string()))?;
    jws::from_slice(&payload).map(Some).map_err(|e| failed(e.to_string()))
}
