//! Public keys as JWK (RFC 8037) or SPKI PEM (RFC 8410).

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use ed25519_dalek::VerifyingKey;
use ed25519_dalek::pkcs8::PublicKeyBytes;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::spki::{DecodePublicKey as _, EncodePublicKey as _};

use super::error::KeyFileError;
use crate::jws::{self, Jwk, PublicKey};

const EXPECTED: &str = "an Ed25519 public key as JWK (RFC 8037) or SPKI PEM (BEGIN PUBLIC KEY)";

/// A public key is a few hundred bytes.
const MAX_PUBLIC_BYTES: u64 = 16 * 1024;

/// Reads a public key, in either form. Anybody may read the file.
///
/// # Errors
/// [`KeyFileError::File`], or [`KeyFileError::Content`] if no admitted key stands there.
pub fn read_public(path: &Path) -> Result<PublicKey, KeyFileError> {
    let failed = |e: std::io::Error| KeyFileError::File { path: path.into(), why: e.to_string() };
    let mut text = String::new();
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_PUBLIC_BYTES).read_to_string(&mut text).map_err(failed)?;
    parse(&text).ok_or_else(|| KeyFileError::Content { path: path.into(), expected: EXPECTED })
}

fn parse(text: &str) -> Option<PublicKey> {
    if text.trim_start().starts_with('{') {
        let jwk: Jwk = jws::from_slice(text.as_bytes()).ok()?;
        return PublicKey::from_jwk(&jwk).ok();
    }
    let key = VerifyingKey::from_public_key_pem(text).ok()?;
    PublicKey::from_bytes(key.as_bytes()).ok()
}

/// A public key as SPKI PEM; `None` never, since an admitted key has 32 bytes.
#[must_use]
pub fn public_pem(key: &PublicKey) -> Option<String> {
    let bytes = jws::from_base64url(&key.to_jwk().x)?.try_into().ok()?;
    PublicKeyBytes(bytes).to_public_key_pem(LineEnding::LF).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jws::{SecretKey, Signer as _};

    /// RFC 8410 section 10.1.
    const RFC_8410: &str = "-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
        -----END PUBLIC KEY-----\n";

    #[test]
    fn the_public_key_of_rfc_8410_is_read_and_written_alike() {
        let key = parse(RFC_8410).expect("a key");
        assert_eq!(public_pem(&key).as_deref(), Some(RFC_8410));
    }

    #[test]
    fn a_jwk_is_read_and_anything_else_is_refused() {
        let key = SecretKey::from_seed(&[3; 32]).expect("a key");
        let jwk = serde_json::to_string(&key.public().to_jwk()).expect("JSON");
        assert_eq!(parse(&jwk).expect("a key").id(), key.public().id());
        for text in
            ["", "{}", &jwk.replace("Ed25519", "X25519"), &jwk.replace('}', ",\"d\":\"x\"}")]
        {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
