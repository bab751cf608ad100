//! Virtual time: what is due next, which link is cut, whose server is away, and every node's
//! streams. Nothing here decides anything about a notice.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use chappe::address::{Neighbourhood, Source};
use chappe::notice::{Id, NodeId, Time};
use chappe::policy::Policy;
use chappe::trust::Bundle;

use super::faults::{Faults, Point};
use super::invariants::{self, Seen};
use super::memory::{Beliefs, Memory};
use super::model::{Ms, Stream};
use super::notices::Issued;
use super::random::Seeded;
use super::tree::{BEGIN, Shape, Tree};

/// Of so many steps of a relay, after one its mind is held against its streams.
const LOOKED_AT: usize = 300;

/// What a relay of ours may do wrong on purpose, so that the run can be seen to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    No,
    SettlesBeforePlacing,
    AcknowledgesTheUnknown,
    AsksNoAudience,
    ForgetsItsReceipts,
    PlacesUnderAnySubject,
    /// Keeps for itself what it should offer to those below, the first notice of its parent.
    Withholds(usize),
}

/// Who works at a node, one task each, as `relay/tasks.rs` spawns them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Actor {
    /// An intake.
    Source(Source),
    /// What waits, of one source.
    Held(Source),
    /// An upstream's BOARD, TRUST, BEATS.
    Down(NodeId),
    Papers(NodeId),
    Heard(NodeId),
    /// The outbox toward an upstream: records, and what came from one source.
    Up(NodeId),
    Lane(NodeId, Source),
    /// Questions to an upstream: rewinds and lists.
    Ask(NodeId),
    Say,
    Look,
    Adapt,
}

pub(crate) struct Seat {
    pub(crate) id: NodeId,
    /// Its clock against the world's.
    pub(crate) skew: i64,
    pub(crate) streams: BTreeMap<String, Stream>,
    /// `None` while the relay is down.
    pub(crate) memory: Option<Memory>,
    pub(crate) server_up: bool,
    pub(crate) cut: BTreeSet<NodeId>,
    pub(crate) policy: Policy,
    /// Severities that its rules let pass, and whether it lets reports climb: for the oracle.
    pub(crate) strict: bool,
    pub(crate) climbs: bool,
    /// Words of its newest keys.
    pub(crate) issue: &'static str,
    pub(crate) relay: &'static str,
    pub(crate) backup: Option<BTreeMap<String, Stream>>,
    /// It lost what only it had.
    pub(crate) restored: bool,
    /// Its operator has it ask for the boards again, as the guide says of a restored copy.
    pub(crate) asks_again: bool,
    pub(crate) actors: Vec<(Actor, Option<Ms>)>,
    pub(crate) children: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    Wake(usize, usize),
    Publish(usize),
    Send(usize),
    Fault(usize),
    Mend(usize),
    Start(usize),
    Restore(usize),
    HandOver(usize),
    Heal,
}

pub(crate) struct World {
    pub(crate) rng: Seeded,
    pub(crate) now: Ms,
    pub(crate) tree: Tree,
    pub(crate) seats: Vec<Seat>,
    pub(crate) faults: Faults,
    pub(crate) broken: Broken,
    pub(crate) period: Duration,
    pub(crate) issued: Vec<Issued>,
    pub(crate) by_id: BTreeMap<Id, usize>,
    pub(crate) beliefs: Beliefs,
    /// Each node's newest bundle, and what was handed over of them.
    pub(crate) bundles: BTreeMap<usize, Bundle>,
    pub(crate) papers: Vec<(usize, Vec<u8>)>,
    pub(crate) seen: Seen,
    pub(crate) violation: Option<String>,
    pub(crate) trace: Vec<String>,
    pub(crate) tracing: bool,
    pub(crate) crashed: BTreeMap<Point, u32>,
    pub(crate) steps: u64,
    queue: BinaryHeap<Reverse<(Ms, u64, Event)>>,
    pushed: u64,
}

/// Why a message is not known to be stored, as `bus::PlaceError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlaceError {
    Away,
    Full,
    NoStream,
    Size,
    Unknown,
}

/// What a node begins with in every run of a shape.
#[derive(Clone)]
struct Bare {
    streams: BTreeMap<String, Stream>,
    actors: Vec<Actor>,
    children: Vec<usize>,
}

