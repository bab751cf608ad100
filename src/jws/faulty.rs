//! A signer that is broken as an HSM may be: for the tests of whatever signs.

use super::key::{PublicKey, SecretKey, Signer, SignerError};

/// Gives a well-formed signature of its own key over something else.
pub(crate) struct Faulty(SecretKey);

impl Faulty {
    pub(crate) fn new() -> Self {
        Self(SecretKey::from_seed(&[9; 32]).expect("a key"))
    }
}

impl Signer for Faulty {
    fn public(&self) -> &PublicKey {
        self.0.public()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignerError> {
        self.0.sign(&[message, b"a bit flipped"].concat())
    }
}
