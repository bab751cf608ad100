//! Placing: the one write, idempotent by subject.
//!
//! A notice's subject ends in its id, so the same subject means the same signed bytes. Every
//! placement says "only if this subject is empty" (expected-last-subject-sequence 0), and the
//! server's 10071 is then an outcome, not an error. Message ids are never sent: they are counted
//! per stream, and any sender could squat another's.

use std::error::Error as _;
use std::time::Duration;

use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::{HeaderMap, HeaderName, HeaderValue};

use super::connect::Bus;
use super::error::BusError;
use crate::notice::MAX_MESSAGE_BYTES;

/// The subject holds a message already, or the stream takes no more.
const LIMIT_REACHED: u64 = 10_077;
/// The message is larger than the stream's limit.
const TOO_LARGE: u64 = 10_054;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// Stored and synced.
    Stored,
    /// The subject already holds the message.
    AlreadyThere,
}

/// Why a message was not placed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// The link is down; nothing was sent.
    #[error("the server is away")]
    Away,
    /// No acknowledgement in time, or the link was lost before it came: the message may have been stored, or may yet be. Placing again is safe.
    #[error("{0}: no acknowledgement, it may be stored or not")]
    Unknown(String),
    /// The stream is full.
    #[error("{0}: the stream is full")]
    Full(String),
    /// Larger than a message may be.
    #[error("{subject}: {found} bytes, at most {MAX_MESSAGE_BYTES} are allowed")]
    Size {
        /// The subject.
        subject: String,
        /// Headers and payload in bytes, as near as is known.
        found: usize,
    },
    /// The server said that this user may not publish there.
    #[error("{0}: this user may not publish there")]
    NotGranted(String),
    /// No stream takes the subject.
    #[error("{0}: no stream takes this subject")]
    NoStream(String),
    /// The server believes that it has seen the message before and did not store it.
    #[error("{0}: the server took this for a duplicate and did not store it")]
    Duplicate(String),
    /// A header's value cannot be sent.
    #[error("header {0}: not printable in one line")]
    Header(String),
    /// The server refused it otherwise.
    #[error("{subject}: refused by the server ({code}: {text})")]
    Refused {
        /// The subject.
        subject: String,
        /// The server's error code; 0 if there was none.
        code: u64,
        /// Its words.
        text: String,
    },
}

impl PlaceError {
    /// Whether the same placement may succeed later without anybody changing anything.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Away | Self::Unknown(_) | Self::Full(_))
    }
}

impl Bus {
    /// Stores a message on an empty subject. `ttl` is rounded up to whole seconds, at least one.
    /// Answers within [`super::REQUEST_TIMEOUT`], twice that if the send queue is full.
    ///
    /// # Errors
    /// [`PlaceError`]; after [`PlaceError::Unknown`] the message may be stored.
    pub async fn place(
        &self,
        subject: &str,
        headers: &[(&str, String)],
        payload: Vec<u8>,
        ttl: Option<Duration>,
    ) -> Result<Placed, PlaceError> {
        let message = message(subject, headers, payload, ttl)?.expected_last_subject_sequence(0);
        self.send(subject, message).await
    }

    /// Stores a message over whatever the subject holds: for streams of one per subject in which
    /// the latest counts. Otherwise as [`Bus::place`].
    ///
    /// # Errors
    /// [`PlaceError`].
    pub async fn put_latest(
        &self,
        subject: &str,
        headers: &[(&str, String)],
        payload: Vec<u8>,
        ttl: Option<Duration>,
    ) -> Result<(), PlaceError> {
        self.send(subject, message(subject, headers, payload, ttl)?).await.map(drop)
    }

    async fn send(&self, subject: &str, message: PublishMessage) -> Result<Placed, PlaceError> {
        self.require_up().map_err(|_| PlaceError::Away)?;
        let sending = async {
            match self.js.send_publish(subject.to_owned(), message).await {
                Ok(acknowledged) => acknowledged.await,
                Err(error) => Err(error),
            }
        };
        let sent = self.while_possible(subject, sending).await;
        let sent = sent.map_err(|error| match error {
            BusError::NotGranted(subject) => PlaceError::NotGranted(subject),
            _ => PlaceError::Unknown(subject.to_owned()),
        })?;
        match sent {
            Ok(ack) if ack.duplicate => Err(PlaceError::Duplicate(subject.to_owned())),
            Ok(_) => Ok(Placed::Stored),
            Err(error) => outcome(subject, &error),
        }
    }
}

