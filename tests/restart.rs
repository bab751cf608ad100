//! How long a relay needs to be back with a full board. `CHAPPE_BOARD=100000 cargo test --release
//! --test restart -- --nocapture` is the size of a national CERT's; the suite, unoptimised and on
//! a busy machine, takes a fiftieth.

// A test that panics has failed.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use std::process::Command;
use std::time::Duration;

use chappe::address::{self, Place, Role};
use chappe::jws::Typ;
use chappe::notice::{Hop, Id, Outcome, Receipt, Statement, Wire};
use support::*;

const AT: &str = "eu-fr";
/// Placed at the same time; each waits for its acknowledgement.
const AT_ONCE: usize = 256;
/// What the board of a national CERT may have.
const LIMIT: Duration = Duration::from_secs(4);

/// As CERT-FR's own relay has placed it, with its subject; and its word on it.
fn placed(all: &Federation, number: usize) -> ((String, Wire), (String, String)) {
    let body = number.to_string().into_bytes();
    let fresh = advisory(&all.rendered.fed, AT, "scope:eu.fr.all.health", &body);
    let statement = Statement { title: format!("Notice {number}"), ..fresh };
    let mut wire = all.issue(&statement, body);
    let (st, by) = (wire.id(), statement.iss.clone());
    let hop = Hop { st, prev: st, by: by.clone(), at: statement.issued() };
    let key = all.key(AT, "relay");
    wire.hops.push(chappe::jws::sign(&key, Typ::Hop, &hop).expect("signed"));
    let (fed, outcome, at) = (statement.fed.clone(), Outcome::Delivered, hop.at);
    let word = Receipt { fed, of: st, by, outcome, reason: None, to: None, counts: None, at };
    let said = chappe::jws::sign(&key, Typ::Receipt, &word).expect("signed");
    let place = (address::subject(&Place::Board, &statement, st), wire);
    (place, (address::receipt(address::REAL, st, &word.by), said))
}

async fn fill(all: &Federation, count: usize) -> Id {
    let bus = all.connect(AT, Role::Relay).await;
    let (mut tasks, mut last) = (tokio::task::JoinSet::new(), Id::of(b""));
    for number in 0..count {
        let ((subject, wire), (about, word)) = placed(all, number);
        last = wire.id();
        let bus = bus.clone();
        tasks.spawn(async move {
            let (headers, body) = (wire.headers(), wire.body);
            bus.place(&subject, &headers, body, None).await.expect("placed");
            bus.put_latest(&about, word.into_bytes()).await.expect("said");
        });
        if tasks.len() >= AT_ONCE {
            tasks.join_next().await.expect("one").expect("placed");
        }
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("placed");
    }
    last
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_is_back_in_seconds_with_a_full_board() {
    let asked = std::env::var("CHAPPE_BOARD").ok();
    let count = asked.map_or(2_000, |count| count.parse().expect("a number"));
    let all = Federation::provisioned(SMALL).await;
    let last = fill(&all, count).await;
    let started = chappe::time::Stopwatch::start();
    all.start_relay(AT);
    let ready = async || {
        let page = all.page(AT, "/readyz").await;
        if page.contains("\"folded\":true") { Ok(()) } else { Err(page) }
    };
    all.alive(AT).await;
    all.within(Duration::from_secs(120), "its state is folded", ready).await;
    let took = started.elapsed();
    println!("{count} notices: at work after {took:.1?}");
    assert!(took < LIMIT, "{took:?} for {count} notices");
    let mut show = Command::new(env!("CARGO_BIN_EXE_chappe"));
    show.args(["show", &last.to_string(), "-c"]).arg(all.node(AT).folder.join("desk.toml"));
    show.env_remove("CHAPPE_BOARD");
    let shown = show.output().expect("runs");
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("in force"), "it knows what it holds: {shown}");
}
