//! Who stops reading: the server lets go of that connection, and nobody else waits for it.

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::support::*;
use chappe::address::{Role, child_durable, live};
use chappe::bus::{Bus, Endpoint, Reading};
use chappe::notice::Id;

const REGION: &str = "eu-fr-bre";
/// More than the buffers between server and client take.
const MANY: usize = 24;
const BODY: usize = 1024 * 1024;
const LONG: Duration = Duration::from_secs(180);

/// What a connection does before it stops reading.
enum Begins {
    Listening(Vec<String>),
    Pulling(String),
}

/// A connection whose thread sleeps, so that nothing reads from its socket, until it is dropped.
struct Stalled {
    wake: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Stalled {
    fn start(endpoint: Endpoint, begins: Begins) -> Self {
        let (wake, sleep) = mpsc::channel::<()>();
        let (ready, started) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a runtime");
            let kept = runtime.block_on(async {
                let bus = Bus::connect(&endpoint).await.expect("connected");
                match begins {
                    Begins::Listening(patterns) => {
                        (Some(bus.live(&patterns).await.expect("subscribed")), bus)
                    }
                    Begins::Pulling(durable) => {
                        let mut pull = bus.pull(Reading::Link, "BOARD", &durable);
                        // Opened, and the server has its request.
                        let _ = tokio::time::timeout(Duration::from_secs(3), pull.next()).await;
                        std::mem::forget(pull);
                        (None, bus)
                    }
                }
            });
            ready.send(()).expect("somebody waits");
            let _ = sleep.recv();
            drop(kept);
        });
        started.recv().expect("started");
        Self { wake: Some(wake), thread: Some(thread) }
    }
}

impl Drop for Stalled {
    fn drop(&mut self) {
        drop(self.wake.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn publish_many(all: &Federation) -> BTreeSet<Id> {
    let body = vec![b'x'; BODY];
    let mut ids = BTreeSet::new();
    for _ in 0..MANY {
        let notice = advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.all.all", &body);
        ids.insert(all.publish(&notice, body.clone()).await);
    }
    ids
}

async fn are_on_board(all: &Federation, node: &str, ids: &BTreeSet<Id>) {
    let there = async || {
        let board = all.board(node).await;
        let missing = ids.iter().filter(|id| !board.contains(&id.to_string())).count();
        if missing == 0 { Ok(()) } else { Err(format!("{missing} are missing")) }
    };
    all.within(LONG, &format!("all are on the board of {node}"), there).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscriber_that_stops_reading_is_let_go_and_harms_nobody() {
    let all = Federation::start(LISTENERS).await;
    let hood = &all.node(REGION).hood;
    let patterns = |name: &str| {
        let found = hood.subscribers.iter().find(|(found, _)| found == name);
        live(&found.expect("a subscriber").1)
    };
    let role = Role::Subscriber("sub".into());
    let endpoint = all.endpoint(&all.node(REGION).id, &role);
    let stalled = Stalled::start(endpoint, Begins::Listening(patterns("sub")));
    let bus = all.connect(REGION, Role::Subscriber("siem".into())).await;
    let mut ear = bus.live(&patterns("siem")).await.expect("subscribed");
    let sent = publish_many(&all).await;
    let mut heard = BTreeSet::new();
    while heard.len() < MANY {
        let message = tokio::time::timeout(LONG, ear.next()).await.expect("in time");
        heard.insert(message.expect("connected").wire().expect("a notice").id());
    }
    assert_eq!(heard, sent);
    are_on_board(&all, REGION, &sent).await;
    let let_go = async || {
        let logs = all.said();
        let (_, log) = logs.iter().find(|(name, _)| name == "nats-server").expect("a log");
        let said = String::from_utf8_lossy(log).contains("Slow Consumer Detected");
        if said { Ok(()) } else { Err("no word of it in the server's log".to_owned()) }
    };
    all.within(LONG, "the server lets go of who does not read", let_go).await;
    drop(stalled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_that_stops_reading_harms_nobody_and_misses_nothing() {
    const SLOW: &str = "eu-fr-nor";
    let all = Federation::start(SMALL).await;
    all.kill_relay(SLOW);
    let slow = all.node(SLOW).id.clone();
    let endpoint = all.endpoint(&all.node("eu-fr").id, &Role::Link(slow.clone()));
    let stalled = Stalled::start(endpoint, Begins::Pulling(child_durable(&slow)));
    let sent = publish_many(&all).await;
    are_on_board(&all, "eu-fr", &sent).await;
    are_on_board(&all, REGION, &sent).await;
    drop(stalled);
    all.start_relay(SLOW);
    are_on_board(&all, SLOW, &sent).await;
}
