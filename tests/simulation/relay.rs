//! The tasks of one relay on virtual time, and one arrival from receipt to settling: the same
//! steps as `relay/tasks.rs`, `relay/work.rs`, `relay/settle.rs` and `relay/placing.rs`.

use std::time::Duration;

use chappe::address::{self, Place, Source};
use chappe::jws::Typ;
use chappe::notice::{Hop, Id, Reason, Time, Wire};
use chappe::routing::{Stored, Verdict, own_hop, time_to_live};
use chappe::verify::{self, Context, Refused, Verified};

use super::faults::Point;
use super::memory::Memory;
use super::model::{Given, Headers, Message, Ms};
use super::wires::{DELAY, MAX_DELAY, backoff, digest, millis, notice, wire};
use super::world::{Actor, Broken, PlaceError, World};

const KEY_COMES_WITHIN: Duration = Duration::from_secs(24 * 3600);
const SOON: Duration = Duration::from_secs(2);
const SOON_FOR: Duration = Duration::from_secs(300);
const MAX_HELD: usize = 256;
const CURABLE: [Reason; 6] = [
    Reason::HopNeighbour,
    Reason::Audience,
    Reason::Tlp,
    Reason::GrantKind,
    Reason::GrantScope,
    Reason::GrantTlp,
];
/// Between two tries of a link that is down.
const RECONNECT: Ms = 5_000;

pub(crate) enum Settle {
    Ack,
    Terminate,
    Later(Duration),
}

/// Why a step ended early.
pub(crate) enum Stop {
    Crash,
    Place(PlaceError),
}

impl From<PlaceError> for Stop {
    fn from(error: PlaceError) -> Self {
        Self::Place(error)
    }
}

/// One node at work: the world around it, and what it has in mind.
pub(crate) struct Relay<'w> {
    pub(crate) w: &'w mut World,
    pub(crate) n: usize,
    pub(crate) mem: &'w mut Memory,
}

/// Lets one task do one thing. When it wants to go on, or `Err` if the relay died of it.
pub(crate) fn run(
    w: &mut World,
    n: usize,
    mem: &mut Memory,
    actor: &Actor,
) -> Result<Option<Ms>, ()> {
    let mut relay = Relay { w, n, mem };
    match actor {
        Actor::Say => relay.say(),
        Actor::Look => Ok(relay.look()),
        Actor::Adapt => Ok(relay.adapt()),
        Actor::Ask(up) => Ok(relay.ask(up)),
        _ => relay.read(actor),
    }
}

