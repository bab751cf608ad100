//! What the tasks of one relay share.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use tokio::sync::{Mutex, watch};

use super::budget::Budget;
use crate::bus::{Bus, Endpoint};
use crate::jws::SecretKey;
use crate::notice::NodeId;
use crate::routing::Router;
use crate::telemetry::Metrics;
use crate::trust::{Documents, Trust};

/// One relay's shared parts.
pub(super) struct Node {
    pub(super) me: NodeId,
    /// What is believed now. Changed while the router is held, so that nothing is decided by one
    /// trust and placed under another.
    pub(super) trust: watch::Sender<Arc<Trust>>,
    /// What the belief comes from; locked before the router.
    pub(super) archive: Mutex<Archive>,
    /// Counts up when what a thief hid must come again from the upstreams.
    pub(super) rewinds: watch::Sender<u64>,
    /// Held from the decision to the keeping of one notice; first come, first served.
    pub(super) router: Mutex<Router>,
    /// Words that a sender can provoke at will; locked after the router.
    pub(super) words: Mutex<Budget>,
    /// The relay key: hops and receipts.
    pub(super) key: SecretKey,
    /// This node's own server.
    pub(super) own: Bus,
    /// Where the upstreams are; each link connects for itself, so that none waits for another.
    pub(super) links: BTreeMap<NodeId, Endpoint>,
    pub(super) metrics: Arc<Metrics>,
}

/// The trust documents, and which of them are safe in the stream TRUST.
pub(super) struct Archive {
    pub(super) documents: Documents,
    pub(super) kept: HashSet<String>,
}

impl Node {
    /// What is believed now; whoever judges one notice asks once.
    pub(super) fn trust(&self) -> Arc<Trust> {
        Arc::clone(&self.trust.borrow())
    }
}
