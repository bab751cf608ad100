//! Instants and spans as people write them.

use std::time::Duration;

use super::super::Failure;
use crate::notice::Time;

const DAY: u64 = 24 * 3600;

/// Days that a new document or key counts, if nothing else is said.
pub(super) const YEAR: u64 = 365;

/// `now`, or an instant of RFC 3339.
pub(super) fn instant(option: &str, text: &str, now: Time) -> Result<Time, Failure> {
    if text == "now" {
        return Ok(now);
    }
    let read: Option<jiff::Timestamp> = text.parse().ok();
    let millis = read.and_then(|at| u64::try_from(at.as_millisecond()).ok());
    millis.map(Time::from_millis).ok_or_else(|| {
        let expected = "expected `now` or a time as 2026-11-24T10:00:00Z";
        Failure::usage(format!("{option} {}: {expected}", text.escape_debug()))
    })
}

/// `7d`, `12h` or `30m`.
pub(super) fn span(text: &str) -> Result<Duration, String> {
    let units = [("d", DAY), ("h", 3600), ("m", 60)];
    let found = units.iter().find_map(|(unit, secs)| {
        let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
        number.checked_mul(*secs)
    });
    found.map(Duration::from_secs).ok_or_else(|| "expected a span as 7d, 12h or 30m".to_owned())
}

/// So many days.
pub(super) fn days(number: u64) -> Duration {
    Duration::from_secs(number.saturating_mul(DAY))
}

/// 1 to 10 years: a document that counts longer is one that nobody looks at again.
pub(super) fn year_count(text: &str) -> Result<u64, String> {
    bounded(text, 10)
}

/// 1 day to 10 years.
pub(super) fn day_count(text: &str) -> Result<u64, String> {
    bounded(text, 3650)
}

fn bounded(text: &str, most: u64) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| format!("expected a number from 1 to {most}"))
}
