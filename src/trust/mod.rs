//! Which key is whose, and what it may sign: roots, bundles, grants, revocations.
//!
//! A node pins its national authority's root; from there every key is reached through signed
//! introductions, each of which can only narrow. Documents prove themselves, so it does not matter
//! who handed them over. The rules are TUF's (threshold, expiry, delegation by path) in two
//! documents small enough to read; X.509 was not chosen, since its name constraints keep failing.

mod chain;
mod document;
mod documents;
mod former;
mod grant;
mod held;
mod index;
mod paper;
mod refusal;
mod restore;
mod revoked;
mod store;

pub use self::document::{
    As, Bundle, Contact, KeyEntry, KeySet, MAX_NODES, NodeEntry, Revocation, Root, Usage, Why,
};
pub use self::documents::{Documents, MAX_LIST_BYTES, Named, Offered, Sort};
pub use self::grant::Grant;
pub use self::paper::{Paper, PaperError};
pub use self::refusal::Refusal;
pub use self::revoked::Revoked;
pub use self::store::{Former, Link, Rejected, Seat, Trust, TrustError, TrustedKey};
