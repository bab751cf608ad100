//! Down, across and up a small federation on the real server: who gets what, and over which way.

use crate::support::*;
use chappe::notice::{Id, Statement, Tlp};
use chappe::policy;
use tokio::sync::OnceCell;

const HOSPITAL: &str = "eu-fr-bre-hospital1";

async fn all() -> &'static Federation {
    static ALL: OnceCell<Federation> = OnceCell::const_new();
    ALL.get_or_init(|| Federation::start(SMALL)).await
}

/// Publishes, and checks that exactly these boards get it; a later notice for all shows that
/// nothing more is on its way.
async fn goes_to(all: &Federation, statement: &Statement, body: &[u8], boards: &[&str]) -> Id {
    let id = all.publish(statement, body.to_vec()).await;
    for node in boards {
        all.on_board(node, id).await;
    }
    let iss = statement.iss.as_str();
    let marker = advisory(&all.rendered.fed, iss, widest(iss), b"marker");
    let everywhere: Vec<String> =
        policy::entitled(&all.trust, &marker).keys().map(ToString::to_string).collect();
    let marker = all.publish(&marker, b"marker".to_vec()).await;
    for node in &everywhere {
        all.on_board(node, marker).await;
    }
    for node in all.nodes().map(|node| node.as_str()) {
        let there = all.board(node).await.contains(&id.to_string());
        assert_eq!(there, boards.contains(&node), "{node}, of a notice to {}", statement.aud);
    }
    id
}

