//! Files that only their recipient can read: the age format (C2SP), version 1, encrypted to one
//! X25519 recipient. Chappe writes them and never reads them: `age -d` does.
//!
//! The `age` crate was not chosen: it brings 78 crates, among them a translation system and
//! unreleased post-quantum ones, for what is five steps over primitives of which we have most.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bech32::primitives::decode::CheckedHrpstring;
use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use hkdf::Hkdf;
use hkdf::hmac::{Hmac, Mac as _};
use sha2::Sha256;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

const HRP: &str = "age";
const INTRO: &str = "age-encryption.org/v1";
const CHUNK: usize = 64 * 1024;

/// Whose key opens a file: `age1...`, as `age-keygen` shows it.
#[derive(Clone, Debug)]
pub struct Recipient(PublicKey);

/// Why nothing is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Not a recipient.
    #[error(
        "expected an age recipient, `age1` and 58 more characters, as `age-keygen -y` shows it"
    )]
    Recipient,
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random,
    /// A key with which nothing would be secret, or more than the format takes.
    #[error("this cannot be encrypted to this recipient")]
    Cipher,
}

impl FromStr for Recipient {
    type Err = SealError;
    fn from_str(text: &str) -> Result<Self, SealError> {
        let checked = CheckedHrpstring::new::<bech32::Bech32>(text.trim());
        let checked = checked.map_err(|_| SealError::Recipient)?;
        if checked.hrp().to_lowercase() != HRP {
            return Err(SealError::Recipient);
        }
        let bytes: Vec<u8> = checked.byte_iter().collect();
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| SealError::Recipient)?;
        Ok(Self(PublicKey::from(bytes)))
    }
}

/// What must be random, and never the same twice.
struct Fresh {
    file_key: Zeroizing<[u8; 16]>,
    ephemeral: StaticSecret,
    nonce: [u8; 16],
}

impl Fresh {
    fn new() -> Result<Self, SealError> {
        let mut bytes = Zeroizing::new([0; 64]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|_| SealError::Random)?;
        Self::from(&bytes)
    }

    fn from(bytes: &[u8; 64]) -> Result<Self, SealError> {
        let (key, rest) = bytes.split_first_chunk::<16>().ok_or(SealError::Random)?;
        let (nonce, rest) = rest.split_first_chunk::<16>().ok_or(SealError::Random)?;
        let (ephemeral, _) = rest.split_first_chunk::<32>().ok_or(SealError::Random)?;
        let ephemeral = StaticSecret::from(*ephemeral);
        Ok(Self { file_key: Zeroizing::new(*key), ephemeral, nonce: *nonce })
    }
}

/// Encrypts bytes for a recipient.
///
/// # Errors
/// [`SealError`].
pub fn sealed(to: &Recipient, bytes: &[u8]) -> Result<Vec<u8>, SealError> {
    seal(to, bytes, &Fresh::new()?)
}

fn seal(to: &Recipient, bytes: &[u8], fresh: &Fresh) -> Result<Vec<u8>, SealError> {
    let mut sealed = header(to, fresh)?.into_bytes();
    sealed.extend(fresh.nonce);
    let key = derived(fresh.file_key.as_slice(), &fresh.nonce, b"payload")?;
    let cipher = cipher(&key);
    // One empty chunk stands for nothing; else the last has what is left.
    let chunks: Vec<&[u8]> = bytes.chunks(CHUNK).collect();
    let last = chunks.len().saturating_sub(1);
    for (number, chunk) in chunks.iter().enumerate() {
        sealed.extend(encrypt(&cipher, chunk_nonce(number, number == last), chunk)?);
    }
    if chunks.is_empty() {
        sealed.extend(encrypt(&cipher, chunk_nonce(0, true), &[])?);
    }
    Ok(sealed)
}

/// The file key, wrapped for the recipient, and a MAC over all of that.
fn header(to: &Recipient, fresh: &Fresh) -> Result<String, SealError> {
    let share = PublicKey::from(&fresh.ephemeral);
    let shared = fresh.ephemeral.diffie_hellman(&to.0);
    if !shared.was_contributory() {
        return Err(SealError::Cipher);
    }
    let salt = [share.to_bytes(), to.0.to_bytes()].concat();
    let info = format!("{INTRO}/X25519");
    let wrap = derived(shared.as_bytes(), &salt, info.as_bytes())?;
    let wrapped = encrypt(&cipher(&wrap), [0; 12], fresh.file_key.as_slice())?;
    let base64 = |bytes: &[u8]| STANDARD_NO_PAD.encode(bytes);
    let (share, wrapped) = (base64(share.as_bytes()), base64(&wrapped));
    let header = format!("{INTRO}\n-> X25519 {share}\n{wrapped}\n---");
    let key = derived(fresh.file_key.as_slice(), &[], b"header")?;
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_slice()).map_err(|_| SealError::Cipher)?;
    mac.update(header.as_bytes());
    Ok(format!("{header} {}\n", base64(&mac.finalize().into_bytes())))
}

