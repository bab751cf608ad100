//! Chasing an alert on real relays: who read it, who filtered it and why, who is silent and whom to
//! phone; and that nothing about entities goes above those who serve them but numbers.

use std::process::{Output, Stdio};

use crate::support::*;
use chappe::address::{self, Role};
use chappe::jws::{self, Compact, Typ};
use chappe::notice::{Id, Receipt};
use serde_json::{Value, json};

const PERIOD: (&str, &str) = ("CHAPPE_BEATS_PERIOD", "2");
const HOSPITAL: &str = "eu-fr-bre-hospital1";

/// A command at a node's desk, whatever becomes of it.
async fn chappe(all: &Federation, node: &str, arguments: &[&str]) -> Output {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_chappe"));
    let profile = all.node(node).folder.join("desk.toml");
    command.args(arguments).arg("-c").arg(profile).stdin(Stdio::null());
    command.output().await.expect("runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What `chappe trace --json` says at a node, by node.
async fn trace(all: &Federation, at: &str, reference: &str) -> Vec<Value> {
    let output = chappe(all, at, &["trace", reference, "--json"]).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn of<'a>(lines: &'a [Value], node: &str) -> &'a Value {
    let found = lines.iter().find(|line| line["node"] == node);
    found.unwrap_or_else(|| panic!("{node} is not in {lines:#?}"))
}

/// Starts every relay, Normandy's with a rule that filters what is of low severity.
async fn strict_normandy() -> Federation {
    let all = Federation::provisioned(SMALL).await;
    let file = all.node("eu-fr-nor").folder.join("relay.toml");
    let rule = "[[rule]]\nname = \"nothing low\"\nseverity = [\"low\"]\nthen = \"filter\"\n\n";
    let config = std::fs::read_to_string(&file).expect("read");
    let config = config.replacen("[[rule]]", &format!("{rule}[[rule]]"), 1);
    std::fs::write(&file, config).expect("written");
    all.nodes().for_each(|node| all.start_relay_with(node.as_str(), &[PERIOD]));
    all.all_ready().await;
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_names_who_filtered_who_is_silent_and_whom_to_phone() {
    let all = strict_normandy().await;
    all.kill_relay("eu-fr-sante");
    let file = all.rendered.out.join("note.txt");
    std::fs::write(&file, "A note.").expect("written");
    let file = file.display().to_string();
    let what = ["publish", &file, "--to", "eu.fr", "--tlp", "GREEN", "--severity", "low"];
    let waits = ["--ref", "NOTE-7", "--wait", "6s"];
    let output = chappe(&all, "eu-fr", &[&what[..], &waits[..]].concat()).await;
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("eu-fr-sante; ask: 01 99 00 00 06"), "{said}");
    let settled = async || {
        let lines = trace(&all, "eu-fr", "NOTE-7").await;
        let is = |node: &str, state: &str| of(&lines, node)["state"] == state;
        let done = is("eu-fr-nor", "filtered") && is("eu-fr-bre", "delivered");
        let counted = of(&lines, "eu-fr-bre")["entities"]["answered"] == 2;
        if done && counted { Ok(lines) } else { Err(format!("{lines:#?}")) }
    };
    let lines = all.eventually("two regions have answered", settled).await;
    assert_eq!(of(&lines, "eu-fr-nor")["reason"], "rule");
    let silent = of(&lines, "eu-fr-sante");
    assert_eq!(silent["state"], "no-answer");
    let contact = json!({"of": "eu-fr-sante", "phone": "01 99 00 00 06"});
    assert_eq!((&silent["contact"], &silent["complete"]), (&contact, &json!(false)));
    assert!(!format!("{lines:?}").contains("hospital"), "an entity is named above its parent");
    // Who is below sees its own part, with its own entities by name.
    let lines = trace(&all, "eu-fr-bre", "NOTE-7").await;
    let nodes: Vec<&str> = lines.iter().filter_map(|line| line["node"].as_str()).collect();
    assert_eq!(nodes, ["eu-fr-bre", HOSPITAL, "eu-fr-bre-townhall1"]);
    let plain = chappe(&all, "eu-fr", &["trace", "NOTE-7"]).await;
    let plain = text(&plain.stdout);
    assert!(plain.contains("not all have answered") && plain.contains("filtered"), "{plain}");
    assert!(!plain.contains('\u{1b}'), "no colour in a pipe: {plain}");
    let nothing = chappe(&all, "eu-fr", &["trace", "NOTE-8"]).await;
    assert_eq!(nothing.status.code(), Some(1));
    // A withdrawal passes every rule. Once the silent node is back, nobody is missing.
    all.start_relay_with("eu-fr-sante", &[PERIOD]);
    let ends = ["withdraw", "NOTE-7", "--reason", "Over.", "--wait", "2m", "--json"];
    let output = chappe(&all, "eu-fr", &ends).await;
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}{}", text(&output.stderr));
    let last: Value = said.lines().last().map(serde_json::from_str).expect("a line").expect("JSON");
    assert_eq!((&last["complete"], &last["missing"]), (&json!(true), &json!([])), "{said}");
}

