//! Keys at rest: who may read the file, what stands in it, and how a new one comes to be.
//!
//! A key file that others can read is refused, not warned of: a warning in a log is read after the
//! key was copied. A new key is written beside its name and linked to it, so that a crash leaves
//! either the whole key or none, and no key is ever overwritten.

mod file;
mod nkey;
mod public;
mod secret;
mod signing;

use std::path::{Path, PathBuf};

pub use self::file::{MAX_KEY_FILE_BYTES, read_secret, write_new};
pub use self::nkey::UserSeed;
pub use self::public::{public_pem, read_public};
pub use self::secret::Secret;
pub use self::signing::{generate_signing, load_signing};

/// Why a key file is not used or not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileError {
    /// The file cannot be read.
    #[error("{}: cannot read the key: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        error: String,
    },
    /// Not a regular file, or larger than any key.
    #[error("{}: not a regular file of at most {MAX_KEY_FILE_BYTES} bytes", path.display())]
    NoKeyFile {
        /// The file.
        path: PathBuf,
    },
    /// Group or world may read, write or run it.
    #[error(
        "{path}: mode {mode:04o} lets others than the owner at the key; expected 0600 or 0400: \
         run `chmod 600 {path}`",
        path = path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A PKCS#8 file under a passphrase.
    #[error(
        "{path}: the key is encrypted (BEGIN ENCRYPTED PRIVATE KEY) and no passphrase can be asked \
         for here; write an unencrypted copy for the owner alone: \
         `(umask 077; openssl pkey -in {path} -out COPY)`",
        path = path.display()
    )]
    Encrypted {
        /// The file.
        path: PathBuf,
    },
    /// Readable, but not the key that was expected.
    #[error("{}: {found}; expected {expected}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong, without a character of the content.
        found: String,
        /// What should stand there.
        expected: &'static str,
    },
    /// A new key would replace a file.
    #[error("{}: exists already; a key is never overwritten", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be written.
    #[error("{}: cannot write the key: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's words.
        error: String,
    },
    /// The system gave no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(String),
}

impl KeyFileError {
    fn form(path: &Path, found: impl Into<String>, expected: &'static str) -> Self {
        Self::Form { path: path.to_owned(), found: found.into(), expected }
    }
}

/// 32 bytes of the system's randomness, wiped when dropped.
fn random_seed() -> Result<zeroize::Zeroizing<[u8; 32]>, KeyFileError> {
    let mut seed = zeroize::Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut_slice()).map_err(|e| KeyFileError::Random(e.to_string()))?;
    Ok(seed)
}
