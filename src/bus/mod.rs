//! The only module that talks to NATS: connecting, placing, pulling, provisioning, and the server.
//!
//! The rest of the program speaks of endpoints, places, sources and deliveries, so that the
//! client library, its error kinds and its traps stay behind this wall. What the traps are stands
//! with the code that goes round them. Two rules hold everywhere here: every call that waits for
//! the server ends within [`REQUEST_TIMEOUT`], and nothing is sent while the link is down, because
//! the library would keep it and send it at a time that nobody expects any more.

mod api;
mod connect;
mod delivery;
mod endpoint;
mod error;
mod find;
mod fold;
mod get;
mod headers;
mod link;
mod place;
mod provision;
mod pull;
mod request;
mod subscribe;
mod supervise;
mod version;

pub use self::connect::{Bus, REQUEST_TIMEOUT};
pub use self::delivery::Delivery;
pub use self::endpoint::{Endpoint, Seed, Tls};
pub use self::error::BusError;
pub use self::find::{FindError, find_server};
pub use self::fold::Folded;
pub use self::get::Stored;
pub use self::headers::Headers;
pub use self::link::LinkState;
pub use self::place::{PlaceError, Placed};
pub use self::provision::{ProvisionError, Report, provision};
pub use self::pull::{PULL_BYTES, PULL_MESSAGES, Source, SourceState};
pub use self::request::{Request, Requests};
pub use self::subscribe::{Live, LiveMessage};
pub use self::supervise::{Launch, ServerError, Supervised, free_port};
pub use self::version::{NEEDED, Version};
