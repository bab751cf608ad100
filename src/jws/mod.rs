//! Compact JWS (RFC 7515) over Ed25519 (RFC 8037), keys, and strict JSON: bytes in, bytes out.
//!
//! Everything that Chappe signs is one of five record types, told apart by the `typ` of the
//! protected header (RFC 8725 section 3.11), so a signature over one never passes as another.
//! The key decides the algorithm; the header only has to agree.

mod compact;
#[cfg(test)]
mod faulty;
mod general;
mod key;
mod strict;

pub use self::compact::{Compact, JwsError, Typ, sign, sign_with};
#[cfg(test)]
pub(crate) use self::faulty::Faulty;
pub use self::general::{General, MAX_DOCUMENT_BYTES, MAX_SIGNATURES};
pub use self::key::{Jwk, KeyError, KeyId, PublicKey, SecretKey, Signer, SignerError};
pub use self::strict::{JsonError, MAX_DEPTH, from_slice, reread};

/// Encodes without padding, the only form on the wire (RFC 7515 section 2).
#[must_use]
pub fn base64url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes; `None` on padding, foreign characters or stray bits, so that one value has one text.
#[must_use]
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok()
}
