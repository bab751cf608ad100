//! Whether a case still waits for somebody, at one node.

use super::clocks::Clocks;
use super::told::{Case, Told, Word};
use crate::notice::{Id, NodeId, Severity, Stage, Time};

impl Case {
    /// Whether it is open at `me`.
    ///
    /// A level has done with it once its own last word is closed or rejected, until another report
    /// comes here after that. Who reported it, or was admitted to it, has done once every level
    /// that answered has, at least one did, and the final report is sent if the regime knows one
    /// (who was admitted need not send it); a CSIRT that took it by telephone, until whom it let in
    /// reports after that. Where only words of others pass through, it is not open.
    #[must_use]
    pub fn is_open(&self, me: &NodeId, clocks: &Clocks) -> bool {
        let states = self.states();
        let reporter = self.issuer() == me && !self.reports.is_empty();
        if self.has_news(me) {
            return true;
        }
        if !reporter && self.is_level(me) {
            return states.get(me).is_none_or(|own| !own.is_over());
        }
        if !(reporter || self.admits(me)) {
            return false;
        }
        let answered = !states.is_empty() && states.values().all(|standing| standing.is_over());
        let sent = self.stage() == Some(Stage::Final) || self.admits(me);
        !(answered && (sent || !clocks.has_final(&self.regimes())))
    }

    /// Whether a report of another came to `me` after `me` had closed or rejected the case.
    #[must_use]
    pub fn has_news(&self, me: &NodeId) -> bool {
        let states = self.states();
        let over = states.get(me).filter(|own| own.is_over());
        over.is_some_and(|own| self.has_news_since(me, own.id))
    }

    /// Whether a report of another came to `me` after a word of its own: by its own hops, so that
    /// no two clocks are compared.
    fn has_news_since(&self, me: &NodeId, word: Id) -> bool {
        let said = self.words.iter().find(|said| said.id == word).map(|said| said.since);
        let mut reports = self.own_reports().filter(|told| told.in_order && comes_to(me, told));
        said.is_some_and(|said| reports.any(|told| told.since > said))
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
    /// report that called it critical. `None` if it is not critical, `me` has answered in order,
    /// reported it itself, or has nothing to answer.
    #[must_use]
    pub fn unanswered_since(&self, me: &NodeId) -> Option<Time> {
        let asked = self.issuer() != me && self.is_level(me);
        if !asked || self.severity() != Severity::Critical {
            return None;
        }
        if self.words.iter().any(|word| word.by == *me && word.in_order) {
            return None;
        }
        let critical = |report: &&Told| report.severity == Severity::Critical;
        self.own_reports().filter(critical).map(|report| report.since).min()
    }

    /// Whether `me` is a level of this case: it got a report of another on its way.
    pub(super) fn is_level(&self, me: &NodeId) -> bool {
        self.reports.iter().any(|told| comes_to(me, told))
    }

    /// Whether a response lets `me` in, that did not begin this case: it answers what is not
    /// `me`'s, since the CSIRT reported that itself.
    fn admits(&self, me: &NodeId) -> bool {
        let mut own = self.reports.iter().filter(|told| told.by == *me);
        let is_own = |id| self.reports.iter().any(|told| told.by == *me && Some(told.id) == id);
        let in_from = |word: &Word| word.to == *me && word.by != *me && !is_own(word.re);
        self.words.iter().any(in_from) && !own.any(|told| told.re.is_none())
    }
}

/// Whether a report of another is for `me`, or passes it on its way up.
fn comes_to(me: &NodeId, told: &Told) -> bool {
    told.by != *me && (told.to == *me || (told.to.contains(me) && me.contains(&told.by)))
}
