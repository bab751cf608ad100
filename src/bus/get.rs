//! Single stored messages: reading one by its subject, deleting one by its sequence.

use serde_json::{Value, json};

use super::connect::{Bus, BusError, REQUEST_TIMEOUT, refused};
use super::delivery::Delivery;
use super::pull::Reading;

const NOT_FOUND: u16 = 404;

impl Bus {
    /// The last message on a subject, or `None`; its `subject` and `sequence` are those in the
    /// stream, and there is nothing to settle. Needs only `DIRECT.GET.<stream>.<subject>`. On a
    /// replicated stream it may be a moment behind.
    ///
    /// # Errors
    /// [`BusError`].
    pub async fn get(&self, stream: &str, subject: &str) -> Result<Option<Delivery>, BusError> {
        let asked = format!("$JS.API.DIRECT.GET.{stream}.{subject}");
        let message = self.ask_for(&asked, Vec::new(), REQUEST_TIMEOUT).await?;
        match message.status.map(|status| status.as_u16()) {
            None => Delivery::from_direct(message)
                .map(Some)
                .ok_or_else(|| refused(&asked, &"an answer that is no stored message")),
            Some(NOT_FOUND) => Ok(None),
            Some(_) => Err(refused(&asked, &message.description.unwrap_or_default())),
        }
    }

    /// Deletes one message for good and overwrites it. Needs `STREAM.MSG.DELETE.<stream>`.
    ///
    /// # Errors
    /// [`BusError`], among others if it is not there any more.
    pub async fn delete(&self, stream: &str, sequence: u64) -> Result<(), BusError> {
        let what = format!("{stream} message {sequence}");
        let subject = format!("STREAM.MSG.DELETE.{stream}");
        let payload = json!({"seq": sequence});
        let answer: Value = self.api(Reading::Own, subject, &payload, &what).await?;
        match answer.get("success").and_then(Value::as_bool) {
            Some(true) => Ok(()),
            _ => Err(refused(&what, &"not deleted")),
        }
    }
}
