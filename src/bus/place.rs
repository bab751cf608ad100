//! Placing: a publish with an acknowledgement, idempotent by its subject.
//!
//! A notice's subject ends in its id, so the same subject means the same signed bytes. Every
//! placement says "only if this subject is empty" (expected-last-subject-sequence 0), and the
//! server's 10071 is then an outcome. Message ids are never sent: they are counted per stream, and
//! any sender could use another's first.

use std::error::Error as _;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::header::HeaderValue;
use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;

use super::connect::{Bus, BusError};
use crate::notice::MAX_MESSAGE_BYTES;

/// The subject holds a message already, or the stream takes no more.
const LIMIT_REACHED: u64 = 10_077;
/// The stream's reservation is larger than what is left for it.
const NO_ROOM: u64 = 10_047;
/// The message is larger than the stream's limit.
const TOO_LARGE: u64 = 10_054;

/// What became of a message that was placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// Stored, and on disk.
    Stored,
    /// The subject has it: the same id, so the same signed bytes.
    AlreadyThere,
}

/// Why a message is not known to be stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// Not connected: nothing was sent.
    #[error("the server is away")]
    Away,
    /// The stream is full.
    #[error("the stream is full")]
    Full,
    /// Larger than the server takes.
    #[error("larger than the server takes")]
    Size,
    /// No stream takes the subject.
    #[error("no stream takes this subject: has the node been provisioned?")]
    NoStream,
    /// The server said that this user may not publish there.
    #[error("{0}: this user may not publish there")]
    NotGranted(String),
    /// The server refused this very message.
    #[error("the server refuses it: {0}")]
    Refused(String),
    /// Connected, and no answer in time: it may be stored. Placing again is safe.
    #[error("the server did not say in time that it stored it; is its disk full?")]
    NoAnswer,
    /// An answer that says nothing, or none since the connection was lost: it may be stored.
    /// Placing again is safe.
    #[error("not known to be stored: {0}")]
    Unknown(String),
}

impl PlaceError {
    /// Whether the message may be stored although nobody said so.
    #[must_use]
    pub fn may_be_stored(&self) -> bool {
        match self {
            Self::NoAnswer | Self::Unknown(_) => true,
            Self::Away
            | Self::Full
            | Self::Size
            | Self::NoStream
            | Self::NotGranted(_)
            | Self::Refused(_) => false,
        }
    }
}

