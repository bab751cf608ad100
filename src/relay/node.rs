//! What the tasks of one relay share.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::budget::Budget;
use crate::bus::{Bus, Endpoint};
use crate::jws::Signer;
use crate::notice::NodeId;
use crate::routing::Router;
use crate::telemetry::Metrics;
use crate::trust::Trust;

/// One relay's shared parts.
pub(super) struct Node {
    pub(super) me: NodeId,
    pub(super) trust: Trust,
    /// Held from the decision to the keeping of one notice; first come, first served.
    pub(super) router: Mutex<Router>,
    /// Words that a sender can provoke at will; locked after the router.
    pub(super) words: Mutex<Budget>,
    /// The relay key: hops and receipts.
    pub(super) key: Box<dyn Signer>,
    /// This node's own server.
    pub(super) own: Bus,
    /// Where the upstreams are; each link connects for itself, so that none waits for another.
    pub(super) links: BTreeMap<NodeId, Endpoint>,
    pub(super) metrics: Arc<Metrics>,
}
