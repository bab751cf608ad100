//! Secrets at rest: signing keys as PKCS#8 PEM, NATS nkeys as seeds.
//!
//! A file that group or world can read is refused, since whoever reads a key is the issuer. Keys
//! are made and read by openssl too, so that nobody depends on this program to keep them.

mod nkey;
mod pem;
mod public;
mod secret;

pub use self::nkey::{NkeyFile, create_nkey, read_nkey};
pub use self::pem::{create_key, read_key};
pub use self::public::{public_pem, read_public};
pub use self::secret::{KeyFileError, Secret, random, read_private, write_new};
