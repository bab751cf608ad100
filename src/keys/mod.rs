//! Secrets at rest: signing keys as PKCS#8 PEM, encrypted by default, NATS nkeys as seeds.
//!
//! A file that group or world can read, or that is another user's, is refused, since whoever reads
//! a key is the issuer. Keys are made and read by openssl too, so that nobody depends on this
//! program to keep them.

mod age;
mod encrypted;
mod error;
mod nkey;
mod passphrase;
mod pem;
mod private;
mod public;
mod secret;
mod terminal;

pub use self::age::{Recipient, SealError, sealed};
pub use self::error::KeyFileError;
pub use self::nkey::{NkeyFile, create_nkey, read_nkey};
pub use self::passphrase::{CREDENTIAL, MAX_PASSPHRASE_BYTES, MIN_PASSPHRASE_CHARS, Passphrase};
pub use self::pem::{KeyFile, create_key, create_plain_key, is_private, read_key};
pub use self::private::{read_private, write_new, write_new_public};
pub use self::public::{public_pem, read_public};
pub use self::secret::{Secret, random};
