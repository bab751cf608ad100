//! Placing: a publish with an acknowledgement, idempotent by its subject.

use std::error::Error as _;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::header::HeaderValue;
use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;

use super::connect::Bus;

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
    /// No answer, or one that says nothing: it may be stored. Placing again is safe.
    #[error("not known to be stored: {0}")]
    Unknown(String),
}

impl Bus {
    /// Places a message under a subject that can hold one. Waits at most five seconds.
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
        // The expectation, not a message id: any sender could use another's id first.
        let message = message(headers, payload)?.expected_last_subject_sequence(0);
        let message = match ttl {
            Some(ttl) => message.ttl(ttl),
            None => message,
        };
        self.publish(subject, message).await
    }

    /// Places a message of which the latest counts.
    ///
    /// # Errors
    /// [`PlaceError`].
    pub async fn put_latest(&self, subject: &str, payload: Vec<u8>) -> Result<(), PlaceError> {
        self.publish(subject, message(&[], payload)?).await.map(|_| ())
    }

    async fn publish(&self, subject: &str, message: PublishMessage) -> Result<Placed, PlaceError> {
        if !self.is_up() {
            // What is buffered now would be sent later, behind our back, after a timeout each.
            return Err(PlaceError::Away);
        }
        let sent = self.jetstream.send_publish(subject.to_owned(), message).await;
        let stored = match sent {
            Ok(acknowledgement) => acknowledgement.await,
            Err(error) => Err(error),
        };
        match stored {
            Ok(ack) if ack.duplicate => {
                Err(PlaceError::Unknown("a duplicate by message id, which nobody sends".into()))
            }
            Ok(_) => Ok(Placed::Stored),
            Err(error) => outcome(&error),
        }
    }
}

fn outcome(error: &PublishError) -> Result<Placed, PlaceError> {
    match error.kind() {
        PublishErrorKind::WrongLastSequence => Ok(Placed::AlreadyThere),
        PublishErrorKind::StreamNotFound => Err(PlaceError::NoStream),
        PublishErrorKind::MaxPayloadExceeded => Err(PlaceError::Size),
        _ => {
            let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            // One code, 10077, for both bounds: only its text tells them apart.
            if why.contains("maximum bytes exceeded") || why.contains("insufficient") {
                return Err(PlaceError::Full);
            }
            if why.contains("message size exceeds") {
                return Err(PlaceError::Size);
            }
            Err(PlaceError::Unknown(why))
        }
    }
}

fn message(
    headers: &[(&'static str, String)],
    payload: Vec<u8>,
) -> Result<PublishMessage, PlaceError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        // Parsed: the conversion from a text panics on a line break.
        let value: HeaderValue = value
            .parse()
            .map_err(|_| PlaceError::Unknown(format!("header {name} holds a line break")))?;
        map.insert(*name, value);
    }
    let message = PublishMessage::build().payload(payload.into());
    Ok(if map.is_empty() { message } else { message.headers(map) })
}
