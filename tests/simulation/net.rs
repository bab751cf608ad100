//! What goes over the wires: a publish with its acknowledgement, who wakes up for it, and who
//! reaches whose server.

use std::sync::Arc;
use std::time::Duration;

use chappe::address::{child_durable, intake_stream};
use chappe::notice::NodeId;

use super::invariants;
use super::model::{Headers, Message, Ms, Put};
use super::world::{Actor, PlaceError, World};

impl World {
    /// How long a message takes to be seen.
    pub(crate) fn latency(&mut self) -> Ms {
        match self.rng.below(100) {
            0..90 => 1 + self.rng.below(50) as Ms,
            90..99 => self.rng.below(2_000) as Ms,
            _ => self.rng.below(self.faults.slow) as Ms,
        }
    }

    /// A publish with an acknowledgement, to a node's server. `empty` is `Bus::place`, else it is
    /// one of those of which the latest counts.
    pub(crate) fn put(
        &mut self,
        at: usize,
        subject: &str,
        (headers, payload): (&Headers, &[u8]),
        ttl: Option<Duration>,
        empty: bool,
    ) -> Result<bool, PlaceError> {
        if !self.seats[at].server_up {
            return Err(PlaceError::Away);
        }
        if self.rng.below(1_000) < self.faults.unsent {
            return Err(PlaceError::Unknown);
        }
        let ttl = ttl.map(|ttl| (ttl.as_millis() as Ms).div_ceil(1_000).max(1) * 1_000);
        let now = self.now;
        let Some(stream) = self.seats[at].streams.values_mut().find(|s| s.takes(subject)) else {
            return Err(PlaceError::NoStream);
        };
        let (name, put) =
            (stream.name().to_owned(), stream.put(now, subject, headers, payload, ttl, empty));
        if put == Put::Full {
            return Err(PlaceError::Full);
        }
        if put == Put::Stored {
            let stored = stream.get(now, subject);
            self.stored(at, &name, stored);
        }
        if self.rng.below(1_000) < self.faults.unknown {
            let id = self.seats[at].id.clone();
            self.note(|| format!("{id}: the PubAck of {subject} is lost"));
            return Err(PlaceError::Unknown);
        }
        Ok(put == Put::Stored)
    }

    fn stored(&mut self, at: usize, stream: &str, message: Option<Arc<Message>>) {
        if let Some(message) = message {
            invariants::stored(self, at, stream, &message);
        }
        for (reader, actor) in self.readers(at, stream) {
            let due = self.now + self.latency();
            self.wake_actor(reader, &actor, due);
        }
    }

    fn readers(&self, at: usize, stream: &str) -> Vec<(usize, Actor)> {
        let seat = &self.seats[at];
        let below = |actor: fn(NodeId) -> Actor| {
            seat.children.iter().map(|child| (*child, actor(seat.id.clone()))).collect()
        };
        let own = |wanted: &dyn Fn(&Actor) -> bool| {
            let all = seat.actors.iter().filter(|(actor, _)| wanted(actor));
            all.map(|(actor, _)| (at, actor.clone())).collect()
        };
        match stream {
            "BOARD" => below(Actor::Down),
            "TRUST" => below(Actor::Papers),
            "BEATS" => below(Actor::Heard),
            "OUTBOX" => own(&|actor| matches!(actor, Actor::Up(_) | Actor::Lane(..))),
            "HELD" => own(&|actor| matches!(actor, Actor::Held(_))),
            name => own(&|actor| match actor {
                Actor::Source(source) => intake_stream(source).as_deref() == Some(name),
                _ => false,
            }),
        }
    }

    /// Whether a node reaches an upstream's server now.
    pub(crate) fn reaches(&self, at: usize, up: &NodeId) -> Option<usize> {
        let upper = self.at(up)?;
        let open = self.seats[upper].server_up && !self.seats[at].cut.contains(up);
        open.then_some(upper)
    }

    /// Where an actor reads: whose server, which stream, which durable.
    pub(crate) fn reading(&self, at: usize, actor: &Actor) -> Option<(usize, String, String)> {
        let own = self.seats[at].server_up.then_some(at);
        let name = child_durable(&self.seats[at].id);
        let of = |stream: &str, up: &NodeId| {
            Some((self.reaches(at, up)?, stream.to_owned(), name.clone()))
        };
        match actor {
            Actor::Source(source) => Some((own?, intake_stream(source)?, "relay".to_owned())),
            Actor::Held(source) => {
                Some((own?, "HELD".to_owned(), chappe::address::held_durable(source)))
            }
            Actor::Down(up) => of("BOARD", up),
            Actor::Papers(up) => of("TRUST", up),
            Actor::Heard(up) => of("BEATS", up),
            Actor::Up(up) => Some((own?, "OUTBOX".to_owned(), chappe::address::outbox_durable(up))),
            Actor::Lane(up, source) => {
                Some((own?, "OUTBOX".to_owned(), chappe::address::outbox_lane(up, source)))
            }
            Actor::Ask(_) | Actor::Say | Actor::Look | Actor::Adapt => None,
        }
    }
}
