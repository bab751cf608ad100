//! Ed25519 keys as Chappe admits them, and the one trait behind which a signer stands.

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{base64url, from_base64url};

/// RFC 7638 thumbprint of an Ed25519 JWK, base64url. Always computed, never read: a declared key
/// id once let two ids stand for one key and meet a threshold alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(String);

impl KeyId {
    /// Takes the text of a `kid` header to look a key up with; the lookup decides, not the text.
    #[must_use]
    pub fn hint(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The thumbprint's text, 43 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a key is not admitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not 32 bytes of base64url, or not `{"kty":"OKP","crv":"Ed25519"}` (RFC 8037).
    #[error("not an Ed25519 JWK of RFC 8037")]
    Form,
    /// Not a canonical encoding of a point of full order.
    #[error("a weak key: not canonical, or of small or mixed order")]
    Weak,
}

/// A public key as it stands in a bundle (RFC 8037).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jwk {
    /// Always `OKP`.
    pub kty: String,
    /// Always `Ed25519`.
    pub crv: String,
    /// The 32 bytes, base64url.
    pub x: String,
}

/// An admitted Ed25519 public key: canonical, of full order.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    inner: VerifyingKey,
    id: KeyId,
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id)
    }
}

impl PublicKey {
    /// Admits 32 bytes as a key.
    ///
    /// # Errors
    /// [`KeyError::Weak`] for what `verify_strict` or another library would treat differently.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let inner = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::Weak)?;
        // `from_bytes` follows ZIP-215 and keeps the bytes it was given: re-encode to compare.
        let point = inner.to_edwards();
        let canonical = point.compress().to_bytes() == *bytes;
        if !canonical || inner.is_weak() || !point.is_torsion_free() {
            return Err(KeyError::Weak);
        }
        Ok(Self { inner, id: thumbprint(bytes) })
    }

    /// Admits a JWK.
    ///
    /// # Errors
    /// [`KeyError::Form`] if it is no Ed25519 JWK, [`KeyError::Weak`] as [`Self::from_bytes`].
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, KeyError> {
        if jwk.kty != "OKP" || jwk.crv != "Ed25519" {
            return Err(KeyError::Form);
        }
        let bytes = from_base64url(&jwk.x).ok_or(KeyError::Form)?;
        Self::from_bytes(&bytes.try_into().map_err(|_| KeyError::Form)?)
    }

    /// The key as a JWK.
    #[must_use]
    pub fn to_jwk(&self) -> Jwk {
        Jwk { kty: "OKP".into(), crv: "Ed25519".into(), x: base64url(self.inner.as_bytes()) }
    }

    /// Its thumbprint.
    #[must_use]
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// `verify_strict` of RFC 8032 section 5.1.7 with small-order points refused.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.inner.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

fn thumbprint(x: &[u8; 32]) -> KeyId {
    // RFC 7638 section 3: the required members in lexical order, without white space.
    let json = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, base64url(x));
    KeyId(base64url(&Sha256::digest(json.as_bytes())))
}

/// Why a signer gave no signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    /// The device or key refused; the text is its own.
    #[error("the signer failed: {0}")]
    Failed(String),
    /// What came back does not verify under the signer's own public key (a faulty HSM).
    #[error("the signer's signature does not verify under its own key")]
    SelfCheck,
}

/// Whatever can sign: a key in a file today, an HSM or KMS behind the same two methods.
///
/// The signing input is below 4 096 bytes by construction, so that pure Ed25519 in a KMS fits.
pub trait Signer: Send + Sync {
    /// The public half.
    fn public(&self) -> &PublicKey;
    /// Pure Ed25519 over `message`.
    ///
    /// # Errors
    /// [`SignerError::Failed`] with the device's own words.
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignerError>;
}

/// A secret key in memory; wiped when dropped, and its `Debug` shows the public id alone.
pub struct SecretKey {
    inner: SigningKey,
    public: PublicKey,
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({})", self.public.id)
    }
}

impl SecretKey {
    /// From the 32 secret bytes of RFC 8032.
    ///
    /// # Errors
    /// [`KeyError::Weak`] in theory only: an honest seed gives a key of full order.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, KeyError> {
        let inner = SigningKey::from_bytes(seed);
        let public = PublicKey::from_bytes(inner.verifying_key().as_bytes())?;
        Ok(Self { inner, public })
    }

    /// From dalek's own type, as its PKCS#8 reader gives it.
    ///
    /// # Errors
    /// As [`Self::from_seed`].
    pub fn from_signing_key(inner: SigningKey) -> Result<Self, KeyError> {
        let public = PublicKey::from_bytes(inner.verifying_key().as_bytes())?;
        Ok(Self { inner, public })
    }
}

impl Signer for SecretKey {
    fn public(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignerError> {
        Ok(self.inner.sign(message).to_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thumbprint_is_that_of_rfc_8037_appendix_a3() {
        let jwk = Jwk {
            kty: "OKP".into(),
            crv: "Ed25519".into(),
            x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".into(),
        };
        let key = PublicKey::from_jwk(&jwk).expect("an admitted key");
        assert_eq!(key.id().as_str(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn weak_keys_are_not_admitted() {
        let identity = {
            let mut bytes = [0; 32];
            bytes[0] = 1;
            bytes
        };
        assert_eq!(PublicKey::from_bytes(&identity).unwrap_err(), KeyError::Weak);
        assert_eq!(PublicKey::from_bytes(&[0; 32]).unwrap_err(), KeyError::Weak);
        assert_eq!(PublicKey::from_bytes(&[0xff; 32]).unwrap_err(), KeyError::Weak);
    }

    #[test]
    fn debug_of_a_secret_shows_the_public_id_alone() {
        let key = SecretKey::from_seed(&[7; 32]).expect("a key");
        assert_eq!(format!("{key:?}"), format!("SecretKey({})", key.public().id()));
    }
}
