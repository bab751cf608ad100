//! A node that was brought back from an older copy of its streams: what it had been sent since
//! comes again by itself, once, and nothing that was ended for a reason. On the real server.

use crate::support::*;
use chappe::address::{self, Role};
use chappe::notice::{Id, Kind, Statement};
use serde_json::{Value, json};

const HOSPITAL: &str = "eu-fr-bre-hospital1";
const REGION: &str = "eu-fr-bre";
const STATE: &str = "eu-fr";
const BODY: &[u8] = b"{\"n\":1}";
/// Seconds between two looks.
const PERIOD: u64 = 2;

/// Copies all streams while nothing runs, and starts everything again.
async fn backed_up(all: &Federation) {
    assert!(all.stop_server().await);
    all.back_up();
    all.start_server().await;
    all.all_ready().await;
}

/// What is done to a node's streams while its relay and the server are down.
async fn brought_back(all: &Federation, node: &str, streams: &[&str]) {
    // What a relay has in its hand when it is killed comes again after half a minute.
    assert!(all.stop_relay(node).await && all.stop_server().await);
    match streams {
        [] => all.bring_all_back(node),
        some => some.iter().for_each(|stream| all.bring_back(node, stream)),
    }
    all.start_server().await;
    all.start_relay_with(node, &[("CHAPPE_BEATS_PERIOD", "2")]);
}

async fn reported(all: &Federation) -> Id {
    let report = escalation(&all.rendered.fed, HOSPITAL, STATE, BODY);
    let id = all.publish(&report, BODY.to_vec()).await;
    all.holds(STATE, "CASES", &id.to_string()).await;
    all.knows(REGION, id, STATE, "stops").await;
    id
}

async fn answered(all: &Federation, by: &str, of: Id) -> Id {
    let answer = response(&all.rendered.fed, by, HOSPITAL, of, b"");
    let id = all.publish(&answer, Vec::new()).await;
    all.holds(HOSPITAL, "CASES", &id.to_string()).await;
    id
}

