//! Trust documents at a running relay, and what follows from them: the same steps as
//! `relay/belief.rs` and the durables of `relay/adapt.rs`. Lists of good notices are left out.

use std::sync::Arc;
use std::time::Duration;

use chappe::address::{self, DurableSpec, REAL, Source};
use chappe::notice::{Id, NodeId, Time};
use chappe::trust::{Named, Offered, Refusal};

use super::faults::Point;
use super::model::{Given, Headers, Ms};
use super::relay::{Relay, Settle, Stop};
use super::world::Actor;

const MAX_WAITS: u64 = 24 * 60;

impl Relay<'_> {
    /// Takes a root or bundle.
    pub(crate) fn take_paper(
        &mut self,
        now: Time,
        source: &Source,
        given: &Given,
    ) -> Result<Settle, Stop> {
        let bytes = given.message.payload.clone();
        let (said, after) = self.w.beliefs.offer(now, &self.mem.documents, &bytes);
        let name = match said {
            Ok(Offered::Taken(name) | Offered::Known(name)) => name,
            Err(refusal) => return self.refuse_paper(source, given, &refusal),
        };
        let subject = address::trust(&name);
        if self.mem.kept.contains(&subject) {
            return Ok(Settle::Ack);
        }
        let me = self.w.seats[self.n].id.clone();
        self.w.note(|| format!("{me} takes {} {} from {source}", name.node, name.version));
        // As the relay does: offered, so remembered, before it is passed on.
        self.mem.documents = after;
        self.pass_up(source, &name, &bytes)?;
        self.place(&subject, &Headers::new(), &bytes, None)?;
        self.mem.kept.insert(subject);
        self.believe();
        Ok(Settle::Ack)
    }

    fn pass_up(&mut self, source: &Source, name: &Named, bytes: &[u8]) -> Result<(), Stop> {
        let me = self.w.seats[self.n].id.clone();
        let goes = |up: &NodeId| up.depth() > 1 || name.node == me;
        for up in self.w.tree.upstreams(self.n) {
            if *source == Source::Upstream(up.clone()) || !goes(&up) {
                continue;
            }
            let subject = address::outbox_record(REAL, &up, Id::of(bytes));
            self.place(&subject, &Headers::new(), bytes, None)?;
        }
        self.at_point(Point::BetweenReceiptAndKeeping)
    }

    fn believe(&mut self) {
        self.mem.believed = Arc::clone(self.mem.documents.trust());
        let changed = self.mem.router.judge(&self.mem.believed);
        if std::mem::take(&mut self.mem.curable) || changed > 0 {
            self.mem.rewinds += 1;
            self.wake_askers();
        }
        let soon = self.w.now + self.w.latency();
        self.w.wake_actor(self.n, &Actor::Adapt, soon);
    }

    pub(crate) fn wake_askers(&mut self) {
        for up in self.w.tree.upstreams(self.n) {
            let soon = self.w.now + self.w.latency();
            self.w.wake_actor(self.n, &Actor::Ask(up), soon);
        }
    }

    fn refuse_paper(
        &mut self,
        source: &Source,
        given: &Given,
        refusal: &Refusal,
    ) -> Result<Settle, Stop> {
        if refusal.may_pass_later() && given.delivered < MAX_WAITS {
            let doublings = u32::try_from(given.delivered.min(7)).unwrap_or(7);
            let wait = Duration::from_secs(1) * 2u32.pow(doublings.saturating_sub(1));
            return Ok(Settle::Later(wait.min(Duration::from_secs(60))));
        }
        let old = matches!((refusal, source), (Refusal::Rollback { .. }, Source::Upstream(_)));
        if old || matches!(refusal, Refusal::Unneeded(_)) {
            return Ok(Settle::Ack);
        }
        self.set_aside(source, &given.message, refusal.reason())
    }

    /// Gives the durables of those below the filters that the bundles in force say.
    pub(crate) fn adapt(&mut self) -> Option<Ms> {
        if !self.w.seats[self.n].server_up {
            return Some(self.w.now + 2_000);
        }
        for spec in self.planned() {
            let stream = self.w.seats[self.n].streams.get_mut(&spec.stream);
            if stream.is_some_and(|stream| stream.change_filters(&spec)) {
                let me = self.w.seats[self.n].id.clone();
                self.w.note(|| format!("{me}: {} of {} begins again", spec.name, spec.stream));
            }
            self.wake_reader(&spec);
        }
        None
    }

    fn wake_reader(&mut self, spec: &DurableSpec) {
        let me = self.w.seats[self.n].id.clone();
        let readers: Vec<usize> = (0..self.w.seats.len())
            .filter(|at| address::child_durable(&self.w.seats[*at].id) == spec.name)
            .collect();
        for at in readers {
            let actor = match spec.stream.as_str() {
                "BOARD" => Actor::Down(me.clone()),
                "TRUST" => Actor::Papers(me.clone()),
                _ => Actor::Heard(me.clone()),
            };
            let soon = self.w.now + self.w.latency();
            self.w.wake_actor(at, &actor, soon);
        }
    }

    fn planned(&self) -> Vec<DurableSpec> {
        let (me, trust) = (&self.w.seats[self.n].id, self.mem.trust());
        let Some(seat) = trust.seat(me).filter(|seat| seat.version > 0) else {
            return Vec::new();
        };
        let gone = Arc::clone(&self.mem.documents).ever_introduced(me).into_iter();
        let gone = gone.filter(|id| me.parent().as_ref() != Some(id));
        let gone = gone.filter(|id| seat.links.iter().all(|link| link.to != *id));
        let closed = gone.flat_map(|id| address::closed_durables(&id));
        seat.links.iter().flat_map(address::link_durables).chain(closed).collect()
    }
}
