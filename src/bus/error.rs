//! What can go wrong on a connection, in words that an operator can act on.

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::RequestErrorKind;

use super::version::Version;

/// Why a connection or a request did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// The address cannot be parsed.
    #[error("{url}: not a server address: {why}")]
    Address {
        /// The address as given.
        url: String,
        /// The parser's words.
        why: String,
    },
    /// The seed is not an nkey user's.
    #[error("the nkey seed of {0} is not a user's seed (it starts with SU)")]
    Seed(String),
    /// No connection.
    #[error("{url}: {why}")]
    Unreachable {
        /// The server's address.
        url: String,
        /// What the library says.
        why: String,
    },
    /// The server does not know the nkey, or has another for it.
    #[error("{0}: the server refuses this user")]
    Refused(String),
    /// The server is older than it may be.
    #[error("{url}: the server is version {found}, {needed} or later is needed")]
    TooOld {
        /// The server's address.
        url: String,
        /// Its version, as it says.
        found: String,
        /// What is needed.
        needed: Version,
    },
    /// The server takes only smaller messages than the federation's largest.
    #[error("{url}: max_payload is {found} bytes, {needed} are needed")]
    Payload {
        /// The server's address.
        url: String,
        /// Its limit in bytes.
        found: usize,
        /// What is needed in bytes.
        needed: usize,
    },
    /// The link is down; nothing was sent.
    #[error("the server is away")]
    Away,
    /// No answer within [`super::REQUEST_TIMEOUT`]; what was sent may have been done.
    #[error("{0}: no answer in time")]
    Timeout(String),
    /// The link was lost before the answer came; what was sent may have been done.
    #[error("{0}: the server went away before it answered")]
    Lost(String),
    /// The server said that this user may not.
    #[error("{0}: this user is not allowed to")]
    NotGranted(String),
    /// Nobody serves the subject.
    #[error("{0}: nobody answers there")]
    Nobody(String),
    /// The stream, durable or message does not exist.
    #[error("{what}: not there ({code}: {text})")]
    Missing {
        /// What was asked for.
        what: String,
        /// The server's error code.
        code: u64,
        /// The server's words.
        text: String,
    },
    /// The server refused the request.
    #[error("{what}: refused by the server ({code}: {text})")]
    Api {
        /// What was asked for.
        what: String,
        /// The server's error code.
        code: u64,
        /// The server's words.
        text: String,
    },
    /// Anything else that the library reports.
    #[error("{what}: {why}")]
    Other {
        /// What was asked for.
        what: String,
        /// The library's words.
        why: String,
    },
}

impl BusError {
    /// Whether waiting and trying again is useless.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Address { .. } | Self::Seed(_) | Self::TooOld { .. } | Self::Payload { .. }
        )
    }

    pub(super) fn other(what: &str, why: impl std::fmt::Display) -> Self {
        Self::Other { what: what.to_owned(), why: format!("{why}") }
    }

    /// The server's own refusal, by its code.
    pub(super) fn api(what: &str, error: &async_nats::jetstream::Error) -> Self {
        let (what, code) = (what.to_owned(), error.error_code());
        let (text, number) = (error.to_string(), code.0);
        if code == ErrorCode::STREAM_NOT_FOUND
            || code == ErrorCode::CONSUMER_NOT_FOUND
            || code == ErrorCode::NO_MESSAGE_FOUND
        {
            return Self::Missing { what, code: number, text };
        }
        Self::Api { what, code: number, text }
    }

    /// A JetStream request that got no JetStream answer.
    pub(super) fn request(
        what: &str,
        error: &async_nats::jetstream::context::RequestError,
    ) -> Self {
        match error.kind() {
            RequestErrorKind::TimedOut => Self::Timeout(what.to_owned()),
            RequestErrorKind::NoResponders => Self::Nobody(what.to_owned()),
            _ => Self::other(what, error),
        }
    }
}
