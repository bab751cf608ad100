//! Every notice that a node holds, and how each stands. A fold over the node's own streams.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::erase::is_erasing;
use super::filed::{FILED, is_filed};
use super::manifest::{Channel, Manifest, ends_others};
use super::relation::refers;
use super::standing::Standing;
use super::thread::{Thread, ThreadKey, Version};
use crate::jws::KeyId;
use crate::notice::{Id, Kind, NodeId, Reason, Statement, Time};

/// From so long before its end on, an issuer is warned of a notice in force, and `publish` renews
/// it: two weeks, so that a holiday does not end an alert.
pub const EXPIRES_SOON: Duration = Duration::from_secs(14 * 24 * 3600);

/// A notice for the ledger, with what its standing is judged by when a key turns out stolen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its statement.
    pub statement: Statement,
    /// The node that it came from; `None` for the node's own.
    pub from: Option<NodeId>,
    /// The key that signed it.
    pub kid: KeyId,
    /// Its first hop's time.
    pub first: Time,
    /// This node's own hop's time: since when it is here.
    pub since: Time,
}

/// A notice that the node holds.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    statement: Arc<Statement>,
    from: Option<NodeId>,
    kid: KeyId,
    first: Time,
    since: Time,
    /// Signed by a thief, as far as anybody can tell: it counts as withdrawn, and does nothing.
    void: bool,
}

/// What a node holds. `keep` is the only way in, live and at start alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    entries: HashMap<Id, Entry>,
    threads: HashMap<ThreadKey, Thread>,
    /// Withdrawals by target and by who withdraws, for what is no version of a thread: another's
    /// may come before the target does, and must not count against it.
    ended: HashMap<(Id, NodeId), Id>,
    /// Erasing withdrawals, by target and by who withdraws.
    erasing: BTreeMap<Id, BTreeMap<NodeId, Id>>,
    /// What they erase and is not deleted yet. It counts as gone.
    due: BTreeMap<Id, Entry>,
    channels: BTreeMap<Channel, HashSet<Id>>,
}

impl Ledger {
    /// Makes room for so many more: growing step by step moves everything each time.
    pub fn reserve(&mut self, notices: usize) {
        self.entries.reserve(notices);
        self.threads.reserve(notices);
    }

    /// Takes a notice. Twice is once, and the first custody stays.
    pub fn keep(&mut self, id: Id, kept: Kept) {
        if self.entries.contains_key(&id) || self.due.contains_key(&id) {
            return;
        }
        let Kept { statement, from, kid, first, since } = kept;
        let statement = Arc::new(statement);
        let entry = Entry { statement, from, kid, first, since, void: false };
        if self.erases(id, &entry.statement) {
            self.due.insert(id, entry);
            return;
        }
        let erasing = is_erasing(&entry.statement);
        self.insert(id, entry);
        if erasing {
            self.settle();
        }
    }

    /// Takes out what an erasing withdrawal erases, and in again what a thief's would have.
    fn settle(&mut self) {
        let out = self.entries.iter().filter(|(id, entry)| self.erases(**id, &entry.statement));
        let out: Vec<Id> = out.map(|(id, _)| *id).collect();
        let back = self.due.iter().filter(|(id, entry)| !self.erases(**id, &entry.statement));
        let back: Vec<Id> = back.map(|(id, _)| *id).collect();
        for id in &out {
            if let Some(entry) = self.entries.remove(id) {
                self.leave_channel(*id, &entry.statement);
                self.due.insert(*id, entry);
            }
        }
        for id in &back {
            if let Some(entry) = self.due.remove(id) {
                self.insert(*id, entry);
            }
        }
        if !(out.is_empty() && back.is_empty()) {
            self.count_all();
        }
    }

    pub(super) fn due_entries(
        &self,
    ) -> impl Iterator<Item = (Id, &Arc<Statement>, Option<&NodeId>)> {
        self.due.iter().map(|(id, entry)| (*id, &entry.statement, entry.from.as_ref()))
    }

    /// Forgets what was deleted.
    pub fn forget_due(&mut self, id: Id) {
        self.due.remove(&id);
    }

    pub(super) fn erasing(&self, target: Id) -> Option<&BTreeMap<NodeId, Id>> {
        self.erasing.get(&target)
    }

    pub(super) fn erased_targets(&self) -> impl Iterator<Item = Id> {
        self.erasing.keys().copied()
    }

    fn leave_channel(&mut self, id: Id, statement: &Statement) {
        if let Some(channel) = Channel::of(statement)
            && let Some(ids) = self.channels.get_mut(&channel)
        {
            ids.remove(&id);
        }
    }

    fn insert(&mut self, id: Id, entry: Entry) {
        self.count(id, &entry.statement);
        if let Some(channel) = Channel::of(&entry.statement) {
            self.channels.entry(channel).or_default().insert(id);
        }
        self.entries.insert(id, entry);
    }

