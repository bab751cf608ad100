//! What a neighbour may lack that was brought back from an older copy of its streams. It cannot
//! know; whoever sent it once asks, and sends again what is not there.

use std::time::Duration;

use super::router::Router;
use crate::lifecycle::Standing;
use crate::notice::{Audience, Id, NodeId, Outcome, Statement, Time};
use crate::policy;
use crate::trust::Trust;

/// As long as words are kept at least; what is older may have been heard of.
const HEARD_WITHIN: Duration = Duration::from_secs(29 * 24 * 3600);

impl Router {
    /// What went up from here to a node that has said that it has it, in order, as long as it
    /// lasts. Not what is withdrawn: what withdraws it goes up alone.
    #[must_use]
    pub fn sent_up(&self, now: Time, trust: &Trust, up: &NodeId) -> Vec<Id> {
        let upward = self.ledger.notices().filter(|(_, s)| policy::is_upward(trust, s));
        let counts = [Standing::InForce, Standing::Erased];
        let theirs = upward.filter(|(id, s)| {
            !self.was_over(*id)
                && counts.contains(&self.ledger.standing(now, *id, s))
                && self.is_heard_of(now, *id, up)
                && self.went_on(trust, *id, s).as_ref() == Some(up)
        });
        let mut ids: Vec<Id> = theirs.map(|(id, _)| id).collect();
        ids.sort_unstable();
        ids
    }

    /// What nobody there has spoken of yet may be on its way.
    fn is_heard_of(&self, now: Time, id: Id, by: &NodeId) -> bool {
        match self.last_word(id, by) {
            Some(word) => {
                !matches!(word.outcome, Outcome::Refused | Outcome::Filtered | Outcome::Erased)
            }
            None => self.ledger.since(id).is_some_and(|since| now.since(since) > HEARD_WITHIN),
        }
    }

    fn went_on(&self, trust: &Trust, id: Id, s: &Statement) -> Option<NodeId> {
        match &s.aud {
            Audience::Node(top) if s.kind.is_ending() && self.own_word(id).is_none() => {
                policy::next_up(trust, &self.me, top)
            }
            _ => self.went_to(trust, id),
        }
    }

    /// Which of these a child need not send again: what came from it and is here, and what was
    /// deleted here for good. Of what came from elsewhere it learns nothing. That a case is over is
    /// known of ids alone: whoever asks must have had the notice to know its id.
    #[must_use]
    pub fn has_of(&self, child: &NodeId, ids: &[Id]) -> Vec<Id> {
        let has = |id: &&Id| {
            let erased = || self.ledger.tombstones_of(**id).any(|stone| stone.from == Some(child));
            self.ledger.from(**id) == Some(Some(child)) || self.was_over(**id) || erased()
        };
        ids.iter().filter(has).copied().collect()
    }

    /// What was placed here for a child alone and still counts, in order, after an id.
    #[must_use]
    pub fn addressed(&self, now: Time, child: &NodeId, after: Id, most: usize) -> Vec<Id> {
        let last = |id: &Id| {
            let counts = [Standing::InForce, Standing::Closed, Standing::Erased];
            let s = self.ledger.statement(*id);
            s.is_some_and(|s| counts.contains(&self.ledger.standing(now, *id, s)))
        };
        let later = self.sent.range((after, child.clone())..).filter(|(id, _)| *id > after);
        let theirs = later.filter(|(_, to)| to == child).map(|(id, _)| *id);
        theirs.filter(|id| last(id) && !self.was_over(*id)).take(most).collect()
    }

    /// Which of these are not here, although nothing says that they need not be.
    #[must_use]
    pub fn lacks(&self, ids: &[Id]) -> Vec<Id> {
        let settled = |id: Id| {
            let words = [Outcome::Refused, Outcome::Filtered, Outcome::Erased];
            self.was_over(id)
                || self.ledger.tombstones_of(id).next().is_some()
                || self.own_word(id).is_some_and(|word| words.contains(&word.outcome))
        };
        let here = |id: Id| self.ledger.statement(id).is_some();
        ids.iter().filter(|id| !here(**id) && !settled(**id)).copied().collect()
    }
}