impl Relay<'_> {
    pub(crate) fn now(&self) -> Time {
        self.w.time(self.n)
    }

    /// Takes the next message of a durable, if there is one, and settles it.
    fn read(&mut self, actor: &Actor) -> Result<Option<Ms>, ()> {
        let Some((at, stream, durable)) = self.w.reading(self.n, actor) else {
            return Ok(Some(self.w.now + RECONNECT));
        };
        let now = self.w.now;
        let given = self.w.seats[at].streams.get_mut(&stream).and_then(|s| s.next(now, &durable));
        if let Some(given) = given {
            let done = self.handle(actor, &given);
            self.settle(at, &stream, &durable, &given, done)?;
        }
        let due = self.w.seats[at].streams.get(&stream).and_then(|s| s.due(&durable));
        Ok(due.map(|due| due.max(self.w.now + 1 + self.w.rng.below(20) as Ms)))
    }

    fn handle(&mut self, actor: &Actor, given: &Given) -> Result<Settle, Stop> {
        let now = self.now();
        match actor {
            Actor::Source(source) => self.step(now, source, false, given),
            Actor::Held(source) => self.step(now, source, true, given),
            Actor::Down(up) => self.step(now, &Source::Upstream(up.clone()), false, given),
            Actor::Papers(up) => self.take_paper(now, &Source::Upstream(up.clone()), given),
            Actor::Heard(up) => self.take_beat(now, &Source::Upstream(up.clone()), given),
            Actor::Up(up) | Actor::Lane(up, _) => self.send(now, up, given),
            Actor::Say | Actor::Look | Actor::Adapt | Actor::Ask(_) => Ok(Settle::Ack),
        }
    }

    fn settle(
        &mut self,
        at: usize,
        stream: &str,
        durable: &str,
        given: &Given,
        done: Result<Settle, Stop>,
    ) -> Result<(), ()> {
        let settle = match done {
            Ok(settle) => settle,
            Err(Stop::Crash) => return Err(()),
            Err(Stop::Place(_)) if self.w.broken == Broken::AcknowledgesTheUnknown => Settle::Ack,
            Err(Stop::Place(_)) => Settle::Later(backoff(given.delivered)),
        };
        self.w.point(self.n, Point::BeforeSettling)?;
        // A settlement may be lost; then it comes again.
        if self.w.rng.below(1_000) >= self.w.faults.unsettled {
            let (now, seq) = (self.w.now, given.message.seq);
            if let Some(stream) = self.w.seats[at].streams.get_mut(stream) {
                match settle {
                    Settle::Ack | Settle::Terminate => stream.settle(durable, seq),
                    Settle::Later(delay) => stream.nak(now, durable, seq, millis(delay)),
                }
            }
        }
        self.w.point(self.n, Point::AfterSettling)
    }

    fn step(
        &mut self,
        now: Time,
        source: &Source,
        held: bool,
        given: &Given,
    ) -> Result<Settle, Stop> {
        let m = &given.message;
        if m.headers.is_empty() {
            return self.take_record(now, source, given);
        }
        let verified = match self.check(now, source, held, m) {
            Ok(verified) => verified,
            Err(refused) => return self.refuse_or_wait(now, source, held, given, &refused),
        };
        self.at_point(Point::AfterVerifying)?;
        if self.w.broken == Broken::SettlesBeforePlacing {
            self.settle_early(source, held, given);
        }
        self.decided(now, held, &verified, given)
    }

    fn check(
        &self,
        now: Time,
        source: &Source,
        held: bool,
        m: &Message,
    ) -> Result<Verified, Refused> {
        let (wire, trust) = (wire(m)?, self.mem.trust());
        let me = &self.w.seats[self.n].id;
        let context = Context { now, me, trust: &trust };
        if held {
            return verify::verify_held(context, source, wire);
        }
        verify::verify(context, source, &m.subject, wire)
    }

    fn refuse_or_wait(
        &mut self,
        now: Time,
        source: &Source,
        held: bool,
        given: &Given,
        refused: &Refused,
    ) -> Result<Settle, Stop> {
        if refused.reason != Reason::KeyUnknown || matches!(source, Source::Local(_)) {
            return self.refuse(now, source, &given.message, refused.reason);
        }
        if held {
            let waited = Time::from_millis(self.w.now).since(Time::from_millis(given.message.at));
            if waited < KEY_COMES_WITHIN {
                return Ok(Settle::Later(if waited < SOON_FOR { SOON } else { MAX_DELAY }));
            }
            return self.refuse(now, source, &given.message, refused.reason);
        }
        let durable = address::held_durable(source);
        if self.w.seats[self.n].streams["HELD"].waiting(&durable) >= MAX_HELD {
            return self.refuse(now, source, &given.message, refused.reason);
        }
        let id = Id::of(notice(&given.message).as_bytes());
        let subject = address::held(address::REAL, source, id);
        self.place(&subject, &given.message.headers, &given.message.payload, None)?;
        Ok(Settle::Ack)
    }

    /// Into quarantine, and told to its sender alone.
    pub(crate) fn refuse(
        &mut self,
        now: Time,
        source: &Source,
        m: &Message,
        reason: Reason,
    ) -> Result<Settle, Stop> {
        let me = self.w.seats[self.n].id.clone();
        self.w.note(|| format!("{me} refuses {} from {source}: {reason}", m.subject));
        if matches!(source, Source::Upstream(_)) && CURABLE.contains(&reason) {
            self.mem.curable = true;
        }
        let subject = address::quarantine(reason, source, digest(m));
        self.place(&subject, &Headers::new(), &super::leaks::quarantined(m), None)?;
        if !notice(m).is_empty() {
            self.refusal(now, source, Id::of(notice(m).as_bytes()), reason)?;
        }
        Ok(Settle::Terminate)
    }

    fn decided(
        &mut self,
        now: Time,
        held: bool,
        verified: &Verified,
        given: &Given,
    ) -> Result<Settle, Stop> {
        let verdict = self.mem.router.decide(now, &self.mem.trust(), verified);
        let (me, id) = (self.w.seats[self.n].id.clone(), verified.id());
        self.w.note(|| format!("{me} of {}: {verdict:?}", id.short()));
        match &verdict {
            Verdict::Place(places) => {
                let places = self.astray(places, verified);
                if !self.place_all(now, verified, &places)? {
                    let wait = backoff(given.delivered);
                    return self.wait_for(held, verified, given, wait);
                }
            }
            Verdict::Hold(until) => {
                return self.wait_for(held, verified, given, until.since(now));
            }
            Verdict::Filter(_) => {}
            Verdict::Refuse(reason) => {
                return self.refuse(now, &verified.source().clone(), &given.message, *reason);
            }
        }
        self.own_word(now, verified, &verdict)?;
        Ok(Settle::Ack)
    }

    fn wait_for(
        &mut self,
        held: bool,
        verified: &Verified,
        given: &Given,
        wait: Duration,
    ) -> Result<Settle, Stop> {
        if held {
            return Ok(Settle::Later(wait.clamp(DELAY, MAX_DELAY)));
        }
        let realm = address::realm(verified.statement());
        let subject = address::held(realm, verified.source(), verified.id());
        self.place(&subject, &given.message.headers, &given.message.payload, None)?;
        Ok(Settle::Ack)
    }

    /// Cases and outbox before board, each acknowledged; then into memory.
    fn place_all(
        &mut self,
        now: Time,
        verified: &Verified,
        places: &[Place],
    ) -> Result<bool, Stop> {
        let (wire, hop) = self.with_hop(now, verified)?;
        let mut hops: Vec<Hop> = verified.hops().to_vec();
        hops.extend(hop);
        let (id, statement) = (verified.id(), verified.statement().clone());
        let stored = Stored { id, statement, kid: verified.kid().clone(), hops };
        let lies = |router: &mut chappe::routing::Router| router.placed(id, places);
        let mut may_be_there = false;
        let placed = self.each(now, verified, places, &wire, &mut may_be_there);
        let unknown = matches!(placed, Err(Stop::Place(_))) && may_be_there;
        if matches!(placed, Ok(true)) {
            self.keep(stored);
            lies(&mut self.mem.router);
            self.at_point(Point::AfterKeeping)?;
        } else if unknown {
            self.mem.router.keep(stored);
            lies(&mut self.mem.router);
        }
        placed
    }

    fn each(
        &mut self,
        now: Time,
        verified: &Verified,
        places: &[Place],
        wire: &Wire,
        may_be_there: &mut bool,
    ) -> Result<bool, Stop> {
        for place in places {
            let withholds = self.w.broken == Broken::Withholds(self.n);
            if withholds && verified.statement().iss != self.w.seats[self.n].id {
                continue;
            }
            let subject = self.subject_of(place, verified);
            let ttl = time_to_live(place, now, verified.statement());
            match self.place(&subject, &wire.headers(), &wire.body, ttl) {
                Ok(_) => *may_be_there = true,
                Err(Stop::Place(PlaceError::Full)) => return Ok(false),
                Err(stop) => {
                    *may_be_there |= matches!(stop, Stop::Place(PlaceError::Unknown));
                    return Err(stop);
                }
            }
        }
        Ok(true)
    }

    fn keep(&mut self, stored: Stored) {
        let id = stored.id;
        self.mem.router.keep(stored);
        if matches!(self.w.broken, Broken::Withholds(_)) {
            return;
        }
        super::invariants::kept(self.w, self.n, id);
    }

    fn with_hop(&self, now: Time, verified: &Verified) -> Result<(Wire, Option<Hop>), Stop> {
        let mut wire = verified.wire().clone();
        let seat = &self.w.seats[self.n];
        let Some(hop) = own_hop(now, &seat.id, verified) else { return Ok((wire, None)) };
        wire.hops.push(self.signed(Typ::Hop, &hop));
        if !wire.fits() {
            return Err(Stop::Place(PlaceError::Size));
        }
        Ok((wire, Some(hop)))
    }

    /// Places a message under a subject that can hold one, at this node's own server.
    pub(crate) fn place(
        &mut self,
        subject: &str,
        headers: &Headers,
        payload: &[u8],
        ttl: Option<Duration>,
    ) -> Result<bool, Stop> {
        let new = self.w.put(self.n, subject, (headers, payload), ttl, true)?;
        self.at_point(Point::AfterPubAck)?;
        Ok(new)
    }

    pub(crate) fn put_latest(
        &mut self,
        subject: &str,
        payload: &[u8],
        ttl: Option<Duration>,
    ) -> Result<(), Stop> {
        self.w.put(self.n, subject, (&Headers::new(), payload), ttl, false)?;
        self.at_point(Point::AfterPubAck)
    }

    pub(crate) fn at_point(&mut self, point: Point) -> Result<(), Stop> {
        self.w.point(self.n, point).map_err(|()| Stop::Crash)
    }

    fn subject_of(&mut self, place: &Place, verified: &Verified) -> String {
        let (statement, id) = (verified.statement(), verified.id());
        if let Place::Outbox(up) = place {
            return address::outbox(address::realm(statement), up, verified.source(), id);
        }
        let subject = address::subject(place, statement, id);
        if self.w.broken == Broken::PlacesUnderAnySubject && *place == Place::Board {
            let severity = format!(".{}.", statement.severity);
            let any = [".low.", ".high."][self.w.rng.below(2)];
            return subject.replacen(&severity, any, 1);
        }
        subject
    }
}
