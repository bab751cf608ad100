//! What can be wrong with a file that holds a secret. Names the file, never its content.

use std::path::PathBuf;

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
    /// Somebody else can change it at will: it is theirs.
    #[error("{path}: belongs to user {owner}; expected user {user}, who runs this, or root")]
    Owner {
        /// Which.
        path: PathBuf,
        /// The number of the user whose it is.
        owner: u32,
        /// The number of the user as whom this runs.
        user: u32,
    },
    /// Not what was expected. Never quotes the content.
    #[error("{path}: expected {expected}")]
    Content {
        /// Which.
        path: PathBuf,
        /// What.
        expected: &'static str,
    },
    /// It is encrypted, and nobody says with what.
    #[error(
        "{0}: an encrypted key, and no passphrase for it: write the name of the file that holds \
         it as `passphrase` into the configuration (--passphrase-file for `chappe key`), or hand \
         it over as systemd's credential `chappe-passphrase`, or run this on a terminal"
    )]
    NoPassphrase(PathBuf),
    /// The file of its passphrase cannot be read. Its name is not repeated: some will write the
    /// passphrase itself there, and this goes into a log.
    #[error(
        "{path}: the file that is to hold the passphrase of this key: {why} (what is configured is \
         the file's name, never the passphrase)"
    )]
    PassphraseFile {
        /// The key.
        path: PathBuf,
        /// Why, in the system's words.
        why: String,
    },
    /// It does not open with this passphrase.
    #[error("{0}: the passphrase does not open this key")]
    WrongPassphrase(PathBuf),
    /// What was typed is no passphrase.
    #[error("{0}")]
    Typed(&'static str),
    /// One key for two uses.
    #[error(
        "{0}: this key is also the nkey that connects to a server, which may choose what an nkey \
         signs: make another key"
    )]
    Shared(PathBuf),
    /// It is there already; a key is never overwritten.
    #[error("{0}: there is a file already; a key is never overwritten")]
    Exists(PathBuf),
    /// The system gave no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(String),
}

impl KeyFileError {
    /// What the system says of a file.
    pub(super) fn system(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::File { path: path.into(), why: error.to_string() }
    }
}
