//! Who must hear of an update, closing or withdrawal although no link lets it pass any more.
//!
//! A link that was narrowed clamps the durable of the node at its end, so what updates or ends the
//! notices from before goes to that node directly. Patterns for these kinds were not chosen: they
//! would also bring the updates of what was issued later, which was never for that node.

use super::router::Router;
use crate::notice::{Audience, Id, NodeId, Outcome, Statement, Time};
use crate::policy;
use crate::trust::{Link, Seat, Trust};

impl Router {
    /// The children and followers that could have what a notice updates or ends, and whose links
    /// do not let it pass any more.
    pub(super) fn follow(&self, trust: &Trust, id: Id, s: &Statement) -> Vec<NodeId> {
        let Some(seat) = trust.seat(&self.me).filter(|_| policy::follows(s)) else {
            return Vec::new();
        };
        let closed = |link: &&Link| {
            policy::passes(Some(seat.level), &self.me, link, s).is_err()
                && policy::may_lead(Some(seat.level), &self.me, link, s)
        };
        let closed: Vec<&Link> = seat.links.iter().filter(closed).collect();
        if closed.is_empty() {
            return Vec::new();
        }
        let before = self.ledger.before(id, s);
        let could = closed.into_iter().filter(|link| self.could_have(seat, link, s, &before));
        could.map(|link| link.to.clone()).collect()
    }

    /// By the link as it was when it came here, or by that node's own word: what was under way
    /// while the link was being narrowed.
    fn could_have(&self, seat: &Seat, link: &Link, s: &Statement, before: &[(Id, Time)]) -> bool {
        before.iter().any(|(id, since)| {
            let word = self.receipts.word(*id, &link.to).map(|word| word.outcome);
            matches!(word, Some(Outcome::Delivered | Outcome::Read))
                || policy::passed(Some(seat.level), &self.me, link, s, *since)
        })
    }

    /// What lies on the board and must go to a node directly, since its link was narrowed after
    /// it came: the durable lets it pass no more, and may not have brought it yet.
    #[must_use]
    pub fn owed(&self, now: Time, trust: &Trust) -> Vec<(Id, NodeId)> {
        let seat = trust.seat(&self.me);
        if seat.is_none_or(|seat| seat.links.iter().all(|link| link.former.is_empty())) {
            return Vec::new();
        }
        let lasts = self
            .ledger
            .notices()
            .filter(|(_, s)| s.expires() > now && matches!(s.aud, Audience::Scope(_)));
        let owed = lasts.flat_map(|(id, s)| {
            let nodes = self.follow(trust, id, s).into_iter();
            nodes.map(move |node| (id, node))
        });
        owed.collect()
    }
}
