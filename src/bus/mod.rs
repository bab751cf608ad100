//! The only module that names async_nats: connections, placing, pulling, folding, provisioning.
//!
//! What the server answers is turned into the few outcomes that a relay must tell apart: stored,
//! already there, full, away, unknown. Everything with a time limit says so.

mod api;
mod connect;
mod delivery;
mod find;
mod fold;
mod get;
mod link;
mod place;
mod provision;
mod pull;
mod request;
mod subscribe;
mod supervise;
mod version;

pub use self::api::{Fullness, Progress};
pub use self::connect::{Bus, BusError, Endpoint, TlsFiles};
pub use self::delivery::Delivery;
pub use self::find::{FindError, find_server};
pub use self::fold::Fold;
pub use self::place::{PlaceError, Placed};
pub use self::provision::Provisioned;
pub use self::pull::{Pull, Reading};
pub use self::request::{Request, Requests};
pub use self::subscribe::Live;
pub use self::supervise::{Launch, ServerError, Supervised, free_port};
pub use self::version::{NEEDED, Version};
