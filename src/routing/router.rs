//! The decision core of one node.

use std::collections::BTreeSet;

use super::cases::Files;
use super::counts::served;
use super::over::Gone;
use super::receipts::Receipts;
use super::stored::Stored;
use super::unanswered::Calls;
use crate::address::{Place, Source};
use crate::lifecycle::Ledger;
use crate::notice::{Audience, Id, Kind, Level, NodeId, Outcome, Reason, Receipt, Statement, Time};
use crate::policy::{self, Policy};
use crate::trust::Trust;
use crate::verify::Verified;

/// What becomes of a verified notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every place, in the order of placing: the board last.
    Place(Vec<Place>),
    /// Lawfully not from here on.
    Filter(Reason),
    /// Not acceptable: quarantined.
    Refuse(Reason),
    /// Not before then.
    Hold(Time),
}

/// Where a receipt goes back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Back {
    /// Nowhere further: the notice is this node's own.
    Here,
    /// Down to a child or follower.
    Down(NodeId),
    /// Up to an upstream.
    Up(NodeId),
}

impl Back {
    /// Back over the link that something came in by.
    #[must_use]
    pub fn to(source: &Source) -> Self {
        match source {
            Source::Local(_) | Source::Outbox(_) => Self::Here,
            Source::Child(child) => Self::Down(child.clone()),
            Source::Upstream(upstream) => Self::Up(upstream.clone()),
        }
    }
}

/// One node's rules and state.
#[derive(Debug)]
pub struct Router {
    pub(super) me: NodeId,
    pub(super) policy: Policy,
    pub(super) ledger: Ledger,
    pub(super) receipts: Receipts,
    /// Notices of which another node has said something since its counts were told.
    pub(super) uncounted: BTreeSet<Id>,
    /// What was placed for one node alone, since its link was narrowed.
    pub(super) sent: BTreeSet<(Id, NodeId)>,
    pub(super) files: Files,
    pub(super) gone: Gone,
    pub(super) calls: Calls,
}

impl Router {
    /// A node that holds nothing yet.
    #[must_use]
    pub fn new(me: NodeId, policy: Policy) -> Self {
        let (ledger, receipts) = (Ledger::default(), Receipts::default());
        let (uncounted, sent) = (BTreeSet::new(), BTreeSet::new());
        let (files, gone, calls) = (Files::default(), Gone::default(), Calls::default());
        Self { me, policy, ledger, receipts, uncounted, sent, files, gone, calls }
    }

    /// The node.
    #[must_use]
    pub fn me(&self) -> &NodeId {
        &self.me
    }

    /// What it holds.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What becomes of a notice.
    #[must_use]
    pub fn decide(&self, now: Time, trust: &Trust, m: &Verified) -> Verdict {
        let s = m.statement();
        if let (Source::Local(_), Some(nbf)) = (m.source(), s.nbf)
            && Time::from_secs(nbf) > now
        {
            return Verdict::Hold(Time::from_secs(nbf));
        }
        match self.ledger.admits(m.id(), s) {
            Err(reason @ (Reason::Relation | Reason::Lifetime)) => return Verdict::Refuse(reason),
            Err(reason) => return Verdict::Filter(reason),
            Ok(()) => {}
        }
        if let Err(reason) = self.is_for_us(trust, m).and_then(|()| self.filters(m.id(), s)) {
            return Verdict::Filter(reason);
        }
        self.places(trust, m)
    }

    /// What the link that it came over lets pass no more since it was narrowed: that is for this
    /// node only if it updates or ends what is here.
    fn is_for_us(&self, trust: &Trust, m: &Verified) -> Result<(), Reason> {
        let (Source::Upstream(up), s) = (m.source(), m.statement()) else { return Ok(()) };
        let Some((seat, link)) = trust.seat(up).zip(trust.link(up, &self.me)) else {
            return Ok(());
        };
        match policy::passes(Some(seat.level), up, link, s) {
            Err(reason) if !self.ledger.knows(m.id(), s) => Err(reason),
            _ => Ok(()),
        }
    }

    /// The rules, of which an annotation of a held alert is as free as the alert, and an update of
    /// a held thread as the version before: whoever has the first must hear of the next.
    fn filters(&self, id: Id, s: &Statement) -> Result<(), Reason> {
        let target = s.re.and_then(|re| self.ledger.statement(re));
        match (s.kind, target) {
            (Kind::Annotation, Some(target)) if target.kind == Kind::Alert => Ok(()),
            (Kind::Advisory, _) if self.ledger.knows(id, s) => Ok(()),
            _ => self.policy.judge(s),
        }
    }

    fn places(&self, trust: &Trust, m: &Verified) -> Verdict {
        let s = m.statement();
        match &s.aud {
            Audience::Node(top) if policy::is_upward(trust, s) => self.climb(trust, m, top),
            Audience::Scope(_) => {
                let direct = self.follow(trust, m.id(), s).into_iter().map(Place::Direct);
                Verdict::Place(direct.chain([Place::Board]).collect())
            }
            Audience::Node(node) => self.toward(trust, m.id(), s, node),
        }
    }

