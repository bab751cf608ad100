//! The bus against the real server.

use std::time::Duration;

use crate::servers::{Nats, PATIENCE, account, durable, eventually, soon, stream, user};
use chappe::address::{NodePlan, Role};
use chappe::bus::{Bus, BusError, PlaceError, Placed, Pull, Reading};
use futures_util::StreamExt;

fn no_headers() -> Vec<(&'static str, String)> {
    Vec::new()
}

fn plan() -> NodePlan {
    let mut board = stream("BOARD", &["chappe.board.>", "drill.board.>", "chappe.direct.>"]);
    board.republish = Some(("*.board.>".into(), "{{wildcard(1)}}.live.board.>".into()));
    NodePlan {
        accounts: Vec::new(),
        streams: vec![board],
        durables: vec![durable("BOARD", "child-eu-fr", false), durable("BOARD", "fold", true)],
    }
}

/// One account in which the provisioner may do everything.
async fn provisioned(plan: &NodePlan) -> (Nats, Bus) {
    let users = vec![user(Role::Provisioner, &[">"], &[">"])];
    let nats = Nats::start(vec![account("eu", true, users)]).await;
    let bus = nats.bus("eu", &Role::Provisioner).await;
    bus.provision(plan, 1).await.unwrap();
    (nats, bus)
}

async fn put(bus: &Bus, subject: &str) {
    let placed = bus.place(subject, &no_headers(), b"body".to_vec(), None).await;
    assert_eq!(placed, Ok(Placed::Stored), "{subject}");
}

async fn next_subject(source: &mut Pull) -> String {
    let delivery = soon("a delivery", source.next()).await;
    delivery.ack().await.unwrap();
    delivery.subject
}

#[tokio::test]
async fn placing_twice_is_an_outcome_and_not_an_error() {
    let (_nats, bus) = provisioned(&plan()).await;
    put(&bus, "chappe.board.a").await;
    let again = bus.place("chappe.board.a", &no_headers(), b"other".to_vec(), None).await;
    assert_eq!(again, Ok(Placed::AlreadyThere));
}

#[tokio::test]
async fn provisioning_again_changes_nothing() {
    let (_nats, bus) = provisioned(&plan()).await;
    let report = bus.provision(&plan(), 1).await.unwrap();
    assert_eq!((report.created, report.updated, report.reset), (0, 0, 0));
    assert_eq!((report.streams, report.durables), (1, 2));
}

#[tokio::test]
async fn the_first_word_of_a_subject_survives_the_live_republication() {
    let (_nats, bus) = provisioned(&plan()).await;
    let mut live = bus.live(&["*.live.>".to_owned()]).await.unwrap();
    put(&bus, "chappe.board.advisory.x").await;
    put(&bus, "drill.board.alert.y").await;
    put(&bus, "chappe.direct.eu-fr.z").await;
    put(&bus, "chappe.board.last").await;
    let mut subjects = Vec::new();
    while subjects.len() < 3 {
        subjects.push(soon("live", live.next()).await.unwrap().subject);
    }
    let expected =
        ["chappe.live.board.advisory.x", "drill.live.board.alert.y", "chappe.live.board.last"];
    assert_eq!(subjects, expected);
}

#[tokio::test]
async fn a_message_is_gone_when_its_time_is_up_and_its_subject_is_free() {
    let (_nats, bus) = provisioned(&plan()).await;
    let ttl = Some(Duration::from_secs(1));
    bus.place("chappe.board.short", &no_headers(), Vec::new(), ttl).await.unwrap();
    assert!(bus.get("BOARD", "chappe.board.short").await.unwrap().is_some());
    eventually(PATIENCE, "the message expires", async || {
        bus.get("BOARD", "chappe.board.short").await.unwrap().is_none().then_some(())
    })
    .await;
    put(&bus, "chappe.board.short").await;
}

#[tokio::test]
async fn a_full_stream_is_told_from_a_message_that_is_there() {
    let mut plan = plan();
    plan.streams[0].max_bytes = 20_000;
    let (_nats, bus) = provisioned(&plan).await;
    let body = vec![b'x'; 15_000];
    bus.place("chappe.board.a", &no_headers(), body.clone(), None).await.unwrap();
    let full = bus.place("chappe.board.b", &no_headers(), body.clone(), None).await;
    assert_eq!(full, Err(PlaceError::Full));
    let again = bus.place("chappe.board.a", &no_headers(), body, None).await;
    assert_eq!(again, Ok(Placed::AlreadyThere));
}

