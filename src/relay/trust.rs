//! Trust documents from disk: the pinned root, and a folder that a first start begins with.

use std::path::{Path, PathBuf};

use crate::jws::{General, MAX_DOCUMENT_BYTES};
use crate::trust::{Documents, Rejected, Trust, TrustError};

/// Documents in one folder: each authority has a bundle, and this is more than Europe has.
const MAX_DOCUMENTS: usize = 4_096;

/// Where the documents are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustFiles {
    /// The pinned national root.
    pub root: PathBuf,
    /// Folder of `*.json` bundles and roots; without one, what the node's relay holds counts.
    pub bundles: Option<PathBuf>,
}

/// Why no trust could be loaded.
#[derive(Debug, thiserror::Error)]
pub enum TrustLoadError {
    /// A file or folder cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is too large, or not a trust document.
    #[error("{path}: {why}")]
    Document {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The documents do not hold together.
    #[error("{path}: {source}")]
    Trust {
        /// The pinned root.
        path: PathBuf,
        /// Why.
        source: TrustError,
    },
}

/// Reads the pinned root and every document of the folder, and compiles them. What is invalid is
/// left out and returned, for the log.
///
/// # Errors
/// [`TrustLoadError`] naming the file.
pub fn load(files: &TrustFiles) -> Result<(Trust, Vec<Rejected>), TrustLoadError> {
    let (documents, rejected) = load_documents(files)?;
    let home = documents.home();
    if documents.trust().seat(home).is_none_or(|seat| seat.version == 0) {
        let why = rejected.iter().find(|one| one.node.as_ref() == Some(home));
        let why = why.map_or_else(|| "none was given".to_owned(), |one| one.why.clone());
        let source = TrustError::NoBundle(home.clone(), why);
        return Err(TrustLoadError::Trust { path: files.root.clone(), source });
    }
    Ok((Trust::clone(documents.trust()), rejected))
}

/// As [`load`], for whoever adds to the documents later; there may be no bundle yet.
///
/// # Errors
/// [`TrustLoadError`] naming the file.
pub fn load_documents(files: &TrustFiles) -> Result<(Documents, Vec<Rejected>), TrustLoadError> {
    let (mut documents, seeds) = begin(files)?;
    let rejected = documents.restore_all(&seeds);
    Ok((documents, rejected))
}

/// The pinned root alone, and what the folder has besides, of which nothing is believed yet.
///
/// # Errors
/// [`TrustLoadError`] naming the file.
pub(super) fn begin(files: &TrustFiles) -> Result<(Documents, Vec<General>), TrustLoadError> {
    let pinned = Documents::pinned(&read(&files.root)?)
        .map_err(|source| TrustLoadError::Trust { path: files.root.clone(), source })?;
    let mut seeds = Vec::new();
    if let Some(folder) = &files.bundles {
        for path in listed(folder)? {
            seeds.push(read(&path)?);
        }
    }
    Ok((pinned, seeds))
}

fn listed(folder: &Path) -> Result<Vec<PathBuf>, TrustLoadError> {
    let error = |source| TrustLoadError::Read { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(error)? {
        let path = entry.map_err(error)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            paths.push(path);
        }
        if paths.len() > MAX_DOCUMENTS {
            let why = format!("more than {MAX_DOCUMENTS} documents");
            return Err(TrustLoadError::Document { path: folder.to_owned(), why });
        }
    }
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<General, TrustLoadError> {
    let error = |source| TrustLoadError::Read { path: path.to_owned(), source };
    let flaw = |why: String| TrustLoadError::Document { path: path.to_owned(), why };
    let length = std::fs::metadata(path).map_err(error)?.len();
    if length > MAX_DOCUMENT_BYTES as u64 {
        return Err(flaw(format!("{length} bytes, more than {MAX_DOCUMENT_BYTES}")));
    }
    let bytes = std::fs::read(path).map_err(error)?;
    General::parse(&bytes).map_err(|e| flaw(format!("not a trust document: {e}")))
}
