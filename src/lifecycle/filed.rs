//! What belongs to cases: it stays longer than it counts by its own `exp`, and goes when its case
//! has been over for long enough.

use std::collections::BTreeMap;
use std::time::Duration;

use super::erase::is_erasing;
use super::ledger::Ledger;
use super::standing::Standing;
use crate::notice::{Audience, Id, Kind, Statement, Time};

/// As long as the stream of cases keeps anything.
pub(super) const FILED: Duration = Duration::from_secs(401 * 24 * 3600);

/// Whether a notice belongs to a case: a report, a response, or what withdraws one of them.
pub(super) fn is_filed(s: &Statement) -> bool {
    let ends = s.kind == Kind::Withdrawal && s.doc.is_none();
    s.kind.is_case() || (ends && matches!(s.aud, Audience::Node(_)))
}

impl Ledger {
    /// Whether a notice of a case counts: neither withdrawn nor signed by a thief. It counts past
    /// its `exp`: a deadline is not moved by it.
    #[must_use]
    pub fn counts(&self, id: Id, s: &Statement) -> bool {
        self.standing(Time::default(), id, s) == Standing::InForce
    }

    /// Each report and response that has been withdrawn for `keep`, and behind it what withdraws
    /// it. A withdrawal that came first waits for its target, which would count without it.
    #[must_use]
    pub fn withdrawn_cases(&self, now: Time, keep: Duration) -> Vec<Vec<Id>> {
        let mut ends: BTreeMap<Id, Vec<Id>> = BTreeMap::new();
        for (id, s) in self.notices() {
            let Some(target) = s.re.filter(|_| s.kind == Kind::Withdrawal) else { continue };
            let of = self.statement(target).filter(|of| of.kind.is_case() && of.iss == s.iss);
            if of.is_some_and(|of| !is_erasing(s) && !self.counts(target, of)) {
                ends.entry(target).or_default().push(id);
            }
        }
        let old = |id: &Id| self.since(*id).is_some_and(|since| now.since(since) >= keep);
        let ends = ends.into_iter().filter(|(_, ends)| ends.iter().any(old));
        ends.map(|(target, ends)| [vec![target], ends].concat()).collect()
    }
}
