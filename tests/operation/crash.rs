//! Relays and the server die at random moments, again and again: nothing is lost, nothing is there
//! twice. `TEST_SEED` repeats a run.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::*;
use chappe::address::{self, REAL, Role};
use chappe::bus::Bus;
use chappe::notice::{Id, NodeId, Statement};

const NOTICES: usize = 60;
const KILLS: usize = 10;
const HOSPITAL: &str = "eu-fr-bre-hospital1";
/// Who gets all of them, and may die.
const FRENCH: [&str; 5] = ["eu-fr", "eu-fr-bre", "eu-fr-nor", "eu-fr-sante", HOSPITAL];

/// Repeatable, and nothing else.
struct Dice(u64);

impl Dice {
    fn new() -> Self {
        let chosen = std::env::var("TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = chosen.unwrap_or_else(|| chappe::time::now().millis());
        println!("TEST_SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % bound
    }
}

/// Sends until it is known to be stored, as a publisher's tool does: sending again is safe.
async fn send(all: &Federation, bus: &Bus, publisher: &str, statement: &Statement) -> Id {
    let wire = all.issue(statement, b"{}".to_vec());
    let subject = address::local_intake(REAL, publisher, wire.id());
    let stored = async || {
        let placed = bus.place(&subject, &wire.headers(), wire.body.clone(), None).await;
        placed.map_err(|error| error.to_string())
    };
    all.within(PATIENCE * 2, "a publisher's notice is taken", stored).await;
    wire.id()
}

struct Sent {
    advisories: BTreeSet<String>,
    reports: BTreeSet<String>,
}

/// Every sixth is a hospital's report, so that what climbs is put to the same test.
async fn send_all(all: &Federation, count: usize, pause: Duration) -> Sent {
    let (web, er) = (all.publisher("eu-fr"), all.publisher(HOSPITAL));
    let france = all.connect("eu-fr", Role::Publisher(web.clone())).await;
    let hospital = all.connect(HOSPITAL, Role::Publisher(er.clone())).await;
    let fed = &all.rendered.fed;
    let mut sent = Sent { advisories: BTreeSet::new(), reports: BTreeSet::new() };
    for number in 0..count {
        if number % 6 == 5 {
            let report = escalation(fed, HOSPITAL, "eu-fr", b"{}");
            sent.reports.insert(send(all, &hospital, &er, &report).await.to_string());
        } else {
            let advisory = advisory(fed, "eu-fr", "scope:eu.fr.all.health", b"{}");
            sent.advisories.insert(send(all, &france, &web, &advisory).await.to_string());
        }
        tokio::time::sleep(pause).await;
    }
    sent
}

async fn kill_at_random(all: &Federation, dice: &mut Dice) {
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(50 + dice.below(500))).await;
        let down = Duration::from_millis(dice.below(300));
        // The server twice as often as each relay.
        match FRENCH.get(usize::try_from(dice.below(7)).expect("small")) {
            Some(node) => {
                all.kill_relay(node);
                tokio::time::sleep(down).await;
                all.start_relay(node);
            }
            None => {
                all.kill_server();
                tokio::time::sleep(down).await;
                all.start_server().await;
            }
        }
    }
}

fn ids(subjects: &[String], part: &str) -> Vec<String> {
    let of_part = subjects.iter().filter(|subject| subject.contains(part));
    of_part.filter_map(|subject| subject.rsplit('.').next()).map(str::to_owned).collect()
}

/// Waits until a stream has exactly these, each once.
async fn has_exactly(all: &Federation, node: &str, stream: &str, expected: &BTreeSet<String>) {
    let part = if stream == "BOARD" { ".board." } else { ".cases." };
    let exact = async || {
        let found = ids(&all.subjects(node, stream).await, part);
        let set: BTreeSet<String> = found.iter().cloned().collect();
        let missing: Vec<_> = expected.difference(&set).collect();
        let foreign: Vec<_> = set.difference(expected).collect();
        assert!(foreign.is_empty(), "{node} has what nobody sent: {foreign:?}");
        assert_eq!(set.len(), found.len(), "{node} has some twice");
        if missing.is_empty() { Ok(()) } else { Err(format!("missing: {missing:?}")) }
    };
    let what = format!("{stream} of {node} has all {}", expected.len());
    all.within(PATIENCE * 3, &what, exact).await;
}

async fn nothing_waits(all: &Federation, node: &NodeId) {
    let hood = &all.node(node.as_str()).hood;
    let mut streams: Vec<String> =
        hood.intakes().iter().filter_map(address::intake_stream).collect();
    streams.extend(["OUTBOX", "HELD", "QUARANTINE"].map(str::to_owned));
    for stream in streams {
        let empty = async || {
            let there = all.subjects(node.as_str(), &stream).await;
            if there.is_empty() { Ok(()) } else { Err(format!("{there:?}")) }
        };
        let what = format!("{stream} of {node} is empty");
        all.within(PATIENCE * 3, &what, empty).await;
    }
}

async fn all_arrived(all: &Federation, sent: &Sent) {
    for node in FRENCH {
        has_exactly(all, node, "BOARD", &sent.advisories).await;
    }
    for node in [HOSPITAL, "eu-fr-bre", "eu-fr"] {
        has_exactly(all, node, "CASES", &sent.reports).await;
    }
    for node in all.nodes() {
        nothing_waits(all, node).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_moments_nothing_is_lost_and_nothing_doubled() {
    let mut dice = Dice::new();
    let all = Federation::start(LISTENERS).await;
    let pause = Duration::from_millis(40);
    let (sent, ()) = tokio::join!(send_all(&all, NOTICES, pause), kill_at_random(&all, &mut dice));
    assert_eq!(sent.advisories.len() + sent.reports.len(), NOTICES);
    all_arrived(&all, &sent).await;
    all.all_ready().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_is_told_to_end_finishes_what_it_has_in_hand() {
    let all = Federation::start(LISTENERS).await;
    let stop = async {
        for node in ["eu-fr", "eu-fr-bre"] {
            tokio::time::sleep(Duration::from_millis(150)).await;
            assert!(all.stop_relay(node).await, "{node} ends well");
        }
        for node in ["eu-fr", "eu-fr-bre"] {
            all.start_relay(node);
            all.ready(node).await;
        }
    };
    let (sent, ()) = tokio::join!(send_all(&all, 24, Duration::ZERO), stop);
    all_arrived(&all, &sent).await;
}
