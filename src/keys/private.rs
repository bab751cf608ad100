//! Files that only their owner may read, and how files are made: whole, or not at all.

use std::fs::{File, Metadata};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use zeroize::Zeroizing;

use super::error::KeyFileError;
use super::secret::Secret;

/// A secret file is a few hundred bytes.
pub(super) const MAX_SECRET_BYTES: u64 = 16 * 1024;
const ROOT: u32 = 0;

/// Who else may do what with a file of secrets.
#[derive(Clone, Copy)]
pub(super) enum Rule {
    /// A file in the file system.
    Own,
    /// A credential that systemd hands over. The service's user gets it by an access control list
    /// on root's file, whose mask shows in the bits of the group, or, where the file system has no
    /// such lists, as owner (systemd's exec-credential.c, `write_credential`). Nobody else reaches
    /// it: its folder is the service's alone, and mounted read-only.
    Credential,
}

/// Reads a file that only its owner may read: this user, or root.
///
/// The permissions are those of the opened file, so nothing can take its place between the look
/// and the read.
///
/// # Errors
/// [`KeyFileError::Open`] if others may, [`KeyFileError::Owner`] if it is another user's,
/// [`KeyFileError::File`] if it cannot be read, [`KeyFileError::Content`] if it is no regular file
/// of text of at most 16 KiB.
pub fn read_private(path: &Path) -> Result<Secret, KeyFileError> {
    read_by(Rule::Own, path)
}

pub(super) fn read_by(rule: Rule, path: &Path) -> Result<Secret, KeyFileError> {
    let failed = |e: std::io::Error| KeyFileError::system(path, &e);
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    let expected = "a regular file of at most 16 KiB";
    if !metadata.is_file() || metadata.len() > MAX_SECRET_BYTES {
        return Err(KeyFileError::Content { path: path.into(), expected });
    }
    allowed(rule, path, Access::of(&metadata), rustix::process::geteuid().as_raw())?;
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(MAX_SECRET_BYTES).read_to_end(&mut bytes).map_err(failed)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| KeyFileError::Content { path: path.into(), expected: "a text in UTF-8" })?;
    Ok(Secret::new(text.to_owned()))
}

#[derive(Clone, Copy)]
struct Access {
    owner: u32,
    group: u32,
    mode: u32,
}

impl Access {
    fn of(metadata: &Metadata) -> Self {
        Self { owner: metadata.uid(), group: metadata.gid(), mode: metadata.mode() & 0o777 }
    }
}

/// Also root is bound by this: what belongs to somebody else can be exchanged by them.
fn allowed(rule: Rule, path: &Path, access: Access, user: u32) -> Result<(), KeyFileError> {
    let Access { owner, group, mode } = access;
    if owner != user && owner != ROOT {
        return Err(KeyFileError::Owner { path: path.into(), owner, user });
    }
    let listed = matches!(rule, Rule::Credential) && owner == ROOT && group == ROOT;
    let others = if listed { 0o037 } else { 0o077 };
    if mode & others != 0 {
        return Err(KeyFileError::Open { path: path.into(), mode });
    }
    Ok(())
}

/// Writes a new file that only its owner may read: whole, or not at all.
///
/// # Errors
/// [`KeyFileError::Exists`] or [`KeyFileError::File`].
pub fn write_new(path: &Path, text: &Secret) -> Result<(), KeyFileError> {
    write(path, text.expose(), 0o600)
}

/// Writes a new file that anybody may read, as [`write_new`].
///
/// # Errors
/// As [`write_new`].
pub fn write_new_public(path: &Path, text: &str) -> Result<(), KeyFileError> {
    write(path, text, 0o644)
}

fn write(path: &Path, text: &str, mode: u32) -> Result<(), KeyFileError> {
    let failed = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::AlreadyExists => KeyFileError::Exists(path.into()),
        _ => KeyFileError::system(path, &e),
    };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let draft = path.with_file_name(name);
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(mode).open(&draft).map_err(failed)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn set(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("set");
    }

    #[test]
    fn a_secret_that_others_can_read_is_refused_with_the_cure() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key.pem");
        write_new(&path, &Secret::new("x".into())).expect("written");
        assert_eq!(read_private(&path).expect("private").expose(), "x");
        for mode in [0o640, 0o604, 0o620, 0o601, 0o644] {
            set(&path, mode);
            let error = read_private(&path).expect_err("open");
            assert_eq!(error, KeyFileError::Open { path: path.clone(), mode });
            assert!(error.to_string().contains(&format!("`chmod 600 {}`", path.display())));
        }
    }

    #[test]
    fn a_secret_of_another_user_is_refused_also_by_root() {
        let path = Path::new("key.pem");
        let judged = |owner, user| {
            let access = Access { owner, group: 100, mode: 0o600 };
            allowed(Rule::Own, path, access, user)
        };
        assert_eq!(judged(1000, 1000), Ok(()));
        assert_eq!(judged(0, 1000), Ok(()));
        for user in [0, 1001] {
            let error = KeyFileError::Owner { path: path.into(), owner: 1000, user };
            assert_eq!(judged(1000, user), Err(error));
        }
    }

    #[test]
    fn a_real_file_of_another_user_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key.pem");
        write_new(&path, &Secret::new("x".into())).expect("written");
        // Only root can give a file away; as anybody else the test above has to do.
        if std::os::unix::fs::chown(&path, Some(65_534), None).is_ok() {
            let error = read_private(&path).expect_err("refused");
            assert!(matches!(error, KeyFileError::Owner { owner: 65_534, .. }), "{error}");
        }
    }

    #[test]
    fn a_credential_may_show_the_mask_of_its_list_and_nothing_else_may() {
        let path = Path::new("chappe-passphrase");
        let judged = |rule, owner, group, mode| {
            allowed(rule, path, Access { owner, group, mode }, 1000).is_ok()
        };
        assert!(judged(Rule::Credential, 1000, 1000, 0o400), "without lists it is the service's");
        assert!(judged(Rule::Credential, 0, 0, 0o440), "with lists it is root's");
        assert!(!judged(Rule::Own, 0, 0, 0o440));
        assert!(!judged(Rule::Credential, 1000, 1000, 0o440), "a group of people reads it");
        assert!(!judged(Rule::Credential, 0, 100, 0o440), "a group of people reads it");
        assert!(!judged(Rule::Credential, 0, 0, 0o444));
        assert!(!judged(Rule::Credential, 0, 0, 0o460));
        assert!(!judged(Rule::Credential, 1001, 1001, 0o400));
    }

    #[test]
    fn a_folder_and_what_is_larger_than_any_key_are_no_key_files() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(matches!(read_private(folder.path()), Err(KeyFileError::Content { .. })));
        let path = folder.path().join("large");
        write_new(&path, &Secret::new("x".repeat(16 * 1024 + 1))).expect("written");
        assert!(matches!(read_private(&path), Err(KeyFileError::Content { .. })));
        let path = folder.path().join("bytes");
        std::fs::write(&path, [0xff, 0xfe]).expect("written");
        set(&path, 0o600);
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
}
