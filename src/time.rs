//! The only reader of the clock.
//!
//! Everything else is handed `now`: a decision can then be repeated in a test, and one notice is
//! judged against one instant however long its verification takes. clippy.toml refuses a read of
//! the clock elsewhere.

use std::time::{Duration, Instant, SystemTime};

use crate::notice::Time;

/// The wall clock, UTC.
///
/// A clock before 1970 reads as 0, so that everything signed is `future` and is refused: fail
/// closed, instead of letting expired notices back in.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
pub fn now() -> Time {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Time::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// A stretch of time that no change of the wall clock shortens.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts to count.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the monotonic clock")]
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
    fn now_is_after_this_was_written_and_does_not_stand_still_at_a_constant() {
        let first = now();
        assert!(first > Time::from_secs(1_700_000_000), "{first}");
        let stopwatch = Stopwatch::start();
        while now() == first {
            assert!(stopwatch.elapsed() < Duration::from_secs(5), "the clock stands still");
        }
    }
}
