//! A message that fails every time: given up after bounded tries, and nothing behind it waits.

use std::time::Duration;

use crate::support::*;
use async_nats::jetstream;
use chappe::address::{self, Role, Source};
use chappe::bus::Reading;
use chappe::notice::Id;

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

/// A notice in the intake of its own node, delivered so often and never settled, and worked on by
/// so many relays that ended over it.
async fn deadly(all: &Federation, delivered: usize, deaths: u32) -> Id {
    let node = "eu-fr";
    let publisher = all.publisher(node);
    let source = Source::Local(publisher);
    let stream = address::intake_stream(&source).expect("an intake");
    let notice = advisory(&all.rendered.fed, node, "scope:eu.fr.bre.all", b"{}");
    let id = all.publish(&notice, b"{}".to_vec()).await;
    let relay = all.connect(node, Role::Relay).await;
    let mut pull = relay.pull(Reading::Own, &stream, "relay");
    let mut named = None;
    for _ in 0..delivered {
        let message = tokio::time::timeout(PATIENCE, pull.next()).await.expect("in time");
        named = Some((message.subject.clone(), message.sequence));
        message.nak(Duration::from_millis(1)).await.expect("told");
    }
    let (subject, sequence) = named.expect("delivered");
    for time in 1..=deaths {
        let note = address::in_hand(&source, &subject, sequence, time);
        relay.put_latest(&note, Vec::new()).await.expect("noted");
    }
    id
}

async fn no_note_is_left(all: &Federation) {
    let none = async || {
        let receipts = all.subjects("eu-fr", "RECEIPTS").await;
        let left: Vec<_> = receipts.iter().filter(|s| s.contains(".hand-")).collect();
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    };
    all.eventually("no note is left", none).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_the_relay_each_time_is_given_up_unread() {
    let all = Federation::provisioned(SMALL).await;
    let id = deadly(&all, 9, 3).await;
    all.start_relays();
    all.all_ready().await;
    let given_up = async || {
        let subjects = all.subjects("eu-fr", "QUARANTINE").await;
        let found = subjects.iter().any(|subject| subject.contains(".quarantine.poison.local-"));
        if found { Ok(()) } else { Err(format!("{subjects:#?}")) }
    };
    all.within(2 * PATIENCE, "it is given up", given_up).await;
    no_note_is_left(&all).await;
    assert!(!all.board("eu-fr").await.contains(&id.to_string()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_delivered_often_and_ended_nothing_is_taken_as_ever() {
    let all = Federation::provisioned(SMALL).await;
    let id = deadly(&all, 9, 2).await;
    all.start_relays();
    all.all_ready().await;
    let there = async || {
        let there = all.board("eu-fr-bre").await.contains(&id.to_string());
        if there { Ok(()) } else { Err("not on the board".to_owned()) }
    };
    all.within(2 * PATIENCE, "it is on the board", there).await;
    no_note_is_left(&all).await;
}
