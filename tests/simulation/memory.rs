//! What one relay has in mind, as `relay/node.rs`; gone with each crash.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chappe::notice::{Id, NodeId, Time};
use chappe::routing::{Beats, Links, Outlook, Router};
use chappe::trust::{Documents, Offered, Refusal, Trust};

pub(crate) struct Memory {
    pub(crate) router: Router,
    pub(crate) documents: Arc<Documents>,
    /// What is believed: what the documents say as soon as they are safe in TRUST.
    pub(crate) believed: Arc<Trust>,
    /// Trust documents that are safe in TRUST, by subject.
    pub(crate) kept: HashSet<String>,
    pub(crate) beats: Beats,
    /// Something was refused that a bundle on its way may cure.
    pub(crate) curable: bool,
    pub(crate) rewinds: u64,
    pub(crate) rewound: BTreeMap<NodeId, u64>,
    pub(crate) wanted: BTreeSet<Id>,
    pub(crate) links: Links,
    pub(crate) outlook: Outlook,
}

impl Memory {
    pub(crate) fn trust(&self) -> Arc<Trust> {
        Arc::clone(&self.believed)
    }
}

type Taken = (Result<Offered, Refusal>, Arc<Documents>);

/// What nodes make of the same document after the same documents is the same: asked once. All
/// nodes of a State begin alike, so this saves most of the signatures.
#[derive(Default)]
pub(crate) struct Beliefs(HashMap<(usize, Id), (Arc<Documents>, Taken)>);

impl Beliefs {
    pub(crate) fn offer(&mut self, now: Time, to: &Arc<Documents>, bytes: &[u8]) -> Taken {
        let name = (Arc::as_ptr(to) as usize, Id::of(bytes));
        let (_, taken) = self.0.entry(name).or_insert_with(|| {
            let mut documents = Documents::clone(to);
            let said = documents.offer(now, bytes);
            let after = match &said {
                Ok(Offered::Taken(_)) => Arc::new(documents),
                Ok(Offered::Known(_)) | Err(_) => Arc::clone(to),
            };
            // The key is an address: what is there has to stay there.
            (Arc::clone(to), (said, after))
        });
        taken.clone()
    }
}
