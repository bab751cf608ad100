//! Ed25519 keys as PKCS#8 PEM, the form that openssl makes and reads.

use std::path::Path;

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, KeypairBytes};

use super::file::{read_secret, write_new};
use super::{KeyFileError, random_seed};
use crate::jws::SecretKey;

const EXPECTED: &str = "an Ed25519 key as PKCS#8 PEM (BEGIN PRIVATE KEY), as \
                        `openssl genpkey -algorithm ed25519` makes it";

/// Reads a signing key.
///
/// # Errors
/// What [`read_secret`] refuses; [`KeyFileError::Encrypted`]; [`KeyFileError::Form`].
pub fn load_signing(path: &Path) -> Result<SecretKey, KeyFileError> {
    let text = read_secret(path)?;
    if text.contains("BEGIN ENCRYPTED PRIVATE KEY") {
        return Err(KeyFileError::Encrypted { path: path.into() });
    }
    let key = SigningKey::from_pkcs8_pem(&text)
        .map_err(|error| KeyFileError::form(path, error.to_string(), EXPECTED))?;
    SecretKey::from_signing_key(key)
        .map_err(|error| KeyFileError::form(path, error.to_string(), EXPECTED))
}

/// Makes a signing key of the system's randomness and writes it to a new file.
///
/// The file has PKCS#8's first version, without the public key: openssl 3.0 does not read the
/// second.
///
/// # Errors
/// [`KeyFileError::Random`], [`KeyFileError::Exists`], [`KeyFileError::Write`].
pub fn generate_signing(path: &Path) -> Result<SecretKey, KeyFileError> {
    let seed = random_seed()?;
    let failed = |error: String| KeyFileError::Write { path: path.into(), error };
    let bytes = KeypairBytes { secret_key: *seed, public_key: None };
    let pem = bytes.to_pkcs8_pem(LineEnding::LF).map_err(|e| failed(e.to_string()))?;
    write_new(path, &pem)?;
    SecretKey::from_seed(&seed).map_err(|e| failed(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jws::Signer as _;

    /// RFC 8410 section 10.3, the key of the first version.
    const RFC_8410: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
        -----END PRIVATE KEY-----\n";

    fn written(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key.pem");
        write_new(&path, text).expect("written");
        (folder, path)
    }

    #[test]
    fn the_key_of_rfc_8410_has_the_public_half_printed_there() {
        let (_folder, path) = written(RFC_8410);
        let key = load_signing(&path).expect("a key");
        assert_eq!(key.public().to_jwk().x, "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE");
    }

    #[test]
    fn a_generated_key_is_read_back_and_no_two_are_alike() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.pem");
        let key = generate_signing(&path).expect("generated");
        let back = load_signing(&path).expect("read back");
        assert_eq!(key.public().id(), back.public().id());
        let other = generate_signing(&folder.path().join("b.pem")).expect("generated");
        assert_ne!(key.public().id(), other.public().id());
        assert!(matches!(generate_signing(&path), Err(KeyFileError::Exists { .. })));
    }

    #[test]
    fn an_encrypted_key_is_told_from_a_broken_one() {
        let text =
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----";
        let (_folder, path) = written(text);
        assert!(matches!(load_signing(&path), Err(KeyFileError::Encrypted { .. })));
        let (_folder, path) =
            written("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----");
        assert!(matches!(load_signing(&path), Err(KeyFileError::Form { .. })));
    }

    #[test]
    fn an_error_shows_nothing_of_what_stands_in_the_file() {
        let (_folder, path) = written("-----BEGIN PRIVATE KEY-----\nhunter2\n");
        let error = load_signing(&path).expect_err("broken");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
