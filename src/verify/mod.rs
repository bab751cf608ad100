//! The normative order of checks, and the only maker of [`Verified`].
//!
//! `Verified` has no public constructor: placing or forwarding something that did not pass here
//! does not compile. Each step is named after what it stops. Nothing of a message is acted on
//! before its signature holds, and nothing is believed because of where it came from.

mod custody;
mod record;
mod steps;

pub use self::record::verify_receipt;
pub use self::steps::{
    CLOCK_LEEWAY, Context, Refused, Verified, read_stored, verify, verify_file, verify_held,
};
