//! What a neighbour may lack that was brought back from an older copy of its streams. It cannot
//! know; whoever sent it once asks, and sends again what is not there. And what this node itself
//! may lack then.

use std::sync::Arc;
use std::time::Duration;

use super::router::{Back, Router};
use crate::lifecycle::Standing;
use crate::notice::{Audience, Id, NodeId, Outcome, Receipt, Statement, Time};
use crate::policy;
use crate::trust::Trust;

/// As long as words are kept at least; what is older may have been heard of.
const HEARD_WITHIN: Duration = Duration::from_secs(29 * 24 * 3600);
/// What is younger is on its way, or its word is.
const UNDER_WAY: Duration = Duration::from_secs(5);
/// Words that are looked at in one go: the router is held for it.
const AT_ONCE: usize = 4_096;

impl Router {
    /// What went up from here to a node that has said that it has it, in order, as long as it
    /// lasts. Not what is withdrawn: what withdraws it goes up alone.
    #[must_use]
    pub fn sent_up(&self, now: Time, trust: &Trust, up: &NodeId) -> Vec<Id> {
        self.gone_up(now, trust, up, |id| self.is_heard_of(now, id, up))
    }

    /// What went up from here to a node of which no word on it is here, in order.
    #[must_use]
    pub fn unheard_of(&self, now: Time, trust: &Trust, up: &NodeId) -> Vec<Id> {
        self.gone_up(now, trust, up, |id| {
            let age = self.ledger.since(id).map(|since| now.since(since));
            let due = age.is_some_and(|age| age > UNDER_WAY && age <= HEARD_WITHIN);
            due && self.last_word(id, up).is_none()
        })
    }

    fn gone_up(
        &self,
        now: Time,
        trust: &Trust,
        up: &NodeId,
        wanted: impl Fn(Id) -> bool,
    ) -> Vec<Id> {
        let counts = [Standing::InForce, Standing::Erased];
        let upward = self.ledger.notices().filter(|(_, s)| policy::is_upward(trust, s));
        let theirs = upward.filter(|(id, s)| {
            !self.was_over(*id)
                && counts.contains(&self.ledger.standing(now, *id, s))
                && wanted(*id)
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

    /// Words that went back up to `up`, in the order of (`of`, `by`), after one of them and at most
    /// `most`; and the last that was looked at, `None` behind the last of all.
    #[must_use]
    pub fn words_up(
        &self,
        trust: &Trust,
        up: &NodeId,
        after: Option<&(Id, NodeId)>,
        most: usize,
    ) -> (Vec<Receipt>, Option<(Id, NodeId)>) {
        let (mut found, mut last) = (Vec::new(), None);
        for (word, _) in self.receipts.after(after).take(AT_ONCE) {
            last = Some((word.of, word.by.clone()));
            if self.back(trust, word) == Some(Back::Up(up.clone())) {
                found.push(word.clone());
            }
            if found.len() >= most {
                break;
            }
        }
        (found, last)
    }

    /// Whether a word of which a child speaks, its own or of a node below it, is news here and
    /// would be taken. Of what the child itself could not have, it learns nothing.
    #[must_use]
    pub fn wants(&self, trust: &Trust, child: &NodeId, word: &Receipt) -> bool {
        let theirs = |s: &Statement| policy::once_entitled(trust, s).contains_key(child);
        child.contains(&word.by)
            && word.outcome != Outcome::Unanswered
            && self.is_news(word)
            && self.spoken_of(trust, word).is_some_and(theirs)
            && self.can_say(trust, word)
    }

    /// This node's words on what is here and of which it has said nothing: its receipts are an
    /// older copy than the rest. Whether a report went on is said by the rules as they are.
    #[must_use]
    pub fn unsaid(&self, now: Time, trust: &Trust) -> Vec<Receipt> {
        let unsaid = self.ledger.notices().filter(|(id, s)| {
            let recent = self.ledger.since(*id).is_some_and(|at| now.since(at) <= HEARD_WITHIN);
            recent && s.expires() > now && self.own_word(*id).is_none() && !self.was_over(*id)
        });
        let word = |(id, s): (Id, &Arc<Statement>)| {
            let (outcome, to) = match &s.aud {
                Audience::Node(top) if policy::is_upward(trust, s) => {
                    let own = self.ledger.from(id) == Some(None);
                    let to = self.goes_on(trust, own, id, s, top);
                    (if to.is_some() { Outcome::Climbs } else { Outcome::Stops }, to)
                }
                _ => (Outcome::Delivered, None),
            };
            self.word(now, trust, id, outcome, None, to)
        };
        unsaid.map(word).collect()
    }
}
