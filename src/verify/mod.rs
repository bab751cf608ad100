//! The normative order of checks, and the only maker of [`Verified`].
//!
//! `Verified` has no public constructor: placing or forwarding something that did not pass here
//! does not compile. Each step is named after what it stops. Nothing of a message is acted on
//! before its signature holds, and nothing is believed because of where it came from.

mod custody;
mod record;
mod refused;
mod steps;

pub use self::custody::LATE_AFTER;
pub use self::record::{verify_heartbeat, verify_receipt};
pub use self::refused::Refused;
pub use self::steps::{
    CLOCK_LEEWAY, Context, Verified, read_stored, verify, verify_file, verify_held,
};
