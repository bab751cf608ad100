//! Telling a source what became of what it sent.

use std::time::Duration;

use super::node::Node;
use crate::address::Source;
use crate::bus::{Delivery, PlaceError};

/// What is told to the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settle {
    /// Done: placed, filtered, or held.
    Ack,
    /// Never again: it is in quarantine.
    Terminate,
    /// Later: the node's own server is away or full.
    Later(Duration),
}

/// First delay while the own server is away or full; it doubles with each delivery.
pub(super) const DELAY: Duration = Duration::from_secs(1);
pub(super) const MAX_DELAY: Duration = Duration::from_secs(60);

/// Tells the source what became of what it sent.
pub(super) async fn settle(
    node: &Node,
    source: &Source,
    delivery: &Delivery,
    done: Result<Settle, PlaceError>,
) {
    let settle = match done {
        Ok(settle) => settle,
        Err(error) => {
            tracing::warn!(%source, %error, "not placed yet; it will come again");
            node.metrics.retried();
            Settle::Later(backoff(delivery.delivered))
        }
    };
    let told = match settle {
        Settle::Ack => delivery.ack().await,
        Settle::Terminate => delivery.term().await,
        Settle::Later(delay) => delivery.nak(delay).await,
    };
    if let Err(error) = told {
        // It comes again, and gets the same places: nothing is lost or doubled.
        tracing::debug!(%source, %error, "not settled; it will come again");
    }
}

/// Longer with each delivery.
pub(super) fn backoff(delivered: u64) -> Duration {
    let doublings = u32::try_from(delivered.saturating_sub(1)).unwrap_or(u32::MAX).min(6);
    (DELAY * 2u32.pow(doublings)).min(MAX_DELAY)
}
