//! Reading and writing files that only their owner may see.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::KeyFileError;

/// The largest key file that is read: an RSA key under a passphrase, to refuse it by name, has 4 kB.
pub const MAX_KEY_FILE_BYTES: u64 = 16 * 1024;
/// Owner reads and writes, nobody else does anything.
const OWNER_ONLY: u32 = 0o600;
/// Every right of group and world.
const OTHERS: u32 = 0o077;

/// The text of a file that only its owner may touch.
///
/// The permissions are those of the opened file, not of the name: nothing can be put in its place
/// between the look and the read.
///
/// # Errors
/// [`KeyFileError::Read`], [`KeyFileError::NoKeyFile`], [`KeyFileError::Exposed`], or
/// [`KeyFileError::Form`] if it is not UTF-8.
pub fn read_secret(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    let unread = |e: std::io::Error| KeyFileError::Read { path: path.into(), error: e.to_string() };
    let file = File::open(path).map_err(unread)?;
    check(path, &file.metadata().map_err(unread)?)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_KEY_FILE_BYTES as usize));
    file.take(MAX_KEY_FILE_BYTES).read_to_end(&mut bytes).map_err(unread)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| KeyFileError::form(path, "not a text file", "a key in its text form"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn check(path: &Path, metadata: &fs::Metadata) -> Result<(), KeyFileError> {
    if !metadata.is_file() || metadata.len() > MAX_KEY_FILE_BYTES {
        return Err(KeyFileError::NoKeyFile { path: path.into() });
    }
    let mode = metadata.mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(KeyFileError::Exposed { path: path.into(), mode });
    }
    Ok(())
}

/// Writes a new file for the owner alone: all of it or nothing, and never over another.
///
/// The text goes to a temporary name in the same folder, to the disk, and then gets its name by a
/// hard link, which fails where a rename would overwrite.
///
/// # Errors
/// [`KeyFileError::Exists`], [`KeyFileError::Write`].
pub fn write_new(path: &Path, text: &str) -> Result<(), KeyFileError> {
    let temporary = temporary_name(path);
    let written = write_synced(&temporary, text).and_then(|()| fs::hard_link(&temporary, path));
    // Gone already if it could not be made; of no use to anybody otherwise.
    let _ = fs::remove_file(&temporary);
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => KeyFileError::Exists { path: path.into() },
        _ => KeyFileError::Write { path: path.into(), error: error.to_string() },
    })?;
    sync_folder(path).map_err(|e| KeyFileError::Write { path: path.into(), error: e.to_string() })
}

/// One name per process: two writers of one key must not share their temporary file.
fn temporary_name(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.new", std::process::id()));
    path.with_file_name(name)
}

fn write_synced(path: &Path, text: &str) -> std::io::Result<()> {
    // A rest of a process of this id that was killed here.
    let _ = fs::remove_file(path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// A name survives a power cut once its folder is on the disk.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn with_mode(mode: u32) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        write_new(&path, "secret\n").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("chmod");
        (folder, path)
    }

    #[test]
    fn a_new_key_is_for_its_owner_alone_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        write_new(&path, "secret\n").expect("written");
        assert_eq!(fs::metadata(&path).expect("there").mode() & 0o7777, 0o600);
        assert_eq!(read_secret(&path).expect("readable").as_str(), "secret\n");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn a_key_that_others_may_touch_is_refused_with_the_command_that_helps() {
        for mode in [0o640, 0o604, 0o620, 0o601, 0o644, 0o666] {
            let (_folder, path) = with_mode(mode);
            let error = read_secret(&path).expect_err("exposed");
            assert_eq!(error, KeyFileError::Exposed { path: path.clone(), mode });
            assert!(error.to_string().contains(&format!("chmod 600 {}", path.display())));
        }
    }

    #[test]
    fn a_key_that_only_its_owner_may_touch_is_read() {
        for mode in [0o600, 0o400] {
            let (_folder, path) = with_mode(mode);
            assert!(read_secret(&path).is_ok(), "{mode:o}");
        }
    }

    #[test]
    fn an_existing_key_is_never_overwritten() {
        let (folder, path) = with_mode(0o600);
        assert_eq!(write_new(&path, "other"), Err(KeyFileError::Exists { path: path.clone() }));
        assert_eq!(read_secret(&path).expect("readable").as_str(), "secret\n");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn what_is_no_key_file_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let gone = folder.path().join("gone");
        assert!(matches!(read_secret(&gone), Err(KeyFileError::Read { .. })));
        assert!(matches!(read_secret(folder.path()), Err(KeyFileError::NoKeyFile { .. })));
        let large = folder.path().join("large");
        write_new(&large, &"x".repeat(MAX_KEY_FILE_BYTES as usize + 1)).expect("written");
        assert_eq!(read_secret(&large), Err(KeyFileError::NoKeyFile { path: large.clone() }));
        let nowhere = folder.path().join("no/such/key");
        assert!(matches!(write_new(&nowhere, "x"), Err(KeyFileError::Write { .. })));
    }
}
