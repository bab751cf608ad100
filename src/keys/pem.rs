//! Ed25519 signing keys as PKCS#8 PEM (RFC 8410), as `openssl genpkey` writes them.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::{EncodePrivateKey as _, KeypairBytes};
use pkcs8::der::pem::PemLabel as _;
use pkcs8::{LineEnding, PrivateKeyInfoRef, SecretDocument};
use zeroize::Zeroizing;

use super::encrypted;
use super::error::KeyFileError;
use super::nkey;
use super::passphrase::Passphrase;
use super::private::{MAX_SECRET_BYTES, read_private, write_new};
use super::secret::{Secret, random};
use crate::jws::{SecretKey, Signer as _};

const EXPECTED: &str = "an Ed25519 key as PKCS#8 PEM (BEGIN PRIVATE KEY or BEGIN ENCRYPTED \
                        PRIVATE KEY)";
const MISMATCH: &str = "the public half that belongs to the private one; another stands in it";

/// A signing key's file, and where the passphrase comes from if it is encrypted. Holds paths,
/// never a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFile {
    /// The key.
    pub path: PathBuf,
    /// Its passphrase, if it needs one.
    pub passphrase: Passphrase,
}

impl KeyFile {
    /// A key and, if the configuration names one, the file of its passphrase; else the passphrase
    /// is systemd's credential of this process, or is asked for on its terminal.
    #[must_use]
    pub fn of_process(path: impl Into<PathBuf>, passphrase: Option<PathBuf>) -> Self {
        Self { path: path.into(), passphrase: Passphrase::of_process(passphrase) }
    }

    /// A key that is not encrypted.
    #[must_use]
    pub fn plain(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), passphrase: Passphrase::none() }
    }

    /// Reads it; the passphrase only if it is encrypted.
    ///
    /// # Errors
    /// [`KeyFileError`]; never quotes the content.
    pub fn read(&self) -> Result<SecretKey, KeyFileError> {
        let path = self.path.as_path();
        let text = read_private(path)?;
        let document = if encrypted::is_encrypted(text.expose()) {
            let passphrase = self.passphrase.get(path)?;
            encrypted::open(path, text.expose(), &passphrase)?
        } else {
            plain(text.expose()).ok_or_else(|| content(path, EXPECTED))?
        };
        key(path, &document)
    }

    /// As [`Self::read`], of a key that must be none of these nkeys.
    ///
    /// # Errors
    /// [`KeyFileError::Shared`], else as [`Self::read`].
    pub fn read_apart_from(&self, seeds: &[&Secret]) -> Result<SecretKey, KeyFileError> {
        let key = self.read()?;
        if seeds.iter().any(|seed| nkey::is_of(seed, key.public())) {
            return Err(KeyFileError::Shared(self.path.clone()));
        }
        Ok(key)
    }
}

fn content(path: &Path, expected: &'static str) -> KeyFileError {
    KeyFileError::Content { path: path.into(), expected }
}

fn plain(pem: &str) -> Option<SecretDocument> {
    let (label, document) = SecretDocument::from_pem(pem).ok()?;
    PrivateKeyInfoRef::validate_pem_label(label).ok()?;
    Some(document)
}

fn key(path: &Path, document: &SecretDocument) -> Result<SecretKey, KeyFileError> {
    let pair = KeypairBytes::try_from(document.as_bytes()).map_err(|_| content(path, EXPECTED))?;
    let key = SigningKey::from_bytes(&pair.secret_key);
    // The second version of PKCS#8 repeats the public half. Whoever exchanges it would have the
    // signer mix two keys, which gives the private one away.
    let written = pair.public_key.as_ref().map(|public| public.0);
    if written.is_some_and(|written| written != key.verifying_key().to_bytes()) {
        return Err(content(path, MISMATCH));
    }
    SecretKey::from_signing_key(key).map_err(|_| content(path, EXPECTED))
}

/// Whether a file says of itself that it is a private key, encrypted or not. Says nothing about
/// who may read it; a file that is not text is none.
///
/// # Errors
/// [`KeyFileError::File`] if it cannot be read.
pub fn is_private(path: &Path) -> Result<bool, KeyFileError> {
    let failed = |e: std::io::Error| KeyFileError::system(path, &e);
    let mut start = Zeroizing::new(Vec::new());
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_SECRET_BYTES).read_to_end(&mut start).map_err(failed)?;
    let text = std::str::from_utf8(&start).unwrap_or_default();
    Ok(text.contains(PrivateKeyInfoRef::PEM_LABEL))
}

/// Reads a signing key that is not encrypted.
///
/// # Errors
/// [`KeyFileError`]; never quotes the content.
pub fn read_key(path: &Path) -> Result<SecretKey, KeyFileError> {
    KeyFile::plain(path).read()
}

/// Makes a new signing key and writes it, encrypted with a passphrase.
///
/// # Errors
/// [`KeyFileError`].
pub fn create_key(path: &Path, passphrase: &Secret) -> Result<SecretKey, KeyFileError> {
    let (key, document) = new(path)?;
    write_new(path, &encrypted::seal(path, &document, passphrase)?)?;
    Ok(key)
}

/// Makes a new signing key and writes it as it is: whoever reads the file is the issuer. For
/// demonstrations and drafts, and where the disk or a safe does what a passphrase would.
///
/// # Errors
/// [`KeyFileError`].
pub fn create_plain_key(path: &Path) -> Result<SecretKey, KeyFileError> {
    let (key, document) = new(path)?;
    let pem = document.to_pem(PrivateKeyInfoRef::PEM_LABEL, LineEnding::LF);
    let pem = pem.map_err(|_| content(path, EXPECTED))?;
    write_new(path, &Secret::new(pem.to_string()))?;
    Ok(key)
}

fn new(path: &Path) -> Result<(SecretKey, SecretDocument), KeyFileError> {
    let key = SigningKey::from_bytes(&*random()?);
    // The form without the public half, since older openssl reads no other.
    let pair = KeypairBytes { secret_key: key.to_bytes(), public_key: None };
    let document = pair.to_pkcs8_der().map_err(|_| content(path, EXPECTED))?;
    let key = SecretKey::from_signing_key(key).map_err(|_| content(path, EXPECTED))?;
    Ok((key, document))
}
