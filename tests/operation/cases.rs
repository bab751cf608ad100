//! Cases in time, on the real server: what nobody answers is told above, through kills and
//! restarts; who is silent above shows; what is over goes, and does not come again.

use crate::support::*;
use chappe::address::{self, Role};
use chappe::bus::Bus;
use chappe::jws::{self, Typ};
use chappe::notice::{Case, Id, Receipt, Severity, Statement};
use serde_json::{Value, json};

const HOSPITAL: &str = "eu-fr-bre-hospital1";
const REGION: &str = "eu-fr-bre";
const STATE: &str = "eu-fr";
const BODY: &[u8] = b"{\"who\":\"Quiet Valley Clinic\"}";
const TITLE: &str = "Ransomware at the Quiet Valley Clinic";

async fn started(variables: &[(&str, &str)]) -> Federation {
    let all = Federation::provisioned(SMALL).await;
    all.nodes().for_each(|node| all.start_relay_with(node.as_str(), variables));
    all.all_ready().await;
    all
}

fn report(all: &Federation, top: &str) -> Statement {
    Statement { title: TITLE.into(), ..escalation(&all.rendered.fed, HOSPITAL, top, BODY) }
}

fn answer(all: &Federation, by: &str, re: Id, state: &str) -> Statement {
    let mut answer = response(&all.rendered.fed, by, HOSPITAL, re, b"");
    answer.case = Some(serde_json::from_value(json!({ "state": state })).expect("an answer"));
    answer
}

/// Every case of a node; a relay that has just started does not answer yet.
async fn asked(desk: &Bus) -> Result<Value, String> {
    let answer = desk.ask(&address::desk("cases"), b"{\"all\":true}".to_vec(), PATIENCE).await;
    let answer = answer.map_err(|e| e.to_string())?;
    serde_json::from_slice(&answer).map_err(|e| e.to_string())
}

async fn cases(all: &Federation, node: &str) -> Value {
    sees(all, node, "answers", |_| true).await
}

/// Waits until a node's desk sees its cases so.
async fn sees(all: &Federation, node: &str, what: &str, seen: impl Fn(&Value) -> bool) -> Value {
    let desk = all.connect(node, Role::Desk).await;
    let check = async || {
        let found = asked(&desk).await?;
        if seen(&found) { Ok(found) } else { Err(found.to_string()) }
    };
    all.eventually(&format!("{node}: {what}"), check).await
}

