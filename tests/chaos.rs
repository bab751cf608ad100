//! Organisations that die, freeze, lose their links and fill their disks while they publish: in the
//! end the account is exact. Real servers and relays, each organisation with its own.
//!
//! `CHAPPE_SEED=N` repeats a schedule, `CHAPPE_CHAOS=N` plays N times as long. What is played is
//! printed first; on failure, what was played and how the account differs.

// A test that panics has failed.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, unreachable_pub)]

#[path = "chaos/account.rs"]
mod account;
#[path = "chaos/disk.rs"]
mod disk;
#[path = "chaos/links.rs"]
mod links;
#[path = "chaos/oracle.rs"]
mod oracle;
#[path = "chaos/plan.rs"]
mod plan;
mod random;
mod support;
#[path = "chaos/tool.rs"]
mod tool;
#[path = "chaos/traffic.rs"]
mod traffic;
#[path = "chaos/world.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use account::{Found, look};
use plan::Fault;
use random::Seeded;
use serde_json::Value;
use tokio::time::Instant;
use traffic::{PUBLISHERS, Sent};
use world::World;

const NOTICES: usize = 2_100;
const FAULTS: usize = 40;
const TOOLS: usize = 8;
const WINDOW: Duration = Duration::from_secs(34);
/// From the last repair until the account is exact: what was in a dead relay's hand comes again
/// after 30 s, what found a server away or full after a minute at most.
const HEALS: Duration = Duration::from_secs(240);

/// How many times as much as in CI.
fn times() -> usize {
    let chosen = std::env::var("CHAPPE_CHAOS").ok();
    chosen.map_or(1, |text| text.parse().expect("CHAPPE_CHAOS is a number above 0")).max(1)
}

fn seed() -> u64 {
    match std::env::var("CHAPPE_SEED") {
        Ok(seed) => seed.parse().expect("CHAPPE_SEED is a number"),
        Err(_) => chappe::time::now().millis(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_chaos_the_account_is_exact() {
    let (seed, times) = (seed(), times());
    println!("CHAPPE_SEED={seed} CHAPPE_CHAOS={times}");
    let mut dice = Seeded::new(seed);
    let seats = oracle::seats(&std::fs::read_to_string(world::TOPOLOGY).expect("a topology"));
    let small = seats[dice.below(seats.len())].id.clone();
    let begun = Instant::now();
    let world = World::start(&small).await;
    let window = WINDOW * u32::try_from(times).expect("few");
    let faults = plan::draw(&mut dice, &world.targets(), FAULTS * times, window);
    for fault in &faults {
        println!("{fault}");
    }
    let up = begun.elapsed();
    let sent = Sent::default();
    let (played, kills) =
        tokio::join!(play(&world, &faults), publish(&world, &sent, &mut dice, times, window));
    let broken = begun.elapsed() - up;
    let found = settle(&world, &seats, &sent, &played).await;
    let healed = begun.elapsed() - up - broken;
    println!(
        "{} notices, {} deliveries; {} faults, {kills} publishers killed; up {up:.1?}, chaos \
         {broken:.1?}, exact after {healed:.1?}",
        sent.notices.lock().expect("notices").len() + TOOLS * times,
        found.count(),
        played.len(),
    );
    assert!(played.len() >= 30 * times, "only {} faults", played.len());
}

/// Plays every fault at its time; of one target one after the other. What was really played.
async fn play(world: &World, faults: &[Fault]) -> Vec<String> {
    let mut lanes: BTreeMap<&str, Vec<&Fault>> = BTreeMap::new();
    for fault in faults {
        lanes.entry(&fault.target).or_default().push(fault);
    }
    let played = Mutex::new(Vec::new());
    let begun = Instant::now();
    let lanes = lanes.into_values().map(|lane| async {
        for fault in lane {
            tokio::time::sleep_until(begun + fault.at).await;
            let from = begun.elapsed().as_secs_f64();
            if world.play(fault).await {
                let line = format!("{fault} (from {from:.2} to {:.2?})", begun.elapsed());
                played.lock().expect("played").push(line);
            }
        }
    });
    futures_util::future::join_all(lanes).await;
    played.into_inner().expect("played")
}

/// Everybody publishes at the same time. How often the tool was killed.
async fn publish(
    world: &World,
    sent: &Sent,
    dice: &mut Seeded,
    times: usize,
    window: Duration,
) -> usize {
    let shares: Vec<_> = PUBLISHERS
        .iter()
        .map(|who| (who, Seeded::new(dice.next()), NOTICES * times * who.share / 100))
        .collect();
    let publishers = shares
        .into_iter()
        .map(|(who, dice, count)| traffic::publish(&world.all, who, sent, dice, (count, window)));
    let tools = tool::publish(&world.all, Seeded::new(dice.next()), TOOLS * times, window);
    let (_, kills) = tokio::join!(futures_util::future::join_all(publishers), tools);
    kills
}

/// Waits until the account is exact; shows the difference if it never is.
async fn settle(world: &World, seats: &[oracle::Seat], sent: &Sent, played: &[String]) -> Found {
    let deadline = Instant::now() + HEALS;
    let mut sent: BTreeMap<String, Value> = {
        let notices = sent.notices.lock().expect("notices");
        notices
            .iter()
            .map(|(id, s)| (id.to_string(), serde_json::to_value(s).expect("JSON")))
            .collect()
    };
    loop {
        tool::drain(&world.all, TOOLS * times()).await;
        let known: BTreeSet<String> = sent.keys().cloned().collect();
        let differences = match look(&world.all, &known).await {
            Ok(found) => {
                let tools = by_the_tool(&found, &mut sent);
                let expected = oracle::expected(seats, &sent);
                let mut differences = found.differences(seats, &expected);
                if tools != TOOLS * times() {
                    differences.push(format!("only {tools} of the tool's documents are there"));
                }
                if differences.is_empty() {
                    println!("{} overtaken", found.overtaken(seats, &expected).len());
                    return found;
                }
                differences
            }
            Err(why) => vec![why],
        };
        if Instant::now() > deadline {
            let ended = world.all.ended();
            let logs = std::env::temp_dir().join("chappe-chaos");
            world.all.keep_logs(&logs);
            panic!(
                "not exact {HEALS:?} after the last repair\n{}\nended by themselves: {ended:?}\n\
                 played:\n{}\nlogs: {}",
                differences.join("\n"),
                played.join("\n"),
                logs.display()
            );
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// What the real tool signed is known by its references: each of them once. How many there are.
fn by_the_tool(found: &Found, sent: &mut BTreeMap<String, Value>) -> usize {
    let by_tool = |s: &Value| {
        let reference = s["doc"]["ref"].as_str().unwrap_or_default();
        s["iss"] == tool::NODE && reference.starts_with(tool::PREFIX)
    };
    for (id, claims) in &found.claims {
        if by_tool(claims) && !sent.values().any(|s| s["doc"]["ref"] == claims["doc"]["ref"]) {
            sent.insert(id.clone(), claims.clone());
        }
    }
    sent.values().filter(|s| by_tool(s)).count()
}
