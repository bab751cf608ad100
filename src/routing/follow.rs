//! Who must hear of an update, closing or withdrawal although no link lets it pass any more.
//!
//! A link that was narrowed clamps the durable of the node at its end, so what updates or ends the
//! notices from before goes to that node directly. Patterns for these kinds were not chosen: they
//! would also bring the updates of what was issued later, which was never for that node.

use std::time::Duration;

use super::router::Router;
use crate::address::{self, Place};
use crate::notice::{Audience, Id, Kind, NodeId, Outcome, Statement, Time};
use crate::policy;
use crate::trust::{Link, Seat, Trust};

/// How long after a link was narrowed its durable may still have let pass what came: until the
/// relay has given it its new filters. Only so long does a node's own word count that it has
/// something: later it could talk itself into what was never for it.
const UNDER_WAY: Duration = Duration::from_secs(600);

impl Router {
    /// Notes where a notice was placed: what lies ready for one node alone.
    pub fn placed(&mut self, id: Id, places: &[Place]) {
        let alone = places.iter().filter_map(|place| match place {
            Place::Direct(to) => Some((id, to.clone())),
            _ => None,
        });
        self.sent.extend(alone);
    }

    /// As [`Self::placed`], of what was found at start under a subject of the board.
    pub fn found(&mut self, trust: &Trust, id: Id, subject: &str) {
        // Nearly everything lies there for all.
        if !address::is_direct(subject) {
            return;
        }
        let (Some(s), Some(seat)) = (self.ledger.statement(id).cloned(), trust.seat(&self.me))
        else {
            return;
        };
        let places = seat.links.iter().map(|link| Place::Direct(link.to.clone()));
        let places: Vec<Place> =
            places.filter(|place| address::subject(place, &s, id) == subject).collect();
        self.placed(id, &places);
    }

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

    /// By the link as it was when it came here; by what was placed for that node alone; or, of what
    /// was under way while the link was being narrowed, by that node's own word.
    fn could_have(&self, seat: &Seat, link: &Link, s: &Statement, before: &[(Id, Time)]) -> bool {
        let under_way = |since: Time| {
            let mut ends = link.former.iter().map(|former| former.until);
            ends.any(|until| since <= until + UNDER_WAY)
        };
        let has = |id: Id| {
            let word = self.receipts.word(id, &link.to).map(|word| word.outcome);
            matches!(word, Some(Outcome::Delivered | Outcome::Read))
        };
        before.iter().any(|(id, since)| {
            policy::passed(Some(seat.level), &self.me, link, s, *since)
                || self.sent.contains(&(*id, link.to.clone()))
                || (under_way(*since) && has(*id))
        })
    }

    /// Answers that must go to a node below and do not lie ready for it: the board may be an older
    /// copy than the cases, which nobody sends again.
    #[must_use]
    pub fn unsent(&self, now: Time, trust: &Trust) -> Vec<(Id, NodeId)> {
        let Some(seat) = trust.seat(&self.me) else { return Vec::new() };
        let answers = self.ledger.notices().filter(|(_, s)| s.kind == Kind::Response);
        let unsent = answers.filter(|(_, s)| s.expires() > now).filter_map(|(id, s)| {
            let leads = |link: &&Link| policy::passes(Some(seat.level), &self.me, link, s).is_ok();
            let to = seat.links.iter().find(leads)?.to.clone();
            (!self.sent.contains(&(id, to.clone()))).then_some((id, to))
        });
        unsent.collect()
    }

    /// Answers that lie ready for a node below, and so must stand among the cases here too.
    #[must_use]
    pub fn answers_sent(&self, now: Time) -> Vec<(Id, NodeId)> {
        let is_answer = |id: &Id| {
            let s = self.ledger.statement(*id).filter(|s| s.kind == Kind::Response);
            s.is_some_and(|s| s.expires() > now) && !self.was_over(*id)
        };
        self.sent.iter().filter(|(id, _)| is_answer(id)).cloned().collect()
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
