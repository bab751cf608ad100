//! Whom a node serves, from its configuration and the bundles alone: what provisioning needs, which
//! has no business with the node's keys.

use super::RelayError;
use super::trust::{TrustFiles, load};
use crate::address::Neighbourhood;
use crate::config::RelayConfig;
use crate::trust::Usage;

/// The node's neighbourhood, without reading any of its keys.
///
/// # Errors
/// [`RelayError`] if the trust documents cannot be used, or list no relay key of this node.
pub fn neighbourhood(config: &RelayConfig) -> Result<Neighbourhood, RelayError> {
    let files = TrustFiles { root: config.root.clone(), bundles: config.bundles.clone() };
    let (trust, rejected) = load(&files)?;
    for one in &rejected {
        let node = one.node.as_ref().map(ToString::to_string).unwrap_or_default();
        tracing::error!(node, why = %one.why, "trust document left out");
    }
    let me = &config.node;
    if !trust.keys().any(|key| key.node == *me && key.usage == Usage::Relay) {
        return Err(RelayError::Mismatch(format!("no bundle lists a relay key of {me}")));
    }
    let (publishers, subscribers) = (&config.publishers, &config.subscribers);
    Ok(Neighbourhood::of(&trust, me, publishers, subscribers, config.amber))
}
