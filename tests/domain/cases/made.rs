//! Notices of cases, unsigned: what belongs together and which clock runs needs no signature.

use chappe::case::{Case, Item, group};
use chappe::notice::{
    Answer, Audience, Case as Claims, CaseState, Id, Kind, Report, Severity, Stage, Statement,
    Time, Tlp,
};

use crate::forge::{NOW, advisory, escalation, id};

pub(super) const MINUTE: u64 = 60;
pub(super) const HOUR: u64 = 3600;
pub(super) const DAY: u64 = 24 * HOUR;

/// A notice that a node holds.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) id: Id,
    pub(super) statement: Statement,
    pub(super) first: Time,
    pub(super) since: Time,
}

/// When the tests' notices are issued: so many seconds after the hospital's first.
pub(super) fn at(secs: u64) -> Time {
    NOW + std::time::Duration::from_secs(secs)
}

/// An instant as the law's calendar writes it.
pub(super) fn instant(text: &str) -> Time {
    let timestamp: jiff::Timestamp = text.parse().expect("an instant");
    Time::from_millis(u64::try_from(timestamp.as_millisecond()).expect("after 1970"))
}

/// A statement as it is held: passed on a second after it was issued, here a second later.
pub(super) fn held(name: &str, issued: Time, statement: Statement) -> Held {
    let statement = Statement { iat: issued.secs(), exp: issued.secs() + 300 * DAY, ..statement };
    let second = std::time::Duration::from_secs(1);
    let (first, since) = (issued + second, issued + second + second);
    Held { id: Id::of(name.as_bytes()), statement, first, since }
}

/// A report of the hospital to the State, `aware` an hour before it is issued.
pub(super) fn report(name: &str, issued: Time, stage: Stage) -> Held {
    report_of("eu-fr-bre-chu", "eu-fr", name, issued, stage)
}

pub(super) fn report_of(iss: &str, top: &str, name: &str, issued: Time, stage: Stage) -> Held {
    held(name, issued, escalation(iss, top, Tlp::Amber)).reporting(|report| {
        report.stage = stage;
        report.aware = issued.secs() - HOUR;
    })
}

/// A level's word to the node whose notice `re` names.
pub(super) fn word(by: &str, to: &str, re: &str, issued: Time, state: CaseState) -> Held {
    let answer = Claims::Answer(Answer { state, reason: None });
    let statement = Statement {
        kind: Kind::Response,
        doc: None,
        case: Some(answer),
        re: Some(Id::of(re.as_bytes())),
        severity: Severity::Critical,
        ..advisory(by, &format!("node:{to}"), Tlp::Amber)
    };
    held(&format!("{by} {state} {}", issued.millis()), issued, statement)
}

impl Held {
    pub(super) fn re(mut self, name: &str) -> Self {
        self.statement.re = Some(Id::of(name.as_bytes()));
        self
    }

    pub(super) fn origin(self, name: &str) -> Self {
        self.reporting(|report| report.origin = Some(Id::of(name.as_bytes())))
    }

    pub(super) fn to(mut self, node: &str) -> Self {
        self.statement.aud = Audience::Node(id(node));
        self
    }

    pub(super) fn reporting(mut self, change: impl FnOnce(&mut Report)) -> Self {
        if let Some(Claims::Report(report)) = &mut self.statement.case {
            change(report);
        }
        self
    }

    pub(super) fn item(&self) -> Item<'_> {
        Item { id: self.id, statement: &self.statement, first: self.first, since: self.since }
    }
}

pub(super) fn cases<'a>(held: impl IntoIterator<Item = &'a Held>) -> Vec<Case> {
    group(held.into_iter().map(Held::item))
}

/// Everything is one case.
pub(super) fn one(held: &[Held]) -> Case {
    let mut all = cases(held);
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}
