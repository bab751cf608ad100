//! Live subscriptions: the doorbell. Completeness comes from a durable.

use async_nats::Subscriber;
use futures_util::StreamExt as _;
use futures_util::stream::{SelectAll, select_all};

use super::connect::{Bus, BusError, refused};
use super::delivery::Delivery;

/// Several subscriptions as one.
pub struct Live {
    merged: SelectAll<Subscriber>,
}

impl Bus {
    /// Subscribes to every pattern.
    ///
    /// # Errors
    /// [`BusError::Refused`] if the connection is gone. A pattern that is not permitted shows as a
    /// fault of the connection, see [`Bus::faults`].
    pub async fn live(&self, patterns: &[String]) -> Result<Live, BusError> {
        let mut subscribers = Vec::new();
        for pattern in patterns {
            let subscribed = self.client.subscribe(pattern.clone()).await;
            subscribers.push(subscribed.map_err(|e| refused(pattern, &e))?);
        }
        self.flush().await?;
        Ok(Live { merged: select_all(subscribers) })
    }
}

impl Live {
    /// The next message; `None` once the connection is closed.
    pub async fn next(&mut self) -> Option<Delivery> {
        self.merged.next().await.map(Delivery::from_core)
    }
}
