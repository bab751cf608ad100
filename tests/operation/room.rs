//! Bounds: a board that is nearly full, and one sender that would fill what others need.

use std::time::Duration;

use crate::support::*;
use chappe::address::{self, Role};
use chappe::notice::{Id, Kind, Severity, Statement};

const REGION: &str = "eu-fr-bre";
const BODY: usize = 20_000;
/// What is held is tried again within a minute.
const HELD: Duration = Duration::from_secs(150);

/// Gives a stream of a node another bound, and waits until its relay knows.
async fn bound(all: &Federation, node: &str, stream: &str, bytes: u64) {
    all.resize(node, stream, i64::try_from(bytes).expect("a few bytes")).await;
    let known = async || match all.metric(node, "stream_max_bytes", "stream", stream).await {
        known if known == bytes => Ok(()),
        known => Err(format!("{known}")),
    };
    all.eventually("the relay knows how large the stream may be", known).await;
}

fn plain(all: &Federation, body: &[u8]) -> Statement {
    advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.bre.all", body)
}

async fn is_held(all: &Federation, node: &str, id: Id) {
    all.holds(node, "HELD", &id.to_string()).await;
    assert!(!all.board(node).await.contains(&id.to_string()), "{id} is on the board of {node}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_tenth_of_a_board_is_for_alerts_updates_and_endings() {
    const MAX: u64 = 400_000;
    let all = Federation::start(SMALL).await;
    let body = vec![b'x'; BODY];
    let first = plain(&all, &body);
    let first_id = all.publish(&first, body.clone()).await;
    all.on_board(REGION, first_id).await;
    bound(&all, REGION, "BOARD", MAX).await;
    let mut waits = None;
    for _ in 0..25 {
        let id = all.publish(&plain(&all, &body), body.clone()).await;
        let placed = async || {
            let board = all.board(REGION).await.contains(&id.to_string());
            let held = all.subjects(REGION, "HELD").await;
            let held = held.iter().any(|subject| subject.ends_with(&id.to_string()));
            if board || held { Ok(held) } else { Err(String::new()) }
        };
        if all.eventually("it is placed or held", placed).await {
            waits = Some(id);
            break;
        }
    }
    let waits = waits.expect("the board never gets full");
    let bytes = all.stream_state(REGION, "BOARD").await.bytes;
    assert!((MAX * 8 / 10..=MAX * 9 / 10).contains(&bytes), "{bytes} of {MAX}");
    let alert = Statement { kind: Kind::Alert, ..plain(&all, b"{}") };
    let alert_id = all.publish(&alert, b"{}".to_vec()).await;
    let withdrawal = Statement {
        kind: Kind::Withdrawal,
        re: Some(first_id),
        title: first.title.clone(),
        doc: first.doc.clone(),
        severity: first.severity,
        exp: first.exp,
        ..plain(&all, b"{}")
    };
    let withdrawal = all.publish(&withdrawal, b"{}".to_vec()).await;
    let mut doc = alert.doc.clone().expect("a document");
    (doc.version, doc.revision) = ("2".into(), 2);
    let update = Statement { re: Some(alert_id), doc: Some(doc), exp: alert.exp + 1, ..alert };
    let update = all.publish(&update, b"{}".to_vec()).await;
    for urgent in [alert_id, withdrawal, update] {
        all.on_board(REGION, urgent).await;
    }
    let small = all.publish(&plain(&all, &body), body.clone()).await;
    is_held(&all, REGION, small).await;
    is_held(&all, REGION, waits).await;
    bound(&all, REGION, "BOARD", 64 * 1024 * 1024).await;
    for id in [waits, small] {
        let there = async || {
            let there = all.board(REGION).await.contains(&id.to_string());
            if there { Ok(()) } else { Err("not on the board".to_owned()) }
        };
        all.within(HELD, "what waited is on the board", there).await;
    }
}

/// Reports of an entity to its region, which go no further.
async fn reports(all: &Federation, from: &str, count: usize, body: &[u8]) -> Vec<Id> {
    let town = "eu.fr.bre.public-administration";
    let scope = if from.contains("town") { town } else { "eu.fr.bre.health" };
    let mut ids = Vec::new();
    for _ in 0..count {
        let report = escalation_in(scope, &all.rendered.fed, from, REGION, body);
        let report = Statement { severity: Severity::Low, ..report };
        ids.push(all.publish(&report, body.to_vec()).await);
    }
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_child_fills_its_share_of_cases_and_another_finds_room() {
    const MANY: usize = 24;
    const MAX: u64 = 400_000;
    let all = Federation::start(SMALL).await;
    bound(&all, REGION, "CASES", MAX).await;
    bound(&all, REGION, "HELD", 200_000).await;
    let body = vec![b'x'; BODY];
    let flood = reports(&all, "eu-fr-bre-townhall1", MANY, &body).await;
    let over = async || {
        let over = all.metric(REGION, "messages_over_share_total", "stream", "HELD").await;
        if over > 0 { Ok(()) } else { Err(format!("{over}")) }
    };
    all.within(HELD, "the flood is over its share of CASES and of HELD", over).await;
    let cases = all.stream_state(REGION, "CASES").await.bytes;
    assert!((MAX / 3..=MAX / 2).contains(&cases), "{cases} of {MAX}");
    let other = reports(&all, "eu-fr-bre-hospital1", 3, &body).await;
    for id in &other {
        all.holds(REGION, "CASES", &id.to_string()).await;
    }
    // What waits waits at its source: nothing of it is lost, and it comes in when there is room.
    bound(&all, REGION, "HELD", 64 * 1024 * 1024).await;
    bound(&all, REGION, "CASES", 64 * 1024 * 1024).await;
    let all_in = async || {
        let cases = all.subjects(REGION, "CASES").await;
        let missing = flood
            .iter()
            .filter(|id| !cases.iter().any(|subject| subject.ends_with(&id.to_string())));
        match missing.count() {
            0 => Ok(()),
            missing => Err(format!("{missing} of the flood are missing")),
        }
    };
    all.within(HELD, "all of the flood is in", all_in).await;
    let quarantine = all.subjects(REGION, "QUARANTINE").await;
    assert!(quarantine.is_empty(), "{quarantine:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restart_a_relay_still_knows_whose_the_cases_are() {
    const MAX: u64 = 400_000;
    let all = Federation::start(SMALL).await;
    bound(&all, REGION, "CASES", MAX).await;
    let body = vec![b'x'; BODY];
    let first = reports(&all, "eu-fr-bre-townhall1", 8, &body).await;
    for id in &first {
        all.holds(REGION, "CASES", &id.to_string()).await;
    }
    all.kill_relay(REGION);
    all.start_relay(REGION);
    all.ready(REGION).await;
    let known = async || match all.metric(REGION, "stream_max_bytes", "stream", "CASES").await {
        MAX => Ok(()),
        other => Err(format!("{other}")),
    };
    all.eventually("the relay knows its streams", known).await;
    reports(&all, "eu-fr-bre-townhall1", 6, &body).await;
    let over = async || {
        let over = all.metric(REGION, "messages_over_share_total", "stream", "CASES").await;
        if over > 0 { Ok(()) } else { Err(format!("{over}")) }
    };
    all.eventually("its share is used up", over).await;
    let cases = all.stream_state(REGION, "CASES").await.bytes;
    assert!(cases <= MAX / 2 + BODY as u64, "{cases} of {MAX}");
    let other = reports(&all, "eu-fr-bre-hospital1", 1, &body).await;
    all.holds(REGION, "CASES", &other[0].to_string()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_intake_that_is_full_tells_its_own_sender() {
    let all = Federation::start(SMALL).await;
    all.kill_relay(REGION);
    all.resize(REGION, "INTAKE_CHILD_eu-fr-bre-townhall1", 4_000).await;
    let link = all.connect(REGION, Role::Link(all.node("eu-fr-bre-townhall1").id.clone())).await;
    let child = &all.node("eu-fr-bre-townhall1").id;
    let send = async |number: u8| {
        let subject = address::child_intake(address::REAL, child, Id::of(&[number]));
        link.place(&subject, &[], vec![number; 1_000], None).await
    };
    let mut told = Ok(chappe::bus::Placed::Stored);
    for number in 0..8 {
        told = send(number).await;
        if told.is_err() {
            break;
        }
    }
    assert_eq!(told, Err(chappe::bus::PlaceError::Full));
}
