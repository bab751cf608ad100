//! Deadlines: what a case's clocks say, at one node.

use std::time::Duration;

use super::clocks::{Anchor, Clock, Clocks, Duty};
use super::states::rank;
use super::told::{Case, Told};
use crate::notice::{NodeId, Stage, Time};

/// A deadline is near with a quarter of its span left, and not before its last three days.
const NEAR: Duration = Duration::from_secs(3 * 24 * 3600);

/// How a deadline stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeadlineStanding {
    /// There is time.
    Open,
    /// Less than a quarter of the span is left, and less than three days.
    Near,
    /// Over, and not met.
    Passed,
    /// Met in time.
    Met,
    /// Met after it was over.
    MetLate,
}

impl DeadlineStanding {
    /// Every standing.
    pub const ALL: [Self; 5] = [Self::Open, Self::Near, Self::Passed, Self::Met, Self::MetLate];

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Near => "near",
            Self::Passed => "passed",
            Self::Met => "met",
            Self::MetLate => "met-late",
        }
    }
}

/// What one clock says of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// The clock's name.
    pub name: String,
    /// The law.
    pub source: String,
    /// Whose duty.
    pub of: Duty,
    /// The report that is due.
    pub stage: Option<Stage>,
    /// What it counts from.
    pub anchor: Anchor,
    /// The anchor's time.
    pub from: Time,
    /// Until when.
    pub due: Time,
    /// The first hop of what met it.
    pub met: Option<Time>,
    /// What the last report gives as the anchor, if it is another time than the one that counts: a
    /// later report does not move a deadline back.
    pub changed: Option<Time>,
    /// What met it is another level's forward: when the reporter sent it is not known here, so it
    /// is never called late.
    pub forwarded: bool,
}

impl Deadline {
    /// From its anchor to its end.
    #[must_use]
    pub fn span(&self) -> Duration {
        self.due.since(self.from)
    }

    /// How it stands. What comes in the very millisecond is in time.
    #[must_use]
    pub fn standing(&self, now: Time) -> DeadlineStanding {
        match self.met {
            Some(met) if met > self.due && !self.forwarded => DeadlineStanding::MetLate,
            Some(_) => DeadlineStanding::Met,
            None if now > self.due => DeadlineStanding::Passed,
            None if self.due.since(now) < NEAR.min(self.span() / 4) => DeadlineStanding::Near,
            None => DeadlineStanding::Open,
        }
    }
}

impl Case {
    /// What its clocks say at `me`, the next first. A reporter's are told everywhere, a CSIRT's
    /// only of `me`'s own duty, if it got the report from another. No anchor, no deadline.
    #[must_use]
    pub fn deadlines(&self, me: &NodeId, clocks: &Clocks) -> Vec<Deadline> {
        let regimes = self.regimes();
        let all = clocks.of(&regimes);
        let mut found: Vec<Deadline> = all.filter_map(|clock| self.deadline(me, clock)).collect();
        found.sort_by(|a, b| (a.due, &a.name).cmp(&(b.due, &b.name)));
        found
    }

    /// The first deadline that is not met; what `chappe cases` is sorted by.
    #[must_use]
    pub fn next_deadline(&self, me: &NodeId, clocks: &Clocks) -> Option<Deadline> {
        self.deadlines(me, clocks).into_iter().find(|deadline| deadline.met.is_none())
    }

    fn deadline(&self, me: &NodeId, clock: &Clock) -> Option<Deadline> {
        if clock.of == Duty::Csirt && (self.issuer() == me || !self.is_level(me)) {
            return None;
        }
        let (from, changed) = self.anchored(clock.anchor)?;
        let due = clock.after.after(from)?;
        let (met, forwarded) = match self.met(me, clock) {
            Some((met, forwarded)) => (Some(met), forwarded),
            None => (None, false),
        };
        Some(Deadline {
            name: clock.name.clone(),
            source: clock.source.clone(),
            of: clock.of,
            stage: clock.stage,
            anchor: clock.anchor,
            from,
            due,
            met,
            changed,
            forwarded,
        })
    }

    /// When an anchor was, and what the last report says instead.
    fn anchored(&self, anchor: Anchor) -> Option<(Time, Option<Time>)> {
        let said = |say: fn(&Told) -> Option<Time>| {
            let first = self.counted().filter_map(say).min()?;
            let last = self.counted().filter_map(say).next_back();
            Some((first, last.filter(|last| *last != first)))
        };
        match anchor {
            Anchor::Aware => said(|told| Some(told.aware)),
            Anchor::Classified => said(|told| told.events.classified.map(Time::from_secs)),
            Anchor::Measure => said(|told| told.events.measure.map(Time::from_secs)),
            Anchor::Handled => said(|told| told.events.handled.map(Time::from_secs)),
            Anchor::Received => Some((self.own_reports().map(|told| told.since).min()?, None)),
            Anchor::Sent(stage) => {
                let so_far = |told: &&Told| told.in_order && rank(told.stage) >= rank(stage);
                Some((self.own_reports().filter(so_far).map(|told| told.first).min()?, None))
            }
        }
    }

    /// When a clock was met first, and whether by a forward.
    fn met(&self, me: &NodeId, clock: &Clock) -> Option<(Time, bool)> {
        if clock.satisfied_by.is_empty() {
            let own = self.words.iter().filter(|word| word.by == *me && word.in_order);
            return own.map(|word| (word.first, false)).min();
        }
        let meets = |told: &&Told| told.in_order && clock.satisfied_by.contains(&told.stage);
        let meets = self.own_reports().filter(meets);
        meets.map(|told| (told.first, told.origin.is_some())).min()
    }
}
