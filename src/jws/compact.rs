//! The compact serialisation of RFC 7515 section 7.1 with a protected header of exactly
//! `alg`, `kid`, `typ`.

use serde::{Deserialize, Serialize};

use super::key::{KeyId, PublicKey, Signer, SignerError};
use super::strict::{self, JsonError};
use super::{base64url, from_base64url};

/// What a record is: the `typ` of its protected header. A later major version is a new `typ`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Typ {
    /// A notice's statement.
    Notice,
    /// A relay's hop record.
    Hop,
    /// A relay's receipt.
    Receipt,
    /// An issuer's heartbeat.
    Heartbeat,
    /// A root or bundle.
    Trust,
}

impl Typ {
    /// The text in the header.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Notice => "chappe-notice+jwt",
            Self::Hop => "chappe-hop+jwt",
            Self::Receipt => "chappe-receipt+jwt",
            Self::Heartbeat => "chappe-heartbeat+jwt",
            Self::Trust => "chappe-trust+jwt",
        }
    }
}

/// Why a text is not a JWS of Chappe's profile. Each is one reason code of `policy::Reason`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// Not three canonical base64url parts, or a signature that is not 64 bytes.
    #[error("not a compact JWS of three canonical base64url parts")]
    Encoding,
    /// The protected header is not strict JSON with exactly `alg`, `kid`, `typ`.
    #[error("protected header: {0}")]
    Header(JsonError),
    /// `alg` is not `EdDSA`.
    #[error("alg is not EdDSA")]
    Algorithm,
    /// `typ` is another record's.
    #[error("typ is not {0}")]
    Type(&'static str),
    /// The signature does not verify under the key.
    #[error("the signature does not verify")]
    Signature,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Protected {
    alg: String,
    kid: String,
    typ: String,
}

/// A compact JWS taken apart; nothing in it is believed before [`Compact::payload`] has verified
/// it.
#[derive(Debug, Clone)]
pub struct Compact<'a> {
    signing_input: &'a str,
    kid: KeyId,
    payload: Vec<u8>,
    signature: [u8; 64],
}

impl<'a> Compact<'a> {
    /// Takes `text` apart and checks the protected header.
    ///
    /// # Errors
    /// Any [`JwsError`] but `Signature`.
    pub fn parse(text: &'a str, typ: Typ) -> Result<Self, JwsError> {
        let (signing_input, signature) = text.rsplit_once('.').ok_or(JwsError::Encoding)?;
        let (header, payload) = signing_input.split_once('.').ok_or(JwsError::Encoding)?;
        let header = from_base64url(header).ok_or(JwsError::Encoding)?;
        let payload = from_base64url(payload).ok_or(JwsError::Encoding)?;
        let signature = from_base64url(signature).ok_or(JwsError::Encoding)?;
        let kid = check_protected(&header, typ)?;
        let signature = signature.try_into().map_err(|_| JwsError::Encoding)?;
        Ok(Self { signing_input, kid, payload, signature })
    }

    /// The key that the header names: a hint for the lookup, nothing more.
    #[must_use]
    pub fn kid(&self) -> &KeyId {
        &self.kid
    }

    /// The payload, once it verifies under `key`.
    ///
    /// # Errors
    /// [`JwsError::Signature`].
    pub fn payload(&self, key: &PublicKey) -> Result<&[u8], JwsError> {
        if key.verifies(self.signing_input.as_bytes(), &self.signature) {
            Ok(&self.payload)
        } else {
            Err(JwsError::Signature)
        }
    }

    /// The key and the payload of what was verified before it was stored, as a node's own streams
    /// at start: as [`Compact::parse`], but for the signature, which is left alone.
    ///
    /// # Errors
    /// As [`Compact::parse`].
    pub fn reread(text: &str, typ: Typ) -> Result<(KeyId, Vec<u8>), JwsError> {
        let (header, rest) = text.split_once('.').ok_or(JwsError::Encoding)?;
        let (payload, _) = rest.split_once('.').ok_or(JwsError::Encoding)?;
        let header = from_base64url(header).ok_or(JwsError::Encoding)?;
        let payload = from_base64url(payload).ok_or(JwsError::Encoding)?;
        Ok((check_protected(&header, typ)?, payload))
    }

    /// The payload without any check, for refused input that an operator looks at.
    #[must_use]
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }
}

/// Checks a protected header and returns its `kid`.
pub(super) fn check_protected(header: &[u8], typ: Typ) -> Result<KeyId, JwsError> {
    if let Some(kid) = as_written_here(header, typ) {
        return Ok(kid);
    }
    let protected: Protected = strict::from_slice(header).map_err(JwsError::Header)?;
    if protected.alg != "EdDSA" {
        return Err(JwsError::Algorithm);
    }
    if protected.typ != typ.as_str() {
        return Err(JwsError::Type(typ.as_str()));
    }
    Ok(KeyId::hint(&protected.kid))
}

