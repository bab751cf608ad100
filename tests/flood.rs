//! A child that floods its parent: what it may make the parent keep, and for how long.

// A test that panics has failed.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use chappe::address::{self, Role};
use chappe::jws::{self, Typ};
use chappe::notice::{Id, Receipt, Time};
use support::*;

const REGION: &str = "eu-fr-bre";

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
    let notice = advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.bre.all", b"{}");
    let notice = all.publish(&notice, b"{}".to_vec()).await;
    let said = async |by: &str| all.holds("eu-fr", "RECEIPTS", &format!(".{notice}.{by}")).await;
    let (first, ..) = (said(REGION).await, said("eu-fr").await, said("eu-fr-sante").await);
    let before = all.stream_state("eu-fr", "RECEIPTS").await.last_sequence;
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
    let after = async || match all.message("eu-fr", "RECEIPTS", &first).await.sequence {
        sequence if sequence > before => Ok(sequence),
        same => Err(format!("{same}")),
    };
    assert_eq!(all.eventually("another word is kept", after).await, before + 1);
}
