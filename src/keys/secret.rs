//! Files that only their owner may read.

use std::fmt;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// A secret file is a few hundred bytes.
const MAX_SECRET_BYTES: u64 = 16 * 1024;

/// Why a secret cannot be read or made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileError {
    /// Cannot be read or written.
    #[error("{path}: {why}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why, in the system's words.
        why: String,
    },
    /// Somebody else can read it.
    #[error("{path}: readable by group or world (mode {mode:o}): run `chmod 600 {path}`")]
    Open {
        /// Which.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not what was expected. Never quotes the content.
    #[error("{path}: expected {expected}")]
    Content {
        /// Which.
        path: PathBuf,
        /// What.
        expected: &'static str,
    },
    /// It is there already; a key is never overwritten.
    #[error("{0}: there is a file already; a key is never overwritten")]
    Exists(PathBuf),
    /// The system gave no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(String),
}

/// A text that never shows in `Debug`, and is wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text, for the one call that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Reads a file that only its owner may read.
///
/// The permissions are those of the opened file, so nothing can take its place between the look
/// and the read.
///
/// # Errors
/// [`KeyFileError::Open`] if others may, [`KeyFileError::File`] if it cannot be read,
/// [`KeyFileError::Content`] if it is no regular file of at most 16 KiB.
pub fn read_private(path: &Path) -> Result<Secret, KeyFileError> {
    let failed = |e: std::io::Error| KeyFileError::File { path: path.into(), why: e.to_string() };
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() || metadata.len() > MAX_SECRET_BYTES {
        let expected = "a regular file of at most 16 KiB";
        return Err(KeyFileError::Content { path: path.into(), expected });
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Open { path: path.into(), mode });
    }
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_SECRET_BYTES).read_to_string(&mut text).map_err(failed)?;
    Ok(Secret(text))
}

/// Writes a new file that only its owner may read: whole, or not at all.
///
/// # Errors
/// [`KeyFileError::Exists`] or [`KeyFileError::File`].
pub fn write_new(path: &Path, text: &Secret) -> Result<(), KeyFileError> {
    let failed = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::AlreadyExists => KeyFileError::Exists(path.into()),
        _ => KeyFileError::File { path: path.into(), why: e.to_string() },
    };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let draft = path.with_file_name(name);
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(&draft).map_err(failed)?;
    let written = file.write_all(text.expose().as_bytes()).and_then(|()| file.sync_all());
    // A link, not a rename: it fails where a file is already.
    let linked = written.and_then(|()| std::fs::hard_link(&draft, path));
    let removed = std::fs::remove_file(&draft);
    linked.and(removed).and_then(|()| sync_folder(path)).map_err(failed)
}

/// A name survives a power cut once its folder is on the disk.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// 32 bytes from the system.
///
/// # Errors
/// [`KeyFileError::Random`].
pub fn random() -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|e| KeyFileError::Random(e.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_others_can_read_is_refused_with_the_cure() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key.pem");
        write_new(&path, &Secret::new("x".into())).expect("written");
        assert_eq!(read_private(&path).expect("private").expose(), "x");
        for mode in [0o640, 0o604, 0o620, 0o601, 0o644] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
            let error = read_private(&path).expect_err("open");
            assert_eq!(error, KeyFileError::Open { path: path.clone(), mode });
            assert!(error.to_string().contains(&format!("`chmod 600 {}`", path.display())));
        }
    }

    #[test]
    fn a_folder_and_what_is_larger_than_any_key_are_no_key_files() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(matches!(read_private(folder.path()), Err(KeyFileError::Content { .. })));
        let path = folder.path().join("large");
        write_new(&path, &Secret::new("x".repeat(16 * 1024 + 1))).expect("written");
        assert!(matches!(read_private(&path), Err(KeyFileError::Content { .. })));
    }

    #[test]
    fn a_key_is_never_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key.pem");
        write_new(&path, &Secret::new("first".into())).expect("written");
        let again = write_new(&path, &Secret::new("second".into()));
        assert_eq!(again, Err(KeyFileError::Exists(path.clone())));
        assert_eq!(read_private(&path).expect("private").expose(), "first");
        assert_eq!(std::fs::read_dir(folder.path()).expect("listed").count(), 1);
    }

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(format!("{:?}", Secret::new("seed".into())), "Secret(..)");
    }
}
