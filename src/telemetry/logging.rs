//! Logs on standard error: JSON for machines, text for a terminal.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// The variable with the filter, as `info` or `chappe=debug`.
const LOG_VARIABLE: &str = "CHAPPE_LOG";
/// Services: what happened to connections and what was refused. The client logs each of its tries
/// to reconnect, which says nothing that our own line does not.
const SERVICE_FILTER: &str = "info,async_nats=warn";
/// Commands: what they print is the answer, so only warnings stand beside it.
const COMMAND_FILTER: &str = "warn,async_nats=error";

/// The form of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line: services.
    Json,
    /// Text, warnings only: commands.
    Text,
}

impl Format {
    fn default_filter(self) -> &'static str {
        match self {
            Self::Json => SERVICE_FILTER,
            Self::Text => COMMAND_FILTER,
        }
    }
}

/// Starts logging; a second call in one process changes nothing. A filter that cannot be read is
/// told in the log and the default used: a relay must not stay down over a typo in its log level.
pub fn start(format: Format) {
    let (filter, refused) = filter(std::env::var(LOG_VARIABLE).ok(), format);
    let colours = std::io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours);
    let builder = builder.with_writer(std::io::stderr);
    // Refused only if logging has been started already.
    let _ = match format {
        Format::Json => builder.json().flatten_event(true).try_init(),
        Format::Text => builder.with_target(false).try_init(),
    };
    if let Some(why) = refused {
        tracing::warn!(%why, used = format.default_filter(), "{LOG_VARIABLE} is no log filter");
    }
}

fn filter(written: Option<String>, format: Format) -> (EnvFilter, Option<String>) {
    let default = || EnvFilter::new(format.default_filter());
    match written.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        None => (default(), None),
        Some(text) => match EnvFilter::try_new(text) {
            Ok(filter) => (filter, None),
            Err(error) => (default(), Some(error.to_string())),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(written: &str) -> (String, bool) {
        let (filter, refused) = filter(Some(written.to_owned()), Format::Json);
        (filter.to_string(), refused.is_some())
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_told_and_the_default_used() {
        let default = EnvFilter::new(SERVICE_FILTER).to_string();
        assert_eq!(read("chappe=loud"), (default.clone(), true));
        assert_eq!(read(" "), (default, false));
        assert_eq!(read("chappe=debug"), ("chappe=debug".into(), false));
    }
}