/// What a child's link is told at its parent's server.
async fn asked(all: &Federation, at: &str, by: &str, question: Value) -> Value {
    let link = all.connect(at, Role::Link(all.node(by).id.clone())).await;
    let question = serde_json::to_vec(&question).expect("JSON");
    let answer = link.ask(&address::fetch(by), question, PATIENCE).await.expect("an answer");
    serde_json::from_slice(&answer).expect("JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_that_a_parents_cases_lack_are_sent_up_again_and_can_be_answered() {
    let all = Federation::start_beating(SMALL, PERIOD).await;
    let early = reported(&all).await;
    backed_up(&all).await;
    let (late, next) = (reported(&all).await, reported(&all).await);
    brought_back(&all, STATE, &["CASES"]).await;
    for id in [early, late, next] {
        all.holds(STATE, "CASES", &id.to_string()).await;
    }
    answered(&all, STATE, late).await;
    // The whole disk.
    brought_back(&all, STATE, &[]).await;
    for node in [STATE, REGION] {
        for id in [early, late, next] {
            all.holds(node, "CASES", &id.to_string()).await;
        }
    }
    answered(&all, STATE, next).await;
    all.ready(STATE).await;
}

/// A report of the region's own and the State's answer to it; a notice for the region alone.
async fn addressed(all: &Federation) -> [Id; 2] {
    let report = escalation(&all.rendered.fed, REGION, STATE, BODY);
    let report = all.publish(&report, BODY.to_vec()).await;
    all.holds(STATE, "CASES", &report.to_string()).await;
    let answer = response(&all.rendered.fed, STATE, REGION, report, b"");
    let answer = all.publish(&answer, Vec::new()).await;
    let notice = advisory(&all.rendered.fed, STATE, &format!("node:{REGION}"), BODY);
    let notice = all.publish(&notice, BODY.to_vec()).await;
    has_both(all, [answer, notice]).await;
    [answer, notice]
}

async fn has_both(all: &Federation, [answer, notice]: [Id; 2]) {
    all.holds(REGION, "CASES", &answer.to_string()).await;
    all.holds(REGION, "INBOX", &notice.to_string()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_parent_sent_to_a_child_alone_comes_again_and_goes_on_from_there_once() {
    let all = Federation::start_beating(SMALL, PERIOD).await;
    let early = addressed(&all).await;
    backed_up(&all).await;
    let late = addressed(&all).await;
    brought_back(&all, REGION, &["CASES", "INBOX"]).await;
    has_both(&all, early).await;
    has_both(&all, late).await;
    let passing = reported(&all).await;
    let passing = answered(&all, STATE, passing).await;
    // The whole disk, and with it what lay on the board for the hospital.
    brought_back(&all, REGION, &[]).await;
    has_both(&all, late).await;
    all.holds(REGION, "CASES", &passing.to_string()).await;
    all.holds(REGION, "BOARD", &format!("{HOSPITAL}.{passing}")).await;
    all.holds(HOSPITAL, "CASES", &passing.to_string()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_withdrawn_or_erased_does_not_come_again_but_what_ended_it_does() {
    let all = Federation::start_beating(SMALL, PERIOD).await;
    let report = || escalation(&all.rendered.fed, HOSPITAL, STATE, BODY);
    let (withdrawn, erased) = (report(), report());
    let mut ids = Vec::new();
    for report in [&withdrawn, &erased] {
        let id = all.publish(report, BODY.to_vec()).await;
        all.holds(STATE, "CASES", &id.to_string()).await;
        ids.push(id);
    }
    backed_up(&all).await;
    let mut ends = Vec::new();
    for (of, re, erase) in [(&withdrawn, ids[0], None), (&erased, ids[1], Some(true))] {
        let (kind, title, body) = (Kind::Withdrawal, "Over".to_owned(), describe(b""));
        let end = Statement { kind, re: Some(re), title, body, erase, case: None, ..of.clone() };
        let id = all.publish(&end, Vec::new()).await;
        all.holds(STATE, "CASES", &id.to_string()).await;
        all.knows(REGION, id, STATE, "stops").await;
        ends.push(id);
    }
    brought_back(&all, STATE, &[]).await;
    for id in ends {
        all.holds(STATE, "CASES", &id.to_string()).await;
    }
    all.stands(&[STATE], ids[0], "withdrawn").await;
    let gone = async || {
        let subjects = all.subjects(STATE, "CASES").await;
        let there = subjects.iter().any(|subject| subject.ends_with(&ids[1].to_string()));
        if there { Err(format!("{subjects:?}")) } else { Ok(()) }
    };
    all.eventually("it is erased again", gone).await;
    let told = asked(&all, STATE, REGION, json!({ "held": ids })).await;
    assert_eq!(told["ids"].as_array().map(Vec::len), Some(2), "neither is sent again: {told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_learns_nothing_of_what_another_has_sent() {
    let all = Federation::start(SMALL).await;
    let id = reported(&all).await;
    let question = json!({"held": [id, Id::of(b"nobody's")]});
    let own = asked(&all, STATE, REGION, question.clone()).await;
    assert_eq!(own["ids"], json!([id]));
    for other in ["eu-fr-nor", "eu-fr-sante"] {
        let told = asked(&all, STATE, other, question.clone()).await;
        assert_eq!(told, json!({"receipts": []}), "{other}");
    }
    let answer = response(&all.rendered.fed, STATE, HOSPITAL, id, b"");
    let answer = all.publish(&answer, Vec::new()).await;
    all.holds(REGION, "CASES", &answer.to_string()).await;
    let question = json!({"addressed": "0".repeat(64)});
    assert_eq!(asked(&all, STATE, REGION, question.clone()).await["ids"], json!([answer]));
    for other in ["eu-fr-nor", "eu-fr-sante"] {
        let told = asked(&all, STATE, other, question.clone()).await;
        assert_eq!(told, json!({"receipts": []}), "{other}");
    }
    for bad in [json!({"addressed": answer, "held": [id]}), json!({"rewind": false})] {
        let told = asked(&all, STATE, REGION, bad.clone()).await;
        assert_eq!(told, json!({"error": "bad question"}), "{bad}");
    }
}
