//! The only reader of the clock: everything else is handed `now`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::notice::Time;

/// Now, UTC. A clock before 1970 reads as 1970: nothing issued since is then acceptable, which
/// fails closed.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Time::default() + since
}
