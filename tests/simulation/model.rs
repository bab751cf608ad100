//! One stream of a nats-server as the relay uses it: what is stored, and who was given what.
//! `tests/broker/stream_model.rs` holds it against the real server, operation by operation.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use chappe::address::{Discard, DurableSpec, Retention, StreamSpec};

/// Milliseconds of the server's clock.
pub(crate) type Ms = u64;
pub(crate) type Headers = Vec<(&'static str, String)>;

/// As `bus/provision.rs` sets them.
const ACK_WAIT: Ms = 30_000;
const MAX_ACK_PENDING: usize = 256;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) seq: u64,
    pub(crate) subject: String,
    pub(crate) headers: Headers,
    pub(crate) payload: Vec<u8>,
    pub(crate) at: Ms,
    ends: Option<Ms>,
    size: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    Stored,
    AlreadyThere,
    Full,
}

#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) message: Arc<Message>,
    pub(crate) delivered: u64,
}

#[derive(Clone, Debug, Default)]
struct Durable {
    filters: Vec<Vec<String>>,
    /// The last sequence that was given out for the first time.
    last: u64,
    /// What was given and not settled, and when it is due again.
    pending: BTreeMap<u64, Ms>,
    due: VecDeque<u64>,
    delivered: HashMap<u64, u64>,
}

#[derive(Clone, Debug)]
pub(crate) struct Stream {
    spec: StreamSpec,
    subjects: Vec<Vec<String>>,
    messages: BTreeMap<u64, Arc<Message>>,
    by_subject: HashMap<String, BTreeSet<u64>>,
    last: u64,
    size: u64,
    durables: BTreeMap<String, Durable>,
}

impl Stream {
    pub(crate) fn new(spec: StreamSpec) -> Self {
        let subjects = spec.subjects.iter().map(|s| tokens(s)).collect();
        let (messages, by_subject) = (BTreeMap::new(), HashMap::new());
        let durables = BTreeMap::new();
        Self { spec, subjects, messages, by_subject, last: 0, size: 0, durables }
    }

    pub(crate) fn name(&self) -> &str {
        &self.spec.name
    }

    pub(crate) fn takes(&self, subject: &str) -> bool {
        passes(&self.subjects, subject)
    }

    /// Stores a message; `empty` is expected-last-subject-sequence 0.
    pub(crate) fn put(
        &mut self,
        now: Ms,
        subject: &str,
        headers: &Headers,
        payload: &[u8],
        ttl: Option<Ms>,
        empty: bool,
    ) -> Put {
        self.expire(now);
        let held = self.by_subject.get(subject).map_or(0, BTreeSet::len) as i64;
        let at_most = self.spec.per_subject.unwrap_or(i64::MAX);
        if (empty && held > 0) || (self.spec.discard == Discard::New && held >= at_most) {
            return Put::AlreadyThere;
        }
        let size = size(subject, headers, payload, ttl, empty);
        let most = u64::try_from(self.spec.max_bytes).unwrap_or(u64::MAX);
        if self.spec.discard == Discard::New && self.size + size >= most {
            return Put::Full;
        }
        self.last += 1;
        let ends = ttl.into_iter().chain(self.spec.max_age.map(|age| age.as_millis() as Ms)).min();
        let message = Message {
            seq: self.last,
            subject: subject.to_owned(),
            headers: headers.clone(),
            payload: payload.to_vec(),
            at: now,
            ends: ends.map(|life| now + life),
            size,
        };
        self.size += size;
        self.messages.insert(self.last, Arc::new(message));
        self.by_subject.entry(subject.to_owned()).or_default().insert(self.last);
        self.bound(subject, at_most, most);
        Put::Stored
    }

