//! Making a node's streams and durables, at installation and after each change. Idempotent.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::stream::{
    Config, DiscardPolicy, Republish, RetentionPolicy, StorageType,
};

use super::connect::{Bus, BusError, refused};
use crate::address::{Discard, DurableSpec, NodePlan, Retention, StreamSpec};
use crate::notice::MAX_MESSAGE_BYTES;

/// Smallest that the server takes; 0 would mean two minutes. Nobody sends message ids.
const DUPLICATE_WINDOW: Duration = Duration::from_millis(100);
/// Longer than verify, place and a reconnect together.
const ACK_WAIT: Duration = Duration::from_secs(30);
const MAX_ACK_PENDING: i64 = 256;

/// What provisioning did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Provisioned {
    /// Streams that are as planned now.
    pub streams: usize,
    /// Durables that are as planned now.
    pub durables: usize,
}

impl Bus {
    /// Makes streams and durables as planned; `replicas` is 1 or 3.
    ///
    /// # Errors
    /// [`BusError::Refused`] naming the stream or durable.
    pub async fn provision(
        &self,
        plan: &NodePlan,
        replicas: usize,
    ) -> Result<Provisioned, BusError> {
        for stream in &plan.streams {
            self.jetstream
                .create_or_update_stream(stream_config(stream, replicas))
                .await
                .map_err(|e| refused(&stream.name, &e))?;
        }
        for durable in &plan.durables {
            self.jetstream
                .create_consumer_on_stream(durable_config(durable), &durable.stream)
                .await
                .map_err(|e| refused(&format!("{}.{}", durable.stream, durable.name), &e))?;
        }
        Ok(Provisioned { streams: plan.streams.len(), durables: plan.durables.len() })
    }

    /// The subjects of every message in a stream, for whoever may see them (the provisioner).
    ///
    /// # Errors
    /// [`BusError::Refused`].
    pub async fn subjects(&self, stream: &str) -> Result<Vec<String>, BusError> {
        let handle = self.jetstream.get_stream_no_info(stream).await;
        let handle = handle.map_err(|e| refused(stream, &e))?;
        let mut listed = handle.info_with_subjects(">").await.map_err(|e| refused(stream, &e))?;
        let mut subjects = Vec::new();
        while let Some(next) = futures_util::StreamExt::next(&mut listed).await {
            let (subject, _) = next.map_err(|e| refused(stream, &e))?;
            subjects.push(subject);
        }
        Ok(subjects)
    }
}

fn stream_config(spec: &StreamSpec, replicas: usize) -> Config {
    Config {
        name: spec.name.clone(),
        subjects: spec.subjects.clone(),
        retention: match spec.retention {
            Retention::Limits => RetentionPolicy::Limits,
            Retention::WorkQueue => RetentionPolicy::WorkQueue,
        },
        discard: match spec.discard {
            Discard::New => DiscardPolicy::New,
            Discard::Old => DiscardPolicy::Old,
        },
        discard_new_per_subject: spec.discard == Discard::New && spec.per_subject.is_some(),
        max_messages_per_subject: spec.per_subject.unwrap_or(-1),
        max_bytes: spec.max_bytes,
        max_age: spec.max_age.unwrap_or_default(),
        max_message_size: i32::try_from(MAX_MESSAGE_BYTES).unwrap_or(i32::MAX),
        storage: StorageType::File,
        num_replicas: replicas,
        duplicate_window: DUPLICATE_WINDOW,
        deny_purge: true,
        allow_direct: true,
        allow_message_ttl: spec.ttl,
        republish: spec.republish.as_ref().map(|(source, destination)| Republish {
            source: source.clone(),
            destination: destination.clone(),
            headers_only: false,
        }),
        ..Config::default()
    }
}

fn durable_config(spec: &DurableSpec) -> pull::Config {
    pull::Config {
        durable_name: Some(spec.name.clone()),
        deliver_policy: DeliverPolicy::All,
        ack_policy: if spec.fold { AckPolicy::None } else { AckPolicy::Explicit },
        ack_wait: ACK_WAIT,
        max_deliver: -1,
        max_ack_pending: if spec.fold { -1 } else { MAX_ACK_PENDING },
        // Always the plural form: a single filter would stand in the API subject.
        filter_subjects: spec.filters.clone(),
        headers_only: spec.headers_only,
        ..pull::Config::default()
    }
}
