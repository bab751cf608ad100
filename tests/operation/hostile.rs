//! What a sender or a server can do with bytes that are good: send them again, later, in another
//! order, or bring back what was withdrawn. On the real server.

use crate::lies::{BODY, HOSPITAL, Lab, Sent};
use crate::support::*;
use async_nats::jetstream;
use chappe::address::Role;
use chappe::notice::{Doc, Id, Kind, Statement};

/// Waits until the publisher's intake has had so many messages and is empty: the relay took them.
async fn worked_off(all: &Federation, messages: u64) {
    let intake = format!("INTAKE_LOCAL_{}", all.publisher("eu-fr"));
    let done = async || {
        let state = all.stream_state("eu-fr", &intake).await;
        let found = (state.last_sequence, state.messages);
        if found == (messages, 0) { Ok(()) } else { Err(format!("{found:?}")) }
    };
    all.eventually(&format!("{messages} messages are worked off"), done).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_bytes_again_are_placed_once_also_after_a_restart() {
    let all = Federation::start(SMALL).await;
    let statement = advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.all.all", BODY);
    let wire = all.issue(&statement, BODY.to_vec());
    let sent = Lab { all: &all, now: chappe::time::now() }.web(wire.clone());
    sent.send(&all).await;
    all.on_board(HOSPITAL, wire.id()).await;
    worked_off(&all, 1).await;
    sent.send(&all).await;
    worked_off(&all, 2).await;
    all.kill_relay("eu-fr");
    all.start_relay("eu-fr");
    all.ready("eu-fr").await;
    sent.send(&all).await;
    worked_off(&all, 3).await;
    let next = advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.all.all", BODY);
    let next = all.publish(&next, BODY.to_vec()).await;
    for node in ["eu-fr", "eu-fr-bre", HOSPITAL] {
        all.on_board(node, next).await;
        assert_eq!(all.board(node).await.len(), 2, "{node}");
        // Not even stored a second time and dropped.
        assert_eq!(all.stream_state(node, "BOARD").await.last_sequence, 2, "{node}");
        assert_eq!(all.subjects(node, "QUARANTINE").await, Vec::<String>::new(), "{node}");
    }
}

/// France's own server takes a message off the board and puts the same bytes there again.
async fn again(all: &Federation, sent: &Sent) {
    let raw = all.raw("eu-fr", Role::Provisioner).await;
    let board = jetstream::new(raw.client.clone()).get_stream("BOARD").await.expect("a board");
    let old = board.get_last_raw_message_by_subject(&sent.subject).await.expect("a message");
    assert!(board.delete_message(old.sequence).await.expect("deleted"));
    sent.send(all).await;
}

fn about(target: &Statement, id: Id) -> Statement {
    Statement { kind: Kind::Withdrawal, re: Some(id), ..target.clone() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_reorders_doubles_and_resurrects_changes_nothing_below() {
    let all = Federation::start(SMALL).await;
    let lab = Lab { all: &all, now: chappe::time::now() };
    let below =
        |statement: &Statement| lab.parent(statement, lab.via(lab.issue(statement), &["eu-fr"]));
    let (early, late, stays) = (lab.base(), lab.base(), lab.base());
    let ids = [&early, &late, &stays].map(|statement| lab.issue(statement).id());
    // The withdrawal overtakes what it withdraws; another comes after.
    let order = [about(&early, ids[0]), early, late.clone(), about(&late, ids[1]), stays.clone()];
    for statement in &order {
        below(statement).send(&all).await;
    }
    all.on_board(HOSPITAL, ids[2]).await;
    let before = all.board("eu-fr-bre").await;
    assert!(!before.contains(&ids[0].to_string()), "it was withdrawn before it came");
    assert!(before.contains(&ids[1].to_string()), "it came before it was withdrawn");
    for statement in [&late, &stays] {
        again(&all, &below(statement)).await;
    }
    // A newer version, and then the old one once more under a new id.
    let newer = Doc { revision: 2, ..stays.doc.clone().expect("a doc") };
    let newer = Statement { doc: Some(newer), re: Some(ids[2]), ..stays.clone() };
    let older = Statement { iat: stays.iat + 1, re: Some(ids[2]), ..stays.clone() };
    for statement in [&newer, &older, &lab.base()] {
        below(statement).send(&all).await;
    }
    let last = all.stream_state("eu-fr", "BOARD").await.last_sequence;
    let read = async || {
        let durable = all.durable("eu-fr", "BOARD", "child-eu-fr-bre").await;
        let (floor, pending) = (durable.ack_floor.stream_sequence, durable.num_pending);
        if floor == last && pending == 0 { Ok(()) } else { Err(format!("{floor} of {last}")) }
    };
    all.eventually("Brittany has read all of it", read).await;
    let (newer, older) = (lab.issue(&newer).id().to_string(), lab.issue(&older).id().to_string());
    let after = all.board("eu-fr-bre").await;
    assert!(after.contains(&newer) && !after.contains(&older), "{after:?}");
    assert!(!after.contains(&ids[0].to_string()), "and it does not come back");
    assert_eq!(after.len(), before.len() + 2, "the newer version and the last notice");
    let stored = all.stream_state("eu-fr-bre", "BOARD").await.last_sequence;
    assert_eq!(stored, after.len() as u64, "nothing was stored a second time");
    assert_eq!(all.subjects("eu-fr-bre", "QUARANTINE").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_expired_since_it_was_taken_and_comes_again_is_no_mistake_of_anybody() {
    let all = Federation::start(SMALL).await;
    let lab = Lab { all: &all, now: chappe::time::now() };
    // Two seconds are left of the five minutes for which another's clock may be behind.
    let ends = Statement { iat: lab.base().iat - 3_000, exp: lab.base().iat - 298, ..lab.base() };
    let ends = lab.parent(&ends, lab.via(lab.issue(&ends), &["eu-fr"]));
    ends.send(&all).await;
    let taken =
        async || match all.metric("eu-fr-bre", "notices_placed_total", "place", "board").await {
            0 => Err("not yet".to_owned()),
            _ => Ok(()),
        };
    all.eventually("Brittany takes it", taken).await;
    let over = async || match chappe::time::now().secs() > lab.now.secs() + 3 {
        true => Ok(()),
        false => Err("still counts".to_owned()),
    };
    all.eventually("it has expired", over).await;
    again(&all, &ends).await;
    let last = all.stream_state("eu-fr", "BOARD").await.last_sequence;
    let read = async || match all.durable("eu-fr", "BOARD", "child-eu-fr-bre").await {
        info if info.ack_floor.stream_sequence == last => Ok(()),
        info => Err(format!("{} of {last}", info.ack_floor.stream_sequence)),
    };
    all.eventually("Brittany has read it again", read).await;
    assert_eq!(all.subjects("eu-fr-bre", "QUARANTINE").await, Vec::<String>::new());
    assert_eq!(all.metric("eu-fr-bre", "messages_refused_total", "reason", "expired").await, 0);
}
