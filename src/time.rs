//! The only reader of the clock: everything else is handed `now`.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::notice::Time;

/// Now, UTC. A clock before 1970 reads as 1970: nothing issued since is then acceptable, which
/// fails closed.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Time::default() + since
}

/// A stretch of time that no change of the wall clock shortens.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts to count.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Since the start.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn now_is_after_this_was_written_and_moves_on() {
        let first = now();
        assert!(first > Time::from_secs(1_700_000_000), "{first}");
        let stopwatch = Stopwatch::start();
        while now() == first {
            assert!(stopwatch.elapsed() < Duration::from_secs(5), "the clock stands still");
        }
    }
}
