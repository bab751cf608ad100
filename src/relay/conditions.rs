//! What must hold for a relay to be ready, and when its tasks end.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

/// Whether each condition of being ready holds, by name.
pub(super) type States = Arc<std::sync::Mutex<BTreeMap<String, bool>>>;

/// Notes a condition.
pub(super) fn set(states: &States, name: &str, holds: bool) {
    if let Ok(mut states) = states.lock() {
        states.insert(name.to_owned(), holds);
    }
}

/// What `work` gives, unless `stop` comes first.
pub(super) async fn until<T>(stop: &CancellationToken, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = stop.cancelled() => None,
        done = work => Some(done),
    }
}
