//! What an operator sees: logs and numbers.

mod logging;
mod metrics;

pub use self::logging::{Format, start};
pub use self::metrics::{Metrics, MetricsError};
