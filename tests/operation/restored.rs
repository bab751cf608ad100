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
    let passing = reported(&all).await;
    let passing = answered(&all, STATE, passing).await;
    brought_back(&all, REGION, &["CASES", "INBOX"]).await;
    has_both(&all, early).await;
    has_both(&all, late).await;
    // The board had it still for the hospital.
    all.holds(REGION, "CASES", &passing.to_string()).await;
    // The whole disk; more than two boards a minute a parent does not begin again.
    brought_back(&all, REGION, &[]).await;
    has_both(&all, late).await;
    all.holds(REGION, "CASES", &passing.to_string()).await;
    all.holds(REGION, "BOARD", &format!("{HOSPITAL}.{passing}")).await;
    all.holds(HOSPITAL, "CASES", &passing.to_string()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_the_cases_have_no_room_for_is_filed_as_soon_as_they_have() {
    let all = Federation::start_beating(SMALL, PERIOD).await;
    let report = reported(&all).await;
    let answer = answered(&all, STATE, report).await.to_string();
    all.holds(REGION, "CASES", &answer).await;
    assert!(all.stop_relay(REGION).await);
    let subjects = all.subjects(REGION, "CASES").await;
    let subject = subjects.iter().find(|subject| subject.ends_with(&answer)).expect("filed");
    all.drop_from(REGION, "CASES", subject).await;
    let taken = i64::try_from(all.stream_state(REGION, "CASES").await.bytes).expect("a few bytes");
    all.resize(REGION, "CASES", taken + 100).await;
    all.start_relay_with(REGION, &[("CHAPPE_BEATS_PERIOD", "2")]);
    let said = async || match all.complaints() {
        said if said.contains("not among the cases yet") => Ok(()),
        said => Err(said),
    };
    all.eventually("it says that there is no room", said).await;
    all.resize(REGION, "CASES", 1024 * 1024).await;
    all.holds(REGION, "CASES", &answer).await;
}

/// Who has said what of a notice at its issuer, and whether all have answered.
async fn traced(all: &Federation, of: Id) -> Value {
    let desk = all.connect(STATE, Role::Desk).await;
    let question = serde_json::to_vec(&json!({ "ref": of })).expect("JSON");
    let complete = async || {
        let answer = desk.ask(&address::desk("trace"), question.clone(), PATIENCE).await;
        let answer = answer.map_err(|e| e.to_string())?;
        let found: Value = serde_json::from_slice(&answer).map_err(|e| e.to_string())?;
        if found["notices"][0]["complete"] == true { Ok(found) } else { Err(format!("{found:#}")) }
    };
    all.eventually("all have answered", complete).await
}

/// Each node, what it says, and how many of its entities have answered.
fn states(trace: &Value) -> Vec<[Value; 3]> {
    let nodes = trace["notices"][0]["nodes"].as_array().expect("nodes").iter();
    let state = |node: &Value| {
        [node["node"].clone(), node["state"].clone(), node["entities"]["answered"].clone()]
    };
    nodes.map(state).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_that_a_parents_receipts_lack_are_said_again_and_its_own_too() {
    let all = Federation::start_beating(SMALL, PERIOD).await;
    backed_up(&all).await;
    let notice = advisory(&all.rendered.fed, STATE, "scope:eu.fr.all.all", BODY);
    let notice = all.publish(&notice, BODY.to_vec()).await;
    let report = reported(&all).await;
    let before = traced(&all, notice).await;
    brought_back(&all, STATE, &["RECEIPTS"]).await;
    assert_eq!(states(&traced(&all, notice).await), states(&before));
    // Below, what was said above of a report is asked for.
    brought_back(&all, REGION, &["RECEIPTS"]).await;
    all.knows(REGION, report, STATE, "stops").await;
    all.knows(REGION, notice, REGION, "delivered").await;
    all.knows(REGION, notice, "eu-fr-bre-townhall1", "delivered").await;
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

/// Which of these notices a node has in its cases, whatever notes it has of what is over.
async fn filed(all: &Federation, node: &str, ids: &[Id]) -> Vec<Id> {
    let subjects = all.subjects(node, "CASES").await;
    let is_there = |id: &Id| {
        let mut notices = subjects.iter().filter(|subject| !subject.contains(".over."));
        notices.any(|subject| subject.ends_with(&id.to_string()))
    };
    ids.iter().filter(|id| is_there(id)).copied().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_over_above_does_not_come_again_from_those_who_have_it_still() {
    const KEPT: &[(&str, &str)] = &[("CHAPPE_CASES_KEEP", "3s")];
    let all = Federation::start_beating(SMALL, PERIOD).await;
    let report = escalation(&all.rendered.fed, HOSPITAL, STATE, BODY);
    let over = all.publish(&report, BODY.to_vec()).await;
    all.knows(REGION, over, STATE, "stops").await;
    let (kind, body) = (Kind::Withdrawal, describe(b""));
    let end = Statement { kind, re: Some(over), body, case: None, ..report };
    let end = all.publish(&end, Vec::new()).await;
    all.knows(REGION, end, STATE, "stops").await;
    all.kill_relay(STATE);
    all.start_relay_with(STATE, KEPT);
    let gone = async || match filed(&all, STATE, &[over, end]).await {
        left if left.is_empty() => Ok(()),
        left => Err(format!("{left:?}")),
    };
    all.eventually("it is deleted", gone).await;
    // What is lost beside it shows when its child has asked.
    let lost = reported(&all).await;
    let subject = all.holds(STATE, "CASES", &lost.to_string()).await;
    assert!(all.stop_relay(STATE).await);
    all.drop_from(STATE, "CASES", &subject).await;
    all.start_relay_with(STATE, KEPT);
    all.holds(STATE, "CASES", &lost.to_string()).await;
    assert_eq!(filed(&all, STATE, &[over, end]).await, []);
    assert_eq!(filed(&all, REGION, &[over, end]).await, [over, end]);
    let told = asked(&all, STATE, REGION, json!({ "held": [over, end] })).await;
    assert_eq!(told["ids"], json!([over, end]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_upstream_that_does_not_know_the_questions_is_left_in_peace() {
    let all = Federation::start_beating(SMALL, PERIOD).await;
    let report = reported(&all).await;
    let notice = advisory(&all.rendered.fed, STATE, "scope:eu.fr.all.all", BODY);
    let notice = all.publish(&notice, BODY.to_vec()).await;
    all.knows(STATE, notice, REGION, "delivered").await;
    assert!(all.stop_relay(STATE).await);
    let older = all.connect(STATE, Role::Relay).await;
    let mut questions = older.serve("chappe.fetch.>").await.expect("served");
    all.kill_relay(REGION);
    all.start_relay_with(REGION, &[]);
    let mut left = vec!["held", "addressed", "words"];
    while !left.is_empty() {
        let next = tokio::time::timeout(PATIENCE, questions.next()).await;
        let question = next.unwrap_or_else(|_| panic!("nobody asks {left:?}")).expect("a question");
        let asked: Value = serde_json::from_slice(&question.payload).expect("JSON");
        if question.subject == address::fetch(REGION) {
            left.retain(|name| asked.get(name).is_none());
        }
        question.respond(b"{\"error\":\"bad question\"}".to_vec()).await;
    }
    drop(questions);
    all.start_relay(STATE);
    all.all_ready().await;
    let next = reported(&all).await;
    answered(&all, STATE, next).await;
    assert_eq!(filed(&all, STATE, &[report, next]).await, [report, next]);
    for (name, said) in all.said() {
        let said = String::from_utf8_lossy(&said);
        assert!(!said.contains("it lacks this"), "{name} has sent something again");
    }
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
    // A region may speak of what it had, and of what it sent; of others it hears nothing new.
    let at = chappe::time::now();
    let spoken = |of: Id, by: &str| json!({"of": of, "by": by, "outcome": "refused", "at": at});
    let normandy = |of: Id| json!({"words": [spoken(of, "eu-fr-nor"), spoken(of, "eu-fr-nor-x")]});
    for of in [id, answer, Id::of(b"nobody's")] {
        let told = asked(&all, STATE, "eu-fr-nor", normandy(of)).await;
        assert_eq!(told, json!({"receipts": []}));
    }
    let question = json!({"words": [spoken(id, "eu-fr-nor"), spoken(id, HOSPITAL)]});
    assert_eq!(asked(&all, STATE, REGION, question).await["wanted"], json!([1]));
    for bad in [json!({"addressed": answer, "held": [id]}), json!({"rewind": false})] {
        let told = asked(&all, STATE, REGION, bad.clone()).await;
        assert_eq!(told, json!({"error": "bad question"}), "{bad}");
    }
}