impl Bare {
    /// Made once: a plan of streams and filters takes longer than a short run.
    fn of(shape: Shape, at: usize) -> Self {
        static MADE: OnceLock<Mutex<HashMap<(Shape, usize), Bare>>> = OnceLock::new();
        let mut made = MADE.get_or_init(Mutex::default).lock().expect("no panic");
        made.entry((shape, at)).or_insert_with(|| Self::new(shape.tree(), at)).clone()
    }

    fn new(tree: &Tree, at: usize) -> Self {
        let id = tree.spots[at].id.clone();
        let documents = tree.begin(&id);
        let hood = Neighbourhood::of(documents.trust(), &id, &["soc".to_owned()], &[], false);
        let plan = hood.plan();
        let mut streams: BTreeMap<String, Stream> = BTreeMap::new();
        for spec in plan.streams {
            streams.insert(spec.name.clone(), Stream::new(spec));
        }
        for spec in plan.durables {
            streams.get_mut(&spec.stream).expect("a stream").add(&spec);
        }
        let mut actors = vec![Actor::Say, Actor::Look, Actor::Adapt];
        actors.extend(hood.intakes().into_iter().map(Actor::Source));
        actors.extend(hood.sources().into_iter().map(Actor::Held));
        for up in tree.upstreams(at) {
            actors.extend([
                Actor::Down(up.clone()),
                Actor::Papers(up.clone()),
                Actor::Heard(up.clone()),
                Actor::Up(up.clone()),
                Actor::Ask(up.clone()),
            ]);
            let lane = |source| Actor::Lane(up.clone(), source);
            actors.extend(hood.intakes().into_iter().map(lane));
        }
        let below = |spot: &super::tree::Spot| {
            spot.id.parent().as_ref() == Some(&id) || spot.follows.contains(&id)
        };
        let spots = tree.spots.iter().enumerate();
        let children = spots.filter(|(_, spot)| below(spot)).map(|(at, _)| at).collect();
        Self { streams, actors, children }
    }
}

impl World {
    pub(crate) fn new(seed: u64, shape: Shape, faults: Faults, broken: Broken) -> Self {
        let mut world = Self {
            rng: Seeded::new(seed),
            now: BEGIN,
            tree: shape.tree().clone(),
            seats: Vec::new(),
            faults,
            broken,
            period: Duration::from_secs(1_800),
            issued: Vec::new(),
            by_id: BTreeMap::new(),
            beliefs: Beliefs::default(),
            bundles: BTreeMap::new(),
            papers: Vec::new(),
            seen: Seen::default(),
            violation: None,
            trace: Vec::new(),
            tracing: std::env::var_os("CHAPPE_SEED").is_some(),
            crashed: BTreeMap::new(),
            steps: 0,
            queue: BinaryHeap::new(),
            pushed: 0,
        };
        world.seen.links.push(super::oracle::links(&world.tree));
        for at in 0..world.tree.spots.len() {
            let seat = world.seat(shape, at);
            world.seats.push(seat);
        }
        for at in 0..world.seats.len() {
            world.start(at);
        }
        world
    }

    fn seat(&mut self, shape: Shape, at: usize) -> Seat {
        let Bare { streams, actors, children } = Bare::of(shape, at);
        let strict = self.faults.rules && self.rng.below(5) == 0;
        let climbs = self.rng.below(4) != 0;
        Seat {
            skew: self.faults.skew(&mut self.rng),
            policy: super::notices::policy(strict, climbs),
            id: self.tree.spots[at].id.clone(),
            streams,
            memory: None,
            server_up: true,
            cut: BTreeSet::new(),
            strict,
            climbs,
            issue: "issue",
            relay: "relay",
            backup: None,
            restored: false,
            asks_again: false,
            actors: actors.into_iter().map(|actor| (actor, None)).collect(),
            children,
        }
    }

    /// The node's clock.
    pub(crate) fn time(&self, at: usize) -> Time {
        Time::from_millis(self.now.saturating_add_signed(self.seats[at].skew))
    }

    pub(crate) fn at(&self, node: &NodeId) -> Option<usize> {
        self.tree.at(node)
    }

