//! The JSON general serialisation of RFC 7515 section 7.2.1: one payload, several signatures.
//! Roots and bundles have this form.

use serde::{Deserialize, Serialize};

use super::compact::{JwsError, Typ, check_protected, protected};
use super::key::{KeyId, PublicKey, Signer, SignerError};
use super::{base64url, from_base64url, strict};

/// A trust document's bound: above it a peer could fill memory before any check.
pub const MAX_DOCUMENT_BYTES: usize = 64 * 1024;
/// Signatures on one document: the largest ceremony foreseen is 5, and each costs a verification.
pub const MAX_SIGNATURES: usize = 16;

/// A document with its signatures, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct General {
    payload: String,
    signatures: Vec<One>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct One {
    protected: String,
    signature: String,
}

impl General {
    /// A document without signatures yet.
    #[must_use]
    pub fn unsigned(payload: &[u8]) -> Self {
        Self { payload: base64url(payload), signatures: Vec::new() }
    }

    /// Reads a document; its signatures are not checked yet.
    ///
    /// # Errors
    /// [`JwsError::Encoding`] above [`MAX_DOCUMENT_BYTES`] or [`MAX_SIGNATURES`],
    /// [`JwsError::Header`] if it is not strict JSON of this form.
    pub fn parse(bytes: &[u8]) -> Result<Self, JwsError> {
        if bytes.len() > MAX_DOCUMENT_BYTES {
            return Err(JwsError::Encoding);
        }
        let document: Self = strict::from_slice(bytes).map_err(JwsError::Header)?;
        if document.signatures.len() > MAX_SIGNATURES {
            return Err(JwsError::Encoding);
        }
        Ok(document)
    }

    /// Adds one signature.
    ///
    /// # Errors
    /// The signer's own.
    pub fn sign(&mut self, signer: &dyn Signer) -> Result<(), SignerError> {
        let protected = protected(Typ::Trust, signer.public().id());
        let input = format!("{protected}.{}", self.payload);
        let signature = signer.sign(input.as_bytes())?;
        if !signer.public().verifies(input.as_bytes(), &signature) {
            return Err(SignerError::SelfCheck);
        }
        self.signatures.push(One { protected, signature: base64url(&signature) });
        Ok(())
    }

    /// Whether the two are copies of one document: the same signed bytes.
    #[must_use]
    pub fn is_copy_of(&self, other: &Self) -> bool {
        self.payload == other.payload
    }

    /// Takes over the signatures of a copy that this one has not yet, unchecked; says how many.
    /// Of a document with other signed bytes, none.
    pub fn gather(&mut self, other: &Self) -> usize {
        let before = self.signatures.len();
        for one in other.signatures.iter().filter(|_| self.payload == other.payload) {
            if !self.signatures.contains(one) {
                self.signatures.push(one.clone());
            }
        }
        self.signatures.len() - before
    }

    /// The key ids that its signatures name, without any check, in their order.
    #[must_use]
    pub fn unverified_signers(&self) -> Vec<KeyId> {
        let named = |one: &One| check_protected(&from_base64url(&one.protected)?, Typ::Trust).ok();
        self.signatures.iter().filter_map(named).collect()
    }

    /// How many signatures there are, whoever made them.
    #[must_use]
    pub fn signatures(&self) -> usize {
        self.signatures.len()
    }

    /// The payload's bytes, without any check.
    ///
    /// # Errors
    /// [`JwsError::Encoding`].
    pub fn unverified_payload(&self) -> Result<Vec<u8>, JwsError> {
        from_base64url(&self.payload).ok_or(JwsError::Encoding)
    }

    /// The distinct keys among `keys` that have signed. Distinct *keys* are counted: one key that
    /// signs twice, or stands in two entries, is one (CVE-2020-6174).
    #[must_use]
    pub fn signers(&self, keys: &[PublicKey]) -> Vec<KeyId> {
        let mut found: Vec<KeyId> =
            self.signatures.iter().filter_map(|one| self.signer(one, keys)).collect();
        found.sort();
        found.dedup();
        found
    }

    /// About how many bytes it takes as it is stored.
    #[expect(clippy::len_without_is_empty, reason = "a document is never empty")]
    #[must_use]
    pub fn len(&self) -> usize {
        let each = |one: &One| one.protected.len() + one.signature.len() + 40;
        self.payload.len() + self.signatures.iter().map(each).sum::<usize>() + 40
    }

    /// Whether `key` has signed: one good signature under its own id is enough.
    #[must_use]
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        self.signatures.iter().any(|one| self.signer(one, std::slice::from_ref(key)).is_some())
    }

    fn signer(&self, one: &One, keys: &[PublicKey]) -> Option<KeyId> {
        let header = from_base64url(&one.protected)?;
        let kid = check_protected(&header, Typ::Trust).ok()?;
        let key = keys.iter().find(|key| *key.id() == kid)?;
        let signature = from_base64url(&one.signature)?.try_into().ok()?;
        let input = format!("{}.{}", one.protected, self.payload);
        key.verifies(input.as_bytes(), &signature).then_some(kid)
    }
}

#[cfg(test)]
mod tests {
    use super::super::key::SecretKey;
    use super::*;

    #[test]
    fn a_key_that_signs_twice_counts_once() {
        let key = SecretKey::from_seed(&[1; 32]).expect("a key");
        let other = SecretKey::from_seed(&[2; 32]).expect("a key");
        let mut document = General::unsigned(b"{}");
        document.sign(&key).expect("signed");
        document.sign(&key).expect("signed");
        let keys = [key.public().clone(), key.public().clone(), other.public().clone()];
        assert_eq!(document.signers(&keys), vec![key.public().id().clone()]);
    }

    #[test]
    fn a_faulty_signers_signature_never_stands_in_a_document() {
        let mut document = General::unsigned(b"{}");
        assert_eq!(document.sign(&super::super::Faulty::new()), Err(SignerError::SelfCheck));
        assert!(document.signatures.is_empty());
    }

    #[test]
    fn endless_data_is_cut_at_the_bound() {
        let bytes = vec![b' '; MAX_DOCUMENT_BYTES + 1];
        assert_eq!(General::parse(&bytes).unwrap_err(), JwsError::Encoding);
    }
}
