//! A federation on virtual time: the real decision core, a model of the streams, and everything
//! that may go wrong. A seed gives the same run anywhere; `CHAPPE_SEED=N` plays one, with the
//! trace of its steps, and `CHAPPE_SEEDS=N` so many of each kind.
//!
//! The simulated relay takes the steps of `src/relay`; each file says of which. Left out: the
//! desk, counts of entities, lists of good notices, budgets, metrics.

// A test that panics has failed.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod random;

#[path = "simulation/beats.rs"]
mod beats;
#[path = "simulation/changes.rs"]
mod changes;
#[path = "simulation/faults.rs"]
mod faults;
#[path = "simulation/fold.rs"]
mod fold;
#[path = "simulation/invariants.rs"]
mod invariants;
#[path = "simulation/leaks.rs"]
mod leaks;
#[path = "simulation/memory.rs"]
mod memory;
#[path = "simulation/model.rs"]
mod model;
#[path = "simulation/net.rs"]
mod net;
#[path = "simulation/notices.rs"]
mod notices;
#[path = "simulation/oracle.rs"]
mod oracle;
#[path = "simulation/papers.rs"]
mod papers;
#[path = "simulation/quiet.rs"]
mod quiet;
#[path = "simulation/relay.rs"]
mod relay;
#[path = "simulation/tree.rs"]
mod tree;
#[path = "simulation/wires.rs"]
mod wires;
#[path = "simulation/words.rs"]
mod words;
#[path = "simulation/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use faults::{Faults, Point};
use tree::Shape;
use world::{Broken, World};

const MINUTE: u64 = 60_000;

/// One run: everything goes wrong for a while, then nothing, then all must be well.
fn play(seed: u64, shape: Shape, faults: Faults, broken: Broken) -> World {
    let wild = faults.wild;
    let mut world = World::new(seed, shape, faults, broken);
    let begin = world.now;
    world.plan(8, 30 * MINUTE);
    world.run(begin + 30 * MINUTE);
    // What a wrong clock dated ahead is refused until then, and asked for ever more rarely.
    world.run(begin + if wild { 300 } else { 100 } * MINUTE);
    if world.violation.is_none() {
        invariants::finish(&mut world);
    }
    world
}

/// How many seeds of each kind, if not the default: more in a longer run.
fn count(default: u64) -> u64 {
    if default == 1 {
        return 1;
    }
    let more = std::env::var("CHAPPE_SEEDS").ok();
    more.map_or(default, |more| more.parse().expect("CHAPPE_SEEDS is a number"))
}

/// Plays every seed, on all cores. Fails with the seed and what did not hold, and with the trace
/// of the run if it was asked for.
fn every_seed(default: u64, run: impl Fn(u64) -> World + Sync) -> Vec<BTreeMap<Point, u32>> {
    let seeds = random::seeds(count(default));
    let next = AtomicUsize::new(0);
    let (crashed, failed) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let one = || {
        while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
            let world = run(*seed);
            crashed.lock().expect("no panic").push(world.crashed);
            if let Some(what) = world.violation {
                let trace = if seeds.len() == 1 { world.trace.join("\n") } else { String::new() };
                failed
                    .lock()
                    .expect("no panic")
                    .push(format!("{trace}\nCHAPPE_SEED={seed}: {what}"));
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| (0..threads).for_each(|_| _ = scope.spawn(one)));
    let failed = failed.into_inner().expect("no panic");
    assert!(failed.is_empty(), "{} of {} seeds: {}", failed.len(), seeds.len(), failed.join(""));
    crashed.into_inner().expect("no panic")
}

#[test]
fn nothing_is_lost_doubled_leaked_or_withheld_whatever_goes_wrong() {
    let crashed = every_seed(2_000, |seed| {
        let shape = if seed % 6 == 0 { Shape::Small } else { Shape::Chain };
        play(seed, shape, Faults::of(seed), Broken::No)
    });
    if crashed.len() > 100 {
        for point in Point::ALL {
            let died = crashed.iter().filter_map(|one| one.get(&point)).sum::<u32>();
            assert!(died > 0, "no relay died at {point:?} in {} runs", crashed.len());
        }
    }
}

#[test]
fn hundreds_of_nodes() {
    every_seed(1, |seed| {
        let faults = Faults { crash: 1, unknown: 10, bundles: 0, rules: false, ..Faults::of(seed) };
        play(seed, Shape::Large, faults, Broken::No)
    });
}

/// A relay that is wrong on purpose: some seed among the first hundred shows it, as `sign`.
fn shows(broken: Broken, signs: &[&str]) {
    let busy = |seed| Faults { unknown: 100, crash: 20, unsettled: 50, ..Faults::of(seed) };
    let found = (0..100).find_map(|seed| {
        let world = play(seed, Shape::Chain, Faults { wild: false, ..busy(seed) }, broken);
        world.violation.filter(|what| signs.iter().any(|sign| what.contains(sign)))
    });
    assert!(found.is_some(), "no seed among 100 shows that a relay {broken:?}");
}

#[test]
fn settling_before_placing_shows() {
    shows(Broken::SettlesBeforePlacing, &["lost"]);
}

#[test]
fn acknowledging_what_is_not_known_to_be_stored_shows() {
    shows(Broken::AcknowledgesTheUnknown, &["lost", "receipt", "keeps", "not as its streams"]);
}

#[test]
fn forwarding_without_asking_for_whom_shows() {
    shows(Broken::AsksNoAudience, &["leak"]);
}

#[test]
fn keeping_a_receipt_before_it_is_on_its_way_shows() {
    shows(Broken::ForgetsItsReceipts, &["receipt", "forgotten", "not as its streams"]);
}

#[test]
fn a_place_that_does_not_follow_from_the_notice_shows() {
    shows(Broken::PlacesUnderAnySubject, &["twice"]);
}