    /// The channels of an issuer that have a notice in force at a time, or what ends one.
    pub fn channels(&self, issuer: &NodeId, at: Time) -> Vec<Channel> {
        let theirs = self.channels.keys().filter(|channel| channel.issuer == *issuer);
        theirs.filter(|channel| self.is_alive(channel, at)).cloned().collect()
    }

    /// Whether a channel has a notice in force at a time, or what ends one: whether its issuer
    /// still beats on it. What a revoked key signed keeps no channel alive.
    #[must_use]
    pub fn is_alive(&self, channel: &Channel, at: Time) -> bool {
        !self.manifest(channel, at).ids().is_empty()
    }

    /// What is in force on a channel by the channel's own notices with their first hop until `at`,
    /// and what ends others on it.
    #[must_use]
    pub fn manifest(&self, channel: &Channel, at: Time) -> Manifest {
        let ids = self.channels.get(channel).into_iter().flatten();
        let entries = ids.filter_map(|id| Some((*id, self.entries.get(id)?)));
        let counts = |e: &Entry| !e.void && e.first <= at && e.statement.expires() > at;
        let mut then: Vec<_> = entries.filter(|(_, entry)| counts(entry)).collect();
        then.sort_by_key(|(id, entry)| (entry.first, *id));
        let mut alone = Self::default();
        for (id, entry) in then {
            alone.insert(id, entry.clone());
        }
        let in_force = |id: Id, s: &Statement| alone.standing(at, id, s) == Standing::InForce;
        let stands = |(id, s): &(Id, &Arc<Statement>)| ends_others(s.kind) || in_force(*id, s);
        Manifest::new(alone.notices().filter(stands).map(|(id, _)| id).collect())
    }

    /// What a notice does to its thread and to others.
    fn count(&mut self, id: Id, statement: &Arc<Statement>) {
        if let (Some(key), Some(version)) = (ThreadKey::of(statement), Version::of(id, statement)) {
            let of_a_note = self.target_is_a_note(statement);
            let thread = self.threads.entry(key).or_default();
            thread.hold();
            if !of_a_note {
                thread.keep(version, statement);
            }
        }
        if statement.kind == Kind::Withdrawal {
            let by = statement.iss.clone();
            self.ended.extend(statement.re.map(|target| ((target, by), id)));
        }
        if let Some(target) = statement.re.filter(|_| is_erasing(statement)) {
            self.erasing.entry(target).or_default().insert(statement.iss.clone(), id);
        }
    }

    /// Judges every notice again: `is_void` says of (key, issuer, first hop's time, id) whether a
    /// thief signed it. What he signed counts as withdrawn; what his withdrawals, closings and
    /// updates hid is in force again. Returns how many notices changed.
    pub fn judge(&mut self, is_void: impl Fn(&KeyId, &NodeId, Time, Id) -> bool) -> usize {
        let mut changed = 0;
        for (id, entry) in self.entries.iter_mut().chain(&mut self.due) {
            let void = is_void(&entry.kid, &entry.statement.iss, entry.first, *id);
            changed += usize::from(entry.void != void);
            entry.void = void;
        }
        if changed > 0 {
            self.count_all();
            self.settle();
        }
        changed
    }

    fn count_all(&mut self) {
        (self.threads, self.ended) = (HashMap::new(), HashMap::new());
        self.erasing.clear();
        let good = self.entries.iter().filter(|(_, entry)| !entry.void);
        let good: Vec<_> = good.map(|(id, entry)| (*id, Arc::clone(&entry.statement))).collect();
        for (id, statement) in good {
            self.count(id, &statement);
        }
    }

    /// Whether a notice is here and counts as withdrawn because its key was stolen.
    #[must_use]
    pub fn is_void(&self, id: Id) -> bool {
        self.entries.get(&id).is_some_and(|entry| entry.void)
    }

    /// Since when a notice is here.
    #[must_use]
    pub fn since(&self, id: Id) -> Option<Time> {
        self.entries.get(&id).map(|entry| entry.since)
    }

    pub(super) fn thread(&self, key: &ThreadKey) -> Option<&Thread> {
        self.threads.get(key)
    }

    /// When a notice had its first hop.
    #[must_use]
    pub fn first_hop(&self, id: Id) -> Option<Time> {
        self.entries.get(&id).map(|entry| entry.first)
    }

    /// A note on one's own advisory has that advisory's document: withdrawing the note must not
    /// withdraw the advisory.
    fn target_is_a_note(&self, s: &Statement) -> bool {
        let target = s.re.and_then(|re| self.entries.get(&re));
        target.is_some_and(|target| target.statement.kind == Kind::Annotation)
    }

