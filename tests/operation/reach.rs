//! Updates, closings and withdrawals reach all who could have got the original, also after a bundle
//! or a rule has changed under running relays; and nobody else. On the real server.

use crate::support::*;
use chappe::jws::PublicKey;
use chappe::notice::{Id, Kind, Statement};
use chappe::trust::{Bundle, Revocation, Usage, Why};

const BRE: &str = "eu-fr-bre";
const TOWNHALL: &str = "eu-fr-bre-townhall1";
const HOSPITAL: &str = "eu-fr-bre-hospital1";
const STRANGERS: [&str; 4] = ["eu-fr-nor", "eu-fr-nor-townhall1", "eu-fr-sante", "eu-be"];

fn narrow(b: &mut Bundle) {
    let entry = b.nodes.iter_mut().find(|n| n.id.as_str() == BRE).expect("introduced");
    entry.constituency = vec!["eu.fr.bre.health".parse().expect("a scope")];
}

/// For Brittany's town halls, and none of health's.
fn local(all: &Federation) -> Statement {
    advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.bre.public-administration", b"{}")
}

fn update(of: &Statement, re: Id) -> Statement {
    let mut next = Statement { re: Some(re), iat: of.iat + 1, ..of.clone() };
    next.doc.as_mut().expect("a document").revision += 1;
    next
}

fn ending(kind: Kind, of: &Statement, re: Id) -> Statement {
    let (title, body) = ("No more".to_owned(), describe(b""));
    Statement { kind, re: Some(re), title, body, ..of.clone() }
}

async fn nobody_else_has(all: &Federation, ids: &[Id]) {
    for node in STRANGERS {
        let mut found = Vec::new();
        for stream in ["BOARD", "INBOX", "CASES", "HELD", "RECEIPTS", "QUARANTINE", "BEATS"] {
            found.extend(all.subjects(node, stream).await);
        }
        for id in ids {
            assert!(!found.iter().any(|s| s.contains(&id.to_string())), "{node} has {id}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_narrowed_child_hears_the_end_of_what_it_holds_and_of_nothing_newer() {
    let all = Federation::start(SMALL).await;
    let [first, second, third] = std::array::from_fn(|_| local(&all));
    let mut ids = Vec::new();
    for statement in [&first, &second, &third] {
        ids.push(all.publish(statement, b"{}".to_vec()).await);
    }
    for id in &ids {
        all.stands(&[BRE, TOWNHALL], *id, "in force").await;
    }
    // One withdrawal is on the board, not fetched yet, when the link is narrowed.
    assert!(all.stop_relay(BRE).await);
    let early = all.publish(&ending(Kind::Withdrawal, &first, ids[0]), Vec::new()).await;
    all.on_board("eu-fr", early).await;
    all.hand_over("eu-fr", &all.later("eu-fr", 2, narrow)).await;
    all.trusts("eu-fr", "bundle.eu-fr.2").await;
    let next = update(&second, ids[1]);
    let next_id = all.publish(&next, b"{}".to_vec()).await;
    let closing = all.publish(&ending(Kind::Closing, &third, ids[2]), Vec::new()).await;
    let newer = local(&all);
    let newer_id = all.publish(&newer, b"{}".to_vec()).await;
    let newer_end = all.publish(&ending(Kind::Withdrawal, &newer, newer_id), Vec::new()).await;
    all.on_board("eu-fr", newer_end).await;
    all.start_relay(BRE);
    for (id, standing) in
        [(ids[0], "withdrawn"), (ids[1], "superseded"), (ids[2], "closed"), (next_id, "in force")]
    {
        all.stands(&[BRE, TOWNHALL], id, standing).await;
    }
    // Its word on them reaches the issuer.
    for id in [early, next_id, closing] {
        all.holds("eu-fr", "RECEIPTS", &format!("{id}.{BRE}")).await;
    }
    for node in [BRE, TOWNHALL] {
        let board = all.board(node).await;
        assert!(!board.contains(&newer_id.to_string()), "{node}");
        assert!(!board.contains(&newer_end.to_string()), "{node}");
    }
    for node in ["eu-fr", BRE, TOWNHALL] {
        assert_eq!(all.subjects(node, "QUARANTINE").await, Vec::<String>::new(), "{node}");
    }
    nobody_else_has(&all, &[early, next_id, closing, newer_id, newer_end]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_rule_holds_back_nothing_of_what_is_here() {
    let all = Federation::start(SMALL).await;
    let [first, second] = std::array::from_fn(|_| local(&all));
    let id = all.publish(&first, b"{}".to_vec()).await;
    let other = all.publish(&second, b"{}".to_vec()).await;
    all.stands(&[BRE, TOWNHALL], id, "in force").await;
    all.stands(&[BRE, TOWNHALL], other, "in force").await;
    for node in [BRE, TOWNHALL] {
        let config = all.node(node).folder.join("relay.toml");
        let text = std::fs::read_to_string(&config).expect("a configuration");
        let strict = text.replacen("then = \"accept\"", "then = \"filter\"", 1);
        assert_ne!(text, strict, "{node}");
        std::fs::write(&config, strict).expect("written");
        assert!(all.stop_relay(node).await);
        all.start_relay(node);
        all.ready(node).await;
    }
    let filtered = all.publish(&local(&all), b"{}".to_vec()).await;
    all.holds("eu-fr", "RECEIPTS", &format!("{filtered}.{BRE}")).await;
    assert!(!all.board(BRE).await.contains(&filtered.to_string()), "the rule is in force");
    let next = update(&first, id);
    let next_id = all.publish(&next, b"{}".to_vec()).await;
    all.stands(&[BRE, TOWNHALL], next_id, "in force").await;
    all.publish(&ending(Kind::Closing, &second, other), Vec::new()).await;
    all.stands(&[BRE, TOWNHALL], other, "closed").await;
    all.publish(&ending(Kind::Withdrawal, &next, next_id), Vec::new()).await;
    all.stands(&[BRE, TOWNHALL], next_id, "withdrawn").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_that_no_longer_verifies_on_its_way_up_is_no_more_said_to_climb() {
    let all = Federation::start(SMALL).await;
    // It waits in the region's outbox: the State's intake takes nothing.
    all.resize("eu-fr", "INTAKE_CHILD_eu-fr-bre", 1).await;
    let report = escalation(&all.rendered.fed, HOSPITAL, "eu-fr", b"{}");
    let id = all.publish(&report, b"{}".to_vec()).await;
    all.holds(BRE, "OUTBOX", &id.to_string()).await;
    all.knows(HOSPITAL, id, BRE, "climbs").await;
    let revoked = all.later(HOSPITAL, 2, |b| {
        let key = b.keys.iter().find(|key| key.usage == Usage::Issue).expect("a key");
        let kid = PublicKey::from_jwk(&key.jwk).expect("a key").id().to_string();
        let at = chappe::time::now().secs() - 3600;
        b.revoked.push(Revocation { kid, at, why: Why::Ceased, good: None });
    });
    all.hand_over(BRE, &revoked).await;
    all.knows(BRE, id, BRE, "refused").await;
    all.knows(HOSPITAL, id, BRE, "refused").await;
    assert!(!all.subjects("eu-fr", "CASES").await.iter().any(|s| s.ends_with(&id.to_string())));
}
