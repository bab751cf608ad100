//! Whom a node serves, from its configuration and the bundles alone: what provisioning needs, which
//! has no business with the node's keys.

use super::error::RelayError;
use super::trust::{Seeds, TrustFiles, begin};
use crate::address::Neighbourhood;
use crate::config::RelayConfig;
use crate::jws::General;
use crate::trust::{Documents, Trust, Usage};

/// The node's neighbourhood, without reading any of its keys, by the files and by what its stream
/// TRUST has.
///
/// # Errors
/// [`RelayError`] if the trust documents cannot be used, or list no relay key of this node.
pub fn neighbourhood(
    config: &RelayConfig,
    stored: &[General],
) -> Result<Neighbourhood, RelayError> {
    let files = TrustFiles { root: config.root.clone(), bundles: config.bundles.clone() };
    let (mut documents, seeds) = begin(&files)?;
    documents.restore_all(stored);
    restore(&mut documents, &seeds);
    let me = &config.node;
    if !documents.trust().keys().any(|key| key.node == *me && key.usage == Usage::Relay) {
        return Err(RelayError::Mismatch(format!("no bundle lists a relay key of {me}")));
    }
    Ok(around(config, documents.trust()))
}

/// Takes what the folder has; what does not hold is told in the log.
pub(super) fn restore(documents: &mut Documents, seeds: &Seeds) {
    for one in seeds.restore(documents) {
        let node = one.node.as_ref().map(ToString::to_string).unwrap_or_default();
        tracing::error!(node, why = %one.why, "trust document left out");
    }
}

/// What the bundles put around the node, with those who work there.
pub(super) fn around(config: &RelayConfig, trust: &Trust) -> Neighbourhood {
    let (publishers, subscribers) = (&config.publishers, &config.subscribers);
    Neighbourhood::of(trust, &config.node, publishers, subscribers, config.amber)
}
