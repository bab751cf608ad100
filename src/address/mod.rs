//! From a place to its subject, stream, patterns and permissions.
//!
//! Subjects are computed here and never parsed. Everything that a server has to know of a node
//! (accounts, users, streams, durables) is generated here too, so that configuration, provisioning
//! and tests cannot differ.

mod accounts;
mod pattern;
mod place;
mod plan;
mod spec;

pub use self::accounts::{LINK_API, OFFERED};
pub use self::pattern::{Interest, amber_sectors, child_beats, child_board, live, replay};
pub use self::place::{
    DESK, DRILL, Place, REAL, Source, child_durable, child_intake, desk, direct_record, fetch,
    filtered, heartbeat, held, held_durable, in_hand, intake_stream, is_direct, is_over,
    is_reserved, is_unanswered, lease, live_user, local_intake, outbox, outbox_durable,
    outbox_lane, outbox_record, over, probe, quarantine, quarantined_for, realm, receipt,
    replay_durable, subject, trust, trust_list, unanswered,
};
pub use self::plan::{
    FOLDED, INDEXED, LocalSubscriber, MAX_REPLAY, NOTICES, Neighbourhood, closed_durables,
    link_durables,
};
pub use self::spec::{
    AccountSpec, Discard, DurableSpec, ExportSpec, ImportSpec, NodePlan, Retention, Role,
    StreamSpec, UserSpec,
};
