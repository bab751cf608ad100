//! An erasing withdrawal: what it erases is gone from every stream of every relay, also of one that
//! was away or died in the middle; its issuer is told, and a tombstone stays. On the real server.

use std::process::Output;

use crate::support::*;
use chappe::address::Role;
use chappe::notice::{Id, Kind, Statement};

const BRE: &str = "eu-fr-bre";
const TOWNHALL: &str = "eu-fr-bre-townhall1";
const HOSPITAL: &str = "eu-fr-bre-hospital1";
const SECRET: &str = "Unpublished flaw in the town halls";
const BODY: &[u8] = b"{\"poc\":\"how to get in\"}";
const STREAMS: [&str; 8] =
    ["BOARD", "INBOX", "CASES", "OUTBOX", "HELD", "QUARANTINE", "RECEIPTS", "BEATS"];

fn secret(all: &Federation, aud: &str) -> Statement {
    Statement { title: SECRET.into(), ..advisory(&all.rendered.fed, "eu-fr", aud, BODY) }
}

fn local(all: &Federation) -> Statement {
    secret(all, "scope:eu.fr.bre.public-administration")
}

fn erasure(of: &Statement, re: Id) -> Statement {
    let (title, body) = ("Withdrawn and erased".to_owned(), describe(b""));
    let erase = Some(true);
    Statement { kind: Kind::Withdrawal, re: Some(re), title, body, erase, case: None, ..of.clone() }
}

/// Whether any stream of a node has a notice by its id, its body or its title.
async fn traces(all: &Federation, node: &str, id: Id) -> Vec<String> {
    let raw = all.raw(node, Role::Provisioner).await;
    let context = async_nats::jetstream::new(raw.client.clone());
    let mut found = Vec::new();
    for name in STREAMS {
        let stream = context.get_stream(name).await.expect("a stream");
        for subject in all.subjects(node, name).await {
            // What is gone meanwhile is no trace.
            let Ok(message) = stream.get_last_raw_message_by_subject(&subject).await else {
                continue;
            };
            let notice = message.headers.get("Chappe-Notice").map(|value| payload(value.as_str()));
            let named =
                !["RECEIPTS", "BEATS"].contains(&name) && subject.ends_with(&id.to_string());
            let body = message.payload.windows(BODY.len()).any(|part| part == BODY);
            if named || body || notice.is_some_and(|said| said.contains(SECRET)) {
                found.push(format!("{name} {subject}"));
            }
        }
    }
    found
}