fn outcome(subject: &str, error: &PublishError) -> Result<Placed, PlaceError> {
    let subject = subject.to_owned();
    match error.kind() {
        PublishErrorKind::WrongLastSequence => Ok(Placed::AlreadyThere),
        PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe => {
            Err(PlaceError::Unknown(subject))
        }
        PublishErrorKind::StreamNotFound => Err(PlaceError::NoStream(subject)),
        PublishErrorKind::MaxPayloadExceeded => {
            Err(PlaceError::Size { subject, found: MAX_MESSAGE_BYTES + 1 })
        }
        _ => refusal(subject, error),
    }
}

/// 10077 says both "one per subject" and "full"; only its text tells them apart.
fn refusal(subject: String, error: &PublishError) -> Result<Placed, PlaceError> {
    let cause = error.source().and_then(|e| e.downcast_ref::<async_nats::jetstream::Error>());
    let Some(cause) = cause else {
        return Err(PlaceError::Refused { subject, code: 0, text: error.to_string() });
    };
    let (code, text) = (cause.error_code().0, cause.to_string());
    match code {
        LIMIT_REACHED if text.contains("per subject") => Ok(Placed::AlreadyThere),
        LIMIT_REACHED => Err(PlaceError::Full(subject)),
        TOO_LARGE => Err(PlaceError::Size { subject, found: MAX_MESSAGE_BYTES + 1 }),
        _ => Err(PlaceError::Refused { subject, code, text }),
    }
}

fn message(
    subject: &str,
    headers: &[(&str, String)],
    payload: Vec<u8>,
    ttl: Option<Duration>,
) -> Result<PublishMessage, PlaceError> {
    let found: usize =
        payload.len() + headers.iter().map(|(n, v)| n.len() + v.len() + 4).sum::<usize>();
    if found > MAX_MESSAGE_BYTES {
        return Err(PlaceError::Size { subject: subject.to_owned(), found });
    }
    let message = PublishMessage::build().headers(map(headers)?).payload(payload.into());
    Ok(match ttl {
        // The library writes whole seconds and the server refuses 0.
        Some(ttl) => message.ttl(Duration::from_secs(whole_seconds(ttl))),
        None => message,
    })
}

fn whole_seconds(ttl: Duration) -> u64 {
    (ttl.as_secs() + u64::from(ttl.subsec_nanos() > 0)).max(1)
}

/// Parsed, never converted: the library's conversions panic on a line break in a value.
fn map(headers: &[(&str, String)]) -> Result<HeaderMap, PlaceError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let bad = || PlaceError::Header((*name).to_owned());
        let name = HeaderName::try_from(*name).map_err(|_| bad())?;
        map.append(name, value.parse::<HeaderValue>().map_err(|_| bad())?);
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{PlaceError, map, message, whole_seconds};
    use crate::notice::MAX_MESSAGE_BYTES;

    #[test]
    fn a_line_break_in_a_header_is_an_error_and_not_a_panic() {
        let headers = [("Chappe-Notice", "a\r\nPUB x 0".to_owned())];
        assert_eq!(map(&headers), Err(PlaceError::Header("Chappe-Notice".to_owned())));
        assert!(map(&[("Bad Name", String::new())]).is_err());
    }

    #[test]
    fn a_message_above_the_federations_limit_is_not_sent() {
        let full = vec![0; MAX_MESSAGE_BYTES + 1];
        assert!(matches!(message("s", &[], full, None), Err(PlaceError::Size { .. })));
    }

    #[test]
    fn a_time_to_live_is_never_shorter_than_asked() {
        assert_eq!(whole_seconds(Duration::from_millis(1)), 1);
        assert_eq!(whole_seconds(Duration::from_millis(1_001)), 2);
        assert_eq!(whole_seconds(Duration::ZERO), 1);
    }
}
