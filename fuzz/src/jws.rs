//! Compact JWS and the general form: one value has one text, and a signature is the one that the
//! key makes.

use chappe::jws::{
    Compact, General, SecretKey, Signer as _, Typ, base64url, from_base64url, sign_with,
};
use serde_json::Value;

use crate::edits::edited;
use crate::forge;

const TYPES: [Typ; 5] = [Typ::Notice, Typ::Hop, Typ::Receipt, Typ::Heartbeat, Typ::Trust];

/// Reads `data` as a JWS of each form, and as edits of an honest one.
///
/// # Panics
/// If one of the module's claims does not hold.
pub fn check(data: &[u8]) {
    let key = forge::key("eu-fr", "issue");
    if let Ok(text) = std::str::from_utf8(data) {
        TYPES.iter().for_each(|typ| compact(text, *typ, &key));
        base64(text);
    }
    general(data, &key);
    no_edit_verifies(data, &key);
}

fn compact(text: &str, typ: Typ, key: &SecretKey) {
    let Ok(parsed) = Compact::parse(text, typ) else { return };
    let parts: Vec<&str> = text.split('.').collect();
    assert_eq!(parts.len(), 3, "{text}");
    assert_eq!(parts[1], base64url(parsed.unverified_payload()), "two texts for one payload");
    let header = from_base64url(parts[0]).expect("a header");
    let header: Value = serde_json::from_slice(&header).expect("a strict header is JSON");
    assert_eq!(header["alg"], "EdDSA");
    assert_eq!(header["typ"], typ.as_str());
    assert_eq!(header["kid"], parsed.kid().as_str());
    assert_eq!(header.as_object().map(|h| h.len()), Some(3), "{header}");
    assert!(TYPES.iter().filter(|typ| Compact::parse(text, **typ).is_ok()).count() == 1);
    if let Ok(payload) = parsed.payload(key.public()) {
        // Ed25519 gives one signature: what verifies is what the key itself makes.
        let honest = key.sign(format!("{}.{}", parts[0], parts[1]).as_bytes()).expect("signed");
        assert_eq!(parts[2], base64url(&honest), "a second signature");
        assert_eq!(payload, parsed.unverified_payload());
    }
}

fn base64(text: &str) {
    if let Some(bytes) = from_base64url(text) {
        assert_eq!(base64url(&bytes), text, "two texts for one value");
    }
}

fn general(data: &[u8], key: &SecretKey) {
    let Ok(document) = General::parse(data) else { return };
    crate::json::every_reader_agrees(data, &document);
    let other = forge::key("eu-fr", "bundle");
    let keys = [key.public().clone(), other.public().clone(), key.public().clone()];
    let signers = document.signers(&keys);
    assert!(signers.len() <= 2, "a key counts twice");
    assert!(signers.iter().all(|id| keys.iter().any(|key| key.id() == id)), "a foreign signer");
    let mut signed = document.clone();
    if document.unverified_payload().is_ok() && signed.sign(key).is_ok() {
        assert!(signed.signers(&keys).contains(key.public().id()), "a signature is not found");
    }
}

fn no_edit_verifies(edits: &[u8], key: &SecretKey) {
    let (typ, payload) = (Typ::Notice, br#"{"a":"an honest statement","b":[1,2,3]}"#);
    let honest = sign_with(key, typ, payload).expect("signed");
    let Ok(changed) = String::from_utf8(edited(honest.as_bytes(), edits)) else { return };
    let verifies = Compact::parse(&changed, typ).is_ok_and(|c| c.payload(key.public()).is_ok());
    assert_eq!(verifies, changed == honest, "{changed}");
}
