//! What travels: the words of a notice, its signed statement, and the small records beside it.
//!
//! No clock, no I/O, no key here: text in, checked values out. Everything that routing and policy
//! look at stands in the [`Statement`]; a body is never opened.

mod case;
mod id;
mod kind;
mod label;
mod line;
mod node;
mod reason;
mod records;
mod scope;
mod sector;
mod statement;
mod text;
mod time;
mod wire;

pub use self::case::{Answer, Case, CaseState, Events, Regime, Report, Stage, embargo_title};
pub(crate) use self::id::Digesting;
pub use self::id::{Id, IdError};
pub use self::kind::{Audience, AudienceError, Kind};
pub use self::label::{LabelError, Severity, Tlp};
pub(crate) use self::line::{is_hidden, is_language, is_line, is_token};
pub use self::node::{Level, MAX_NODE_TOKENS, NodeId, NodeIdError, Step};
pub use self::reason::Reason;
pub use self::records::{Counts, Heartbeat, Hop, Outcome, Receipt};
pub use self::scope::{ALL, Scope, ScopeError};
pub use self::sector::{Sector, by_name, sectors};
pub use self::statement::{
    Body, Doc, Federation, MAX_STATEMENT_BYTES, MAX_TEXT_CHARS, MAX_TITLE_CHARS, Statement,
    StatementError,
};
pub use self::time::Time;
pub use self::wire::{
    File, HEADER_BODY_SIG, HEADER_HOPS, HEADER_NOTICE, MAX_BODY_BYTES, MAX_BODY_SIG_BYTES,
    MAX_HEADERS_BYTES, MAX_HOPS, MAX_MESSAGE_BYTES, Wire, WireError,
};
