//! A message that fails every time: given up after bounded tries, and nothing behind it waits.

// A test that panics has failed.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use std::time::Duration;

use async_nats::jetstream;
use chappe::address::Role;
use support::*;

const REGION: &str = "eu-fr-bre";

/// Makes INBOX anew without the right to times of life: the server then refuses each notice that
/// is placed there, and no other.
async fn spoil_inbox(all: &Federation, node: &str) {
    let raw = all.raw(node, Role::Provisioner).await;
    let context = jetstream::new(raw.client.clone());
    let stream = context.get_stream("INBOX").await.expect("INBOX");
    let config = stream.cached_info().config.clone();
    context.delete_stream("INBOX").await.expect("deleted");
    let config = jetstream::stream::Config { allow_message_ttl: false, ..config };
    context.create_stream(config).await.expect("made anew");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_every_time_is_given_up_and_stops_nothing() {
    let all = Federation::start(SMALL).await;
    spoil_inbox(&all, REGION).await;
    let fed = &all.rendered.fed;
    let poison = advisory(fed, "eu-fr", "node:eu-fr-bre", b"{}");
    let poison = all.publish(&poison, b"{}".to_vec()).await;
    all.on_board("eu-fr", poison).await;
    let behind = advisory(fed, "eu-fr", "scope:eu.fr.bre.all", b"{}");
    let behind = all.publish(&behind, b"{}".to_vec()).await;
    all.on_board(REGION, behind).await;
    let given_up = async || {
        let subjects = all.subjects(REGION, "QUARANTINE").await;
        match subjects.iter().find(|subject| subject.contains(".quarantine.poison.up-eu-fr.")) {
            Some(subject) => Ok(subject.clone()),
            None => Err(format!("{subjects:#?}")),
        }
    };
    let limit = Duration::from_secs(120);
    let subject = all.within(limit, "it is given up after bounded tries", given_up).await;
    let record = all.message(REGION, "QUARANTINE", &subject).await;
    let record: serde_json::Value = serde_json::from_slice(&record.payload).expect("JSON");
    assert!(record["why"].as_str().expect("why").contains("failed 6 times"), "{record}");
    assert_eq!(all.metric(REGION, "messages_refused_total", "reason", "poison").await, 1);
    let told = format!(".{poison}.{REGION}");
    all.holds("eu-fr", "RECEIPTS", &told).await;
    let settled = async || match all.durable("eu-fr", "BOARD", "child-eu-fr-bre").await {
        info if info.num_ack_pending == 0 => Ok(()),
        info => Err(format!("{} wait", info.num_ack_pending)),
    };
    all.eventually("its source does not bring it again", settled).await;
}
