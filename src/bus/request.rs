//! Requests and answers over core NATS: fetching, and what operators' commands ask.

use async_nats::{RequestErrorKind, Subscriber};
use futures_util::StreamExt;

use super::connect::Bus;
use super::error::BusError;

/// Requests to a subject that we serve.
#[derive(Debug)]
pub struct Requests {
    subscriber: Subscriber,
    bus: Bus,
}

/// One request.
#[derive(Debug)]
pub struct Request {
    /// The subject that was asked, so who asks.
    pub subject: String,
    /// What is asked.
    pub payload: Vec<u8>,
    reply: String,
    bus: Bus,
}

impl Bus {
    /// Asks and waits for one answer, at most [`super::REQUEST_TIMEOUT`].
    ///
    /// # Errors
    /// [`BusError`]: away, timeout, nobody there, not granted.
    pub async fn request(&self, subject: &str, payload: Vec<u8>) -> Result<Vec<u8>, BusError> {
        self.ask(subject, payload).await.map(|message| message.payload.into())
    }

    /// Serves a subject, which may be a pattern. The subscription outlives reconnects; what is
    /// asked while the link is down is lost.
    ///
    /// # Errors
    /// [`BusError::Away`], [`BusError::Other`].
    pub async fn serve(&self, subject: &str) -> Result<Requests, BusError> {
        let subscriber = self.listen(subject).await?;
        Ok(Requests { subscriber, bus: self.clone() })
    }

    pub(super) async fn listen(&self, subject: &str) -> Result<Subscriber, BusError> {
        self.require_up()?;
        let subscribed = self.client.subscribe(subject.to_owned()).await;
        let subscriber = subscribed.map_err(|error| BusError::other(subject, error))?;
        self.flush().await?;
        Ok(subscriber)
    }

    pub(super) async fn ask(
        &self,
        subject: &str,
        payload: Vec<u8>,
    ) -> Result<async_nats::Message, BusError> {
        self.require_up()?;
        let asking = self.client.request(subject.to_owned(), payload.into());
        let answer = self.while_possible(subject, asking).await?;
        answer.map_err(|error| match error.kind() {
            RequestErrorKind::TimedOut => BusError::Timeout(subject.to_owned()),
            RequestErrorKind::NoResponders => BusError::Nobody(subject.to_owned()),
            _ => BusError::other(subject, error),
        })
    }
}

impl Requests {
    /// The next request that wants an answer; `None` when the connection was closed for good.
    pub async fn next(&mut self) -> Option<Request> {
        loop {
            let message = self.subscriber.next().await?;
            if let Some(reply) = message.reply {
                return Some(Request {
                    subject: message.subject.to_string(),
                    payload: message.payload.into(),
                    reply: reply.to_string(),
                    bus: self.bus.clone(),
                });
            }
        }
    }
}

impl Request {
    /// Answers. The server lets one answer per request through, within two minutes.
    ///
    /// # Errors
    /// [`BusError::Away`], [`BusError::Other`].
    pub async fn respond(self, payload: Vec<u8>) -> Result<(), BusError> {
        self.bus.require_up()?;
        let sent = self.bus.client.publish(self.reply.clone(), payload.into()).await;
        sent.map_err(|error| BusError::other(&self.subject, error))
    }
}
