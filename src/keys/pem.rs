//! Ed25519 signing keys as PKCS#8 PEM (RFC 8410), as `openssl genpkey` writes them.

use std::path::Path;

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};

use super::secret::{KeyFileError, Secret, random, read_private, write_new};
use crate::jws::SecretKey;

const EXPECTED: &str = "an Ed25519 key as PKCS#8 PEM (BEGIN PRIVATE KEY)";
const ENCRYPTED: &str = "a key without passphrase: this version reads no encrypted keys";

/// Reads a signing key.
///
/// # Errors
/// [`KeyFileError`]; never quotes the content.
pub fn read_key(path: &Path) -> Result<SecretKey, KeyFileError> {
    let text = read_private(path)?;
    let content = |expected| KeyFileError::Content { path: path.into(), expected };
    if text.expose().contains("BEGIN ENCRYPTED PRIVATE KEY") {
        return Err(content(ENCRYPTED));
    }
    let key = SigningKey::from_pkcs8_pem(text.expose()).map_err(|_| content(EXPECTED))?;
    SecretKey::from_signing_key(key).map_err(|_| content(EXPECTED))
}

/// Makes a new signing key and writes it.
///
/// # Errors
/// [`KeyFileError`].
pub fn create_key(path: &Path) -> Result<SecretKey, KeyFileError> {
    let content = |expected| KeyFileError::Content { path: path.into(), expected };
    let seed = random()?;
    let key = SigningKey::from_bytes(&seed);
    // The form without the public half, since older openssl reads no other.
    let pair = ed25519_dalek::pkcs8::KeypairBytes { secret_key: key.to_bytes(), public_key: None };
    let pem = pair.to_pkcs8_pem(LineEnding::LF).map_err(|_| content(EXPECTED))?;
    write_new(path, &Secret::new(pem.to_string()))?;
    SecretKey::from_signing_key(key).map_err(|_| content(EXPECTED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jws::Signer as _;

    #[test]
    fn a_key_that_was_made_is_read_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("issue.pem");
        let made = create_key(&path).expect("made");
        let read = read_key(&path).expect("read");
        assert_eq!(made.public(), read.public());
    }

    #[test]
    fn the_key_of_rfc_8410_has_the_public_half_printed_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key.pem");
        let pem = "-----BEGIN PRIVATE KEY-----\n\
            MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
            -----END PRIVATE KEY-----\n";
        write_new(&path, &Secret::new(pem.into())).expect("written");
        let key = read_key(&path).expect("a key");
        assert_eq!(key.public().to_jwk().x, "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE");
    }

    #[test]
    fn what_is_no_key_is_refused_without_quoting_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key.pem");
        write_new(&path, &Secret::new("hunter2".into())).expect("written");
        let error = read_key(&path).expect_err("refused").to_string();
        assert!(error.contains("PKCS#8") && !error.contains("hunter2"), "{error}");
    }
}