    /// Forgets what has been expired for `grace_secs`, and of cases what their stream has not.
    pub fn prune(&mut self, now: Time, grace_secs: u64) {
        let ends = |e: &Entry| match is_filed(&e.statement) {
            true => (e.since + FILED).secs(),
            false => e.statement.exp.saturating_add(grace_secs),
        };
        let gone = self.entries.iter().filter(|(_, e)| ends(e) < now.secs());
        let gone: Vec<Id> = gone.map(|(id, _)| *id).collect();
        self.forget(&gone);
    }

    /// Forgets notices that are in no stream any more.
    pub fn forget(&mut self, gone: &[Id]) {
        for id in gone {
            let Some(Entry { statement, void, .. }) = self.entries.remove(id) else { continue };
            self.leave_channel(*id, &statement);
            // What a thief signed was not counted either.
            if void {
                continue;
            }
            if let (Some(key), Some(version)) =
                (ThreadKey::of(&statement), Version::of(*id, &statement))
                && self.threads.get_mut(&key).is_some_and(|thread| thread.forget(version))
            {
                self.threads.remove(&key);
            }
        }
        self.channels.retain(|_, ids| !ids.is_empty());
        self.ended.retain(|_, withdrawal| self.entries.contains_key(withdrawal));
        self.erasing.retain(|_, by| {
            by.retain(|_, withdrawal| self.entries.contains_key(withdrawal));
            !by.is_empty()
        });
    }

    /// Whether a notice may be placed, by what is already here. Asks nothing about the notice
    /// itself being here: a redelivery after a crash gets the same answer.
    ///
    /// # Errors
    /// `superseded`, `withdrawn`, `already-issued`, `relation` or `lifetime`.
    pub fn admits(&self, id: Id, s: &Statement) -> Result<(), Reason> {
        if self.entries.contains_key(&id) {
            return Ok(());
        }
        refers(self, s)?;
        if self.is_ended(id, s) || self.erases(id, s) {
            return Err(Reason::Withdrawn);
        }
        if !s.kind.is_document() {
            return Ok(());
        }
        let (Some(key), Some(version)) = (ThreadKey::of(s), Version::of(id, s)) else {
            return Ok(());
        };
        let Some(thread) = self.threads.get(&key) else { return Ok(()) };
        let again = s.re.is_none().then(|| thread.again(version.revision, s.body.sha256));
        again.flatten().map_or_else(|| thread.admits(version), Err)
    }

    fn is_ended(&self, id: Id, s: &Statement) -> bool {
        let no_version = s.doc.is_none() || s.kind == Kind::Annotation;
        no_version && self.ended.contains_key(&(id, s.iss.clone()))
    }

    /// The statement of a notice that is here.
    #[must_use]
    pub fn statement(&self, id: Id) -> Option<&Arc<Statement>> {
        self.entries.get(&id).map(|entry| &entry.statement)
    }

    /// The node that a notice came from: `None` if it is not here, `Some(None)` if it is ours.
    #[must_use]
    pub fn from(&self, id: Id) -> Option<Option<&NodeId>> {
        self.entries.get(&id).map(|entry| entry.from.as_ref())
    }

    /// What this issuer has in force that expires soon: alerts and advisories, the first first.
    #[must_use]
    pub fn expiring(&self, issuer: &NodeId, now: Time) -> Vec<(Time, Id)> {
        let soon = |s: &Statement| now < s.expires() && s.expires().since(now) < EXPIRES_SOON;
        let mut found: Vec<(Time, Id)> = self
            .notices()
            .filter(|(_, s)| s.iss == *issuer && s.kind.is_document() && !s.is_drill() && soon(s))
            .filter(|(id, s)| self.standing(now, *id, s) == Standing::InForce)
            .map(|(id, s)| (s.expires(), id))
            .collect();
        found.sort_unstable();
        found
    }

    /// Every notice here.
    pub fn notices(&self) -> impl Iterator<Item = (Id, &Arc<Statement>)> {
        self.entries.iter().map(|(id, entry)| (*id, &entry.statement))
    }

    /// How a notice stands.
    #[must_use]
    pub fn standing(&self, now: Time, id: Id, s: &Statement) -> Standing {
        if now >= s.expires() {
            return Standing::Expired;
        }
        if self.is_void(id) || self.is_ended(id, s) {
            return Standing::Withdrawn;
        }
        if is_erasing(s) {
            return Standing::Erased;
        }
        let (Some(key), Some(version)) = (ThreadKey::of(s), Version::of(id, s)) else {
            return Standing::InForce;
        };
        match self.threads.get(&key) {
            Some(_) if !s.kind.is_document() => Standing::InForce,
            Some(thread) if thread.is_withdrawn(version.revision) => Standing::Withdrawn,
            Some(thread) if thread.is_closed(version.revision) => Standing::Closed,
            Some(thread) if thread.admits(version) == Err(Reason::Superseded) => {
                Standing::Superseded
            }
            _ => Standing::InForce,
        }
    }
}
