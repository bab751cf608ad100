//! Single stored messages: reading one by its subject, deleting one by its sequence.

use async_nats::Message;
use serde_json::json;

use super::connect::Bus;
use super::error::BusError;
use super::headers::Headers;

const NOT_FOUND: u16 = 404;

/// A message as a stream holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its subject.
    pub subject: String,
    /// Its headers, those of the reading itself removed.
    pub headers: Headers,
    /// Its payload.
    pub payload: Vec<u8>,
    /// Its sequence in the stream.
    pub sequence: u64,
}

impl Bus {
    /// The last message on a subject, or `None`. Needs only `DIRECT.GET.<stream>.<subject>`. On a
    /// replicated stream it may be a moment behind.
    ///
    /// # Errors
    /// [`BusError`].
    pub async fn get(&self, stream: &str, subject: &str) -> Result<Option<Stored>, BusError> {
        let asked = format!("$JS.API.DIRECT.GET.{stream}.{subject}");
        let message = self.ask(&asked, Vec::new()).await?;
        match message.status.map(|status| status.as_u16()) {
            None => stored(message, &asked).map(Some),
            Some(NOT_FOUND) => Ok(None),
            Some(status) => {
                let text = message.description.unwrap_or_default();
                Err(BusError::Api { what: asked, code: u64::from(status), text })
            }
        }
    }

    /// Deletes one message for good and overwrites it. Needs `STREAM.MSG.DELETE.<stream>`.
    ///
    /// # Errors
    /// [`BusError`]; [`BusError::Missing`] or [`BusError::Api`] if it is not there any more.
    pub async fn delete(&self, stream: &str, sequence: u64) -> Result<(), BusError> {
        let what = format!("{stream} message {sequence}");
        let subject = format!("STREAM.MSG.DELETE.{stream}");
        let answer: serde_json::Value =
            self.api(false, subject, &json!({"seq": sequence}), &what).await?;
        match answer.get("success").and_then(serde_json::Value::as_bool) {
            Some(true) => Ok(()),
            _ => Err(BusError::other(&what, "not deleted")),
        }
    }
}

fn stored(message: Message, asked: &str) -> Result<Stored, BusError> {
    let mut headers = Headers::from_map(message.headers.as_ref());
    let one = |name: &str| headers.values(name).first().map(|value| (*value).to_owned());
    let (subject, sequence) = (one("Nats-Subject"), one("Nats-Sequence"));
    let (Some(subject), Some(sequence)) = (subject, sequence.and_then(|s| s.parse().ok())) else {
        return Err(BusError::other(asked, "an answer that is no stored message"));
    };
    headers.all.retain(|(name, _)| !name.starts_with("Nats-"));
    Ok(Stored { subject, headers, payload: message.payload.into(), sequence })
}