/// The widest audience that an issuer of the small federation may address.
fn widest(iss: &str) -> &'static str {
    match iss {
        "eu" => "scope:eu.all.all.all",
        "eu-fr" => "scope:eu.fr.all.all",
        "eu-fr-bre" => "scope:eu.fr.bre.all",
        "eu-fr-sante" => "scope:eu.fr.all.health",
        other => panic!("no widest audience of {other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn france_reaches_every_french_board_and_no_other() {
    let all = all().await;
    let statement = advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.all.all", b"{}");
    let boards = [
        "eu-fr",
        "eu-fr-bre",
        "eu-fr-nor",
        "eu-fr-sante",
        HOSPITAL,
        "eu-fr-bre-townhall1",
        "eu-fr-nor-townhall1",
    ];
    goes_to(all, &statement, b"{}", &boards).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_union_reaches_every_board() {
    let all = all().await;
    let statement = advisory(&all.rendered.fed, "eu", "scope:eu.all.all.all", b"{}");
    let boards: Vec<&str> = all.nodes().map(|node| node.as_str()).collect();
    goes_to(all, &statement, b"{}", &boards).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_health_csirt_reaches_the_hospital_that_follows_it_and_no_region() {
    let all = all().await;
    let statement = advisory(&all.rendered.fed, "eu-fr-sante", "scope:eu.fr.all.health", b"{}");
    goes_to(all, &statement, b"{}", &["eu-fr-sante", HOSPITAL]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_region_reaches_those_below_it() {
    let all = all().await;
    let statement = advisory(&all.rendered.fed, "eu-fr-bre", "scope:eu.fr.bre.health", b"{}");
    goes_to(all, &statement, b"{}", &["eu-fr-bre", HOSPITAL]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn amber_for_clients_reaches_the_town_hall_that_may_have_it() {
    let all = all().await;
    let aud = "scope:eu.fr.all.public-administration";
    let amber = Statement { tlp: Tlp::Amber, ..advisory(&all.rendered.fed, "eu-fr", aud, b"{}") };
    let boards = ["eu-fr", "eu-fr-bre", "eu-fr-nor", "eu-fr-bre-townhall1"];
    goes_to(all, &amber, b"{}", &boards).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn amber_for_a_sector_without_clients_does_not_even_leave_the_server() {
    // Its own federation: the numbers must not move for another test's sake.
    let all = Federation::start(SMALL).await;
    let aud = "scope:eu.fr.all.banking";
    let amber = Statement { tlp: Tlp::Amber, ..advisory(&all.rendered.fed, "eu-fr", aud, b"{}") };
    let amber = all.publish(&amber, b"{}".to_vec()).await;
    all.on_board("eu-fr", amber).await;
    let marker = advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.all.all", b"marker");
    let marker = all.publish(&marker, b"marker".to_vec()).await;
    for region in ["eu-fr-bre", "eu-fr-nor"] {
        all.on_board(region, marker).await;
        let arrived = all.metric(region, "messages_received_total", "source", "upstream").await;
        assert_eq!(arrived, 1, "{region} got more than the marker");
        let durable = all.durable("eu-fr", "BOARD", &format!("child-{region}")).await;
        assert_eq!((durable.delivered.consumer_sequence, durable.num_pending), (1, 0), "{region}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_over_two_paths_is_on_the_board_once() {
    let all = Federation::start(SMALL).await;
    let statement = advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.all.health", b"{}");
    let id = all.publish(&statement, b"{}".to_vec()).await;
    let both = async || match all
        .metric(HOSPITAL, "messages_received_total", "source", "upstream")
        .await
    {
        2 => Ok(()),
        arrived => Err(format!("{arrived} arrived")),
    };
    all.eventually("the hospital gets it from its region and from the health CSIRT", both).await;
    // Both have been worked on once the durables have nothing unacknowledged.
    for upstream in ["eu-fr-bre", "eu-fr-sante"] {
        let settled = async || {
            let durable = all.durable(upstream, "BOARD", &format!("child-{HOSPITAL}")).await;
            let open = durable.num_pending + durable.num_ack_pending as u64;
            if open == 0 { Ok(()) } else { Err(format!("{open} open at {upstream}")) }
        };
        all.eventually("both copies are settled", settled).await;
    }
    let board = all.subjects(HOSPITAL, "BOARD").await;
    assert_eq!(board.len(), 1, "{board:?}");
    assert!(board[0].ends_with(&id.to_string()));
    assert_eq!(all.metric(HOSPITAL, "notices_placed_total", "place", "board").await, 1);
    assert_eq!(all.subjects(HOSPITAL, "QUARANTINE").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_climbs_and_its_answer_comes_back_down() {
    let all = all().await;
    let fed = &all.rendered.fed;
    let report = escalation(fed, HOSPITAL, "eu-fr", b"ransomware");
    let report = all.publish(&report, b"ransomware".to_vec()).await;
    for node in [HOSPITAL, "eu-fr-bre", "eu-fr"] {
        let subject = all.holds(node, "CASES", &report.to_string()).await;
        assert!(subject.starts_with("chappe.cases.eu.fr.bre.health.amber.critical."), "{subject}");
        assert_eq!(all.stored(node, "CASES", &subject).await.body, b"ransomware");
    }
    for by in ["eu-fr-bre", "eu-fr"] {
        all.holds(HOSPITAL, "RECEIPTS", &format!("chappe.receipts.{report}.{by}")).await;
    }
    let answer = response(fed, "eu-fr", HOSPITAL, report, b"we are coming");
    let answer = all.publish(&answer, b"we are coming".to_vec()).await;
    for node in ["eu-fr", "eu-fr-bre", HOSPITAL] {
        all.holds(node, "CASES", &answer.to_string()).await;
    }
    for outside in ["eu", "eu-fr-sante", "eu-fr-nor", "eu-fr-bre-townhall1"] {
        assert_eq!(all.subjects(outside, "CASES").await, Vec::<String>::new(), "{outside}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_receipts_of_regions_come_back_to_the_issuer() {
    let all = all().await;
    let statement = advisory(&all.rendered.fed, "eu", "scope:eu.fr.all.all", b"{}");
    let id = all.publish(&statement, b"{}".to_vec()).await;
    for by in ["eu", "eu-fr", "eu-fr-bre", "eu-fr-nor", "eu-fr-sante"] {
        all.holds("eu", "RECEIPTS", &format!("chappe.receipts.{id}.{by}")).await;
    }
    // An entity's word ends at the node that serves it.
    let townhall = format!("chappe.receipts.{id}.eu-fr-bre-townhall1");
    all.holds("eu-fr-bre", "RECEIPTS", &townhall).await;
    assert!(!all.subjects("eu", "RECEIPTS").await.contains(&townhall));
}
