//! NATS nkeys: they connect, and sign nothing else. The server chooses what an nkey signs to prove
//! itself, so the same key must never sign a notice.

use std::path::Path;

use nkeys::KeyPair;
use zeroize::Zeroizing;

use super::error::KeyFileError;
use super::private::{read_private, write_new};
use super::secret::{Secret, random};
use crate::jws::{PublicKey, SecretKey, Signer as _};

const EXPECTED: &str = "an nkey seed of a user (SU...)";

/// A user's seed with its public half.
#[derive(Clone, Debug)]
pub struct NkeyFile {
    /// The seed.
    pub seed: Secret,
    /// The public key, `U...`.
    pub public: String,
}

/// Reads a user's seed.
///
/// # Errors
/// [`KeyFileError`]; never quotes the content.
pub fn read_nkey(path: &Path) -> Result<NkeyFile, KeyFileError> {
    let content = || KeyFileError::Content { path: path.into(), expected: EXPECTED };
    let seed = Secret::new(read_private(path)?.expose().trim().to_owned());
    let pair = KeyPair::from_seed(seed.expose()).map_err(|_| content())?;
    let public = pair.public_key();
    if !public.starts_with('U') {
        return Err(content());
    }
    Ok(NkeyFile { seed, public })
}

/// Makes a new user's seed and writes it.
///
/// # Errors
/// [`KeyFileError`].
pub fn create_nkey(path: &Path) -> Result<NkeyFile, KeyFileError> {
    let content = || KeyFileError::Content { path: path.into(), expected: EXPECTED };
    let bytes = random()?;
    let pair = KeyPair::new_from_raw(nkeys::KeyPairType::User, *bytes).map_err(|_| content())?;
    let seed = Secret::new(pair.seed().map_err(|_| content())?);
    write_new(path, &seed)?;
    Ok(NkeyFile { seed, public: pair.public_key() })
}

/// Whether an nkey's seed is the private half of `key`: both are 32 bytes of Ed25519.
pub(super) fn is_of(seed: &Secret, key: &PublicKey) -> bool {
    let Ok((_, bytes)) = nkeys::decode_seed(seed.expose()) else { return false };
    let bytes = Zeroizing::new(bytes);
    SecretKey::from_seed(&bytes).is_ok_and(|own| own.public() == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_recognised_as_the_private_half_of_a_signing_key() {
        let pair = KeyPair::new_from_raw(nkeys::KeyPairType::User, [7; 32]).expect("a pair");
        let seed = Secret::new(pair.seed().expect("a seed"));
        let same = SecretKey::from_seed(&[7; 32]).expect("a key");
        let other = SecretKey::from_seed(&[8; 32]).expect("a key");
        assert!(is_of(&seed, same.public()));
        assert!(!is_of(&seed, other.public()));
        assert!(!is_of(&Secret::new("no seed".into()), same.public()));
    }
}