#[tokio::test]
async fn the_largest_message_passes_and_one_byte_more_does_not() {
    let (_nats, bus) = provisioned(&plan()).await;
    let notice = vec![("Chappe-Notice", "n".repeat(8_000))];
    let largest = vec![b'x'; chappe::notice::MAX_BODY_BYTES];
    let placed = bus.place("chappe.board.largest", &notice, largest, None).await;
    assert_eq!(placed, Ok(Placed::Stored));
    let above = vec![b'x'; chappe::notice::MAX_MESSAGE_BYTES];
    let placed = bus.place("chappe.board.above", &notice, above, None).await;
    assert!(matches!(placed, Err(PlaceError::Size)), "{placed:?}");
}

#[tokio::test]
async fn a_subject_that_no_stream_takes_is_named() {
    let (_nats, bus) = provisioned(&plan()).await;
    let placed = bus.place("chappe.nowhere.a", &no_headers(), Vec::new(), None).await;
    assert_eq!(placed, Err(PlaceError::NoStream));
}

#[tokio::test]
async fn the_latest_replaces_the_one_before_where_that_is_meant() {
    let mut plan = plan();
    let mut receipts = stream("RECEIPTS", &["chappe.receipts.>"]);
    receipts.discard = chappe::address::Discard::Old;
    plan.streams.push(receipts);
    let (_nats, bus) = provisioned(&plan).await;
    for word in ["first", "second"] {
        let put = bus.put_latest("chappe.receipts.a", word.into()).await;
        assert_eq!(put, Ok(()));
    }
    let stored = bus.get("RECEIPTS", "chappe.receipts.a").await.unwrap().unwrap();
    assert_eq!(stored.payload, b"second");
}

#[tokio::test]
async fn a_deleted_message_is_gone_and_its_neighbours_stay() {
    let (_nats, bus) = provisioned(&plan()).await;
    put(&bus, "chappe.board.a").await;
    put(&bus, "chappe.board.b").await;
    let stored = bus.get("BOARD", "chappe.board.a").await.unwrap().unwrap();
    assert_eq!(stored.payload, b"body");
    bus.delete("BOARD", stored.sequence).await.unwrap();
    assert!(bus.get("BOARD", "chappe.board.a").await.unwrap().is_none());
    assert!(bus.get("BOARD", "chappe.board.b").await.unwrap().is_some());
    assert!(bus.delete("BOARD", stored.sequence).await.is_err());
}

#[tokio::test]
async fn a_delivery_comes_again_until_it_is_settled() {
    let (_nats, bus) = provisioned(&plan()).await;
    put(&bus, "chappe.board.a").await;
    let mut source = bus.pull(Reading::Own, "BOARD", "child-eu-fr");
    let first = soon("the first delivery", source.next()).await;
    assert_eq!((first.delivered, first.sequence), (1, 1));
    first.nak(Duration::from_millis(50)).await.unwrap();
    let second = soon("the second delivery", source.next()).await;
    assert_eq!(second.delivered, 2);
    second.progress().await.unwrap();
    second.term().await.unwrap();
    put(&bus, "chappe.board.b").await;
    assert_eq!(next_subject(&mut source).await, "chappe.board.b");
}

#[tokio::test]
async fn a_reader_waits_for_a_durable_that_is_not_there_yet() {
    let mut late = plan();
    let durables = std::mem::take(&mut late.durables);
    let (_nats, bus) = provisioned(&late).await;
    put(&bus, "chappe.board.a").await;
    let mut source = bus.pull(Reading::Own, "BOARD", "child-eu-fr");
    let refused = tokio::time::timeout(Duration::from_millis(300), source.next()).await;
    assert!(refused.is_err(), "there is nothing to read yet");
    late.durables = durables;
    bus.provision(&late, 1).await.unwrap();
    assert_eq!(next_subject(&mut source).await, "chappe.board.a");
}

