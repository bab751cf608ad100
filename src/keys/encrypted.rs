//! PKCS#8 under a passphrase: PBES2 of RFC 8018 with scrypt (RFC 7914) or PBKDF2, as
//! `openssl pkcs8 -topk8` writes it.

use std::path::Path;

use pkcs8::der::pem::PemLabel as _;
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::{self, Kdf, Pbkdf2Params, ScryptParams};
use pkcs8::{EncryptedPrivateKeyInfoRef, Error, LineEnding, PrivateKeyInfoRef, SecretDocument};

use super::error::KeyFileError;
use super::secret::{Secret, random};

/// What is read.
const EXPECTED: &str = "an encrypted PKCS#8 key that openssl writes: scrypt or PBKDF2 with a \
                        SHA-2 digest, AES in CBC mode (BEGIN ENCRYPTED PRIVATE KEY)";
const TOO_DEAR: &str = "scrypt within 256 MiB, or PBKDF2 of at most 10 million rounds";

/// scrypt's cost `N`, block size `r` and parallelism `p`, as we write them: 16 MiB, five times.
/// openssl reads no more than 32 MiB in all, so `N` cannot be 2^15; OWASP's list counts this as
/// equal to its first choice, 128 MiB once.
const WRITTEN: (u64, u16, u16) = (1 << 14, 8, 5);

/// The most memory that opening a key may take, in bytes. The file says how much it needs, and it
/// may have been exchanged.
const MAX_SCRYPT_BYTES: u64 = 256 << 20;
/// The most work that opening a key may take: blocks of 128 bytes that scrypt mixes. Some seconds.
const MAX_SCRYPT_BLOCKS: u64 = 1 << 23;
const MAX_PBKDF2_ROUNDS: u32 = 10_000_000;

/// Whether a PEM text is of this form.
pub(super) fn is_encrypted(pem: &str) -> bool {
    pem.contains(EncryptedPrivateKeyInfoRef::<'_>::PEM_LABEL)
}

/// Opens the key in `pem`; `path` is its name in errors.
pub(super) fn open(
    path: &Path,
    pem: &str,
    passphrase: &Secret,
) -> Result<SecretDocument, KeyFileError> {
    let content = |expected| KeyFileError::Content { path: path.into(), expected };
    let (label, document) = SecretDocument::from_pem(pem).map_err(|_| content(EXPECTED))?;
    EncryptedPrivateKeyInfoRef::validate_pem_label(label).map_err(|_| content(EXPECTED))?;
    let sealed: EncryptedPrivateKeyInfoRef<'_> =
        document.decode_msg().map_err(|_| content(EXPECTED))?;
    affordable(&sealed.encryption_algorithm).map_err(content)?;
    let opened = sealed.decrypt(passphrase.expose()).map_err(|error| match error {
        // The padding is wrong, or right by chance and nothing behind it is.
        Error::EncryptedPrivateKey(pkcs8::pkcs5::Error::DecryptFailed) | Error::Asn1(_) => {
            KeyFileError::WrongPassphrase(path.into())
        }
        _ => content(EXPECTED),
    })?;
    match opened.decode_msg::<PrivateKeyInfoRef<'_>>() {
        Ok(_) => Ok(opened),
        Err(_) => Err(KeyFileError::WrongPassphrase(path.into())),
    }
}

fn affordable(scheme: &EncryptionScheme) -> Result<(), &'static str> {
    let fits = match scheme {
        EncryptionScheme::Pbes2(pbes2::Parameters { kdf: Kdf::Scrypt(params), .. }) => {
            scrypt_fits(params)
        }
        EncryptionScheme::Pbes2(pbes2::Parameters { kdf: Kdf::Pbkdf2(params), .. }) => {
            params.iteration_count <= MAX_PBKDF2_ROUNDS.min(Pbkdf2Params::MAX_ITERATION_COUNT)
        }
        _ => return Err(EXPECTED),
    };
    if fits { Ok(()) } else { Err(TOO_DEAR) }
}

fn scrypt_fits(params: &ScryptParams) -> bool {
    let (n, r, p) = (params.cost_parameter, params.block_size, params.parallelization);
    let blocks = n.checked_mul(u64::from(r));
    let memory = blocks.and_then(|blocks| blocks.checked_mul(128));
    let work = blocks.and_then(|blocks| blocks.checked_mul(u64::from(p)));
    n.is_power_of_two()
        && memory.is_some_and(|bytes| bytes <= MAX_SCRYPT_BYTES)
        && work.is_some_and(|blocks| blocks <= MAX_SCRYPT_BLOCKS)
}

/// Seals a PKCS#8 document; `path` is its name in errors.
pub(super) fn seal(
    path: &Path,
    document: &SecretDocument,
    passphrase: &Secret,
) -> Result<Secret, KeyFileError> {
    let content = || KeyFileError::Content { path: path.into(), expected: EXPECTED };
    // Half of it salt, half of it initial vector: fresh for each file.
    let random = random()?;
    let (salt, iv) = random.split_at(16);
    let (cost_parameter, block_size, parallelization) = WRITTEN;
    let kdf = Kdf::Scrypt(ScryptParams {
        salt: salt.try_into().map_err(|_| content())?,
        cost_parameter,
        block_size,
        parallelization,
        key_length: None,
    });
    let iv = iv.try_into().map_err(|_| content())?;
    let parameters =
        pbes2::Parameters { kdf, encryption: pbes2::EncryptionScheme::Aes256Cbc { iv } };
    let key: PrivateKeyInfoRef<'_> = document.decode_msg().map_err(|_| content())?;
    let sealed = key.encrypt_with_params(parameters, passphrase.expose()).map_err(|_| content())?;
    let label = EncryptedPrivateKeyInfoRef::<'_>::PEM_LABEL;
    let pem = sealed.to_pem(label, LineEnding::LF).map_err(|_| content())?;
    Ok(Secret::new(pem.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrypt(cost_parameter: u64, block_size: u16, parallelization: u16) -> ScryptParams {
        let salt = [0; 16].as_slice().try_into().expect("a salt");
        ScryptParams { salt, cost_parameter, block_size, parallelization, key_length: None }
    }

    #[test]
    fn what_a_file_may_ask_of_this_machine_is_bounded() {
        let (n, r, p) = WRITTEN;
        assert!(scrypt_fits(&scrypt(n, r, p)));
        assert!(scrypt_fits(&scrypt(1 << 17, 8, 1)), "the first choice of others");
        assert!(scrypt_fits(&scrypt(1 << 18, 8, 1)));
        assert!(!scrypt_fits(&scrypt(1 << 19, 8, 1)), "512 MiB");
        assert!(!scrypt_fits(&scrypt(1 << 17, 8, 9)), "minutes");
        assert!(!scrypt_fits(&scrypt(0, 8, 1)));
        assert!(!scrypt_fits(&scrypt(3, 8, 1)));
        assert!(!scrypt_fits(&scrypt(1 << 63, u16::MAX, u16::MAX)), "more than a number holds");
    }

    #[test]
    fn what_is_written_stays_within_what_openssl_reads() {
        let (n, r, p) = WRITTEN;
        // EVP_PBE_scrypt of openssl 3: B, V and the working block, within 32 MiB.
        let (r, p) = (u64::from(r), u64::from(p));
        assert!(128 * r * p + 128 * r * n + 32 * r * 4 <= 32 << 20);
    }
}