    /// Lets go of the oldest, of one subject and of all.
    fn bound(&mut self, subject: &str, at_most: i64, most: u64) {
        while let Some(first) = self.by_subject.get(subject).and_then(|all| {
            let over = all.len() as i64 > at_most;
            all.first().copied().filter(|_| over)
        }) {
            self.delete(first);
        }
        while self.size > most {
            let Some(first) = self.messages.keys().next().copied() else { return };
            self.delete(first);
        }
    }

    fn expire(&mut self, now: Ms) {
        let over = |message: &&Arc<Message>| message.ends.is_some_and(|ends| ends <= now);
        let gone: Vec<u64> = self.messages.values().filter(over).map(|m| m.seq).collect();
        for seq in gone {
            self.delete(seq);
        }
    }

    pub(crate) fn delete(&mut self, seq: u64) -> bool {
        let Some(message) = self.messages.remove(&seq) else { return false };
        self.size -= message.size;
        if let Some(all) = self.by_subject.get_mut(&message.subject) {
            all.remove(&seq);
            if all.is_empty() {
                self.by_subject.remove(&message.subject);
            }
        }
        true
    }

    pub(crate) fn get(&mut self, now: Ms, subject: &str) -> Option<Arc<Message>> {
        self.expire(now);
        let last = self.by_subject.get(subject)?.last()?;
        self.messages.get(last).cloned()
    }

    /// Everything that is here, from the first: what the durable `fold` reads.
    pub(crate) fn all(&mut self, now: Ms) -> Vec<Arc<Message>> {
        self.expire(now);
        self.messages.values().cloned().collect()
    }

    pub(crate) fn add(&mut self, spec: &DurableSpec) {
        let filters = spec.filters.iter().map(|f| tokens(f)).collect();
        self.durables.insert(spec.name.clone(), Durable { filters, ..Durable::default() });
    }

    /// As `Bus::change_filters`: sets a wider durable back to the start. Whether it did.
    pub(crate) fn change_filters(&mut self, spec: &DurableSpec) -> bool {
        let Some(durable) = self.durables.get_mut(&spec.name) else { return false };
        let old = durable.filters.clone();
        durable.filters = spec.filters.iter().map(|f| tokens(f)).collect();
        let new = &durable.filters;
        let widens = !old.is_empty() && (new.is_empty() || new.iter().any(|f| !old.contains(f)));
        if widens {
            self.reset(&spec.name);
        }
        widens
    }

    pub(crate) fn reset(&mut self, name: &str) {
        if let Some(durable) = self.durables.get_mut(name) {
            let filters = std::mem::take(&mut durable.filters);
            *durable = Durable { filters, ..Durable::default() };
        }
    }

    /// The next message of a durable: first what comes again, then what is new.
    pub(crate) fn next(&mut self, now: Ms, name: &str) -> Option<Given> {
        self.expire(now);
        let durable = self.durables.get_mut(name)?;
        durable.collect(now);
        while let Some(seq) = durable.due.pop_front() {
            if let Some(message) = self.messages.get(&seq) {
                return Some(durable.give(now, message));
            }
            durable.forget(seq);
        }
        if durable.pending.len() >= MAX_ACK_PENDING {
            return None;
        }
        let mut fresh = self.messages.range(durable.last + 1..).map(|(_, message)| message);
        let message = fresh.find(|message| durable.lets(&message.subject))?;
        durable.last = message.seq;
        Some(durable.give(now, message))
    }

    /// When a durable may have something, if nothing new is stored.
    pub(crate) fn due(&self, name: &str) -> Option<Ms> {
        let durable = self.durables.get(name)?;
        if !durable.due.is_empty() {
            return Some(0);
        }
        let full = durable.pending.len() >= MAX_ACK_PENDING;
        let fresh = || {
            let mut all = self.messages.range(durable.last + 1..);
            all.any(|(_, message)| durable.lets(&message.subject))
        };
        if !full && fresh() {
            return Some(0);
        }
        durable.pending.values().min().copied()
    }

