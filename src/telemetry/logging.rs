//! Logs on standard error: JSON for machines, text for a terminal.

use tracing_subscriber::EnvFilter;

/// Environment variable with the filter, as `info` or `chappe=debug`.
const LOG_ENV: &str = "CHAPPE_LOG";
const DEFAULT_FILTER: &str = "info,async_nats=warn";
const QUIET_FILTER: &str = "warn,async_nats=error";

/// The form of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line: services.
    Json,
    /// Text, warnings only: commands.
    Text,
}

/// Starts logging; a second call in one process changes nothing.
pub fn start(format: Format) {
    let default = if format == Format::Json { DEFAULT_FILTER } else { QUIET_FILTER };
    let filter = EnvFilter::try_from_env(LOG_ENV).unwrap_or_else(|_| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Refused only if logging has been started already.
    let _ = match format {
        Format::Json => builder.json().flatten_event(true).try_init(),
        Format::Text => builder.with_target(false).try_init(),
    };
}
