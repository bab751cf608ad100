//! What must wait: in HELD, where it stops nothing behind it, until its time or room comes.

use crate::support::*;
use chappe::notice::{Id, Kind, Statement};
use chappe::verify;

/// So many more bytes than are on the board now.
async fn room(all: &Federation, node: &str, more: u64) {
    let used = all.stream_state(node, "BOARD").await.bytes;
    let bytes = i64::try_from(used + more).expect("a few bytes");
    all.resize(node, "BOARD", bytes).await;
}

async fn is_held(all: &Federation, node: &str, id: Id) {
    all.holds(node, "HELD", &id.to_string()).await;
    assert!(!all.board(node).await.contains(&id.to_string()), "{id} is on the board of {node}");
}

async fn nothing_held(all: &Federation, node: &str) {
    let empty = async || match all.subjects(node, "HELD").await {
        subjects if subjects.is_empty() => Ok(()),
        subjects => Err(format!("{subjects:#?}")),
    };
    all.eventually("nothing is held any more", empty).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_due_waits_and_stops_nothing_behind_it() {
    let all = Federation::start(SMALL).await;
    let plain = || advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.bre.all", b"{}");
    let due = chappe::time::now().secs() + 8;
    let later = Statement { nbf: Some(due), ..plain() };
    let later = all.publish(&later, b"{}".to_vec()).await;
    is_held(&all, "eu-fr", later).await;
    let behind = all.publish(&plain(), b"{}".to_vec()).await;
    let behind = all.on_board("eu-fr-bre", behind).await;
    let behind = all.stored("eu-fr-bre", "BOARD", &behind).await;
    let subject = all.on_board("eu-fr-bre", later).await;
    let wire = all.stored("eu-fr-bre", "BOARD", &subject).await;
    let first_hop = |wire| {
        let (_, hops) = verify::verify_file(chappe::time::now(), &all.trust, wire).expect("valid");
        hops[0].at.secs()
    };
    assert!(first_hop(&wire) >= due, "placed before its time");
    assert!(first_hop(&behind) < due, "what was behind it waited too");
    nothing_held(&all, "eu-fr").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_finds_a_full_board_waits_and_flows_on_when_there_is_room() {
    let all = Federation::start(SMALL).await;
    let body = vec![b'x'; 20_000];
    let plain = || advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.bre.all", &body);
    room(&all, "eu-fr-bre", 10_000).await;
    let first = all.publish(&plain(), body.clone()).await;
    let alert = Statement { kind: Kind::Alert, ..plain() };
    let alert = all.publish(&alert, body.clone()).await;
    for id in [first, alert] {
        is_held(&all, "eu-fr-bre", id).await;
    }
    let small = advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.bre.all", b"{}");
    let small = all.publish(&small, b"{}".to_vec()).await;
    all.on_board("eu-fr-bre", small).await;
    // The node above has its own room, and knows nothing of it.
    all.on_board("eu-fr", alert).await;
    all.resize("eu-fr-bre", "BOARD", 64 * 1024 * 1024).await;
    for id in [first, alert] {
        all.on_board("eu-fr-bre", id).await;
        let told = format!(".{id}.eu-fr-bre");
        all.holds("eu-fr", "RECEIPTS", &told).await;
    }
    nothing_held(&all, "eu-fr-bre").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_without_room_stops_no_notice() {
    let all = Federation::start(SMALL).await;
    all.resize("eu-fr-bre", "OUTBOX", 64).await;
    let alert = advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.bre.all", b"{}");
    let alert = Statement { kind: Kind::Alert, ..alert };
    let alert = all.publish(&alert, b"{}".to_vec()).await;
    all.on_board("eu-fr-bre", alert).await;
    let settled = async || match all.durable("eu-fr", "BOARD", "child-eu-fr-bre").await {
        info if info.num_ack_pending == 0 && info.ack_floor.stream_sequence > 0 => Ok(()),
        info => Err(format!("{} wait for their acknowledgement", info.num_ack_pending)),
    };
    all.eventually("the alert is settled", settled).await;
    all.holds("eu-fr-bre", "RECEIPTS", &format!(".{alert}.eu-fr-bre")).await;
}
