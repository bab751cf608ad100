//! Heartbeats: the same steps as `relay/beats.rs`, and the questions of `relay/adapt.rs` with the
//! answers of `relay/answers.rs`. Looks at what was heard four times a period instead of every
//! five seconds: nothing that is judged is shorter than a period.

use std::collections::BTreeSet;
use std::time::Duration;

use chappe::address::{self, Source};
use chappe::notice::{ALL, Audience, Id, NodeId, Reason, Time};
use chappe::routing::{covers, own_beats};
use chappe::verify::{self, Refused};

use super::model::{Given, Ms};
use super::relay::{Relay, Settle, Stop};
use super::wires::{backoff, millis};
use super::world::Actor;

const ASK_AGAIN: Ms = 15_000;

impl Relay<'_> {
    /// Says what this node has in force on each of its channels.
    pub(crate) fn say(&mut self) -> Result<Option<Ms>, ()> {
        let again = Ok(Some(self.w.now + millis(self.w.period)));
        match self.say_once() {
            Err(Stop::Crash) => Err(()),
            Ok(()) | Err(Stop::Place(_)) => again,
        }
    }

    fn say_once(&mut self) -> Result<(), Stop> {
        let (now, period) = (self.now(), self.w.period);
        let me = self.w.seats[self.n].id.clone();
        let beats = own_beats(now, &me, &self.mem.trust(), self.mem.router.ledger(), period);
        for (beat, ids) in beats {
            let Audience::Scope(scope) = &beat.aud else { continue };
            let subject = address::heartbeat(&beat.iss, scope, beat.tlp);
            let signed = self.signed_beat(&beat);
            self.put_latest(&subject, signed.as_bytes(), Some(3 * period))?;
            let digest = beat.digest;
            self.mem.beats.hear(now, beat);
            self.mem.beats.learn(digest, ids);
        }
        Ok(())
    }

    pub(crate) fn take_beat(
        &mut self,
        now: Time,
        source: &Source,
        given: &Given,
    ) -> Result<Settle, Stop> {
        let m = &given.message;
        match self.hear(now, source, &m.subject, &m.payload) {
            Ok(Some(left)) => {
                self.put_latest(&m.subject, &m.payload, Some(left))?;
                Ok(Settle::Ack)
            }
            Ok(None) => Ok(Settle::Ack),
            Err(refused) if refused.reason == Reason::Expired => Ok(Settle::Ack),
            Err(refused) if comes_again(given, refused.reason) => {
                Ok(Settle::Later(backoff(given.delivered)))
            }
            Err(refused) => self.set_aside(source, m, refused.reason),
        }
    }

    pub(crate) fn hear(
        &mut self,
        now: Time,
        source: &Source,
        subject: &str,
        payload: &[u8],
    ) -> Result<Option<Duration>, Refused> {
        let (trust, me) = (self.mem.trust(), self.w.seats[self.n].id.clone());
        if subject.ends_with(&format!(".{ALL}")) {
            let beat = verify::verify_heartbeat(now, &trust, subject, payload)?;
            let left = Time::from_secs(beat.exp).since(now);
            return Ok(self.mem.beats.hear(now, beat).then_some(left));
        }
        let (receipt, _) = verify::verify_receipt(now, &me, &trust, source, payload)?;
        covers(source, subject, &receipt)
            .map_err(|reason| Refused { reason, why: String::new() })?;
        let left = Duration::from_secs(400 * 24 * 3600);
        self.mem.beats.cover(&receipt, now + left);
        Ok(Some(left))
    }

    /// Compares what was heard with what is here.
    pub(crate) fn look(&mut self) -> Option<Ms> {
        self.links();
        let (now, trust) = (self.now(), self.mem.trust());
        let me = self.w.seats[self.n].id.clone();
        let router = &self.mem.router;
        let filtered = |id: Id| router.has_filtered(id);
        let links = &self.mem.links;
        let outlook = self.mem.beats.look(now, &me, &trust, router.ledger(), links, filtered);
        if !outlook.missing.is_empty() {
            self.mem.rewinds += 1;
        }
        if outlook != self.mem.outlook {
            self.w.note(|| format!("{me} sees {outlook:?}"));
        }
        self.mem.wanted.clone_from(&outlook.unknown);
        self.mem.outlook = outlook;
        super::invariants::looked(self.w, self.n, self.mem);
        self.mem.router.prune(now);
        self.wake_askers();
        Some(self.w.now + millis(self.w.period) / 4)
    }

    /// Since when each link is up, and this node's own server too.
    fn links(&mut self) {
        let now = self.now();
        for up in self.w.tree.upstreams(self.n) {
            let open = self.w.seats[self.n].server_up && self.w.reaches(self.n, &up).is_some();
            let since = self.mem.links.entry(up).or_default();
            *since = open.then(|| since.unwrap_or(now));
        }
    }

    /// Asks an upstream for its board again, and for the ids behind digests.
    pub(crate) fn ask(&mut self, up: &NodeId) -> Option<Ms> {
        let done = self.mem.rewound.get(up).copied().unwrap_or_default();
        if self.mem.rewinds == done && self.mem.wanted.is_empty() {
            return None;
        }
        let again = Some(self.w.now + ASK_AGAIN);
        let Some(upper) = self.w.reaches(self.n, up) else { return again };
        let me = self.w.seats[self.n].id.clone();
        let Some(memory) = self.w.seats[upper].memory.take() else { return again };
        let lists: Vec<(Id, Vec<Id>)> = self.wanted_from(&memory, up, &me);
        self.w.seats[upper].memory = Some(memory);
        for (digest, ids) in lists {
            self.mem.beats.learn(digest, ids);
        }
        self.mem.wanted = BTreeSet::new();
        if self.mem.rewinds > done {
            let durable = address::child_durable(&me);
            for stream in ["TRUST", "BEATS", "BOARD"] {
                if let Some(stream) = self.w.seats[upper].streams.get_mut(stream) {
                    stream.reset(&durable);
                }
            }
            self.mem.rewound.insert(up.clone(), self.mem.rewinds);
            let ups = self.w.tree.upstreams(self.n);
            let all = ups.iter().all(|up| self.mem.rewound.contains_key(up));
            self.w.seats[self.n].asks_again &= !all;
            self.w.note(|| format!("{me} has the board of {up} again"));
            for actor in [Actor::Papers, Actor::Heard, Actor::Down] {
                self.w.wake_actor(self.n, &actor(up.clone()), self.w.now + 1);
            }
        }
        None
    }

    fn wanted_from(
        &self,
        upper: &super::memory::Memory,
        up: &NodeId,
        me: &NodeId,
    ) -> Vec<(Id, Vec<Id>)> {
        let (trust, ledger) = (upper.trust(), upper.router.ledger());
        let list =
            |digest: &Id| Some((*digest, upper.beats.list(&trust, ledger, up, me, *digest)?));
        self.mem.wanted.iter().filter_map(list).collect()
    }
}

/// A word of filtering is said once; of heartbeats the next comes anyway.
fn comes_again(given: &Given, reason: Reason) -> bool {
    let once = !given.message.subject.ends_with(&format!(".{ALL}"));
    let curable = matches!(reason, Reason::KeyUnknown | Reason::Future);
    once && curable && given.delivered < 64
}
