//! `[beats]`: how often a node says what it has in force.

use std::time::Duration;

use super::spans::{Schema, Shape};
use super::table::Table;

/// Ten minutes: what is withheld shows within half an hour, and a beat costs a few kilobytes.
const DEFAULT_PERIOD: Duration = Duration::from_secs(600);

pub(super) const BEATS: Schema =
    Schema { title: "[beats]", keys: &[("period", Shape::Value)], other: None };

/// Whole seconds, up to an hour: the longest that a heartbeat may take to be missed.
pub(super) fn period(beats: Table<'_, '_, '_>) -> Option<Duration> {
    match beats.integer("period") {
        None if beats.value("period").is_none() => Some(DEFAULT_PERIOD),
        None => None,
        Some(seconds @ 1..=3_600) => Some(Duration::from_secs(seconds.unsigned_abs())),
        Some(other) => {
            beats.wrong_at("period", &format!("{other}; expected 1 to 3600 seconds"));
            None
        }
    }
}
