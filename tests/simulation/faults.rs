//! What goes wrong, and when: lost PubAcks and settlements, cut links, dead servers and relays,
//! wrong clocks, restored backups. Everything follows from the seed.

use super::model::{Ms, Stream};
use super::random::Seeded;
use super::world::{Event, World};

/// Where a relay may die.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Point {
    AfterVerifying,
    AfterPubAck,
    AfterKeeping,
    BetweenReceiptAndKeeping,
    BeforeSettling,
    AfterSettling,
}

impl Point {
    pub(crate) const ALL: [Self; 6] = [
        Self::AfterVerifying,
        Self::AfterPubAck,
        Self::AfterKeeping,
        Self::BetweenReceiptAndKeeping,
        Self::BeforeSettling,
        Self::AfterSettling,
    ];
}

/// How often what goes wrong; chances are in a thousand.
#[derive(Clone, Debug)]
pub(crate) struct Faults {
    /// A publish is not stored and not answered.
    pub(crate) unsent: usize,
    /// It is stored, and its PubAck is lost.
    pub(crate) unknown: usize,
    /// A settlement is lost: it comes again.
    pub(crate) unsettled: usize,
    /// A relay dies at each point.
    pub(crate) crash: usize,
    /// Cut links, dead servers, forgetful servers, restored backups in a run.
    pub(crate) cuts: usize,
    pub(crate) deaths: usize,
    pub(crate) forgets: usize,
    pub(crate) backups: usize,
    /// Changes of bundles in a run.
    pub(crate) bundles: usize,
    /// The slowest of a hundred messages, in milliseconds.
    pub(crate) slow: usize,
    /// How far clocks are apart, in milliseconds.
    pub(crate) skew: usize,
    /// One node's clock is wrong by more than anybody allows, until all is mended.
    pub(crate) wild: bool,
    /// Some nodes have rules that filter.
    pub(crate) rules: bool,
}

impl Faults {
    /// Nothing goes wrong.
    pub(crate) fn none() -> Self {
        Self {
            unsent: 0,
            unknown: 0,
            unsettled: 0,
            crash: 0,
            cuts: 0,
            deaths: 0,
            forgets: 0,
            backups: 0,
            bundles: 0,
            slow: 1_000,
            skew: 0,
            wild: false,
            rules: true,
        }
    }

    /// Everything goes wrong a little, another mixture for each seed.
    pub(crate) fn of(seed: u64) -> Self {
        let mut rng = Seeded::new(seed ^ 0x5eed);
        let mut some = |most: usize| if rng.below(3) == 0 { 0 } else { rng.below(most + 1) };
        Self {
            unsent: some(60),
            unknown: some(120),
            unsettled: some(80),
            crash: some(12),
            cuts: some(4),
            deaths: some(3),
            forgets: some(3),
            backups: usize::from(some(8) > 6),
            bundles: some(3),
            slow: 60_000,
            skew: some(1) * 200_000,
            wild: some(12) > 10,
            rules: true,
        }
    }