    pub(crate) fn push(&mut self, at: Ms, event: Event) {
        self.pushed += 1;
        self.queue.push(Reverse((at, self.pushed, event)));
    }

    pub(crate) fn note(&mut self, line: impl FnOnce() -> String) {
        if self.tracing {
            let at = self.now - BEGIN;
            self.trace.push(format!("{:>9}.{:03} {}", at / 1_000, at % 1_000, line()));
        }
    }

    pub(crate) fn violate(&mut self, what: String) {
        self.note(|| format!("VIOLATION {what}"));
        self.violation.get_or_insert(what);
    }

    /// Plays until `end`, or until something that must hold does not.
    pub(crate) fn run(&mut self, end: Ms) {
        while let Some(Reverse((at, _, _))) = self.queue.peek() {
            if *at > end || self.violation.is_some() {
                break;
            }
            let Some(Reverse((at, _, event))) = self.queue.pop() else { break };
            self.now = self.now.max(at);
            self.happen(event);
        }
        self.now = self.now.max(end);
    }

    fn happen(&mut self, event: Event) {
        self.steps += 1;
        match event {
            Event::Wake(at, actor) => {
                if self.seats[at].actors[actor].1.is_some_and(|due| due <= self.now) {
                    self.seats[at].actors[actor].1 = None;
                    self.act(at, actor);
                }
            }
            Event::Publish(number) => self.publish(number),
            Event::Send(number) => self.send(number),
            Event::Fault(number) => self.fault(number),
            Event::Mend(number) => self.mend(number),
            Event::Start(at) => self.start(at),
            Event::Restore(at) => self.restore(at),
            Event::HandOver(number) => self.hand_over(number),
            Event::Heal => self.heal(),
        }
    }

    fn act(&mut self, at: usize, number: usize) {
        let (actor, _) = self.seats[at].actors[number].clone();
        let Some(mut memory) = self.seats[at].memory.take() else { return };
        match super::relay::run(self, at, &mut memory, &actor) {
            Ok(again) => {
                if self.rng.below(LOOKED_AT) == 0 {
                    invariants::agrees_with_its_streams(self, at, &memory);
                }
                self.seats[at].memory = Some(memory);
                if let Some(again) = again {
                    self.wake(at, number, again);
                }
            }
            Err(()) => self.die(at, Some(memory)),
        }
    }

    /// The relay dies: what it had in mind is gone, but for the comparison with what it finds.
    pub(crate) fn die(&mut self, at: usize, memory: Option<Memory>) {
        let memory = memory.or_else(|| self.seats[at].memory.take());
        let id = self.seats[at].id.clone();
        self.note(|| format!("{id} dies"));
        if let Some(memory) = memory {
            invariants::remember(self, at, memory);
        }
        let away = 500 + self.rng.below(20_000) as Ms;
        self.push(self.now + away, Event::Start(at));
    }

    /// The relay starts: from a fold of its own streams and nothing else.
    pub(crate) fn start(&mut self, at: usize) {
        if self.seats[at].memory.is_some() {
            return;
        }
        if !self.seats[at].server_up {
            return self.push(self.now + 1_000, Event::Start(at));
        }
        let memory = super::fold::memory(self, at);
        invariants::compare_with_the_last(self, at, &memory);
        self.seats[at].memory = Some(memory);
        for actor in 0..self.seats[at].actors.len() {
            let soon = self.rng.below(1_000) as Ms;
            let soon = match self.seats[at].actors[actor].0 {
                // Every node says and looks at another time.
                Actor::Say | Actor::Look => soon * self.period.as_secs() / 20,
                _ => soon,
            };
            self.wake(at, actor, self.now + soon);
        }
    }

    fn wake(&mut self, at: usize, actor: usize, due: Ms) {
        let known = &mut self.seats[at].actors[actor].1;
        if known.is_none_or(|known| due < known) {
            *known = Some(due);
            self.push(due, Event::Wake(at, actor));
        }
    }

    pub(crate) fn wake_actor(&mut self, at: usize, wanted: &Actor, due: Ms) {
        let found = self.seats[at].actors.iter().position(|(actor, _)| actor == wanted);
        if let Some(actor) = found {
            self.wake(at, actor, due);
        }
    }
}
