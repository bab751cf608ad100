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
    /// Asks, and waits at most `patience` for the answer.
    ///
    /// # Errors
    /// [`BusError::Refused`]: nobody serves it, not permitted, or no answer in time.
    pub async fn ask(
        &self,
        subject: &str,
        question: Vec<u8>,
        patience: Duration,
    ) -> Result<Vec<u8>, BusError> {
        let request =
            async_nats::client::Request::new().payload(question.into()).timeout(Some(patience));
        let answer = self.client.send_request(subject.to_owned(), request).await;
        let answer: Message = answer.map_err(|e| refused(subject, &e))?;
        Ok(answer.payload.to_vec())
    }

    /// Serves a subject pattern.
    ///
    /// # Errors
    /// [`BusError::Refused`] if the connection is gone.
    pub async fn serve(&self, pattern: &str) -> Result<Requests, BusError> {
        let subscriber =
            self.client.subscribe(pattern.to_owned()).await.map_err(|e| refused(pattern, &e))?;
        Ok(Requests { subscriber, client: self.client.clone() })
    }
}

impl Requests {
    /// The next question; `None` once the connection is closed.
    pub async fn next(&mut self) -> Option<Request> {
        let message = self.subscriber.next().await?;
        Some(Request {
            subject: message.subject.to_string(),
            payload: message.payload.to_vec(),
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