fn derived(secret: &[u8], salt: &[u8], info: &[u8]) -> Result<Zeroizing<[u8; 32]>, SealError> {
    let mut key = Zeroizing::new([0; 32]);
    let expanded = Hkdf::<Sha256>::new(Some(salt), secret).expand(info, key.as_mut_slice());
    expanded.map(|()| key).map_err(|_| SealError::Cipher)
}

fn cipher(key: &[u8; 32]) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(&Key::from(*key))
}

fn encrypt(cipher: &ChaCha20Poly1305, nonce: [u8; 12], plain: &[u8]) -> Result<Vec<u8>, SealError> {
    cipher.encrypt(&Nonce::from(nonce), plain).map_err(|_| SealError::Cipher)
}

/// The chunk's number in eleven bytes, and whether it is the last.
fn chunk_nonce(number: usize, last: bool) -> [u8; 12] {
    let mut nonce = [0; 12];
    let counted = (number as u64).to_be_bytes();
    for (slot, byte) in nonce.iter_mut().skip(3).zip(counted) {
        *slot = byte;
    }
    if let Some(flag) = nonce.last_mut() {
        *flag = u8::from(last);
    }
    nonce
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The identity of the format's own description, `AGE-SECRET-KEY-1GFPYYSJZ...`: 32 times 0x42.
    const RECIPIENT: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

    fn recipient() -> Recipient {
        RECIPIENT.parse().expect("a recipient")
    }

    fn open(sealed: &[u8]) -> Vec<u8> {
        let end = sealed.windows(4).position(|w| w == b"\n---").expect("a MAC") + 4;
        let end = end + sealed[end..].iter().position(|b| *b == b'\n').expect("a line") + 1;
        let lines: Vec<&str> = std::str::from_utf8(&sealed[..end]).expect("text").lines().collect();
        let share = STANDARD_NO_PAD.decode(lines[1].rsplit(' ').next().expect("a share"));
        let share: [u8; 32] = share.expect("base64").try_into().expect("32 bytes");
        let identity = StaticSecret::from([0x42; 32]);
        let shared = identity.diffie_hellman(&PublicKey::from(share));
        let salt = [share, PublicKey::from(&identity).to_bytes()].concat();
        let wrap = derived(shared.as_bytes(), &salt, b"age-encryption.org/v1/X25519");
        let wrapped = STANDARD_NO_PAD.decode(lines[2]).expect("base64");
        let decrypt = |key: &[u8; 32], nonce, bytes: &[u8]| {
            cipher(key).decrypt(&Nonce::from(nonce), bytes).expect("decrypted")
        };
        let file_key = decrypt(&wrap.expect("a key"), [0; 12], &wrapped);
        let (nonce, payload) = sealed[end..].split_at(16);
        let key = derived(&file_key, nonce, b"payload").expect("a key");
        let chunks: Vec<&[u8]> = payload.chunks(CHUNK + 16).collect();
        let last = chunks.len() - 1;
        let plain = chunks.iter().enumerate();
        plain.flat_map(|(n, chunk)| decrypt(&key, chunk_nonce(n, n == last), chunk)).collect()
    }

    #[test]
    fn the_recipient_of_the_formats_description_opens_what_is_sealed() {
        let identity = PublicKey::from(&StaticSecret::from([0x42; 32]));
        assert_eq!(recipient().0, identity);
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
            let bytes: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
            let sealed = sealed(&recipient(), &bytes).expect("sealed");
            assert_eq!(open(&sealed), bytes, "{length}");
            assert!(length < 8 || !sealed.windows(8).any(|part| part == &bytes[..8]));
        }
    }

    #[test]
    fn the_form_is_that_which_age_itself_has_opened() {
        let fresh = Fresh::from(&[7; 64]).expect("bytes");
        let sealed = seal(&recipient(), b"Chappe\n", &fresh).expect("sealed");
        assert_eq!(STANDARD_NO_PAD.encode(sealed), include_str!("age.vector").trim());
    }

    #[test]
    fn what_is_no_recipient_is_refused() {
        for text in [
            "",
            "age1",
            "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwk",
            "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX",
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA",
        ] {
            assert_eq!(text.parse::<Recipient>().err(), Some(SealError::Recipient), "{text}");
        }
        let zero = Recipient(PublicKey::from([0; 32]));
        assert_eq!(sealed(&zero, b"x"), Err(SealError::Cipher), "no secret at all");
    }
}
