//! What will break, when and for how long: everything drawn from the seed before anything runs.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::random::Seeded;

/// One way in which something breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// SIGKILL of a relay.
    KillRelay,
    /// SIGKILL of a server.
    KillServer,
    /// Both at once: the machine lost its power.
    KillBoth,
    /// SIGSTOP, later SIGCONT.
    FreezeRelay,
    FreezeServer,
    /// A link's connections are reset, and refused for a while.
    Cut,
    /// Nothing passes a link and nobody is told; then the connections go on.
    BlackHole,
    /// A link carries what is asked and swallows what is answered.
    Deaf,
    /// The connections that a link has are dead for ever, and only new ones pass.
    Forgotten,
    /// One server's disk is full.
    FullDisk,
}

use Kind::{
    BlackHole, Cut, Deaf, Forgotten, FreezeRelay, FreezeServer, FullDisk, KillBoth, KillRelay,
    KillServer,
};

/// Each at least once, with a time that is longer than some window: 5 s for an answer, 10 s for the
/// server's writes, two heartbeats of a pull, 30 s for an acknowledgement.
const LONG: [(Kind, u64); 10] = [
    (FreezeRelay, 31_500),
    (BlackHole, 22_000),
    (FreezeServer, 12_000),
    (FullDisk, 8_000),
    (Cut, 8_000),
    (Deaf, 6_500),
    (KillBoth, 4_000),
    (KillServer, 3_000),
    (KillRelay, 3_000),
    (Forgotten, 100),
];
/// What the others are drawn from, and at most how long they last.
const SHORT: [(Kind, u64); 12] = [
    (KillRelay, 400),
    (KillRelay, 1_500),
    (KillServer, 400),
    (KillServer, 1_500),
    (KillBoth, 1_000),
    (FreezeRelay, 3_000),
    (FreezeServer, 3_000),
    (Cut, 1_500),
    (BlackHole, 3_000),
    (Deaf, 2_500),
    (FullDisk, 2_500),
    (Forgotten, 100),
];
/// A process needs a moment to come back before it breaks again.
const RECOVERS: u64 = 2_000;

/// What breaks, from when to when.
#[derive(Clone, Debug)]
pub struct Fault {
    pub at: Duration,
    pub lasts: Duration,
    pub kind: Kind,
    /// A node or a link, which breaks in one way at a time.
    pub target: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (at, lasts) = (self.at.as_secs_f64(), self.lasts.as_secs_f64());
        write!(
            f,
            "{at:6.2} s  {:<12} {:<32} {lasts:5.2} s",
            format!("{:?}", self.kind),
            self.target
        )
    }
}

/// What there is to break.
pub struct Targets {
    pub nodes: Vec<String>,
    pub links: Vec<String>,
    /// Whose disk is small.
    pub small: String,
}

/// `count` faults that begin within `window`. Of each target at most one at a time.
pub fn draw(dice: &mut Seeded, targets: &Targets, count: usize, window: Duration) -> Vec<Fault> {
    let window = u64::try_from(window.as_millis()).expect("a window");
    let mut free: BTreeMap<String, u64> = BTreeMap::new();
    let mut long = LONG.to_vec();
    long.truncate(count);
    // The longest begin first, so that the last of them does not end alone.
    let rest = count.saturating_sub(long.len()) as u64;
    let mut faults = Vec::new();
    let early = long.into_iter().enumerate();
    let early = early.map(|(at, (kind, lasts))| (at as u64 * window / 20, kind, lasts));
    let late: Vec<_> = (0..rest).map(|at| later(dice, at * window / rest.max(1))).collect();
    for (at, kind, lasts) in early.chain(late) {
        let at = at + dice.below(400) as u64;
        let unbroken = |kind: Kind| -> Vec<String> {
            let whole = |target: &String| free.get(target).is_none_or(|until| *until <= at);
            of(kind, targets).into_iter().filter(whole).collect()
        };
        // Where everything of a sort is broken already, a cut of a link stands in.
        let kind = if unbroken(kind).is_empty() { Cut } else { kind };
        let all = unbroken(kind);
        let Some(target) = all.get(dice.below(all.len().max(1))) else { continue };
        free.insert(target.clone(), at + lasts + RECOVERS);
        let (at, lasts) = (Duration::from_millis(at), Duration::from_millis(lasts));
        faults.push(Fault { at, lasts, kind, target: target.clone() });
    }
    faults.sort_by_key(|fault| fault.at);
    faults
}

fn later(dice: &mut Seeded, at: u64) -> (u64, Kind, u64) {
    let (kind, most) = SHORT[dice.below(SHORT.len())];
    (at, kind, 50 + dice.below(most as usize) as u64)
}

fn of(kind: Kind, targets: &Targets) -> Vec<String> {
    match kind {
        KillRelay | KillServer | KillBoth | FreezeRelay | FreezeServer => targets.nodes.clone(),
        Cut | BlackHole | Deaf | Forgotten => targets.links.clone(),
        FullDisk => vec![targets.small.clone()],
    }
}
