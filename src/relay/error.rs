//! Why a relay does not start, or ends.

use super::trust::TrustLoadError;
use crate::bus::BusError;
use crate::console::ConsoleError;
use crate::keys::KeyFileError;
use crate::telemetry::MetricsError;

/// Why a relay does not start, or ends.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The relay key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The trust documents.
    #[error(transparent)]
    Trust(#[from] TrustLoadError),
    /// What file and bundles say does not fit together.
    #[error("{0}")]
    Mismatch(String),
    /// A server.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// The console.
    #[error(transparent)]
    Console(#[from] ConsoleError),
    /// The metrics.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// Another relay of the node took over, while this one was stopped or cut off.
    #[error("another relay of this node may have been at work since: beginning anew, to stand by")]
    Replaced,
    /// A task died.
    #[error("a task died: {0}")]
    Task(String),
}
