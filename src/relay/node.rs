//! What the tasks of one relay share.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::sync::{Mutex, Notify, watch};

use super::lease::Lease;
use super::quarantine::Index;
use super::receipts::Words;
use super::room::Room;
use super::trouble::Trouble;
use crate::bus::{Bus, Endpoint};
use crate::case::Clocks;
use crate::config::CasesConfig;
use crate::jws::Signer;
use crate::notice::{Id, NodeId};
use crate::routing::{Beats, Links, Router};
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
    /// Something from above was refused for a reason that a bundle on its way may cure.
    pub(super) curable: AtomicBool,
    /// Counts up when what was hidden or refused must come again from the upstreams.
    pub(super) rewinds: watch::Sender<u64>,
    /// What heartbeats name and this node has not.
    pub(super) gaps: watch::Sender<Gaps>,
    /// What was heard of issuers above; locked before the router.
    pub(super) beats: Mutex<Beats>,
    /// How often this node says what it has in force.
    pub(super) period: Duration,
    /// Digests of heartbeats of which an upstream must tell the ids.
    pub(super) wanted: watch::Sender<BTreeSet<Id>>,
    /// Since when each upstream's link is up.
    pub(super) links_up: std::sync::Mutex<Links>,
    /// Told when an erasing withdrawal has come.
    pub(super) erasures: Notify,
    /// Held from the decision to the keeping of one notice; first come, first served.
    pub(super) router: Mutex<Router>,
    /// Words that a sender can provoke at will; locked after the router.
    pub(super) words: Mutex<Words>,
    /// What lies in quarantine; locked after the router.
    pub(super) refused: Mutex<Index>,
    /// How full the own streams are.
    pub(super) room: Room,
    /// What fails again and again; locked last.
    pub(super) trouble: Mutex<Trouble>,
    /// The relay key: hops and receipts.
    pub(super) key: Box<dyn Signer>,
    /// That this relay, and no other of the node, is at work.
    pub(super) lease: Lease,
    /// This node's own server.
    pub(super) own: Bus,
    /// Where the upstreams are; each link connects for itself, so that none waits for another.
    pub(super) links: BTreeMap<NodeId, Endpoint>,
    pub(super) metrics: Arc<Metrics>,
    /// What it does about cases in time.
    pub(super) cases: CasesConfig,
    /// The legal clocks.
    pub(super) clocks: Clocks,
}

/// Whether something is missing here that a heartbeat names.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Gaps {
    /// How many heartbeats showed one that no earlier one had.
    pub(super) seen: u64,
    /// By the last look.
    pub(super) open: bool,
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