async fn gone(all: &Federation, node: &str, id: Id) {
    let none = async || match traces(all, node, id).await {
        found if found.is_empty() => Ok(()),
        found => Err(format!("{found:?}")),
    };
    all.eventually(&format!("{node} has nothing of {id}"), none).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_erased_is_gone_everywhere_and_its_issuer_is_told() {
    let all = Federation::start(SMALL).await;
    let first = local(&all);
    let first_id = all.publish(&first, BODY.to_vec()).await;
    let mut second = Statement { re: Some(first_id), iat: first.iat + 1, ..first.clone() };
    second.doc.as_mut().expect("a document").revision = 2;
    let second_id = all.publish(&second, BODY.to_vec()).await;
    all.stands(&[BRE, TOWNHALL], second_id, "in force").await;
    // One was away, one dies in between.
    assert!(all.stop_relay(TOWNHALL).await);
    let gone_id = all.publish(&erasure(&second, second_id), Vec::new()).await;
    all.on_board(BRE, gone_id).await;
    all.kill_relay(BRE);
    all.start_relay(BRE);
    all.start_relay(TOWNHALL);
    for node in ["eu-fr", BRE, TOWNHALL] {
        for id in [first_id, second_id] {
            gone(&all, node, id).await;
        }
        all.stands(&[node], gone_id, "erased").await;
    }
    all.knows("eu-fr", second_id, "eu-fr", "erased").await;
    all.knows("eu-fr", second_id, BRE, "erased").await;
    all.knows(BRE, second_id, TOWNHALL, "erased").await;
    // Sent again, it comes no further than its own node.
    let again = all.send(&second, &all.issue(&second, BODY.to_vec())).await;
    assert_eq!(again, second_id);
    let last = all
        .publish(
            &advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.all.all", b"{}"),
            b"{}".to_vec(),
        )
        .await;
    all.on_board(TOWNHALL, last).await;
    for node in ["eu-fr", BRE, TOWNHALL] {
        assert_eq!(traces(&all, node, second_id).await, Vec::<String>::new(), "{node}");
        assert!(all.board(node).await.contains(&gone_id.to_string()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_is_erased_on_its_way_up_and_a_notice_to_one_node_in_its_inbox() {
    let all = Federation::start(SMALL).await;
    let report = Statement {
        title: SECRET.into(),
        ..escalation(&all.rendered.fed, HOSPITAL, "eu-fr", BODY)
    };
    let id = all.publish(&report, BODY.to_vec()).await;
    for node in [HOSPITAL, BRE, "eu-fr"] {
        all.holds(node, "CASES", &id.to_string()).await;
    }
    all.publish(&erasure(&report, id), Vec::new()).await;
    let note = secret(&all, &format!("node:{TOWNHALL}"));
    let note_id = all.publish(&note, BODY.to_vec()).await;
    all.holds(TOWNHALL, "INBOX", &note_id.to_string()).await;
    all.publish(&erasure(&note, note_id), Vec::new()).await;
    for node in [HOSPITAL, BRE, "eu-fr"] {
        gone(&all, node, id).await;
        all.knows(HOSPITAL, id, node, "erased").await;
    }
    for node in ["eu-fr", BRE, TOWNHALL] {
        gone(&all, node, note_id).await;
    }
    all.knows("eu-fr", note_id, BRE, "erased").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spoilt_copy_is_erased_from_quarantine_and_one_that_comes_later_never_placed() {
    let all = Federation::start(SMALL).await;
    let statement = local(&all);
    let wire = all.issue(&statement, BODY.to_vec());
    let spoilt = chappe::notice::Wire { body: [BODY, b" "].concat(), ..wire.clone() };
    all.send(&statement, &spoilt).await;
    let refused = async || match all.subjects("eu-fr", "QUARANTINE").await {
        kept if kept.is_empty() => Err(String::new()),
        kept => Ok(kept),
    };
    let kept = all.eventually("the spoilt copy is refused", refused).await;
    let other = advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.bre.all", b"{}");
    let other_wire = all.issue(&other, b"{ }".to_vec());
    all.send(&other, &other_wire).await;
    all.publish(&erasure(&statement, wire.id()), Vec::new()).await;
    let left = async || match all.subjects("eu-fr", "QUARANTINE").await {
        left if left.len() == 1 && !kept.contains(&left[0]) => Ok(()),
        left => Err(format!("{left:?}")),
    };
    all.eventually("the other alone is left", left).await;
    all.knows("eu-fr", wire.id(), BRE, "erased").await;
}

fn chappe(all: &Federation, arguments: &[&str]) -> Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_chappe"));
    command.args(arguments).arg("-c").arg(all.node("eu-fr").folder.join("desk.toml"));
    command.output().expect("runs")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_erases_with_a_title_of_its_own() {
    let all = Federation::start(SMALL).await;
    let statement = local(&all);
    let id = all.publish(&statement, BODY.to_vec()).await;
    all.stands(&[TOWNHALL], id, "in force").await;
    let reference = statement.doc.as_ref().expect("a document").reference.clone();
    let chatty = format!("wrong: {SECRET}");
    let refused = chappe(&all, &["withdraw", &reference, "--erase", "--reason", &chatty]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    let done = chappe(&all, &["withdraw", &reference, "--erase", "--reason", "a mistake"]);
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    for node in ["eu-fr", BRE, TOWNHALL] {
        gone(&all, node, id).await;
    }
    all.knows("eu-fr", id, BRE, "erased").await;
    let shown = chappe(&all, &["show", &id.to_string()]);
    let text = String::from_utf8_lossy(&shown.stdout);
    assert!(text.contains("erased") && text.contains("Withdrawn and erased"), "{text}");
    assert!(!text.contains(SECRET), "{text}");
}
