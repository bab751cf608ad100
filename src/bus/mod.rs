//! The only module that names async_nats: connections, placing, pulling, folding, provisioning.
//!
//! What the server answers is turned into the few outcomes that a relay must tell apart: stored,
//! already there, full, away, unknown. Everything with a time limit says so.

mod connect;
mod fold;
mod place;
mod provision;
mod pull;
mod request;
mod subscribe;

pub use self::connect::{Bus, BusError, Endpoint, MIN_SERVER, TlsFiles};
pub use self::fold::Fold;
pub use self::place::{PlaceError, Placed};
pub use self::provision::Provisioned;
pub use self::pull::{Delivery, Pull, Reading};
pub use self::request::{Request, Requests};
pub use self::subscribe::Live;
