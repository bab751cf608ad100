//! A case as a node sees it: the reports and words that it holds, in their order.

use std::collections::{BTreeMap, BTreeSet};

use super::states::{Illegal, Standing, may_answer, may_follow};
use crate::notice::{
    CaseState, Events, Id, NodeId, Regime, Scope, Severity, Stage, Statement, Time, Tlp,
};

/// A notice for [`super::group`]: held, neither withdrawn nor void. What is no escalation and no
/// response is passed over.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// Its id.
    pub id: Id,
    /// What its issuer signed.
    pub statement: &'a Statement,
    /// Its first hop: when its issuer's relay took it.
    pub first: Time,
    /// This node's own hop: since when it is here.
    pub since: Time,
}

/// A report of a case: what an escalation said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The escalation's id.
    pub id: Id,
    /// Its issuer.
    pub by: NodeId,
    /// The highest node that may have it.
    pub to: NodeId,
    /// When it was issued, by its issuer's clock.
    pub iat: Time,
    /// Its first hop: when it counts as sent.
    pub first: Time,
    /// This node's own hop.
    pub since: Time,
    /// What it follows: its issuer's report before, or the response that asked or admitted it.
    pub re: Option<Id>,
    /// The report of another that it forwards.
    pub origin: Option<Id>,
    /// Whether the forwarding level left something out.
    pub redacted: bool,
    /// Which report of the case it is.
    pub stage: Stage,
    /// Whether its stage was in order; what is not changes nothing.
    pub in_order: bool,
    /// Whose clock runs.
    pub regime: Regime,
    /// When the affected entity became aware, as this report says.
    pub aware: Time,
    /// What other clocks start from, as this report says.
    pub events: Events,
    /// RSIT class and type.
    pub incident: String,
    /// What RSIT has no word for.
    pub nature: Option<String>,
    /// Where and in which sector it happened.
    pub scope: Scope,
    /// Countries concerned, none if it names none.
    pub countries: Vec<String>,
    /// Code name, under embargo.
    pub embargo: Option<String>,
    /// How bad it is.
    pub severity: Severity,
    /// Its label.
    pub tlp: Tlp,
}

/// A word of a level: what a response said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The response's id.
    pub id: Id,
    /// The level that answers.
    pub by: NodeId,
    /// Whom it answers.
    pub to: NodeId,
    /// When it was issued, by its issuer's clock.
    pub iat: Time,
    /// Its first hop: when it counts as sent.
    pub first: Time,
    /// This node's own hop.
    pub since: Time,
    /// What it answers.
    pub re: Option<Id>,
    /// Where it puts the case.
    pub state: CaseState,
    /// Whether its state was in order; what is not changes nothing.
    pub in_order: bool,
    /// Why, with `rejected`.
    pub reason: Option<String>,
    /// Its severity.
    pub severity: Severity,
    /// Its label.
    pub tlp: Tlp,
}

/// A thread of reports and answers, as far as this node holds it. Only [`super::group`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Id of its first report; of a case of which no report is here, of its first word.
    pub key: Id,
    /// The reports, by (`iat`, first hop, id). Those of one issuer stand in their order; between
    /// issuers the order is only stable, since no two clocks agree.
    pub reports: Vec<Told>,
    /// The words, in the same order.
    pub words: Vec<Word>,
    /// The exercise that it belongs to, if it is a drill.
    pub exercise: Option<String>,
    issuer: NodeId,
}

impl Told {
    pub(super) fn of(item: &Item<'_>) -> Option<Self> {
        let s = item.statement;
        let report = s.report()?;
        Some(Self {
            id: item.id,
            by: s.iss.clone(),
            to: node(s)?,
            iat: s.issued(),
            first: item.first,
            since: item.since,
            re: s.re,
            origin: report.origin,
            redacted: report.redacted == Some(true),
            stage: report.stage,
            in_order: true,
            regime: report.regime,
            aware: Time::from_secs(report.aware),
            events: report.events.unwrap_or_default(),
            incident: report.incident.clone(),
            nature: report.nature.clone(),
            scope: report.scope.clone(),
            countries: report.countries.clone().unwrap_or_default(),
            embargo: report.embargo.clone(),
            severity: s.severity,
            tlp: s.tlp,
        })
    }
}

