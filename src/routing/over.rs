//! The end of cases: what is over, whole, and what counts no more from then on.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::cases::cases;
use super::router::Router;
use crate::case::{Case, Clocks};
use crate::lifecycle::Due;
use crate::notice::{Id, Time};

/// As long as any notice can be passed on again, and the stream of cases keeps anything.
const REMEMBERED: Duration = Duration::from_secs(401 * 24 * 3600);

/// What was deleted at the end of its case, or will be next, and until when it is remembered.
#[derive(Debug, Default)]
pub(super) struct Gone(HashMap<Id, Time>);

impl Gone {
    pub(super) fn prune(&mut self, now: Time) {
        self.0.retain(|_, until| *until > now);
    }
}

impl Router {
    /// What must be deleted: every notice of a case that was closed here for longer than `keep`,
    /// what was withdrawn for as long, and what an end before had not deleted yet. What stands
    /// together goes together: a part of it would be open again. The oldest comes first, and what
    /// withdraws comes last.
    #[must_use]
    pub fn over(
        &self,
        now: Time,
        cases: &[Case],
        clocks: &Clocks,
        keep: Duration,
    ) -> Vec<Vec<Due>> {
        let begun = self.ledger.notices().map(|(id, _)| id).filter(|id| self.was_over(*id));
        let closed = cases.iter().filter(|case| self.closed_for(now, case, clocks, keep));
        let groups = [begun.collect()].into_iter();
        let groups = groups.chain(closed.map(|case| case.ids().collect::<Vec<Id>>()));
        let groups = groups.chain(self.ledger.withdrawn_cases(now, keep));
        let due = |ids: Vec<Id>| ids.into_iter().filter_map(|id| self.due(id)).collect();
        groups.map(due).filter(|due: &Vec<Due>| !due.is_empty()).collect()
    }

    fn due(&self, id: Id) -> Option<Due> {
        let statement = Arc::clone(self.ledger.statement(id)?);
        Some(Due { id, statement, from: self.ledger.from(id)?.cloned() })
    }

    fn closed_for(&self, now: Time, case: &Case, clocks: &Clocks, keep: Duration) -> bool {
        case.closed_at(&self.me, clocks).is_some_and(|at| now.since(at) >= keep)
    }

    /// Begins the end of what [`Self::over`] gave together, unless it is over no more: something
    /// may have come since. From then on none of it counts, so that no part of it stands alone.
    pub fn begin_end(
        &mut self,
        now: Time,
        clocks: &Clocks,
        keep: Duration,
        together: &[Due],
    ) -> bool {
        let is_over = self.is_still_over(now, clocks, keep, together);
        if is_over {
            together.iter().for_each(|due| self.is_over(due.id, now));
        }
        is_over
    }

    fn is_still_over(&self, now: Time, clocks: &Clocks, keep: Duration, together: &[Due]) -> bool {
        let Some(first) = together.iter().find(|due| !self.was_over(due.id)) else { return true };
        let Some(filed) = self.file(first.id) else {
            let held = self.ledger.statement(first.id);
            return held.is_some_and(|s| s.kind.is_case() && !self.ledger.counts(first.id, s));
        };
        let mut all = self.around(first.id, &first.statement);
        all.push(filed);
        let ids: BTreeSet<Id> = together.iter().map(|due| due.id).collect();
        let now_so = |case: &Case| {
            case.ids().collect::<BTreeSet<Id>>() == ids && self.closed_for(now, case, clocks, keep)
        };
        cases(&all).iter().any(now_so)
    }

    /// Remembers that the end of a notice's case began at `at`: it counts no more.
    pub fn is_over(&mut self, id: Id, at: Time) {
        self.gone.0.insert(id, at + REMEMBERED);
    }

    /// Whether the end of a notice's case has begun: it is dealt with, however often it comes
    /// again.
    #[must_use]
    pub fn was_over(&self, id: Id) -> bool {
        self.gone.0.contains_key(&id)
    }

    /// Forgets a notice that was deleted at the end of its case.
    pub fn forget(&mut self, id: Id) {
        self.ledger.forget(&[id]);
    }
}
