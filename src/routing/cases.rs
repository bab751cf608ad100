//! The cases of one node: which notices belong together, which went on up, which are over.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::router::Router;
use crate::case::{self, Case, Item, Told};
use crate::notice::{Audience, Id, Kind, NodeId, Outcome, Receipt, Statement, Time};
use crate::policy;
use crate::trust::Trust;

/// A notice of a case, out of the ledger, so that cases are put together without holding it.
#[derive(Clone, Debug)]
pub struct Filed {
    id: Id,
    statement: Arc<Statement>,
    first: Time,
    since: Time,
}

impl Filed {
    fn item(&self) -> Item<'_> {
        let Self { id, statement, first, since } = self;
        Item { id: *id, statement, first: *first, since: *since }
    }
}

/// Puts the cases together.
#[must_use]
pub fn cases(filed: &[Filed]) -> Vec<Case> {
    case::group(filed.iter().map(Filed::item))
}

/// Who refers to whom, of notices of cases.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// By what is referred to. An entry may outlive its notices for a while, and says nothing then.
    referring: HashMap<Id, BTreeSet<Id>>,
}

impl Files {
    pub(super) fn keep(&mut self, id: Id, s: &Statement) {
        for target in refers_to(s) {
            self.referring.entry(target).or_default().insert(id);
        }
    }

    pub(super) fn prune(&mut self, is_held: impl Fn(Id) -> bool) {
        self.referring.retain(|_, ids| {
            ids.retain(|id| is_held(*id));
            !ids.is_empty()
        });
    }
}

fn refers_to(s: &Statement) -> impl Iterator<Item = Id> {
    let origin = s.report().and_then(|report| report.origin);
    s.re.filter(|_| s.kind.is_case()).into_iter().chain(origin)
}

impl Router {
    /// Every notice of a case here that counts: neither withdrawn nor signed by a thief, and its
    /// case's end has not begun. An expired one counts: a case lasts longer than its first report.
    #[must_use]
    pub fn filed(&self) -> Vec<Filed> {
        self.ledger.notices().filter_map(|(id, _)| self.file(id)).collect()
    }

    pub(super) fn file(&self, id: Id) -> Option<Filed> {
        let statement = self.ledger.statement(id).filter(|s| s.kind.is_case())?;
        if self.was_over(id) || !self.ledger.counts(id, statement) {
            return None;
        }
        let (first, since) = (self.ledger.first_hop(id)?, self.ledger.since(id)?);
        Some(Filed { id, statement: Arc::clone(statement), first, since })
    }

    /// What belongs to a notice, by itself or by what is between them; the notice is not among it.
    pub(super) fn around(&self, id: Id, s: &Statement) -> Vec<Filed> {
        let mut seen = BTreeSet::from([id]);
        let mut queue: Vec<Id> = refers_to(s).collect();
        queue.extend(self.referring(id));
        let mut found = Vec::new();
        while let Some(next) = queue.pop() {
            if !seen.insert(next) {
                continue;
            }
            queue.extend(self.referring(next));
            if let Some(filed) = self.file(next) {
                queue.extend(refers_to(&filed.statement));
                found.push(filed);
            }
        }
        found
    }

    fn referring(&self, id: Id) -> impl Iterator<Item = Id> {
        self.files.referring.get(&id).into_iter().flatten().copied()
    }

    /// Whether a report follows one of its case that went on to `up` from here.
    pub(super) fn follows_up(&self, trust: &Trust, id: Id, s: &Statement, up: &NodeId) -> bool {
        let around = self.around(id, s);
        if around.is_empty() {
            return false;
        }
        let now = Time::default();
        let own = Item { id, statement: s, first: now, since: now };
        let cases = case::group(around.iter().map(Filed::item).chain([own]));
        let mine = cases.iter().find(|case| case.contains(id));
        mine.is_some_and(|case| {
            let mut reports = case.reports.iter();
            let report = reports.find(|report| report.id == id);
            report.is_some_and(|report| self.led(trust, case, report).contains(up))
        })
    }

    /// Where those reports of a case went on to from here that another of it follows: its issuer's,
    /// and of others what they reported openly. Who forwards, or keeps an embargo, leads nobody
    /// else's reports: these may name what that leaves out.
    fn led(&self, trust: &Trust, case: &Case, next: &Told) -> BTreeSet<NodeId> {
        let hides = |told: &&Told| told.origin.is_some() || told.embargo.is_some();
        let hiding: BTreeSet<&NodeId> =
            case.reports.iter().filter(hides).map(|told| &told.by).collect();
        let leads =
            |told: &&Told| told.id != next.id && (told.by == next.by || !hiding.contains(&told.by));
        let leading = case.reports.iter().filter(leads);
        leading.filter_map(|told| self.went_to(trust, told.id)).collect()
    }