impl Word {
    pub(super) fn of(item: &Item<'_>) -> Option<Self> {
        let s = item.statement;
        let answer = s.answer()?;
        Some(Self {
            id: item.id,
            by: s.iss.clone(),
            to: node(s)?,
            iat: s.issued(),
            first: item.first,
            since: item.since,
            re: s.re,
            state: answer.state,
            in_order: true,
            reason: answer.reason.clone(),
            severity: s.severity,
            tlp: s.tlp,
        })
    }
}

fn node(s: &Statement) -> Option<NodeId> {
    match &s.aud {
        crate::notice::Audience::Node(node) => Some(node.clone()),
        crate::notice::Audience::Scope(_) => None,
    }
}

impl Case {
    /// From what belongs together; `None` if that is nothing.
    pub(super) fn of(
        mut reports: Vec<Told>,
        mut words: Vec<Word>,
        exercise: Option<String>,
    ) -> Option<Self> {
        reports.sort_by_key(|report| (report.iat, report.first, report.id));
        words.sort_by_key(|word| (word.iat, word.first, word.id));
        let (key, issuer) = head(&reports, &words)?;
        let mut case = Self { key, reports, words, exercise, issuer };
        case.order_reports();
        case.order_words();
        Some(case)
    }

    /// What its issuer sent before judges a report; of forwards of what is here too, which tell
    /// nothing new, what it sent to the same node: each is told at its own time. A forward tells
    /// what another had reported, and what has `re` has something before it, here or not: both may
    /// come first with any stage.
    fn order_reports(&mut self) {
        let here: BTreeSet<Id> = self.reports.iter().map(|report| report.id).collect();
        let mut sent: BTreeMap<(NodeId, Option<NodeId>), Vec<Stage>> = BTreeMap::new();
        for report in &mut self.reports {
            let forward = report.origin.is_some_and(|of| here.contains(&of));
            let line = (report.by.clone(), forward.then(|| report.to.clone()));
            let before = sent.entry(line).or_default();
            let begins = report.re.is_none() && report.origin.is_none();
            report.in_order = match may_follow(before, report.stage) {
                Err(Illegal::First(_)) => !begins,
                Err(_) => false,
                Ok(()) => true,
            };
            if report.in_order {
                before.push(report.stage);
            }
        }
    }

    fn order_words(&mut self) {
        let mut said: BTreeMap<NodeId, CaseState> = BTreeMap::new();
        for word in &mut self.words {
            word.in_order = may_answer(said.get(&word.by).copied(), word.state).is_ok();
            if word.in_order {
                said.insert(word.by.clone(), word.state);
            }
        }
    }

    /// Whether a notice is part of it.
    #[must_use]
    pub fn contains(&self, id: Id) -> bool {
        self.ids().any(|mine| mine == id)
    }

    /// Every notice of it that is here: reports, then words.
    pub fn ids(&self) -> impl Iterator<Item = Id> {
        let reports = self.reports.iter().map(|report| report.id);
        reports.chain(self.words.iter().map(|word| word.id))
    }

    /// Who reported it, as far as this node can see: above a forward, the forwarding level.
    #[must_use]
    pub fn issuer(&self) -> &NodeId {
        &self.issuer
    }

    /// The reports themselves, without the forwards of those that are here too.
    pub fn own_reports(&self) -> impl DoubleEndedIterator<Item = &Told> {
        let here: BTreeSet<Id> = self.reports.iter().map(|report| report.id).collect();
        let forwards = move |told: &&Told| !told.origin.is_some_and(|of| here.contains(&of));
        self.reports.iter().filter(forwards)
    }

    /// The reports that count: those in order, or all where none is, so that a case that began
    /// wrongly has its clocks all the same.
    pub(super) fn counted(&self) -> impl DoubleEndedIterator<Item = &Told> {
        let any = self.own_reports().any(|report| report.in_order);
        self.own_reports().filter(move |report| report.in_order || !any)
    }

    /// What is told last, in order: its scope, severity and nature are the case's.
    #[must_use]
    pub fn last(&self) -> Option<&Told> {
        self.counted().next_back()
    }

    /// How far the reports have got; `None` if no report is here.
    #[must_use]
    pub fn stage(&self) -> Option<Stage> {
        let in_order = self.own_reports().filter(|report| report.in_order);
        in_order.map(|report| report.stage).max_by_key(|stage| super::states::rank(*stage))
    }

