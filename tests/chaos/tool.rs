//! The real `chappe publish`, killed at random moments and run again until it says that it is
//! done: however often, each document is published once.

use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use tokio::time::Instant;

use crate::random::Seeded;
use crate::support::Federation;

pub const NODE: &str = "eu-fr-nor";
/// Documents are called `TOOL-1` and so on.
pub const PREFIX: &str = "TOOL-";
const PATIENCE: Duration = Duration::from_secs(180);

/// How often it was killed.
pub async fn publish(all: &Federation, mut dice: Seeded, count: usize, window: Duration) -> usize {
    let mut kills = 0;
    let begun = Instant::now();
    for number in 1..=count {
        let due = window * u32::try_from(number).expect("few") / u32::try_from(count).expect("few");
        tokio::time::sleep_until(begun + due.mul_f64(0.8)).await;
        let file = all.node(NODE).folder.join(format!("{PREFIX}{number}.txt"));
        std::fs::write(&file, format!("document {number}")).expect("written");
        for _ in 0..1 + dice.below(3) {
            let mut child = command(all, number).spawn().expect("runs");
            tokio::time::sleep(Duration::from_millis(dice.below(600) as u64)).await;
            child.kill().expect("killed");
            kills += usize::from(!child.wait().expect("ended").success());
        }
        done(all, number).await;
    }
    kills
}

/// One more command: it sends what an earlier one had to leave in the spool.
pub async fn drain(all: &Federation, last: usize) {
    let (status, said) = run(all, last).await;
    assert!(matches!(status.code(), Some(0 | 1)), "{PREFIX}{last}: {status}: {said}");
}

async fn done(all: &Federation, number: usize) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (status, said) = run(all, number).await;
        match status.code() {
            Some(0) => return,
            // Its server or relay is away.
            Some(1) => {}
            _ => panic!("{PREFIX}{number}: {status}: {said}"),
        }
        assert!(Instant::now() < deadline, "{PREFIX}{number} is not published: {said}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn run(all: &Federation, number: usize) -> (ExitStatus, String) {
    let mut command = tokio::process::Command::from(command(all, number));
    let output = command.stderr(Stdio::piped()).output().await.expect("runs");
    (output.status, String::from_utf8_lossy(&output.stderr).into_owned())
}

fn command(all: &Federation, number: usize) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chappe"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CHAPPE_")) {
        command.env_remove(name);
    }
    let folder = &all.node(NODE).folder;
    let reference = format!("{PREFIX}{number}");
    command.arg("publish").arg(folder.join(format!("{reference}.txt")));
    command.arg("--config").arg(folder.join("tool.toml"));
    command.args(["--to", "eu.fr.nor", "--tlp", "GREEN", "--severity", "high"]);
    command.args(["--ref", &reference, "--title", &reference, "--lang", "en"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}
