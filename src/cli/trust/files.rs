//! Documents and keys on the disk. What is written is written whole, beside its place first; no
//! file is ever overwritten but the draft that is being signed.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::super::publish::read;
use super::super::{Failure, Outcome};
use crate::ceremony::Archive;
use crate::jws::{General, MAX_DOCUMENT_BYTES, PublicKey, SecretKey};
use crate::keys::{KeyFile, read_public};
use crate::trust::Paper;

/// Documents in one folder.
const MAX_DOCUMENTS: usize = 4_096;

/// Where the documents in force are.
#[derive(Debug, Clone, Args)]
pub(super) struct Place {
    /// The pinned root: then it is told what changes for whom, and which keys count
    #[arg(long, value_name = "ROOT")]
    root: Option<PathBuf>,
    /// Folder of the documents in force [default: the root's folder]
    #[arg(long, value_name = "DIR", requires = "root")]
    trust: Option<PathBuf>,
}

impl Place {
    /// The documents of the place; `None` if no root was named.
    pub(super) fn archive(&self) -> Result<Option<Archive>, Failure> {
        let Some(root) = &self.root else { return Ok(None) };
        let folder = self.trust.clone().unwrap_or_else(|| folder_of(root));
        let pin = document(root)?;
        let documents: Vec<General> =
            folder_documents(&folder)?.into_iter().map(|(_, general)| general).collect();
        Archive::new(&pin, &documents).map(Some).map_err(Failure::refused)
    }
}

pub(super) fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// A document with its signatures.
pub(super) fn document(path: &Path) -> Result<General, Failure> {
    let bytes = read(path, MAX_DOCUMENT_BYTES)?;
    let name = path.display();
    General::parse(&bytes)
        .map_err(|e| Failure::usage(format!("{name}: not a signed document: {e}")))
}

/// What a document says.
pub(super) fn paper(path: &Path, general: &General) -> Result<Paper, Failure> {
    Paper::read(general).map_err(|e| Failure::usage(format!("{}: {e}", path.display())))
}

/// Every document of a folder, by name; one that is none is a failure.
pub(super) fn folder_documents(folder: &Path) -> Result<Vec<(PathBuf, General)>, Failure> {
    folder_paths(folder, "json")?
        .into_iter()
        .map(|path| Ok((path.clone(), document(&path)?)))
        .collect()
}

/// Every file of a folder with this ending, by name.
pub(super) fn folder_paths(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, Failure> {
    let failed = |e: std::io::Error| Failure::usage(format!("{}: {e}", folder.display()));
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == ending) {
            paths.push(path);
        }
        if paths.len() > MAX_DOCUMENTS {
            let name = folder.display();
            return Err(Failure::usage(format!("{name}: more than {MAX_DOCUMENTS} documents")));
        }
    }
    paths.sort();
    Ok(paths)
}

/// Public keys, each from a JWK or SPKI PEM file.
pub(super) fn public_keys(paths: &[PathBuf]) -> Result<Vec<PublicKey>, Failure> {
    paths.iter().map(|path| read_public(path).map_err(Failure::usage)).collect()
}

/// The one place where a private key is read.
pub(super) fn signing_key(path: &Path) -> Result<SecretKey, Failure> {
    // A passphrase comes from systemd's credential or from the terminal: who signs sits before it.
    KeyFile::of_process(path, None).read().map_err(Failure::usage)
}

/// A document as it is stored.
pub(super) fn to_text(general: &General) -> Result<String, Failure> {
    serde_json::to_string(general).map(|text| text + "\n").map_err(Failure::failed)
}

/// Refuses early what `write_new` would refuse at the end.
pub(super) fn must_be_free(path: &Path) -> Outcome {
    if path.symlink_metadata().is_ok() {
        let text = "there is a file already; a trust document is never overwritten";
        return Err(Failure::usage(format!("{}: {text}", path.display())));
    }
    Ok(())
}

/// Writes a new file, whole or not at all.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> Outcome {
    must_be_free(path)?;
    // A link, not a rename: it fails where a file is already.
    put(path, bytes, |draft, path| {
        let linked = std::fs::hard_link(draft, path);
        let removed = std::fs::remove_file(draft);
        linked.and(removed)
    })
}

/// Puts a signed draft in the place of the unsigned one, whole or not at all.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Outcome {
    put(path, bytes, |draft, path| std::fs::rename(draft, path))
}

fn put(
    path: &Path,
    bytes: &[u8],
    into_place: impl Fn(&Path, &Path) -> std::io::Result<()>,
) -> Outcome {
    let failed = |e: std::io::Error| Failure::failed(format!("{}: {e}", path.display()));
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let draft = path.with_file_name(name);
    let mut file = File::create_new(&draft).map_err(failed)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if let Err(error) = written.and_then(|()| into_place(&draft, path)) {
        // What is left is the draft beside it, if anything; the error is what counts.
        let _ = std::fs::remove_file(&draft);
        return Err(failed(error));
    }
    File::open(folder_of(path)).and_then(|folder| folder.sync_all()).map_err(failed)
}
