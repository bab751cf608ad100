//! What the people who hold the keys do: the next root or bundle is proposed, told in words,
//! signed by several, and checked.
//!
//! Pure: documents in, documents and words out; `now` is a parameter. So the same words come at
//! each signer's place, on machines that never meet. A document is never changed: what is proposed
//! is the next version, and a revocation is carried into each.

mod archive;
mod bundle;
mod check;
mod claims;
mod contrast;
mod effects;
#[cfg(test)]
mod effects_tests;
mod error;
mod keys;
mod reach;
mod revoke;
mod root;
mod rotate;
#[cfg(test)]
mod samples;
mod sign;
mod told;
mod words;
mod world;

pub use self::archive::{Archive, Quorum};
pub use self::bundle::{
    Introduction, first_bundle, introduce, next_bundle, own_key, proposed, remove,
};
pub use self::check::{Report, Standing, check};
pub use self::contrast::differences;
pub use self::effects::effects;
pub use self::error::CeremonyError;
pub use self::keys::{flaw, key_set};
pub use self::revoke::{Manifest, Owner, revoke};
pub use self::root::{RootChange, first_root, next_root};
pub use self::rotate::{Rotation, drop_key, rotate};
pub use self::sign::{Progress, gather, progress, sign};
pub use self::told::{describe, fingerprint, title};
