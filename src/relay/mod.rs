//! One node's process: its sources, its places, its answers, under one supervisor.
//!
//! One path for everything: receive, verify, decide, place, keep, settle. Verification runs beside
//! the others; from the decision to the keeping one notice has the node to itself, so that two
//! arrivals of one thread see each other. Every task is owned by the supervisor in `run`; the first
//! that fails ends all, and SIGINT or SIGTERM lets each finish the notice in its hand.

mod ack;
mod adapt;
mod answers;
mod beats;
mod belief;
mod budget;
mod casebook;
mod cases;
mod casework;
mod conditions;
mod counts;
mod desk;
mod erase;
mod error;
mod expiry;
mod fold;
mod gate;
mod hood;
mod key;
mod lease;
mod node;
mod outbox;
mod owed;
mod placing;
mod poison;
mod quarantine;
mod receipts;
mod reconcile;
mod retold;
mod room;
mod run;
mod said;
mod settle;
mod tasks;
mod trace;
mod trouble;
mod trust;
mod unanswered;
mod verbs;
mod whole;
mod work;

pub use self::ack::{AckAnswer, AckQuestion, Acked, Named};
pub use self::cases::{
    CaseLine, CasesAnswer, CasesQuestion, DeadlineLine, LevelLine, Mark, SimilarLine,
    UnansweredLine,
};
pub use self::desk::{
    DeskAnswer, DeskQuestion, FetchAnswer, FetchQuestion, Listed, MAX_ASKED, MAX_WORDS_ASKED,
    Spoken, Word, list,
};
pub use self::error::RelayError;
pub use self::fold::stored_trust;
pub use self::hood::neighbourhood;
pub use self::quarantine::{Deed, Outcome, QuarantineAnswer, QuarantineQuestion, Quarantined};
pub use self::run::{Prepared, check, run};
pub use self::trace::{
    Next, TraceAnswer, TraceQuestion, Traced, TracedContact, TracedEntities, TracedNode, trace,
};
pub(crate) use self::trace::{contact, traced};
pub use self::trust::{TrustFiles, TrustLoadError, load as load_trust, load_documents};
pub use self::whole::{WholeAnswer, WholeQuestion};
