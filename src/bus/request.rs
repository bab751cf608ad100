//! Asking and answering.

use std::time::Duration;

use async_nats::{Message, Subscriber};
use futures_util::StreamExt as _;

use super::connect::{Bus, BusError, refused};

/// One question, to be answered once.
pub struct Request {
    /// The subject that it was asked on.
    pub subject: String,
    /// The question.
    pub payload: Vec<u8>,
    reply: Option<async_nats::Subject>,
    client: async_nats::Client,
}

/// Questions as they come.
pub struct Requests {
    subscriber: Subscriber,
    client: async_nats::Client,
}

impl Bus {
    /// Asks, and waits for the answer at most `patience` and no longer than the connection lasts.
    ///
    /// # Errors
    /// [`BusError::Refused`] if nobody serves it or no answer came in time; else away, lost, or
    /// not granted.
    pub async fn ask(
        &self,
        subject: &str,
        question: Vec<u8>,
        patience: Duration,
    ) -> Result<Vec<u8>, BusError> {
        self.ask_for(subject, question, patience).await.map(|answer| answer.payload.into())
    }

    pub(super) async fn ask_for(
        &self,
        subject: &str,
        question: Vec<u8>,
        patience: Duration,
    ) -> Result<Message, BusError> {
        let request =
            async_nats::client::Request::new().payload(question.into()).timeout(Some(patience));
        let asking = self.client.send_request(subject.to_owned(), request);
        self.while_possible(subject, asking).await?.map_err(|e| refused(subject, &e))
    }

    /// Serves a subject pattern. The subscription outlives reconnects; what is asked while the
    /// server is away is lost.
    ///
    /// # Errors
    /// [`BusError::Refused`] if the connection is gone.
    pub async fn serve(&self, pattern: &str) -> Result<Requests, BusError> {
        let subscriber =
            self.client.subscribe(pattern.to_owned()).await.map_err(|e| refused(pattern, &e))?;
        // While the server is away the library keeps it and subscribes at the next connection.
        self.flush().await.ok();
        Ok(Requests { subscriber, client: self.client.clone() })
    }
}

impl Requests {
    /// The next question; `None` once the connection is closed.
    pub async fn next(&mut self) -> Option<Request> {
        let message = self.subscriber.next().await?;
        Some(Request {
            subject: message.subject.to_string(),
            payload: message.payload.into(),
            reply: message.reply,
            client: self.client.clone(),
        })
    }
}

impl Request {
    /// Answers; who no longer waits gets nothing.
    pub async fn respond(self, answer: Vec<u8>) {
        let Some(reply) = self.reply else { return };
        if let Err(error) = self.client.publish(reply, answer.into()).await {
            tracing::debug!(subject = %self.subject, %error, "answer not sent");
        }
    }
}
