//! A child that floods its parent: what it may make the parent keep, and for how long.

use crate::support::*;
use chappe::address::{self, Role};
use chappe::jws::{self, Typ};
use chappe::notice::{Id, Receipt, Time};

const REGION: &str = "eu-fr-bre";
const TOWN: &str = "eu.fr.bre.public-administration";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_refused_notices_fills_no_board() {
    const FLOOD: usize = 400;
    let all = Federation::start(SMALL).await;
    let child = Role::Link(REGION.parse().expect("a node id"));
    let raw = all.raw("eu-fr", child).await;
    for number in 0..FLOOD {
        let mut headers = async_nats::HeaderMap::new();
        headers.insert("Chappe-Notice", format!("nonsense {number}").as_str());
        let id = Id::of(&number.to_be_bytes());
        let subject = address::child_intake(address::REAL, &all.node(REGION).id, id);
        raw.client.publish_with_headers(subject, headers, "{}".into()).await.expect("sent");
    }
    raw.client.flush().await.expect("flushed");
    let refused = async || match all.subjects("eu-fr", "QUARANTINE").await.len() {
        FLOOD => Ok(()),
        other => Err(format!("{other} in quarantine")),
    };
    all.eventually("every one is in quarantine", refused).await;
    let board = all.subjects("eu-fr", "BOARD").await;
    // 120 a minute, and a minute may have ended on the way.
    assert!((120..=240).contains(&board.len()), "{} receipts on the board", board.len());
    let kept = all.header_names("eu-fr", "BOARD", &board[0]).await;
    assert!(kept.contains(&"Nats-TTL".to_owned()), "a receipt stays for ever: {kept:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_word_again_goes_no_further() {
    let all = Federation::start(SMALL).await;
    let notice = advisory(&all.rendered.fed, "eu", "scope:eu.fr.bre.all", b"{}");
    let notice = all.publish(&notice, b"{}".to_vec()).await;
    let said = async |by: &str| all.holds("eu", "RECEIPTS", &format!(".{notice}.{by}")).await;
    let (first, ..) = (said(REGION).await, said("eu-fr").await, said("eu-fr-sante").await);
    // Their own counts would be words too.
    all.kill_relay(REGION);
    all.kill_relay("eu-fr-sante");
    let before = all.stream_state("eu-fr", "OUTBOX").await.last_sequence;
    let at_first = all.message("eu", "RECEIPTS", &first).await.sequence;
    let child = all.connect("eu-fr", Role::Link(all.node(REGION).id.clone())).await;
    let now = chappe::time::now();
    let say = async |outcome: &str, later: u64| {
        let receipt = serde_json::json!({"fed": all.rendered.fed, "of": notice, "by": REGION,
            "outcome": outcome, "at": Time::from_millis(now.millis() + later)});
        let receipt: Receipt = serde_json::from_value(receipt).expect("a receipt");
        let jws = jws::sign(&all.key(REGION, "relay"), Typ::Receipt, &receipt).expect("signed");
        let id = Id::of(jws.as_bytes());
        let subject = address::child_intake(address::REAL, &all.node(REGION).id, id);
        child.place(&subject, &[], jws.into_bytes(), None).await.expect("sent");
    };
    for later in 1..20 {
        say("delivered", later).await;
    }
    say("read", 20).await;
    let after = async || match all.message("eu", "RECEIPTS", &first).await.sequence {
        sequence if sequence > at_first => Ok(()),
        same => Err(format!("{same}")),
    };
    all.eventually("another word goes on", after).await;
    let after = all.stream_state("eu-fr", "OUTBOX").await.last_sequence;
    assert_eq!(after, before + 1);
}

/// A report as its node's own publisher sends it, over one connection for all of them.
struct Reporter<'f> {
    all: &'f Federation,
    node: &'static str,
    scope: &'static str,
    bus: chappe::bus::Bus,
    publisher: String,
}

impl<'f> Reporter<'f> {
    async fn of(all: &'f Federation, node: &'static str, scope: &'static str) -> Self {
        let publisher = all.publisher(node);
        let bus = all.connect(node, Role::Publisher(publisher.clone())).await;
        Self { all, node, scope, bus, publisher }
    }

    async fn report(&self) -> Id {
        let fed = &self.all.rendered.fed;
        let report = escalation_in(self.scope, fed, self.node, "eu-fr", b"{}");
        let wire = self.all.issue(&report, b"{}".to_vec());
        let subject = address::local_intake(address::REAL, &self.publisher, wire.id());
        let placed = self.bus.place(&subject, &wire.headers(), wire.body.clone(), None).await;
        placed.expect("sent");
        wire.id()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_from_one_child_does_not_delay_anothers_critical_report() {
    const FLOOD: usize = 300;
    const GATHERED: usize = 240;
    let all = Federation::start(SMALL).await;
    let top = "eu-fr";
    // While the top is away, the flood gathers in the outbox of the region.
    all.kill_relay(top);
    let townhall = Reporter::of(&all, "eu-fr-bre-townhall1", TOWN).await;
    for _ in 0..FLOOD {
        townhall.report().await;
    }
    let gathered = async || {
        let cases = all.stream_state(REGION, "CASES").await.messages;
        if cases >= GATHERED as u64 { Ok(()) } else { Err(format!("{cases} cases")) }
    };
    let long = std::time::Duration::from_secs(240);
    all.within(long, "the flood has come to the region", gathered).await;
    all.start_relay(top);
    all.alive(top).await;
    let hospital = Reporter::of(&all, "eu-fr-bre-hospital1", "eu.fr.bre.health").await;
    let critical = hospital.report().await;
    let before = async || {
        let cases = all.subjects(top, "CASES").await;
        let there = cases.iter().any(|subject| subject.ends_with(&critical.to_string()));
        if there { Ok(cases.len()) } else { Err(format!("{} others are there", cases.len())) }
    };
    let before = all.within(long, "the other child's report is at the top", before).await;
    assert!(before < GATHERED * 4 / 5, "it came behind {before} of {GATHERED} and more");
    println!("{before} of {GATHERED} and more came before it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_word_on_a_notice_that_its_node_does_not_know_yet_is_kept() {
    let all = Federation::start(SMALL).await;
    assert!(all.stop_relay(REGION).await, "the word is ours");
    let statement = advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.bre.all", b"{}");
    let wire = all.issue(&statement, b"{}".to_vec());
    let child = all.connect("eu-fr", Role::Link(all.node(REGION).id.clone())).await;
    let receipt = serde_json::json!({"fed": all.rendered.fed, "of": wire.id(), "by": REGION,
        "outcome": "delivered", "at": chappe::time::now()});
    let receipt: Receipt = serde_json::from_value(receipt).expect("a receipt");
    let jws = jws::sign(&all.key(REGION, "relay"), Typ::Receipt, &receipt).expect("signed");
    let id = Id::of(jws.as_bytes());
    let subject = address::child_intake(address::REAL, &all.node(REGION).id, id);
    child.place(&subject, &[], jws.into_bytes(), None).await.expect("sent");
    let looked = async || match all.durable("eu-fr", "INTAKE_CHILD_eu-fr-bre", "relay").await {
        info if info.delivered.consumer_sequence > 1 => Ok(()),
        info => Err(format!("{info:?}")),
    };
    all.eventually("France has looked at it, and again", looked).await;
    all.send(&statement, &wire).await;
    all.holds("eu-fr", "RECEIPTS", &format!(".{}.{REGION}", wire.id())).await;
}