/// The `kid` of a header in the very form of [`protected`], which nearly all have: no parser could
/// read it otherwise.
fn as_written_here(header: &[u8], typ: Typ) -> Option<KeyId> {
    let text = std::str::from_utf8(header).ok()?;
    let rest = text.strip_prefix(r#"{"alg":"EdDSA","kid":""#)?;
    let rest = rest.strip_suffix(r#""}"#)?.strip_suffix(typ.as_str())?;
    let kid = rest.strip_suffix(r#"","typ":""#)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    kid.bytes().all(plain).then(|| KeyId::hint(kid))
}

/// The protected header that this profile writes, base64url.
pub(super) fn protected(typ: Typ, kid: &KeyId) -> String {
    base64url(format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"{}"}}"#, typ.as_str()).as_bytes())
}

/// Signs `payload` and verifies the result, so that a faulty signer is caught before anything
/// leaves.
///
/// # Errors
/// The signer's own, or [`SignerError::SelfCheck`].
pub fn sign_with(signer: &dyn Signer, typ: Typ, payload: &[u8]) -> Result<String, SignerError> {
    let input = format!("{}.{}", protected(typ, signer.public().id()), base64url(payload));
    let signature = signer.sign(input.as_bytes())?;
    if !signer.public().verifies(input.as_bytes(), &signature) {
        return Err(SignerError::SelfCheck);
    }
    Ok(format!("{input}.{}", base64url(&signature)))
}

/// [`sign_with`] for a record that serialises itself.
///
/// # Errors
/// As [`sign_with`]; serialising a record of ours does not fail.
pub fn sign<T: Serialize>(
    signer: &dyn Signer,
    typ: Typ,
    record: &T,
) -> Result<String, SignerError> {
    let payload = serde_json::to_vec(record).map_err(|e| SignerError::Failed(e.to_string()))?;
    sign_with(signer, typ, &payload)
}

#[cfg(test)]
mod tests {
    use super::super::key::SecretKey;
    use super::*;

    fn key() -> SecretKey {
        SecretKey::from_seed(&[1; 32]).expect("a key")
    }

    fn verified(text: &str, typ: Typ) -> Result<Vec<u8>, JwsError> {
        let key = key();
        Compact::parse(text, typ)?.payload(key.public()).map(<[u8]>::to_vec)
    }

    #[test]
    fn a_signed_payload_comes_back() {
        let text = sign_with(&key(), Typ::Hop, b"{}").expect("signed");
        assert_eq!(verified(&text, Typ::Hop).expect("verifies"), b"{}");
    }

    #[test]
    fn a_signature_over_one_type_never_passes_as_another() {
        let text = sign_with(&key(), Typ::Hop, b"{}").expect("signed");
        assert_eq!(verified(&text, Typ::Notice).unwrap_err(), JwsError::Type("chappe-notice+jwt"));
    }

    #[test]
    fn every_flipped_bit_is_refused() {
        let text = sign_with(&key(), Typ::Hop, b"{\"a\":1}").expect("signed");
        for at in 0..text.len() {
            for bit in 0..7 {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let Ok(changed) = String::from_utf8(bytes) else { continue };
                assert!(verified(&changed, Typ::Hop).is_err(), "byte {at} bit {bit}");
            }
        }
    }

    #[test]
    fn padding_stray_bits_and_other_alphabets_are_refused() {
        let text = sign_with(&key(), Typ::Hop, b"{\"a\":12}").expect("signed");
        let (head, signature) = text.rsplit_once('.').expect("three parts");
        for changed in [format!("{text}="), format!("{head}.{signature}A"), text.replace('.', "..")]
        {
            assert!(verified(&changed, Typ::Hop).is_err(), "{changed}");
        }
        // 64 bytes end in a character that carries two stray bits.
        let last = text.chars().last().expect("not empty");
        let stray = char::from_u32(u32::from(last) + 1).expect("a character");
        let changed = format!("{}{stray}", &text[..text.len() - 1]);
        assert!(verified(&changed, Typ::Hop).is_err());
    }

    #[test]
    fn an_alg_of_the_attackers_choice_is_refused() {
        for alg in ["none", "HS256", "Ed25519"] {
            let header = format!(r#"{{"alg":"{alg}","kid":"k","typ":"chappe-hop+jwt"}}"#);
            let text = format!("{}.e30.{}", base64url(header.as_bytes()), base64url(&[0; 64]));
            assert_eq!(verified(&text, Typ::Hop).unwrap_err(), JwsError::Algorithm);
        }
    }

    #[test]
    fn the_short_way_through_a_header_gives_what_the_parser_gives() {
        let parsed = |header: &[u8]| {
            let read: Result<Protected, _> = strict::from_slice(header);
            read.ok().map(|read| KeyId::hint(&read.kid))
        };
        for kid in ["", "abc-_9", r"a\u0062", r#"a","typ":"x"#, "é", "a b", r"a\"] {
            let header = format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"chappe-hop+jwt"}}"#);
            let (header, plain) = (header.as_bytes(), kid == "abc-_9" || kid.is_empty());
            assert_eq!(check_protected(header, Typ::Hop).ok(), parsed(header), "{kid}");
            assert_eq!(as_written_here(header, Typ::Hop).is_some(), plain, "{kid}");
        }
    }

    #[test]
    fn what_was_verified_before_is_read_again_with_its_key_and_only_as_what_it_is() {
        let text = sign_with(&key(), Typ::Hop, b"{\"a\":1}").expect("signed");
        let parsed = Compact::parse(&text, Typ::Hop).expect("parsed");
        let (kid, payload) = Compact::reread(&text, Typ::Hop).expect("read again");
        assert_eq!((&kid, &payload[..]), (parsed.kid(), parsed.unverified_payload()));
        assert_eq!(
            Compact::reread(&text, Typ::Notice).unwrap_err(),
            JwsError::Type("chappe-notice+jwt")
        );
        assert_eq!(Compact::reread("a.b", Typ::Hop).unwrap_err(), JwsError::Encoding);
    }

    #[test]
    fn a_header_has_exactly_three_members() {
        let header = br#"{"alg":"EdDSA","kid":"k","typ":"chappe-hop+jwt","crit":["x"]}"#;
        let text = format!("{}.e30.{}", base64url(header), base64url(&[0; 64]));
        assert!(matches!(verified(&text, Typ::Hop).unwrap_err(), JwsError::Header(_)));
    }
}