    /// An escalation ends in this node's cases, and goes on if the rules say so, or if one of its
    /// case went there before. What was telephoned in or reported by this very node needs no rule
    /// to reach the next level; what ends an escalation goes wherever that may have gone.
    fn climb(&self, trust: &Trust, m: &Verified, top: &NodeId) -> Verdict {
        let own = matches!(m.source(), Source::Local(_));
        let up = self.goes_on(trust, own, m.id(), m.statement(), top).map(Place::Outbox);
        Verdict::Place([Place::Cases].into_iter().chain(up).collect())
    }

    /// Where something that travels up goes on to, by the rules and its case.
    pub(super) fn goes_on(
        &self,
        trust: &Trust,
        own: bool,
        id: Id,
        s: &Statement,
        top: &NodeId,
    ) -> Option<NodeId> {
        let next = policy::next_up(trust, &self.me, top);
        let next = next.filter(|_| own || !s.tlp.is_neighbour_only());
        next.filter(|up| {
            let rules = own || s.kind.is_ending() || self.policy.climbs(s);
            rules || self.follows_up(trust, id, s, up)
        })
    }

    fn toward(&self, trust: &Trust, id: Id, s: &Statement, node: &NodeId) -> Verdict {
        let case = s.kind == Kind::Response;
        let mut places = if case { vec![Place::Cases] } else { Vec::new() };
        if *node == self.me {
            if !case {
                places.push(Place::Inbox);
            }
            return Verdict::Place(places);
        }
        let Some(seat) = trust.seat(&self.me) else { return Verdict::Refuse(Reason::Audience) };
        let mut refused = Reason::Audience;
        for link in &seat.links {
            match policy::passes(Some(seat.level), &self.me, link, s) {
                Ok(()) => {
                    places.push(Place::Direct(link.to.clone()));
                    return Verdict::Place(places);
                }
                Err(Reason::Tlp) => refused = Reason::Tlp,
                Err(_) => {}
            }
        }
        match self.follow(trust, id, s).pop() {
            Some(child) => {
                places.push(Place::Direct(child));
                Verdict::Place(places)
            }
            None => Verdict::Refuse(refused),
        }
    }

    /// Makes room for so many notices more.
    pub fn reserve(&mut self, notices: usize) {
        self.ledger.reserve(notices);
    }

    /// Takes a notice that is safe in its places, or that was found there at start.
    pub fn keep(&mut self, stored: Stored) {
        // Entities may have spoken of it before: the board was restored from an older copy.
        if self.receipts.of(stored.id).next().is_some() {
            self.uncounted.insert(stored.id);
        }
        self.files.keep(stored.id, &stored.statement);
        self.ledger.keep(stored.id, stored.kept());
    }

    /// Judges what is here by what is believed now. Returns how many notices changed: what a thief
    /// signed counts as withdrawn, and what that hid is in force again.
    pub fn judge(&mut self, trust: &Trust) -> usize {
        self.ledger.judge(|kid, issuer, first, id| trust.is_void(kid, issuer, first, id))
    }

    /// Forgets what has expired, and the oldest words about what is not here.
    pub fn prune(&mut self, now: Time) {
        const GRACE_SECS: u64 = 24 * 3600;
        self.ledger.prune(now, GRACE_SECS);
        let ledger = &self.ledger;
        let left = |id| ledger.statement(id).is_some() || ledger.tombstones_of(id).next().is_some();
        self.receipts.prune(left);
        self.uncounted.retain(|id| left(*id));
        self.sent.retain(|(id, _)| ledger.statement(*id).is_some());
        self.files.prune(|id| ledger.statement(id).is_some());
        self.gone.prune(now);
        self.calls.prune(now);
    }

    /// What this node says of a notice; the verdict must be final.
    #[must_use]
    pub fn receipt(&self, now: Time, trust: &Trust, m: &Verified, verdict: &Verdict) -> Receipt {
        let upward = policy::is_upward(trust, m.statement());
        let (outcome, reason, to) = match verdict {
            Verdict::Place(places) if upward => match places.iter().find_map(up) {
                Some(to) => (Outcome::Climbs, None, Some(to)),
                None => (Outcome::Stops, None, None),
            },
            Verdict::Place(_) | Verdict::Hold(_) => (Outcome::Delivered, None, None),
            Verdict::Filter(reason) => (Outcome::Filtered, Some(*reason), None),
            Verdict::Refuse(reason) => (Outcome::Refused, Some(*reason), None),
        };
        self.word(now, trust, m.id(), outcome, reason, to)
    }

    /// What this node says of something that did not pass verification.
    #[must_use]
    pub fn refusal(&self, now: Time, trust: &Trust, of: Id, reason: Reason) -> Receipt {
        self.word(now, trust, of, Outcome::Refused, Some(reason), None)
    }

