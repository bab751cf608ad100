//! Trust documents from disk: the pinned root, and a folder that a first start begins with.

use std::path::{Path, PathBuf};

use crate::jws::{General, MAX_DOCUMENT_BYTES};
use crate::trust::{Documents, MAX_LIST_BYTES, Rejected, Trust, TrustError};

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
    let rejected = seeds.restore(&mut documents);
    Ok((documents, rejected))
}

/// What lies beside the pinned root; nothing of it is believed yet.
#[derive(Debug, Default)]
pub(super) struct Seeds {
    /// Roots and bundles, `*.json`.
    pub(super) documents: Vec<General>,
    /// Lists of good notices, `*.list`.
    pub(super) lists: Vec<Vec<u8>>,
}

impl Seeds {
    /// Adds what holds; a list that no revocation names says nothing.
    pub(super) fn restore(&self, to: &mut Documents) -> Vec<Rejected> {
        let rejected = to.restore_all(&self.documents);
        for list in &self.lists {
            to.offer_list(list).ok();
        }
        rejected
    }
}

/// The pinned root alone, and what the folder has besides, of which nothing is believed yet.
///
/// # Errors
/// [`TrustLoadError`] naming the file.
pub(super) fn begin(files: &TrustFiles) -> Result<(Documents, Seeds), TrustLoadError> {
    let pinned = Documents::pinned(&read(&files.root)?)
        .map_err(|source| TrustLoadError::Trust { path: files.root.clone(), source })?;
    let mut seeds = Seeds::default();
    if let Some(folder) = &files.bundles {
        for path in listed(folder, "json")? {
            seeds.documents.push(read(&path)?);
        }
        for path in listed(folder, "list")? {
            seeds.lists.push(bytes(&path, MAX_LIST_BYTES)?);
        }
    }
    Ok((pinned, seeds))
}

fn listed(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, TrustLoadError> {
    let error = |source| TrustLoadError::Read { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(error)? {
        let path = entry.map_err(error)?.path();
        if path.extension().is_some_and(|found| found == extension) {
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
    let why = |e: crate::jws::JwsError| format!("not a trust document: {e}");
    General::parse(&bytes(path, MAX_DOCUMENT_BYTES)?)
        .map_err(|e| TrustLoadError::Document { path: path.to_owned(), why: why(e) })
}

fn bytes(path: &Path, most: usize) -> Result<Vec<u8>, TrustLoadError> {
    let error = |source| TrustLoadError::Read { path: path.to_owned(), source };
    let length = std::fs::metadata(path).map_err(error)?.len();
    if length > most as u64 {
        let why = format!("{length} bytes, more than {most}");
        return Err(TrustLoadError::Document { path: path.to_owned(), why });
    }
    std::fs::read(path).map_err(error)
}