    /// Where a report went on to from here, by this node's own word. The stream of receipts
    /// forgets after 30 days: what is not known by then follows from the rules as they are.
    #[must_use]
    pub fn went_to(&self, trust: &Trust, id: Id) -> Option<NodeId> {
        if let Some(word) = self.own_word(id) {
            return word.to.clone();
        }
        let s = self.ledger.statement(id).filter(|s| s.kind == Kind::Escalation)?;
        let own = self.ledger.from(id)?.is_none();
        let climbs = own || (self.policy.climbs(s) && !s.tlp.is_neighbour_only());
        match &s.aud {
            Audience::Node(top) if climbs => policy::next_up(trust, &self.me, top),
            _ => None,
        }
    }

    /// Where a person should forward a case to: a rule says that its last report climbs, and the
    /// audience of that ends here. `None` once that report was forwarded, or there is nobody above.
    #[must_use]
    pub fn to_forward(&self, trust: &Trust, case: &Case) -> Option<NodeId> {
        let last = case.last()?;
        let parent = self.me.parent().filter(|up| trust.upstreams(&self.me).contains(up))?;
        let ends_here = last.to == self.me;
        let is_it = |r: &Told| r.by == self.me && r.origin == Some(last.id);
        let forwarded = case.reports.iter().any(is_it);
        let statement = self.ledger.statement(last.id)?;
        (ends_here && !forwarded && self.policy.climbs(statement)).then_some(parent)
    }

    /// Nodes that this one has forwarded earlier reports of a case to and not the last, which does
    /// not go there by itself either: what came since is not known there.
    #[must_use]
    pub fn behind(&self, trust: &Trust, case: &Case) -> BTreeSet<NodeId> {
        let Some(last) = case.last() else { return BTreeSet::new() };
        let forwards = || case.reports.iter().filter(|r| r.by == self.me && r.origin.is_some());
        let knows = |to: &NodeId| forwards().any(|r| r.to == *to && r.origin == Some(last.id));
        let goes = |to: &NodeId| last.to.contains(to) && self.went_to(trust, last.id).is_some();
        let told = forwards().filter(|r| r.id != last.id).map(|r| &r.to);
        told.filter(|to| !knows(to) && !goes(to)).cloned().collect()
    }

    /// Reports that stopped here and should have gone on up with one of their case, which came
    /// later, or by which the case was put together later. Not what was refused on its way up, and
    /// not what has expired and would be: no look would end it.
    #[must_use]
    pub fn left_behind(&self, now: Time, trust: &Trust, cases: &[Case]) -> Vec<(Id, NodeId)> {
        let ends = |word: &Receipt| {
            word.to.is_none() && matches!(word.outcome, Outcome::Stops | Outcome::Read)
        };
        let lasts = |id: Id| self.ledger.statement(id).is_some_and(|s| s.expires() > now);
        let stopped = |id: Id| self.own_word(id).is_some_and(ends) && lasts(id);
        let may = |told: &&Told| !told.tlp.is_neighbour_only() && stopped(told.id);
        let reports = cases.iter().flat_map(|case| case.reports.iter().map(move |r| (case, r)));
        let stopped = reports.filter(|(_, report)| may(report));
        let follows = stopped.filter_map(|(case, report)| {
            let up = policy::next_up(trust, &self.me, &report.to)?;
            self.led(trust, case, report).contains(&up).then_some((report.id, up))
        });
        follows.collect()
    }

    /// Reports that went on from here by this node's word, to a node that has said nothing of them:
    /// with an older copy of the outbox, or of an intake above, they may be on their way no more.
    #[must_use]
    pub fn unheard(&self, now: Time, trust: &Trust, cases: &[Case]) -> Vec<(Id, NodeId)> {
        let upstreams = trust.upstreams(&self.me);
        let reports = cases.iter().flat_map(|case| &case.reports);
        let went = reports.filter_map(|report| {
            let up = self.own_word(report.id)?.to.clone()?;
            let lasts = self.ledger.statement(report.id)?.expires() > now;
            let heard = self.last_word(report.id, &up).is_some();
            (lasts && !heard && upstreams.contains(&up)).then_some((report.id, up))
        });
        went.collect()
    }

    /// This node's word that such a report goes on up.
    #[must_use]
    pub fn climbs(&self, now: Time, trust: &Trust, of: Id, up: NodeId) -> Receipt {
        let read = self.own_word(of).filter(|word| word.outcome == Outcome::Read);
        let outcome = if read.is_some() { Outcome::Read } else { Outcome::Climbs };
        self.word(now, trust, of, outcome, None, Some(up))
    }

    /// Each level's last relay word on a report, this node's own with them.
    #[must_use]
    pub fn words_on(&self, id: Id) -> BTreeMap<&NodeId, &Receipt> {
        self.receipts.of(id).map(|(word, _)| (&word.by, word)).collect()
    }
}
