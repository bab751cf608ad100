//! Two relays of one node: one is at work, the other stands by and takes over, whatever became of
//! the first. Nothing is lost by that, and nothing is there twice.

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::*;
use chappe::bus::free_port;

const PAIR: &str = "eu-fr-bre";
/// Longer than a relay's word that it is at work lasts.
const LONG: Duration = Duration::from_secs(40);

/// One more relay of [`PAIR`], killed when dropped.
struct Relay {
    process: Child,
    console: String,
}

impl Relay {
    fn start(all: &Federation) -> Self {
        let address = format!("127.0.0.1:{}", free_port().expect("a port"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_chappe"));
        command.arg("relay").arg("--config").arg(all.node(PAIR).folder.join("relay.toml"));
        command.env("CHAPPE_CONSOLE_LISTEN", &address);
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self { process: quiet.spawn().expect("runs"), console: address }
    }

    /// Whether it stands by; an error says what `chappe status` says instead.
    fn stands_by(&self, wanted: bool) -> Result<(), String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chappe"));
        let done = command.args(["status", "--console", &self.console]).output().expect("runs");
        let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        let at_work = said.contains("folded") && !said.contains("standby");
        let is = if wanted { said.contains("standby") } else { at_work && done.status.success() };
        if is { Ok(()) } else { Err(said) }
    }

    fn signal(&self, word: &str) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args([word, &pid]).status().expect("runs").success());
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn stands_by(all: &Federation, relay: &Relay, wanted: bool) {
    let what = if wanted { "it stands by" } else { "it is at work" };
    all.within(LONG, what, async || relay.stands_by(wanted)).await;
}

async fn publish(all: &Federation, count: usize, sent: &mut BTreeSet<String>) {
    for _ in 0..count {
        let advisory = advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.all.health", b"{}");
        sent.insert(all.publish(&advisory, b"{}".to_vec()).await.to_string());
    }
}

async fn arrives(all: &Federation, sent: &BTreeSet<String>) {
    for node in [PAIR, "eu-fr-bre-hospital1"] {
        let all_there = async || {
            let found = all.board(node).await;
            if found == *sent { Ok(()) } else { Err(format!("{} of {}", found.len(), sent.len())) }
        };
        all.within(LONG, &format!("everything is on the board of {node}"), all_there).await;
        assert_eq!(all.subjects(node, "BOARD").await.len(), all.board(node).await.len());
    }
}

#[tokio::test]
async fn a_second_relay_stands_by_and_takes_over_when_the_first_is_killed_or_ends() {
    let all = Federation::start(SMALL).await;
    let second = Relay::start(&all);
    stands_by(&all, &second, true).await;
    let mut sent = BTreeSet::new();
    publish(&all, 10, &mut sent).await;
    arrives(&all, &sent).await;
    all.kill_relay(PAIR);
    publish(&all, 10, &mut sent).await;
    stands_by(&all, &second, false).await;
    arrives(&all, &sent).await;
    // It comes back as the second of the two, and is at work as soon as the other ends well.
    all.start_relay(PAIR);
    all.ready(PAIR).await;
    assert!(all.page(PAIR, "/readyz").await.contains("standby"));
    second.signal("-TERM");
    publish(&all, 10, &mut sent).await;
    let at_work = async || {
        let page = all.page(PAIR, "/metrics").await;
        if page.contains("chappe_relay_at_work{node=\"eu-fr-bre\"} 1") { Ok(()) } else { Err(page) }
    };
    all.eventually("the first is at work again", at_work).await;
    arrives(&all, &sent).await;
}

#[tokio::test]
async fn a_relay_that_was_frozen_while_another_took_over_stands_by_when_it_wakes() {
    let all = Federation::start(SMALL).await;
    assert!(all.stop_relay(PAIR).await);
    let mut frozen = Relay::start(&all);
    stands_by(&all, &frozen, false).await;
    let second = Relay::start(&all);
    stands_by(&all, &second, true).await;
    let mut sent = BTreeSet::new();
    publish(&all, 5, &mut sent).await;
    frozen.signal("-STOP");
    publish(&all, 10, &mut sent).await;
    stands_by(&all, &second, false).await;
    frozen.signal("-CONT");
    publish(&all, 5, &mut sent).await;
    stands_by(&all, &frozen, true).await;
    arrives(&all, &sent).await;
    // What it remembered is old: it reads all anew when it is its turn.
    second.signal("-TERM");
    stands_by(&all, &frozen, false).await;
    publish(&all, 5, &mut sent).await;
    arrives(&all, &sent).await;
    assert_eq!(frozen.process.try_wait().expect("asked"), None, "nobody had to start it again");
}

#[tokio::test]
async fn a_relay_alone_goes_on_after_its_own_word_has_run_out_and_is_back_at_once_after_a_kill() {
    let all = Federation::start(SMALL).await;
    let mut sent = BTreeSet::new();
    all.kill_server();
    // The word that it is at work runs out meanwhile.
    tokio::time::sleep(Duration::from_secs(14)).await;
    all.start_server().await;
    all.all_ready().await;
    publish(&all, 5, &mut sent).await;
    arrives(&all, &sent).await;
    all.kill_relay(PAIR);
    let killed = chappe::time::Stopwatch::start();
    all.start_relay(PAIR);
    all.ready(PAIR).await;
    let seconds = killed.elapsed().as_secs_f64();
    println!("ready {seconds:.1} s after the start");
    assert!(seconds < 9.0, "it waited for its own last word: {seconds} s");
    publish(&all, 5, &mut sent).await;
    arrives(&all, &sent).await;
}
