//! Connections and durables that are not what they were: a firewall forgot the one, somebody set
//! back the other. A reader finds out and goes on, in seconds. On the real server.

use std::time::Duration;

use crate::links::Link;
use crate::servers::{Nats, PATIENCE, account, durable, eventually, soon, stream, user};
use chappe::address::{NodePlan, Role};
use chappe::bus::{Bus, Reading};

/// More than a reader asks for at a time.
const COUNT: usize = 150;

async fn started() -> Nats {
    let provisioner = user(Role::Provisioner, &["$JS.>", "chappe.>"], &[]);
    let nats = Nats::start(vec![account("eu", true, vec![provisioner])]).await;
    let bus = nats.bus("eu", &Role::Provisioner).await;
    let plan = NodePlan {
        accounts: Vec::new(),
        streams: vec![stream("BOARD", &["chappe.board.>"])],
        durables: vec![durable("BOARD", "child", false)],
    };
    bus.provision(&plan, 1).await.unwrap();
    for number in 0..COUNT {
        bus.place(&format!("chappe.board.{number:03}"), &[], Vec::new(), None).await.unwrap();
    }
    nats
}

#[tokio::test]
async fn what_was_delivered_before_a_reset_does_not_hold_up_what_comes_again() {
    let nats = started().await;
    let bus = nats.bus("eu", &Role::Provisioner).await;
    let mut reader = bus.pull(Reading::Own, "BOARD", "child");
    // The first of a batch is in hand, the others wait here, and the durable forgets all of them.
    let first = soon("the first", reader.next()).await;
    bus.reset("BOARD", "child", 1).await.unwrap();
    // A durable that was set back does not answer: all others wait five seconds as this does.
    first.ack().await.unwrap_err();
    let all = async {
        for number in 0..COUNT {
            let delivery = reader.next().await;
            assert_eq!(delivery.subject, format!("chappe.board.{number:03}"));
            delivery.ack().await.expect("the durable knows it");
        }
    };
    soon("all again", all).await;
}

#[tokio::test]
async fn a_connection_that_a_firewall_has_forgotten_is_replaced_within_half_a_minute() {
    let nats = started().await;
    let port = nats.server.url().rsplit(':').next().unwrap().parse().unwrap();
    let link = Link::to(port).await;
    let mut endpoint = nats.endpoint("eu", &Role::Provisioner);
    endpoint.url = format!("nats://127.0.0.1:{}", link.port());
    let bus = Bus::connect(&endpoint).await.unwrap();
    let (mut state, begun) = (bus.state(), tokio::time::Instant::now());
    state.borrow_and_update();
    link.forget();
    let found = tokio::time::timeout(PATIENCE * 2, state.changed()).await;
    found.expect("it is found out").unwrap();
    eventually(PATIENCE, "it is connected again", async || bus.is_up().then_some(())).await;
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    bus.place("chappe.board.after", &[], Vec::new(), None).await.unwrap();
}
