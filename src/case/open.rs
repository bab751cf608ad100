//! Whether a case still waits for somebody, at one node.

use super::clocks::Clocks;
use super::told::{Case, Told, Word};
use crate::notice::{NodeId, Severity, Stage, Time};

impl Case {
    /// Whether it is open at `me`.
    ///
    /// A level has done with it once its own last word is closed or rejected. Who reported it, or
    /// was admitted to it, has done once every level that answered has, at least one did, and the
    /// final report is sent if the regime knows one (who was admitted need not send it). Where only
    /// words of others pass through, it is not open.
    #[must_use]
    pub fn is_open(&self, me: &NodeId, clocks: &Clocks) -> bool {
        let states = self.states();
        let reporter = self.issuer() == me && !self.reports.is_empty();
        if let (false, Some(own)) = (reporter, states.get(me)) {
            return !own.is_over();
        }
        if !(reporter || self.admits(me)) {
            return !self.reports.is_empty();
        }
        let answered = !states.is_empty() && states.values().all(|standing| standing.is_over());
        let sent = self.stage() == Some(Stage::Final) || self.admits(me);
        !(answered && (sent || !clocks.has_final(self.regime())))
    }

    /// When it was closed at `me`: when the last of it came here. `None` while it is open.
    #[must_use]
    pub fn closed_at(&self, me: &NodeId, clocks: &Clocks) -> Option<Time> {
        if self.is_open(me, clocks) {
            return None;
        }
        let reports = self.reports.iter().map(|report| report.since);
        reports.chain(self.words.iter().map(|word| word.since)).max()
    }

    /// Since when a critical case waits at `me` for `me`'s own word: the hop here of the first
    /// report that called it critical. `None` if it is not critical, `me` has answered in order, or
    /// `me` reported it itself.
    #[must_use]
    pub fn unanswered_since(&self, me: &NodeId) -> Option<Time> {
        if self.severity() != Severity::Critical || self.issuer() == me {
            return None;
        }
        if self.words.iter().any(|word| word.by == *me && word.in_order) {
            return None;
        }
        let critical = |report: &&Told| report.severity == Severity::Critical;
        self.own_reports().filter(critical).map(|report| report.since).min()
    }

    /// Whether a response lets `me` in that reported nothing itself: the CSIRT that reported for it
    /// answers it.
    fn admits(&self, me: &NodeId) -> bool {
        let to_me = |word: &&Word| word.to == *me && word.by != *me;
        let first = self.words.iter().find(to_me);
        let began = |report: &&Told| report.by == *me && report.re.is_none();
        first.is_some() && !self.own_reports().any(|report| began(&report))
    }
}