impl Bus {
    /// Places a message under a subject that can hold one. Waits at most five seconds, and no
    /// longer than the connection lasts. `ttl` counts in whole seconds, rounded up.
    ///
    /// # Errors
    /// [`PlaceError`].
    pub async fn place(
        &self,
        subject: &str,
        headers: &[(&'static str, String)],
        payload: Vec<u8>,
        ttl: Option<Duration>,
    ) -> Result<Placed, PlaceError> {
        let placed = self.place_at(subject, headers, payload, ttl).await?;
        Ok(if placed.is_some() { Placed::Stored } else { Placed::AlreadyThere })
    }

    /// As [`Self::place`]; returns the sequence under which it was stored, `None` if it was there.
    ///
    /// # Errors
    /// [`PlaceError`].
    pub async fn place_at(
        &self,
        subject: &str,
        headers: &[(&'static str, String)],
        payload: Vec<u8>,
        ttl: Option<Duration>,
    ) -> Result<Option<u64>, PlaceError> {
        let message = message(headers, payload, ttl)?.expected_last_subject_sequence(0);
        self.publish(subject, message).await
    }

    /// Places a message of which the latest counts.
    ///
    /// # Errors
    /// [`PlaceError`].
    pub async fn put_latest(&self, subject: &str, payload: Vec<u8>) -> Result<(), PlaceError> {
        self.publish(subject, message(&[], payload, None)?).await.map(|_| ())
    }

    /// Places a message of which the latest counts, for as long as `ttl`.
    ///
    /// # Errors
    /// [`PlaceError`].
    pub async fn put_latest_for(
        &self,
        subject: &str,
        payload: Vec<u8>,
        ttl: Duration,
    ) -> Result<(), PlaceError> {
        self.publish(subject, message(&[], payload, Some(ttl))?).await.map(|_| ())
    }

    /// Puts a message in the place of the one with the sequence `last` (0: of none), for as long as
    /// `ttl`. The new sequence; `None` if another is there.
    ///
    /// # Errors
    /// [`PlaceError`].
    pub async fn replace(
        &self,
        subject: &str,
        payload: Vec<u8>,
        ttl: Duration,
        last: u64,
    ) -> Result<Option<u64>, PlaceError> {
        let message = message(&[], payload, Some(ttl))?.expected_last_subject_sequence(last);
        self.publish(subject, message).await
    }

    async fn publish(
        &self,
        subject: &str,
        message: PublishMessage,
    ) -> Result<Option<u64>, PlaceError> {
        let sending = async {
            match self.jetstream.send_publish(subject.to_owned(), message).await {
                Ok(acknowledgement) => acknowledgement.await,
                Err(error) => Err(error),
            }
        };
        match self.while_possible(subject, sending).await.map_err(unsent)? {
            Ok(ack) if ack.duplicate => {
                Err(PlaceError::Unknown("a duplicate by message id, which nobody sends".into()))
            }
            Ok(ack) => Ok(Some(ack.sequence)),
            Err(error) => outcome(&error),
        }
    }
}

fn unsent(error: BusError) -> PlaceError {
    match error {
        BusError::Away { .. } => PlaceError::Away,
        BusError::NotGranted { what } => PlaceError::NotGranted(what),
        other => PlaceError::Unknown(other.to_string()),
    }
}

/// `None`: the subject has its message already.
fn outcome(error: &PublishError) -> Result<Option<u64>, PlaceError> {
    match error.kind() {
        PublishErrorKind::WrongLastSequence => Ok(None),
        PublishErrorKind::StreamNotFound => Err(PlaceError::NoStream),
        PublishErrorKind::MaxPayloadExceeded => Err(PlaceError::Size),
        PublishErrorKind::TimedOut => Err(PlaceError::NoAnswer),
        _ => refusal(error),
    }
}

/// 10077 says both "one per subject" and "full"; only its text tells them apart.
fn refusal(error: &PublishError) -> Result<Option<u64>, PlaceError> {
    let cause = error.source().and_then(|e| e.downcast_ref::<async_nats::jetstream::Error>());
    let Some(cause) = cause else { return Err(PlaceError::Unknown(error.to_string())) };
    match cause.error_code().0 {
        LIMIT_REACHED if cause.to_string().contains("per subject") => Ok(None),
        LIMIT_REACHED | NO_ROOM => Err(PlaceError::Full),
        TOO_LARGE => Err(PlaceError::Size),
        // The server's own trouble is 500 and above.
        _ if cause.code() < 500 => Err(PlaceError::Refused(cause.to_string())),
        _ => Err(PlaceError::Unknown(cause.to_string())),
    }
}

fn message(
    headers: &[(&'static str, String)],
    payload: Vec<u8>,
    ttl: Option<Duration>,
) -> Result<PublishMessage, PlaceError> {
    let heads: usize = headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
    if payload.len() + heads > MAX_MESSAGE_BYTES {
        return Err(PlaceError::Size);
    }
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        // Parsed: the conversion from a text panics on a line break.
        let value: HeaderValue = value
            .parse()
            .map_err(|_| PlaceError::Unknown(format!("header {name} holds a line break")))?;
        map.append(*name, value);
    }
    let message = PublishMessage::build().payload(payload.into());
    let message = if map.is_empty() { message } else { message.headers(map) };
    Ok(match ttl {
        Some(ttl) => message.ttl(Duration::from_secs(whole_seconds(ttl))),
        None => message,
    })
}

/// The library would round down, and the server refuses 0.
fn whole_seconds(ttl: Duration) -> u64 {
    (ttl.as_secs() + u64::from(ttl.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{PlaceError, message, whole_seconds};
    use crate::notice::{HEADER_NOTICE, MAX_MESSAGE_BYTES};

    #[test]
    fn a_line_break_in_a_header_is_an_error_and_not_a_panic() {
        let headers = [(HEADER_NOTICE, "a\r\nPUB x 0".to_owned())];
        assert!(matches!(message(&headers, Vec::new(), None), Err(PlaceError::Unknown(_))));
    }

    #[test]
    fn a_message_above_the_federations_limit_is_not_sent() {
        let above = vec![0; MAX_MESSAGE_BYTES + 1];
        assert!(matches!(message(&[], above, None), Err(PlaceError::Size)));
        assert!(message(&[], vec![0; MAX_MESSAGE_BYTES], None).is_ok());
    }

    #[test]
    fn a_time_to_live_is_never_shorter_than_asked() {
        assert_eq!(whole_seconds(Duration::from_millis(1)), 1);
        assert_eq!(whole_seconds(Duration::from_millis(1_001)), 2);
        assert_eq!(whole_seconds(Duration::ZERO), 1);
    }
}
