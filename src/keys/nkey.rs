//! NATS nkeys: they connect, and sign nothing else. The server chooses what an nkey signs to prove
//! itself, so the same key must never sign a notice.

use std::path::Path;

use nkeys::KeyPair;

use super::secret::{KeyFileError, Secret, random, read_private, write_new};

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
