//! From a place to its subject, stream, patterns and permissions.
//!
//! Subjects are computed here and never parsed. Everything that a server has to know of a node
//! (accounts, users, streams, durables) is generated here too, so that configuration, provisioning
//! and tests cannot differ.

mod spec;

pub use self::spec::{
    AccountSpec, Discard, DurableSpec, ExportSpec, ImportSpec, NodePlan, Retention, Role,
    StreamSpec, UserSpec,
};