    /// How bad it is, by its last report.
    #[must_use]
    pub fn severity(&self) -> Severity {
        let word = || self.words.last().map(|word| word.severity);
        self.last().map(|report| report.severity).or_else(word).unwrap_or(Severity::Unknown)
    }

    /// The strictest label of its reports: what is made from a case is bound by all of them.
    #[must_use]
    pub fn tlp(&self) -> Tlp {
        let reports = self.reports.iter().map(|report| report.tlp).max();
        let words = || self.words.iter().map(|word| word.tlp).max();
        reports.or_else(words).unwrap_or(Tlp::Red)
    }

    /// Whose clocks run: of each who reports, the last regime that it named. That an incident falls
    /// under none does not take a clock back that runs: no late report silences an alarm.
    #[must_use]
    pub fn regimes(&self) -> BTreeSet<Regime> {
        let named = self.counted().filter(|report| report.regime != Regime::None);
        let of_each: BTreeMap<&NodeId, Regime> =
            named.map(|report| (&report.by, report.regime)).collect();
        of_each.into_values().collect()
    }

    /// The regime that is shown: its issuer's, or another's who reports in it.
    #[must_use]
    pub fn regime(&self) -> Regime {
        let named = |report: &&Told| report.regime != Regime::None;
        let own = self.counted().rfind(|report| named(report) && report.by == self.issuer);
        own.or_else(|| self.counted().rfind(named)).map_or(Regime::None, |report| report.regime)
    }

    /// Its code name while any of its issuers keeps it under embargo.
    #[must_use]
    pub fn embargo(&self) -> Option<&str> {
        let mut last: BTreeMap<&NodeId, &Told> = BTreeMap::new();
        for report in &self.reports {
            last.insert(&report.by, report);
        }
        last.into_values().find_map(|report| report.embargo.as_deref())
    }

    /// Whether it concerns two countries or more, by its last report.
    #[must_use]
    pub fn is_cross_border(&self) -> bool {
        self.last().is_some_and(|report| report.countries.len() > 1)
    }

    /// Where each level that answered stands, by its last word in order.
    #[must_use]
    pub fn states(&self) -> BTreeMap<NodeId, Standing> {
        let in_order = self.words.iter().filter(|word| word.in_order);
        let stands = |word: &Word| Standing { state: word.state, id: word.id, at: word.first };
        in_order.map(|word| (word.by.clone(), stands(word))).collect()
    }

    /// Whether a node may send a report of this stage now. Who has sent none in this case yet (it
    /// was asked, or admitted) goes on from where the reports are.
    ///
    /// # Errors
    /// As [`may_follow`].
    pub fn may_report(&self, by: &NodeId, next: Stage) -> Result<(), Illegal> {
        let in_order = self.own_reports().filter(|report| report.in_order);
        let (own, others): (Vec<_>, Vec<_>) = in_order.partition(|report| report.by == *by);
        let before = if own.is_empty() { others } else { own };
        let before: Vec<Stage> = before.iter().map(|report| report.stage).collect();
        match may_follow(&before, next) {
            Err(Illegal::First(_)) if !self.words.is_empty() => Ok(()),
            judged => judged,
        }
    }

    /// Whether a level may say this now.
    ///
    /// # Errors
    /// As [`may_answer`].
    pub fn may_say(&self, by: &NodeId, next: CaseState) -> Result<(), Illegal> {
        may_answer(self.states().get(by).map(|standing| standing.state), next)
    }
}

/// The first report: one that follows none that is here, of those the oldest; so a forward whose
/// issuer's clock is behind never takes the place of what it forwards. Without reports, the words.
fn head(reports: &[Told], words: &[Word]) -> Option<(Id, NodeId)> {
    let here: BTreeSet<Id> =
        reports.iter().map(|r| r.id).chain(words.iter().map(|w| w.id)).collect();
    let follows =
        |told: &Told| [told.re, told.origin].into_iter().flatten().any(|id| here.contains(&id));
    let first = reports.iter().find(|told| !follows(told)).or(reports.first());
    let report = first.map(|told| (told.id, told.by.clone()));
    report.or_else(|| words.first().map(|word| (word.id, word.by.clone())))
}
