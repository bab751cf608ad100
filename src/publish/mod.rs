//! The publisher's side: from a document and a person's answers to a signed notice, and from there
//! to the node's own word on it.
//!
//! Command line and demo publish through the same functions.

mod desk;
mod draft;
mod ending;
mod learn;
mod outgoing;
mod passing;
mod relations;
mod renewal;
mod reporting;
mod session;
mod spool;
#[cfg(test)]
mod spool_tests;

pub use self::draft::{DEFAULT_DAYS, Draft, DraftError, Options, Target};
pub use self::ending::{ERASING_TITLE, annotation, ended_title, ending, ending_by, erasure};
pub use self::learn::relays_documents;
pub use self::outgoing::{Drained, Fate};
pub use self::passing::{Passing, forward, lifted, statement_says, warning};
pub use self::relations::{Relation, Relations, RelationsError};
pub use self::renewal::renews;
pub use self::reporting::{Answering, Escalation, Origin, answer, escalation, response, union_of};
pub use self::session::{Offline, Place, Session, SessionError, Waited};
pub use self::spool::{Copy, Entry, MAX_WAITING, Spool, SpoolError};