/// No log of any relay has said what happened, where and to whom.
fn nothing_is_told(all: &Federation) {
    for (name, log) in all.said() {
        let log = String::from_utf8_lossy(&log);
        for secret in ["Quiet Valley", "eu.fr.bre.health", "ransomware"] {
            assert!(!log.contains(secret), "the log of {name} has {secret}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_answers_is_told_above_and_taken_back_whoever_is_killed_in_between() {
    const SOON: &[(&str, &str)] = &[("CHAPPE_CASES_UNANSWERED", "2s")];
    let all = started(SOON).await;
    all.kill_relay(STATE);
    let id = all.publish(&report(&all, REGION), BODY.to_vec()).await;
    let said = format!("{id}.{REGION}.unanswered");
    all.holds(REGION, "RECEIPTS", &said).await;
    all.kill_relay(REGION);
    all.start_relay_with(REGION, SOON);
    all.start_relay_with(STATE, SOON);
    let told = |found: &Value| found["unanswered"][0]["of"] == json!(id);
    let found = sees(&all, STATE, "is told of it", told).await;
    assert_eq!(found["unanswered"][0]["by"], REGION);
    assert_eq!(found["cases"], json!([]), "and of nothing else");
    let alarm = async || match all.number(STATE, "cases_unanswered").await {
        1 => Ok(()),
        other => Err(other.to_string()),
    };
    all.eventually("the alarm is raised", alarm).await;
    let word = all.message(STATE, "RECEIPTS", &address::unanswered(id, &all.node(REGION).id)).await;
    let word: Value =
        serde_json::from_str(&payload(&String::from_utf8_lossy(&word.payload))).expect("JSON");
    let members: Vec<&String> = word.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["at", "by", "fed", "of", "outcome"]);
    let marks = json!([{ "forward": STATE }, "unanswered"]);
    sees(&all, REGION, "marks it", |found| found["cases"][0]["marks"] == marks).await;
    let above = all.subjects("eu", "RECEIPTS").await;
    assert!(!above.iter().any(|subject| subject.contains("unanswered")), "{above:?}");
    all.kill_relay(STATE);
    all.start_relay_with(STATE, SOON);
    sees(&all, STATE, "knows it after a restart", told).await;
    all.publish(&answer(&all, REGION, id, "accepted"), Vec::new()).await;
    let over = |found: &Value| found.get("unanswered").is_none();
    sees(&all, STATE, "is told that it is answered", over).await;
    all.kill_relay(STATE);
    all.start_relay_with(STATE, SOON);
    all.ready(STATE).await;
    assert!(over(&cases(&all, STATE).await), "and knows that too after a restart");
    nothing_is_told(&all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_speaks_of_its_own_cases_to_its_parent_and_of_a_hundred_at_most() {
    let all = Federation::start(SMALL).await;
    let say = async |at: &str, by: &str, number: u64| {
        let word = json!({"fed": all.rendered.fed, "of": Id::of(&number.to_be_bytes()), "by": by,
            "outcome": "unanswered", "at": chappe::time::now()});
        let word: Receipt = serde_json::from_value(word).expect("a receipt");
        let jws = jws::sign(&all.key(by, "relay"), Typ::Receipt, &word).expect("signed");
        let child = all.node(by).id.clone();
        let link = all.connect(at, Role::Link(child.clone())).await;
        let subject = address::child_intake(address::REAL, &child, Id::of(jws.as_bytes()));
        link.place(&subject, &[], jws.into_bytes(), None).await.expect("taken in");
    };
    for number in 0..110 {
        say(STATE, REGION, number).await;
    }
    let full = |found: &Value| found["unanswered"].as_array().is_some_and(|all| all.len() == 100);
    sees(&all, STATE, "has a hundred", full).await;
    // What it follows is not its parent.
    say("eu-fr-sante", HOSPITAL, 1).await;
    let refused = async || {
        let subjects = all.subjects("eu-fr-sante", "QUARANTINE").await;
        let hit = subjects.iter().any(|subject| subject.contains(".direction."));
        if hit { Ok(()) } else { Err(format!("{subjects:?}")) }
    };
    all.eventually("it is refused there", refused).await;
    assert!(full(&cases(&all, STATE).await));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_silent_above_shows_at_every_level_and_a_later_report_goes_the_same_way() {
    let all = started(&[("CHAPPE_CASES_SILENCE", "2s")]).await;
    all.kill_relay(STATE);
    let first = report(&all, STATE);
    let id = all.publish(&first, BODY.to_vec()).await;
    let silent = |found: &Value| found["cases"][0]["marks"] == json!([{ "silent": STATE }]);
    for node in [HOSPITAL, REGION] {
        let found = sees(&all, node, "marks the silence", silent).await;
        let case = &found["cases"][0];
        assert_eq!(
            (&case["case"], &case["open"], &case["title"]),
            (&json!(id), &json!(true), &json!(TITLE))
        );
        let names: Vec<&Value> =
            case["deadlines"].as_array().expect("clocks").iter().map(|d| &d["name"]).collect();
        assert!(names.contains(&&json!("notification")), "{names:?}");
        let alarm = async || match all.number(node, "cases_silent").await {
            1 => Ok(()),
            other => Err(other.to_string()),
        };
        all.eventually("the alarm is raised", alarm).await;
    }
    // No rule lets this one climb: it follows the first.
    let low = Severity::Low;
    let mut next = Statement { re: Some(id), severity: low, iat: first.iat + 1, ..first.clone() };
    if let Some(Case::Report(report)) = &mut next.case {
        report.stage = chappe::notice::Stage::Notification;
    }
    let next = all.publish(&next, BODY.to_vec()).await;
    all.kill_relay(REGION);
    all.start_relay(REGION);
    all.start_relay(STATE);
    all.holds(STATE, "CASES", &id.to_string()).await;
    all.holds(STATE, "CASES", &next.to_string()).await;
    let heard = |found: &Value| found["cases"][0].get("marks").is_none();
    for node in [HOSPITAL, REGION, STATE] {
        let found = sees(&all, node, "is not silent any more", heard).await;
        assert_eq!(found["cases"][0]["stage"], "notification", "{node}: {found}");
        assert_eq!(found["cases"].as_array().map(Vec::len), Some(1), "{node}: {found}");
    }
    nothing_is_told(&all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_closed_for_long_enough_goes_and_does_not_come_again() {
    const KEPT: &[(&str, &str)] = &[("CHAPPE_CASES_KEEP", "4s")];
    let all = started(KEPT).await;
    let first = report(&all, REGION);
    let id = all.publish(&first, BODY.to_vec()).await;
    all.holds(REGION, "CASES", &id.to_string()).await;
    let taken = all.publish(&answer(&all, REGION, id, "accepted"), Vec::new()).await;
    all.holds(HOSPITAL, "CASES", &taken.to_string()).await;
    let mut last = Statement { re: Some(id), iat: first.iat + 1, ..first.clone() };
    if let Some(Case::Report(report)) = &mut last.case {
        report.stage = chappe::notice::Stage::Final;
    }
    let last = all.publish(&last, BODY.to_vec()).await;
    all.holds(REGION, "CASES", &last.to_string()).await;
    let mut closed = answer(&all, REGION, last, "closed");
    closed.iat += 1;
    let closed = all.publish(&closed, Vec::new()).await;
    all.holds(HOSPITAL, "CASES", &closed.to_string()).await;
    let ids = [id, taken, last, closed];
    for node in [REGION, HOSPITAL] {
        gone(&all, node, &ids).await;
    }
    for node in [REGION, HOSPITAL] {
        all.kill_relay(node);
        all.start_relay_with(node, KEPT);
        all.ready(node).await;
        assert_eq!(cases(&all, node).await["cases"], json!([]), "{node}");
    }
    // Its publisher sends it again, as from a spool.
    all.send(&first, &all.issue(&first, BODY.to_vec())).await;
    let settled = async || match all.stream_state(HOSPITAL, &intake(&all)).await.messages {
        0 => Ok(()),
        other => Err(format!("{other} wait")),
    };
    all.eventually("it is dealt with", settled).await;
    gone(&all, HOSPITAL, &ids).await;
    assert_eq!(cases(&all, HOSPITAL).await["cases"], json!([]));
    nothing_is_told(&all);
}

fn intake(all: &Federation) -> String {
    format!("INTAKE_LOCAL_{}", all.publisher(HOSPITAL))
}

/// Waits until nothing of these is in a node's streams but notes of their end.
async fn gone(all: &Federation, node: &str, ids: &[Id]) {
    let gone = async || {
        let mut found = all.subjects(node, "CASES").await;
        found.extend(all.subjects(node, "BOARD").await);
        let notes: Vec<String> = ids.iter().map(|id| address::over(*id)).collect();
        let noted = notes.iter().all(|note| found.contains(note));
        found.retain(|subject| {
            !notes.contains(subject) && ids.iter().any(|id| subject.ends_with(&id.to_string()))
        });
        if noted && found.is_empty() { Ok(()) } else { Err(format!("{noted}: {found:?}")) }
    };
    all.eventually(&format!("{node} has deleted it"), gone).await;
}

const CLOCKS: &str = "[[clock]]\nregime = \"nis2\"\nname = \"fast\"\nof = \"reporter\"\n\
    stage = \"final\"\nanchor = \"aware\"\nafter = \"PT1S\"\nsatisfied_by = [\"final\"]\n\
    source = \"a test\"\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_and_repetition_raise_an_alarm_with_one_line_each() {
    let all = Federation::provisioned(SMALL).await;
    let file = all.node(REGION).folder.join("relay.toml");
    let rule = "\n[[similar]]\nname = \"twice\"\nby = \"region\"\ncount = 2\nwithin = \"1h\"\n";
    let config = std::fs::read_to_string(&file).expect("read") + rule;
    std::fs::write(&file, config).expect("written");
    let clocks = all.node(REGION).folder.join("fast.toml");
    std::fs::write(&clocks, CLOCKS).expect("written");
    let silence = ("CHAPPE_CASES_SILENCE", "2s");
    let variables = [silence, ("CHAPPE_CASES_CLOCKS", "fast.toml")];
    all.nodes().filter(|node| node.as_str() != REGION).for_each(|node| {
        all.start_relay_with(node.as_str(), &[silence]);
    });
    all.start_relay_with(REGION, &variables);
    all.all_ready().await;
    all.publish(&report(&all, REGION), BODY.to_vec()).await;
    let other = "eu.fr.bre.public-administration";
    let other = escalation_in(other, &all.rendered.fed, "eu-fr-bre-townhall1", REGION, BODY);
    all.publish(&other, BODY.to_vec()).await;
    let alarmed = async || {
        let passed = all.metric(REGION, "case_deadlines", "standing", "passed").await;
        let similar = all.number(REGION, "cases_similar").await;
        if (passed, similar) == (2, 1) { Ok(()) } else { Err(format!("{passed} {similar}")) }
    };
    all.eventually("both alarms are raised", alarmed).await;
    let found = cases(&all, REGION).await;
    assert_eq!(found["cases"][0]["deadlines"][0]["standing"], "passed", "{found}");
    assert_eq!(found["similar"][0]["cases"].as_array().map(Vec::len), Some(2), "{found}");
    let lines = |what: &str| {
        let said = all.said().into_iter().find(|(name, _)| name == REGION).expect("a log").1;
        String::from_utf8_lossy(&said).lines().filter(|line| line.contains(what)).count()
    };
    assert_eq!((lines("a deadline of this case has passed"), lines("similar cases")), (2, 1));
    nothing_is_told(&all);
    std::fs::write(&clocks, CLOCKS.replace("PT1S", "soon")).expect("written");
    let mut check = tokio::process::Command::new(env!("CARGO_BIN_EXE_chappe"));
    check.args(["relay", "--check", "--config"]).arg(&file).envs([variables[1]]);
    let output = check.output().await.expect("runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("fast.toml") && said.contains("after"), "{said}");
}
