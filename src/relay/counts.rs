//! Tells upward how many of the entities that this node serves have a notice, and not which.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::budget::Budget;
use super::conditions::until;
use super::node::Node;
use super::receipts;
use crate::bus::PlaceError;

/// The longest pause between two looks.
const LOOK: Duration = Duration::from_secs(2);
/// Words with new counts in a minute: half of what the next node takes of one node, so that what a
/// person does is never put off for them. The others follow.
const MAX_PER_MINUTE: u32 = 60;
/// In one look: the router is held for it.
const AT_ONCE: usize = 5;

/// Tells what has changed, until told to stop.
pub(super) async fn say(node: &Node, stop: &CancellationToken) {
    let mut budget = Budget::new(MAX_PER_MINUTE);
    while until(stop, tokio::time::sleep(LOOK.min(node.period / 4))).await.is_some() {
        if let Err(error) = say_once(node, &mut budget).await {
            tracing::warn!(%error, "counts not told yet");
        }
    }
}

async fn say_once(node: &Node, budget: &mut Budget) -> Result<(), PlaceError> {
    let (now, trust) = (crate::time::now(), node.trust());
    let mut router = node.router.lock().await;
    for receipt in router.due_counts(now, &trust, node.period, AT_ONCE) {
        if !budget.allows(now, node.me.as_str()) {
            break;
        }
        receipts::add(node, &mut router, receipt).await?;
    }
    Ok(())
}
