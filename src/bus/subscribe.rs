//! Live subscriptions: several patterns as one stream.
//!
//! Live is the doorbell and promises nothing. A reader that wants to know of gaps watches
//! [`Bus::state`]: each return of the link is one.

use async_nats::Subscriber;
use futures_util::StreamExt;
use futures_util::stream::SelectAll;

use super::connect::Bus;
use super::error::BusError;
use super::headers::Headers;

/// What comes on the subscribed patterns.
#[derive(Debug)]
pub struct Live {
    merged: SelectAll<Subscriber>,
}

/// One live message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveMessage {
    /// The subject on which it came.
    pub subject: String,
    /// All its headers, the server's `Nats-Stream`, `Nats-Subject` and `Nats-Sequence` among them.
    pub headers: Headers,
    /// Its payload.
    pub payload: Vec<u8>,
}

impl Bus {
    /// Subscribes to every pattern. Patterns that overlap deliver twice. A pattern that is not
    /// granted brings nothing: see [`Bus::violations`] and [`Bus::denied`] after this returns.
    ///
    /// # Errors
    /// [`BusError::Away`], [`BusError::Other`].
    pub async fn subscribe(&self, patterns: &[String]) -> Result<Live, BusError> {
        let mut merged = SelectAll::new();
        for pattern in patterns {
            merged.push(self.listen(pattern).await?);
        }
        Ok(Live { merged })
    }

    /// Whether the server has lately refused this subject or pattern to this user.
    #[must_use]
    pub fn denied(&self, subject: &str) -> bool {
        self.link.is_denied(subject)
    }
}

impl Live {
    /// The next message; `None` if there was no pattern or the connection was closed for good.
    pub async fn next(&mut self) -> Option<LiveMessage> {
        let message = self.merged.next().await?;
        Some(LiveMessage {
            subject: message.subject.to_string(),
            headers: Headers::from_map(message.headers.as_ref()),
            payload: message.payload.into(),
        })
    }
}