    /// A clock at most `skew` apart from the world's.
    pub(crate) fn skew(&self, rng: &mut Seeded) -> i64 {
        let skew = rng.below(self.skew + 1) as i64;
        skew - self.skew as i64 / 2
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Going {
    Cut(usize, usize),
    Server(usize),
    Nothing,
}

impl World {
    /// Whether the relay survives a point.
    pub(crate) fn point(&mut self, at: usize, point: Point) -> Result<(), ()> {
        if self.rng.below(1_000) >= self.faults.crash {
            return Ok(());
        }
        let id = self.seats[at].id.clone();
        self.note(|| format!("{id} is killed: {point:?}"));
        *self.crashed.entry(point).or_default() += 1;
        Err(())
    }

    /// Spreads over `span` what the mixture says.
    pub(crate) fn plan(&mut self, notices: usize, span: Ms) {
        let begin = self.now;
        let faults = self.faults.clone();
        let mut number = 0;
        let kinds = [faults.cuts, faults.deaths, faults.forgets, faults.backups, faults.bundles];
        for (kind, count) in kinds.into_iter().enumerate() {
            for _ in 0..count {
                let at = begin + self.rng.below(span as usize) as Ms;
                self.push(at, Event::Fault(number * 8 + kind));
                number += 1;
            }
        }
        for notice in 0..notices {
            let at = begin + self.rng.below(span as usize) as Ms;
            self.push(at, Event::Publish(notice));
        }
        self.seen.wild = faults.wild;
        if faults.wild {
            let at = self.rng.below(self.seats.len());
            self.seats[at].skew = [-900_000, 900_000][self.rng.below(2)];
        }
        self.push(begin + span, Event::Heal);
    }

    /// How long something stays broken: moments, or longer than every window but a day.
    fn outage(&mut self) -> Ms {
        let most = [20_000, 120_000, 1_500_000, 5_400_000][self.rng.below(4)];
        1_000 + self.rng.below(most) as Ms
    }

    pub(crate) fn fault(&mut self, number: usize) {
        let at = self.rng.below(self.seats.len());
        match number % 8 {
            0 => self.cut(at),
            1 => self.kill_server(at),
            2 => self.forget(at),
            3 => self.back_up(at),
            _ => self.change_bundle(),
        }
    }

    fn cut(&mut self, at: usize) {
        let ups = self.tree.upstreams(at);
        if ups.is_empty() {
            return;
        }
        let up = ups[self.rng.below(ups.len())].clone();
        let (id, span) = (self.seats[at].id.clone(), self.outage());
        self.note(|| format!("{id} is cut from {up} for {} s", span / 1_000));
        let upper = self.at(&up).expect("a seat");
        self.seats[at].cut.insert(up);
        self.going(span, Going::Cut(at, upper));
    }

    fn kill_server(&mut self, at: usize) {
        let (id, span) = (self.seats[at].id.clone(), self.outage());
        self.note(|| format!("the server of {id} is away for {} s", span / 1_000));
        self.seats[at].server_up = false;
        self.forget(at);
        self.going(span, Going::Server(at));
    }

    fn going(&mut self, span: Ms, going: Going) {
        self.seen.going.push(going);
        self.push(self.now + span, Event::Mend(self.seen.going.len() - 1));
    }

    /// A server that was killed has forgotten its last settlements.
    fn forget(&mut self, at: usize) {
        let now = self.now;
        for stream in self.seats[at].streams.values_mut() {
            let names: Vec<String> = stream.durables().cloned().collect();
            names.iter().for_each(|name| stream.unsettle(now, name));
        }
        let id = self.seats[at].id.clone();
        self.note(|| format!("the server of {id} forgot what was settled last"));
    }

    pub(crate) fn mend(&mut self, number: usize) {
        match std::mem::replace(&mut self.seen.going[number], Going::Nothing) {
            Going::Cut(at, upper) => {
                let up = self.seats[upper].id.clone();
                self.seats[at].cut.remove(&up);
            }
            Going::Server(at) => self.seats[at].server_up = true,
            Going::Nothing => {}
        }
    }

    /// The first time a copy is made; the next time it is brought back, and the operator follows
    /// the guide: the relay asks for the boards again, publishers send again what they have.
    fn back_up(&mut self, at: usize) {
        let id = self.seats[at].id.clone();
        self.note(|| format!("a copy of the streams of {id}"));
        self.seats[at].backup = Some(self.seats[at].streams.clone());
        let later = self.now + 60_000 + self.rng.below(1_200_000) as Ms;
        self.push(later, Event::Restore(at));
    }

    pub(crate) fn restore(&mut self, at: usize) {
        let Some(copy) = self.seats[at].backup.take() else { return };
        let names: Vec<String> = copy.keys().cloned().collect();
        let one = self.rng.below(names.len() + 1);
        let id = self.seats[at].id.clone();
        for (number, (name, stream)) in copy.into_iter().enumerate() {
            // Either the whole disk or one stream.
            if one == names.len() || one == number {
                self.note(|| format!("{name} of {id} is brought back from a copy"));
                self.bring_back(at, name, stream);
            }
        }
        self.seats[at].restored = true;
        self.seats[at].asks_again = true;
        self.seats[at].memory = None;
        self.die(at, None);
        self.send_again(at);
    }

    fn bring_back(&mut self, at: usize, name: String, mut stream: Stream) {
        self.seen.forget(at, &name);
        for message in stream.all(self.now) {
            self.seen.lies(at, &name, &message);
        }
        self.seats[at].streams.insert(name, stream);
    }

    /// Nothing goes wrong any more: what is left must be good.
    pub(crate) fn heal(&mut self) {
        let quiet = Faults { slow: 2_000, ..Faults::none() };
        self.faults = quiet;
        self.note(|| "all is mended".to_owned());
        for number in 0..self.seen.going.len() {
            self.mend(number);
        }
        for seat in &mut self.seats {
            if seat.skew.abs() > 300_000 {
                seat.skew = 0;
            }
        }
    }
}
