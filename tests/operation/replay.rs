//! A subscriber that was away: its replay durable has everything that it would have heard live,
//! each notice once, and nothing else, also after the server was killed.

use std::collections::BTreeSet;

use crate::support::*;
use chappe::address::{self, Place, Role, live};
use chappe::bus::{Live, Placed};
use chappe::notice::{Id, Severity, Statement, Tlp};
use tokio::process::Command;

const REGION: &str = "eu-fr-bre";
const SUBSCRIBERS: [&str; 2] = ["sub", "siem"];

/// What one of the region's subscribers hears, or does not.
fn variety(all: &Federation) -> Vec<Statement> {
    let of = |aud: &str| advisory(&all.rendered.fed, "eu-fr", aud, b"{}");
    vec![
        of("scope:eu.fr.all.all"),
        Statement { severity: Severity::Low, ..of("scope:eu.fr.bre.health") },
        Statement { tlp: Tlp::Amber, ..of("scope:eu.fr.all.health") },
        Statement { exercise: Some("panoptes-26".into()), ..of("scope:eu.fr.bre.all") },
        Statement { tlp: Tlp::Amber, ..of("scope:eu.fr.bre.all") },
        Statement { severity: Severity::Unknown, tlp: Tlp::Clear, ..of("scope:eu.fr.bre.all") },
    ]
}

/// Publishes and waits until the region's board has it, so that the order is known.
async fn publish(all: &Federation, statement: &Statement) -> Id {
    let id = all.publish(statement, b"{}".to_vec()).await;
    all.on_board(REGION, id).await;
    id
}

/// A notice that every subscriber of the region hears.
async fn publish_for_all(all: &Federation) -> Id {
    publish(all, &advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.all.all", b"{}")).await
}

/// Listens live as a subscriber.
async fn listens(all: &Federation, name: &str) -> Live {
    let hood = &all.node(REGION).hood;
    let interest = hood.subscribers.iter().find(|(found, _)| found == name);
    let bus = all.connect(REGION, Role::Subscriber(name.to_owned())).await;
    bus.live(&live(&interest.expect("a subscriber").1)).await.expect("subscribed")
}

/// The next so many that are heard, in no order: each pattern is a subscription.
async fn heard(ear: &mut Live, count: usize) -> BTreeSet<Id> {
    let mut all = BTreeSet::new();
    while all.len() < count {
        let message = tokio::time::timeout(PATIENCE, ear.next()).await.expect("in time");
        all.insert(message.expect("connected").wire().expect("a notice").id());
    }
    all
}

fn replay(all: &Federation, name: &str, count: usize) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chappe"));
    command.kill_on_drop(true);
    command.args(["subscribe", "--replay", "--json", "--count", &count.to_string(), "--config"]);
    command.arg(all.node(REGION).folder.join(format!("replay-{name}.toml")));
    command
}

/// What `chappe subscribe --replay` shows until it has shown `count`, without a complaint.
async fn replayed(all: &Federation, name: &str, count: usize) -> Vec<Id> {
    let (shown, complaints) = told(all, name, count).await;
    assert!(complaints.is_empty(), "{name}: {complaints}");
    shown
}

async fn told(all: &Federation, name: &str, count: usize) -> (Vec<Id>, String) {
    let mut command = replay(all, name, count);
    let output =
        tokio::time::timeout(PATIENCE, command.output()).await.expect("in time").expect("runs");
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{name}: {complaints}");
    let id = |line: &str| {
        let shown: serde_json::Value = serde_json::from_str(line).expect("JSON");
        serde_json::from_value(shown["id"].clone()).expect("an id")
    };
    let shown = String::from_utf8(output.stdout).expect("text").lines().map(id).collect();
    (shown, complaints)
}

/// Nothing of a subscriber's durable is left, and each was delivered once.
async fn has_nothing_left(all: &Federation, name: &str, delivered: usize) {
    let durable = all.durable(REGION, "BOARD", &format!("replay-{name}")).await;
    let open = (durable.num_pending, durable.num_ack_pending, durable.num_redelivered);
    assert_eq!(open, (0, 0, 0), "{name}: {durable:?}");
    let found = durable.delivered.consumer_sequence;
    assert_eq!(found, delivered as u64, "{name}: {durable:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_away_gets_what_it_would_have_heard_each_once_though_the_server_was_killed() {
    let all = Federation::start(LISTENERS).await;
    let mut ears = Vec::new();
    for name in SUBSCRIBERS {
        ears.push((name, listens(&all, name).await));
    }
    let mut published = Vec::new();
    for statement in variety(&all) {
        published.push(publish(&all, &statement).await);
    }
    published.push(publish_for_all(&all).await);
    let mut expected = Vec::new();
    // The plain one no AMBER and no drill, the other nothing low.
    for ((name, ear), count) in ears.iter_mut().zip([4, 6]) {
        let heard = heard(ear, count).await;
        let missed: Vec<Id> = published.iter().copied().filter(|id| heard.contains(id)).collect();
        assert_eq!(missed.len(), count, "{name}");
        expected.push((*name, missed));
    }

    all.kill_server();
    all.start_server().await;
    all.all_ready().await;
    let after = publish_for_all(&all).await;
    for (name, mut missed) in expected {
        missed.push(after);
        assert_eq!(replayed(&all, name, missed.len()).await, missed, "{name}");
        has_nothing_left(&all, name, missed.len()).await;
    }
    let next = publish_for_all(&all).await;
    for name in SUBSCRIBERS {
        assert_eq!(replayed(&all, name, 1).await, [next], "{name}: what was read does not come");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_verify_is_told_once_and_not_shown() {
    let all = Federation::start(LISTENERS).await;
    let good = advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.bre.all", b"{}");
    let forged = all.issue(&good, b"another body".to_vec());
    let subject = address::subject(&Place::Board, &good, forged.id());
    let relay = all.connect(REGION, Role::Relay).await;
    let placed = relay.place(&subject, &forged.headers(), forged.body.clone(), None).await;
    assert_eq!(placed, Ok(Placed::Stored), "a relay that lies");
    let last = publish_for_all(&all).await;
    let (shown, complaints) = told(&all, "sub", 1).await;
    assert_eq!(shown, [last]);
    assert!(complaints.contains("not shown: "), "{complaints}");
    has_nothing_left(&all, "sub", 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_could_see_is_not_acknowledged() {
    let all = Federation::start(LISTENERS).await;
    publish_for_all(&all).await;
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = replay(&all, "sub", 1);
    let status = command.stdout(writer).status();
    let status = tokio::time::timeout(PATIENCE, status).await.expect("in time").expect("runs");
    assert!(status.success());
    let durable = all.durable(REGION, "BOARD", "replay-sub").await;
    assert_eq!((durable.num_ack_pending, durable.ack_floor.stream_sequence), (1, 0));
}