    /// How much of a durable is not settled yet.
    pub(crate) fn waiting(&self, name: &str) -> usize {
        let Some(durable) = self.durables.get(name) else { return 0 };
        let fresh = self.messages.range(durable.last + 1..);
        let given = durable.pending.keys().filter(|seq| self.messages.contains_key(seq));
        fresh.filter(|(_, m)| durable.lets(&m.subject)).count() + given.count()
    }

    /// Settles for good, acknowledged or terminated.
    pub(crate) fn settle(&mut self, name: &str, seq: u64) {
        let Some(durable) = self.durables.get_mut(name) else { return };
        let was = durable.pending.contains_key(&seq);
        durable.forget(seq);
        if was && self.spec.retention == Retention::WorkQueue {
            self.delete(seq);
        }
    }

    /// Asks for it again after a delay.
    pub(crate) fn nak(&mut self, now: Ms, name: &str, seq: u64, delay: Ms) {
        let Some(durable) = self.durables.get_mut(name) else { return };
        if let Some(due) = durable.pending.get_mut(&seq) {
            *due = now + delay;
        }
    }

    /// A server that was killed has forgotten that something was settled; what is gone is gone.
    pub(crate) fn unsettle(&mut self, now: Ms, name: &str) {
        let Some(durable) = self.durables.get_mut(name) else { return };
        let mut given = self.messages.range(..=durable.last).rev();
        let last = given.find(|(_, m)| durable.lets(&m.subject)).map(|(seq, _)| *seq);
        if let Some(seq) = last {
            durable.pending.entry(seq).or_insert(now);
        }
    }

    pub(crate) fn durables(&self) -> impl Iterator<Item = &String> {
        self.durables.keys()
    }
}

impl Durable {
    fn lets(&self, subject: &str) -> bool {
        self.filters.is_empty() || passes(&self.filters, subject)
    }

    /// Takes what is due into the queue of what comes again.
    fn collect(&mut self, now: Ms) {
        let due = self.pending.iter().filter(|(seq, at)| **at <= now && !self.due.contains(seq));
        let due: Vec<u64> = due.map(|(seq, _)| *seq).collect();
        self.due.extend(due);
    }

    fn give(&mut self, now: Ms, message: &Arc<Message>) -> Given {
        self.pending.insert(message.seq, now + ACK_WAIT);
        let delivered = self.delivered.entry(message.seq).or_default();
        *delivered += 1;
        Given { message: Arc::clone(message), delivered: *delivered }
    }

    fn forget(&mut self, seq: u64) {
        self.pending.remove(&seq);
        self.delivered.remove(&seq);
        self.due.retain(|due| *due != seq);
    }
}

fn tokens(pattern: &str) -> Vec<String> {
    pattern.split('.').map(str::to_owned).collect()
}

fn passes(patterns: &[Vec<String>], subject: &str) -> bool {
    patterns.iter().any(|pattern| {
        let mut rest = subject.split('.');
        for token in pattern {
            match (token.as_str(), rest.next()) {
                (">", Some(_)) => return true,
                ("*", Some(_)) => {}
                (fixed, Some(found)) if fixed == found => {}
                _ => return false,
            }
        }
        rest.next().is_none()
    })
}

/// What the server's file store counts: record, subject, headers, payload.
fn size(subject: &str, headers: &Headers, payload: &[u8], ttl: Option<Ms>, empty: bool) -> u64 {
    let line = |name: &str, value: &str| name.len() + value.len() + 4;
    let mut lines: usize = headers.iter().map(|(name, value)| line(name, value)).sum();
    if empty {
        lines += line("Nats-Expected-Last-Subject-Sequence", "0");
    }
    if let Some(ttl) = ttl {
        lines += line("Nats-TTL", &(ttl / 1_000).to_string());
    }
    let headers = if lines == 0 { 0 } else { 4 + "NATS/1.0\r\n\r\n".len() + lines };
    (22 + subject.len() + headers + payload.len() + 8) as u64
}
