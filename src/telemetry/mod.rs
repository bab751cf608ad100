//! What an operator sees of a relay: logs and numbers.
//!
//! A reason has one word, and it stands in the metric, the log, the quarantine subject and the
//! receipt alike. Every label has a closed list of values or the nodes of the configuration, so
//! that no sender can fill a monitoring system with series.

mod families;
mod logging;
mod make;
mod metrics;

pub use self::families::{FAMILIES, Family, Form};
pub use self::logging::{Format, start};
pub use self::metrics::{HOP_BUCKETS, Metrics, MetricsError};
