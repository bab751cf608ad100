//! Signatures that no signer makes: valid equations, not valid Ed25519 of RFC 8032.

use std::ops::{Add, Mul};

use chappe::notice::Id;
use ed25519_dalek::SigningKey;
use sha2::{Digest as _, Sha256, Sha512};

/// The order of the group, little-endian.
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// The same signature with S + L for S: a second text for one signature.
pub(crate) fn plus_order(signature: &[u8]) -> Vec<u8> {
    let mut changed = signature.to_vec();
    let mut carry = 0_u16;
    for (byte, order) in changed[32..].iter_mut().zip(L) {
        carry += u16::from(*byte) + u16::from(order);
        *byte = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    assert_eq!(carry, 0, "S + L fits 32 bytes");
    changed
}

/// A signature with the identity for R and S = k * a. OpenSSL's `verify` takes it.
pub(crate) fn with_identity(node: &str, usage: &str, message: &[u8]) -> Vec<u8> {
    let seed = Id::of(format!("{node}/{usage}").as_bytes());
    let key = SigningKey::from_bytes(seed.as_bytes());
    let mut identity = vec![0; 32];
    identity[0] = 1;
    let mut hash = Sha512::new();
    hash.update(&identity);
    hash.update(key.verifying_key().as_bytes());
    hash.update(message);
    let a = key.to_scalar();
    let k = reduced(&a, &hash.finalize());
    [identity, (k * a).to_bytes().to_vec()].concat()
}

/// A little-endian number as a scalar of the type of `like`: digit by digit.
fn reduced<T>(like: &T, bytes: &[u8]) -> T
where
    T: Copy + From<u64> + Mul<Output = T> + Add<Output = T>,
{
    let of = |number: u64| T::from(number);
    let zero = { *like * of(0) };
    bytes.iter().rev().fold(zero, |sum, byte| sum * of(256) + of(u64::from(*byte)))
}

/// HMAC-SHA256 (RFC 2104) under a key of at most 64 bytes.
pub(crate) fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let padded = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().to_vec()
}