#[tokio::test]
async fn a_reader_survives_that_its_durable_is_deleted_and_made_anew() {
    let (_nats, bus) = provisioned(&plan()).await;
    put(&bus, "chappe.board.a").await;
    let mut source = bus.pull(Reading::Own, "BOARD", "child-eu-fr");
    assert_eq!(next_subject(&mut source).await, "chappe.board.a");
    let delete = "$JS.API.CONSUMER.DELETE.BOARD.child-eu-fr";
    bus.ask(delete, Vec::new(), PATIENCE).await.unwrap();
    assert_eq!(bus.provision(&plan(), 1).await.unwrap().created, 1);
    put(&bus, "chappe.board.b").await;
    assert_eq!(next_subject(&mut source).await, "chappe.board.a", "the new one starts anew");
    assert_eq!(next_subject(&mut source).await, "chappe.board.b");
}

#[tokio::test]
async fn a_widened_durable_brings_the_older_messages_too() {
    let mut plan = plan();
    plan.durables[0].filters = vec!["chappe.board.a".into()];
    let (_nats, bus) = provisioned(&plan).await;
    put(&bus, "chappe.board.b").await;
    put(&bus, "chappe.board.a").await;
    let mut source = bus.pull(Reading::Own, "BOARD", "child-eu-fr");
    assert_eq!(next_subject(&mut source).await, "chappe.board.a");
    plan.durables[0].filters.push("chappe.board.b".into());
    assert!(bus.change_filters(&plan.durables[0]).await.unwrap());
    assert_eq!(next_subject(&mut source).await, "chappe.board.b");
    assert!(!bus.change_filters(&plan.durables[0]).await.unwrap());
}

#[tokio::test]
async fn more_headers_than_the_client_buffers_are_folded_in_order_and_twice_alike() {
    let (_nats, bus) = provisioned(&plan()).await;
    let notice = vec![("Chappe-Notice", "n".repeat(2_900))];
    let placing = (0..5_000).map(|n| {
        let (bus, notice) = (bus.clone(), notice.clone());
        async move {
            let subject = format!("chappe.board.{n}");
            bus.place(&subject, &notice, vec![b'x'; 4_000], None).await.unwrap();
        }
    });
    let placing = futures_util::stream::iter(placing).buffer_unordered(64);
    placing.collect::<Vec<()>>().await;
    for _ in 0..2 {
        let (count, sequences) = soon("the fold", folded(&bus)).await;
        assert_eq!(count, 5_000);
        assert!(sequences.is_sorted());
    }
}

/// How many messages came, and their sequences.
async fn folded(bus: &Bus) -> (usize, Vec<u64>) {
    let mut fold = bus.fold("BOARD").await.unwrap();
    let mut sequences = Vec::new();
    while let Some(message) = fold.next().await.unwrap() {
        assert!(message.payload.is_empty(), "headers only");
        assert_eq!(message.notice.len(), 1);
        sequences.push(message.sequence);
    }
    (sequences.len(), sequences)
}

#[tokio::test]
async fn an_empty_stream_folds_to_nothing() {
    let (_nats, bus) = provisioned(&plan()).await;
    let (count, _) = soon("the fold", folded(&bus)).await;
    assert_eq!(count, 0);
}

#[tokio::test]
async fn a_fold_of_what_was_never_provisioned_says_at_once_what_to_do() {
    let (_nats, bus) = provisioned(&plan()).await;
    let error = bus.fold("CASES").await.err().unwrap();
    assert!(matches!(error, BusError::Missing { .. }), "{error:?}");
    assert!(error.to_string().contains("chappe provision"), "{error}");
}

#[tokio::test]
async fn a_fold_ends_although_its_last_message_expires_on_the_way() {
    let (_nats, bus) = provisioned(&plan()).await;
    put(&bus, "chappe.board.a").await;
    let ttl = Some(Duration::from_secs(1));
    bus.place("chappe.board.short", &no_headers(), Vec::new(), ttl).await.unwrap();
    let mut fold = bus.fold("BOARD").await.unwrap();
    eventually(PATIENCE, "the last message expires", async || {
        bus.get("BOARD", "chappe.board.short").await.unwrap().is_none().then_some(())
    })
    .await;
    let mut count = 0;
    while soon("the fold", fold.next()).await.unwrap().is_some() {
        count += 1;
    }
    assert!(count >= 1, "{count}");
}
