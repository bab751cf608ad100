//! What arrives at every live subscriber, each checked as a reader checks it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::task::JoinSet;

use super::federation::connect;
use super::run::DemoError;
use crate::address::{Role, live};
use crate::bus::Live;
use crate::notice::Id;
use crate::relay::{TrustFiles, load_trust};
use crate::topology::Rendered;
use crate::trust::Trust;
use crate::verify::verify_file;

/// What the subscribers have seen so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// How often each (node, subscriber, id) was delivered.
    pub(super) deliveries: BTreeMap<(String, String, Id), usize>,
    /// Messages that a reader would not have believed.
    pub(super) unverified: usize,
    /// Time from each hop to the next, in milliseconds.
    pub(super) hops_ms: Vec<u64>,
}

/// Every live subscriber of the federation, listening.
pub(super) struct Watch {
    pub(super) seen: Arc<Mutex<Seen>>,
    // Ends its tasks when the watch ends.
    _listeners: JoinSet<()>,
}

impl Watch {
    /// Connects every subscriber with its own seed and its own generated patterns.
    pub(super) async fn start(rendered: &Rendered) -> Result<Self, DemoError> {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let mut listeners = JoinSet::new();
        let mut trusts: BTreeMap<_, Arc<Trust>> = BTreeMap::new();
        for node in &rendered.nodes {
            let home = node.id.state().unwrap_or_else(|| node.id.clone());
            if !trusts.contains_key(&home) {
                let bundles = rendered.out.join("trust");
                let root = bundles.join(format!("{home}.root.json"));
                let (trust, _) = load_trust(&TrustFiles { root, bundles: Some(bundles) })?;
                trusts.insert(home.clone(), Arc::new(trust));
            }
            let Some(trust) = trusts.get(&home) else { continue };
            for (name, interest) in &node.hood.subscribers {
                let role = Role::Subscriber(name.clone());
                let bus = connect(rendered, node, &role, &format!("sub-{name}")).await?;
                let messages = bus.live(&live(interest)).await?;
                let who = (node.id.to_string(), name.clone());
                let (trust, seen) = (Arc::clone(trust), Arc::clone(&seen));
                listeners.spawn(async move {
                    listen(messages, &trust, &seen, who).await;
                    drop(bus);
                });
            }
        }
        Ok(Self { seen, _listeners: listeners })
    }
}

async fn listen(
    mut messages: Live,
    trust: &Trust,
    seen: &Mutex<Seen>,
    (node, name): (String, String),
) {
    while let Some(message) = messages.next().await {
        let checked = message.wire().ok().and_then(|wire| {
            let (_, hops) = verify_file(crate::time::now(), trust, &wire).ok()?;
            Some((wire.id(), hops))
        });
        let Ok(mut seen) = seen.lock() else { return };
        let Some((id, hops)) = checked else {
            seen.unverified += 1;
            continue;
        };
        *seen.deliveries.entry((node.clone(), name.clone(), id)).or_default() += 1;
        for pair in hops.windows(2) {
            if let [before, after] = pair {
                let span = after.at.since(before.at).as_millis();
                seen.hops_ms.push(u64::try_from(span).unwrap_or(u64::MAX));
            }
        }
    }
}