/// Every receipt in every message of a node's streams, and every subject, as plain text.
async fn everything(all: &Federation, node: &str) -> String {
    let mut found = String::new();
    let streams = ["RECEIPTS", "OUTBOX", "BEATS", "INTAKE_CHILD_eu-fr-bre"];
    for stream in streams {
        for subject in all.subjects(node, stream).await {
            let message = all.message(node, stream, &subject).await;
            let payload = text(&message.payload);
            let compact = Compact::parse(&payload, Typ::Receipt);
            let inner = compact.map(|c| text(c.unverified_payload())).unwrap_or_default();
            found.push_str(&format!("{stream} {subject} {payload} {inner}\n"));
        }
    }
    found
}

async fn receipt(all: &Federation, at: &str, of: Id, by: &str) -> Result<Receipt, String> {
    let subject = address::receipt(address::REAL, of, &all.node(by).id);
    if !all.subjects(at, "RECEIPTS").await.contains(&subject) {
        return Err(format!("{at} has no {subject}"));
    }
    let message = all.message(at, "RECEIPTS", &subject).await;
    let payload = text(&message.payload);
    let compact = Compact::parse(&payload, Typ::Receipt).map_err(|e| e.to_string())?;
    serde_json::from_slice(compact.unverified_payload()).map_err(|e| e.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_people_read_climbs_and_a_hospitals_word_is_a_number_above_its_region() {
    let all = Federation::start_beating(SMALL, 2).await;
    let notice = advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.bre.all", b"{}");
    let id = all.publish(&notice, b"{}".to_vec()).await;
    all.on_board(HOSPITAL, id).await;
    all.on_board("eu-fr-bre", id).await;
    let short = id.short();
    // What is on its way waits in the intake, where it can be looked at.
    all.kill_relay("eu-fr");
    for (node, word) in [(HOSPITAL, "is told"), (HOSPITAL, "already"), ("eu-fr-bre", "is told")] {
        let output = chappe(&all, node, &["ack", &short]).await;
        let said = text(&output.stdout);
        assert!(output.status.success() && said.contains(word), "{said}{}", text(&output.stderr));
    }
    let waiting = async || {
        let found = everything(&all, "eu-fr").await;
        if found.contains("\"read\"") { Ok(found) } else { Err(found) }
    };
    let found = all.eventually("words wait in the intake of eu-fr", waiting).await;
    assert!(!found.contains("hospital") && !found.contains("townhall"), "{found}");
    all.start_relay_with("eu-fr", &[PERIOD]);
    all.ready("eu-fr").await;
    let counted = async || {
        let region = receipt(&all, "eu-fr", id, "eu-fr-bre").await?;
        let sector = receipt(&all, "eu-fr", id, "eu-fr-sante").await.ok();
        let counts = |receipt: &Receipt| receipt.counts.clone().unwrap_or_default();
        let sums = counts(&region).into_iter().chain(sector.iter().flat_map(counts));
        let read: u32 = sums.filter(|(outcome, _)| outcome.as_str() == "read").map(|s| s.1).sum();
        let said = format!("{region:?} {sector:?}");
        if region.outcome.as_str() == "read" && read == 1 { Ok(()) } else { Err(said) }
    };
    all.eventually("France knows that Brittany and one hospital have read it", counted).await;
    let found = everything(&all, "eu-fr").await + &everything(&all, "eu").await;
    assert!(!found.contains("hospital") && !found.contains("townhall"), "{found}");
    for (name, log) in all.said().iter().filter(|(name, _)| *name == "eu-fr" || *name == "eu") {
        assert!(!text(log).contains("hospital"), "the log of {name} names an entity");
    }
    let own = chappe(&all, "eu-fr", &["ack", &short]).await;
    assert!(own.status.success() && text(&own.stdout).contains("own"));
    let nothing = chappe(&all, "eu-fr-bre", &["ack", "no-such-notice"]).await;
    assert_eq!(nothing.status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_neither_reads_for_another_nor_counts_whom_it_does_not_serve() {
    let all = Federation::start(SMALL).await;
    let notice = advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.all.all", b"{}");
    let id = all.publish(&notice, b"{}".to_vec()).await;
    all.holds("eu-fr", "RECEIPTS", &format!("{id}.eu-fr-nor")).await;
    let lie = async |at: &str, child: &str, key: &str, said: Value| {
        let mut receipt = json!({"fed": all.rendered.fed, "of": id, "by": child,
            "outcome": "read", "at": chappe::time::now()});
        receipt.as_object_mut().expect("an object").extend(said.as_object().expect("one").clone());
        let bytes = serde_json::to_vec(&receipt).expect("JSON");
        let jws = jws::sign_with(&all.key(key, "relay"), Typ::Receipt, &bytes).expect("signed");
        let child = all.node(child).id.clone();
        let bus = all.connect(at, Role::Link(child.clone())).await;
        let subject = address::child_intake(address::REAL, &child, Id::of(jws.as_bytes()));
        bus.place(&subject, &[], jws.into_bytes(), None).await.expect("taken in");
    };
    let quarantined = async |at: &str, reason: &str| {
        let found = async || {
            let subjects = all.subjects(at, "QUARANTINE").await;
            let hit = subjects.iter().any(|subject| subject.contains(&format!(".{reason}.")));
            if hit { Ok(()) } else { Err(format!("{subjects:?}")) }
        };
        all.eventually(&format!("{at} refuses it as {reason}"), found).await;
    };
    // Its sibling's word, signed by itself; its own key is no help.
    lie("eu-fr", "eu-fr-bre", "eu-fr-bre", json!({"by": "eu-fr-nor"})).await;
    quarantined("eu-fr", "key-owner").await;
    lie("eu-fr-bre", "eu-fr-bre-townhall1", "eu-fr-bre-townhall1", json!({"counts": {"read": 9}}))
        .await;
    quarantined("eu-fr-bre", "audience").await;
    let many: serde_json::Map<_, _> = (0..40).map(|n| (format!("o{n}"), json!(1))).collect();
    lie("eu-fr", "eu-fr-bre", "eu-fr-bre", json!({"counts": many})).await;
    quarantined("eu-fr", "claim").await;
    let normandy = receipt(&all, "eu-fr", id, "eu-fr-nor").await.expect("its own word");
    assert_eq!(normandy.outcome.as_str(), "delivered");
    let townhall = receipt(&all, "eu-fr-bre", id, "eu-fr-bre-townhall1").await;
    assert!(townhall.is_err() || townhall.is_ok_and(|word| word.counts.is_none()));
}
