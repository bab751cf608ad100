//! What was refused, in the hands of an operator: looked at, tried again, dropped. The command line
//! is the real one.

use std::process::Output;

use crate::support::*;
use chappe::address::{self, Role};
use chappe::jws::{self, Typ};
use chappe::notice::{Hop, Id, Statement, Tlp};

const REGION: &str = "eu-fr-bre";
/// How far ahead of the clock a statement may be.
const LEEWAY: u64 = 300;

/// `chappe quarantine ...` at the desk of a node.
async fn desk(all: &Federation, node: &str, arguments: &[&str]) -> Output {
    let profile = all.node(node).folder.join("desk.toml");
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_chappe"));
    command.arg("quarantine").args(arguments).arg("-c").arg(profile);
    command.output().await.expect("chappe runs")
}

fn said(output: &Output) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{out}{err}")
}

fn ends(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}", said(output));
}

fn listed(output: &Output) -> Vec<serde_json::Value> {
    ends(output, 0);
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

async fn refused(all: &Federation, node: &str, count: usize) {
    let there = async || match all.subjects(node, "QUARANTINE").await.len() {
        there if there == count => Ok(()),
        there => Err(format!("{there} in quarantine")),
    };
    all.eventually(&format!("{count} are in quarantine"), there).await;
}

/// So many seconds more than a clock may be ahead.
fn ahead(all: &Federation, seconds: u64) -> Statement {
    let plain = advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.bre.all", b"{}");
    Statement { iat: plain.iat + LEEWAY + seconds, ..plain }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_a_slow_clock_is_right_everything_that_it_refused_comes_in() {
    // More than are listed on one page.
    const MANY: usize = 25;
    const SECONDS: u64 = 45;
    let all = Federation::start(SMALL).await;
    let mut ids = Vec::new();
    for _ in 0..MANY {
        ids.push(all.publish(&ahead(&all, SECONDS), b"{}".to_vec()).await);
    }
    let right = chappe::time::now().secs() + SECONDS;
    refused(&all, "eu-fr", MANY).await;
    let list = desk(&all, "eu-fr", &["list", "--reason", "future", "--json"]).await;
    let list = listed(&list);
    assert_eq!(list.len(), MANY);
    let times: Vec<u64> = list.iter().map(|one| one["at"].as_u64().expect("a time")).collect();
    assert!(times.is_sorted_by(|one, next| one >= next), "newest first: {times:?}");
    let first = list[0]["digest"].as_str().expect("a digest");
    let early = desk(&all, "eu-fr", &["release", first]).await;
    if chappe::time::now().secs() < right - 5 {
        ends(&early, 3);
        assert!(said(&early).contains("refused again: future"), "{}", said(&early));
        refused(&all, "eu-fr", MANY).await;
    }
    while chappe::time::now().secs() < right {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let released = desk(&all, "eu-fr", &["release", "--reason", "future"]).await;
    ends(&released, 0);
    for id in ids {
        all.on_board("eu-fr", id).await;
        all.on_board(REGION, id).await;
    }
    refused(&all, "eu-fr", 0).await;
    assert_eq!(all.number("eu-fr", "quarantine_messages").await, 0);
    let nothing = desk(&all, "eu-fr", &["release", "--reason", "future"]).await;
    ends(&nothing, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn above_green_nothing_is_shown_and_nothing_can_be_tried_again() {
    const BODY: &[u8] = b"what only some may read";
    let all = Federation::start(SMALL).await;
    let amber = advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.bre.all", BODY);
    let title = "Only for some".to_owned();
    let iat = amber.iat + LEEWAY + 3600;
    let amber = Statement { tlp: Tlp::Amber, title, iat, ..amber };
    let id = all.publish(&amber, BODY.to_vec()).await;
    refused(&all, "eu-fr", 1).await;
    let list = listed(&desk(&all, "eu-fr", &["list", "--json"]).await);
    let digest = list[0]["digest"].as_str().expect("a digest");
    assert_eq!(list[0]["id"], id.to_string());
    assert_eq!(list[0]["whole"], false);
    let shown = desk(&all, "eu-fr", &["show", digest]).await;
    ends(&shown, 0);
    let shown = said(&shown);
    for secret in [&amber.title, "what only some", "d2hhdCBvbmx5"] {
        assert!(!shown.contains(secret), "{shown}");
        assert!(!list[0].to_string().contains(secret), "{}", list[0]);
    }
    assert!(shown.contains("ask its sender to send it again"), "{shown}");
    let released = desk(&all, "eu-fr", &["release", digest]).await;
    ends(&released, 1);
    assert!(said(&released).contains("only its headers and digest"), "{}", said(&released));
    refused(&all, "eu-fr", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_dropped_was_shown_before() {
    let all = Federation::start(SMALL).await;
    for _ in 0..3 {
        all.publish(&ahead(&all, 3600), b"{}".to_vec()).await;
    }
    let expired = advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.bre.all", b"{}");
    let expired = Statement { iat: expired.iat - DAY, exp: expired.iat - 3600, ..expired };
    all.publish(&expired, b"{}".to_vec()).await;
    refused(&all, "eu-fr", 4).await;
    ends(&desk(&all, "eu-fr", &["drop", "--yes"]).await, 2);
    ends(&desk(&all, "eu-fr", &["drop", "--reason", "nonsense", "--yes"]).await, 2);
    ends(&desk(&all, "eu-fr", &["show", "abc"]).await, 1);
    let asked = desk(&all, "eu-fr", &["drop", "--reason", "future"]).await;
    ends(&asked, 2);
    assert!(said(&asked).contains("3 would go with --yes"), "{}", said(&asked));
    refused(&all, "eu-fr", 4).await;
    ends(&desk(&all, "eu-fr", &["drop", "--reason", "future", "--yes"]).await, 0);
    refused(&all, "eu-fr", 1).await;
    let source = format!("local-{}", all.publisher("eu-fr"));
    ends(&desk(&all, "eu-fr", &["drop", "--source", "child-eu-fr-bre", "--yes"]).await, 0);
    refused(&all, "eu-fr", 1).await;
    ends(&desk(&all, "eu-fr", &["drop", "--source", &source, "--yes"]).await, 0);
    refused(&all, "eu-fr", 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_that_was_cut_short_is_done_once_more_and_doubles_nothing() {
    let all = Federation::start(SMALL).await;
    let id = all.publish(&ahead(&all, 20), b"{}".to_vec()).await;
    let right = chappe::time::now().secs() + 20;
    refused(&all, "eu-fr", 1).await;
    let subject = all.subjects("eu-fr", "QUARANTINE").await.remove(0);
    let kept = all.message("eu-fr", "QUARANTINE", &subject).await;
    while chappe::time::now().secs() < right {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    ends(&desk(&all, "eu-fr", &["release", "--reason", "future"]).await, 0);
    all.on_board("eu-fr", id).await;
    // As after a crash: tried again already, and in quarantine still.
    all.kill_relay("eu-fr");
    let relay = all.connect("eu-fr", Role::Relay).await;
    relay.place(&subject, &[], kept.payload.to_vec(), None).await.expect("placed");
    all.start_relay("eu-fr");
    all.ready("eu-fr").await;
    let listed = async || {
        let list = desk(&all, "eu-fr", &["list", "--json"]).await;
        if listed(&list).len() == 1 { Ok(()) } else { Err(said(&list)) }
    };
    all.eventually("the relay knows again what lies there", listed).await;
    ends(&desk(&all, "eu-fr", &["release", "--reason", "future"]).await, 0);
    refused(&all, "eu-fr", 0).await;
    let board = all.subjects("eu-fr", "BOARD").await;
    let there = board.iter().filter(|subject| subject.ends_with(&id.to_string())).count();
    assert_eq!(there, 1, "{board:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_that_floods_pushes_out_its_own_and_nobody_elses() {
    const FLOOD: usize = 120;
    let all = Federation::provisioned(SMALL).await;
    all.resize("eu-fr", "QUARANTINE", 64 * 1024).await;
    all.start_relays();
    all.all_ready().await;
    for _ in 0..3 {
        all.publish(&ahead(&all, 3600), b"{}".to_vec()).await;
    }
    refused(&all, "eu-fr", 3).await;
    let raw = all.raw("eu-fr", Role::Link(all.node(REGION).id.clone())).await;
    for number in 0..FLOOD {
        let mut headers = async_nats::HeaderMap::new();
        headers.insert("Chappe-Notice", format!("nonsense {number}").as_str());
        let id = Id::of(&number.to_be_bytes());
        let subject = address::child_intake(address::REAL, &all.node(REGION).id, id);
        raw.client.publish_with_headers(subject, headers, "{}".into()).await.expect("sent");
    }
    raw.client.flush().await.expect("flushed");
    let done = async || match all.number("eu-fr", "messages_quarantined_total").await {
        count if count == FLOOD as u64 + 3 => Ok(()),
        count => Err(format!("{count}")),
    };
    all.within(4 * PATIENCE, "all were refused", done).await;
    let own = async |source: &str| {
        let subjects = all.subjects("eu-fr", "QUARANTINE").await;
        subjects.iter().filter(|subject| subject.contains(source)).count()
    };
    let (flood, publisher) = (own("child-eu-fr-bre").await, own(".local-").await);
    assert_eq!(publisher, 3, "the publisher's were pushed out");
    assert!((10..FLOOD).contains(&flood), "{flood} of the flood");
    let out = all.number("eu-fr", "quarantine_pushed_out_total").await;
    assert_eq!(out as usize + flood, FLOOD);
    // The index is the stream's, and a new relay has it too.
    all.kill_relay("eu-fr");
    all.start_relay("eu-fr");
    all.ready("eu-fr").await;
    let known = async || match all.number("eu-fr", "quarantine_messages").await as usize {
        known if known == flood + 3 => Ok(()),
        known => Err(format!("{known}")),
    };
    all.eventually("the index is whole again", known).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_what_was_confidential_and_not_for_this_node_nothing_stays_but_who_brought_it() {
    let all = Federation::start(SMALL).await;
    let plain = advisory(&all.rendered.fed, "eu-fr", "node:eu-fr-nor", b"{}");
    let secret = Statement { tlp: Tlp::Amber, ..plain };
    let mut wire = all.issue(&secret, b"{}".to_vec());
    let (st, by) = (wire.id(), secret.iss.clone());
    let hop = Hop { st, prev: st, by, at: secret.issued() };
    wire.hops.push(jws::sign(&all.key("eu-fr", "relay"), Typ::Hop, &hop).expect("signed"));
    // A parent that is careless, or not itself any more.
    let parent = all.connect("eu-fr", Role::Relay).await;
    let subject = format!("chappe.direct.{REGION}.{st}");
    parent.place(&subject, &wire.headers(), wire.body.clone(), None).await.expect("placed");
    refused(&all, REGION, 1).await;
    let kept = all.subjects(REGION, "QUARANTINE").await.remove(0);
    assert!(kept.starts_with("chappe.quarantine.audience.up-eu-fr."), "{kept}");
    let record = all.message(REGION, "QUARANTINE", &kept).await;
    let record = String::from_utf8(record.payload.to_vec()).expect("text");
    for part in [st.to_string(), wire.notice.clone(), wire.hops[0].clone()] {
        assert!(!record.contains(&part), "{record}");
    }
    let shown = listed(&desk(&all, REGION, &["list", "--json"]).await);
    assert_eq!(shown.len(), 1);
    assert!(!shown[0].to_string().contains(&secret.title), "{shown:?}");
}