    /// This node's word, later than its last, with what the entities that it serves said.
    pub(super) fn word(
        &self,
        now: Time,
        trust: &Trust,
        of: Id,
        outcome: Outcome,
        reason: Option<Reason>,
        to: Option<NodeId>,
    ) -> Receipt {
        let reason = reason.map(|reason| reason.as_str().to_owned());
        let (fed, by) = (trust.fed().clone(), self.me.clone());
        let after = self.own_word(of).map_or(0, |last| last.at.millis() + 1);
        let at = now.max(Time::from_millis(after));
        let counts = self.counted(trust, &served(trust, &self.me), of);
        Receipt { fed, of, by, outcome, reason, to, counts, at }
    }

    /// This node's own last word on a notice.
    #[must_use]
    pub fn own_word(&self, of: Id) -> Option<&Receipt> {
        self.receipts.word(of, &self.me)
    }

    /// Where another node's receipt goes on to, back along the accepted custody of its notice.
    /// `None` if it goes no further: the notice is not here, or the word is an entity's, which
    /// ends at the node that serves it.
    #[must_use]
    pub fn back(&self, trust: &Trust, receipt: &Receipt) -> Option<Back> {
        let level = trust.seat(&receipt.by).map(|seat| seat.level);
        if level == Some(Level::Entity) && receipt.by != self.me {
            return None;
        }
        let gone = || self.stone(trust, receipt).map(|stone| stone.from);
        let from = self.ledger.from(receipt.of).or_else(gone)?;
        Some(self.way(trust, from))
    }

    /// The way back to the node that something came from.
    pub(super) fn way(&self, trust: &Trust, from: Option<&NodeId>) -> Back {
        match from {
            None => Back::Here,
            Some(node) if trust.link(&self.me, node).is_some() => Back::Down(node.clone()),
            Some(node) => Back::Up(node.clone()),
        }
    }

    /// Whether a receipt's node could have the held notice of which it speaks. Any node may refuse
    /// what came to it by mistake; the rest is for those who are entitled and for the way there.
    /// Only who serves entities has something to count.
    #[must_use]
    pub fn can_say(&self, trust: &Trust, receipt: &Receipt) -> bool {
        let Some(statement) = self.spoken_of(trust, receipt) else { return false };
        let counts = receipt.counts.is_none() || policy::serves_entities(trust, &receipt.by);
        let concerned = receipt.outcome == Outcome::Refused
            || policy::once_entitled(trust, statement).contains_key(&receipt.by);
        counts && concerned
    }

    /// Takes a receipt with its JWS; of one (`of`, `by`) the latest wins. Whether it was news.
    pub fn keep_receipt(&mut self, receipt: Receipt, jws: String) -> bool {
        if receipt.by != self.me {
            self.uncounted.insert(receipt.of);
        }
        self.receipts.keep(receipt, jws)
    }

    /// Whether a receipt is its node's last word so far.
    #[must_use]
    pub fn is_news(&self, receipt: &Receipt) -> bool {
        self.receipts.is_news(receipt)
    }

    /// A node's last word on a notice.
    #[must_use]
    pub fn last_word(&self, of: Id, by: &NodeId) -> Option<&Receipt> {
        self.receipts.word(of, by)
    }

    /// Whether this node itself has filtered a notice, or refused it for what its issuer may not
    /// say. Any other refusal is no such word: an upstream that spoils a copy could else explain
    /// away the notice that it withholds. A grant is judged on the signed statement alone.
    #[must_use]
    pub fn has_filtered(&self, of: Id) -> bool {
        let grants = [Reason::GrantKind, Reason::GrantScope, Reason::GrantTlp].map(Reason::as_str);
        self.own_word(of).is_some_and(|word| match word.outcome {
            Outcome::Filtered => true,
            Outcome::Refused => word.reason.as_deref().is_some_and(|why| grants.contains(&why)),
            _ => false,
        })
    }

    /// Whether this node has already said the same of the same notice.
    #[must_use]
    pub fn has_said(&self, receipt: &Receipt) -> bool {
        self.own_word(receipt.of).is_some_and(|last| last.says_as(receipt))
    }

    /// Whether this node has said more of it: what is held here is not filtered by coming over a
    /// second path, and not unread by coming again.
    #[must_use]
    pub fn has_said_more(&self, receipt: &Receipt) -> bool {
        let placed = [Outcome::Delivered, Outcome::Stops, Outcome::Climbs];
        self.own_word(receipt.of).is_some_and(|last| {
            let kept = receipt.outcome == Outcome::Filtered && placed.contains(&last.outcome);
            kept || !receipt.replaces(last)
        })
    }

    /// Every receipt of a notice, as parsed and as signed.
    pub fn receipts(&self, of: Id) -> impl Iterator<Item = &(Receipt, String)> {
        self.receipts.of(of)
    }
}

fn up(place: &Place) -> Option<NodeId> {
    match place {
        Place::Outbox(up) => Some(up.clone()),
        _ => None,
    }
}
