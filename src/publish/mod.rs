//! The publisher's side: from a document and a person's answers to a signed notice, and from there
//! to the node's own word on it.
//!
//! Command line and demo publish through the same functions.

mod draft;
mod learn;
mod outgoing;
mod session;
mod spool;
#[cfg(test)]
mod spool_tests;

pub use self::draft::{
    DEFAULT_DAYS, Draft, DraftError, Escalation, Options, Target, annotation, ending, escalation,
    response,
};
pub use self::learn::relays_documents;
pub use self::outgoing::{Drained, Fate};
pub use self::session::{Offline, Place, Session, SessionError, Waited};
pub use self::spool::{Copy, Entry, MAX_WAITING, Spool, SpoolError};
