//! A warning before what this node has in force expires: an alert must end because its issuer says
//! so, not because nobody looked at a calendar.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::conditions::until;
use super::node::Node;
use crate::notice::Id;

/// Between two looks; the warning comes two weeks ahead.
const LOOK: Duration = Duration::from_secs(60);

/// Looks until told to stop. One line in the log for each notice that comes near its end.
pub(super) async fn watch(node: &Node, stop: &CancellationToken) {
    let mut told = BTreeSet::new();
    loop {
        look(node, &mut told).await;
        if until(stop, tokio::time::sleep(LOOK)).await.is_none() {
            return;
        }
    }
}

async fn look(node: &Node, told: &mut BTreeSet<Id>) {
    let now = crate::time::now();
    let expiring = node.router.lock().await.ledger().expiring(&node.me, now);
    node.metrics.expiring(expiring.len());
    for (at, id) in expiring.iter().filter(|(_, id)| !told.contains(id)) {
        tracing::warn!(%id, %at, "in force, and expires soon: publish it again to renew it");
    }
    *told = expiring.into_iter().map(|(_, id)| id).collect();
}
