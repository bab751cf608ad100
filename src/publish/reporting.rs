//! Statements of a case: a report that climbs, and the answers to it.

use super::draft::{Draft, DraftError, Target, finish, media};
use crate::document::Incident;
use crate::notice::{
    Answer, Audience, Case, CaseState, Id, Kind, NodeId, Regime, Report, Scope, Stage, Statement,
    Time, Tlp, embargo_title,
};

/// What is said about an incident report besides what it says itself.
#[derive(Clone, Debug)]
pub struct Escalation {
    /// The highest node that may have it.
    pub top: NodeId,
    /// The label.
    pub tlp: Tlp,
    /// Which report of the case it is.
    pub stage: Stage,
    /// Whose clock runs.
    pub regime: Regime,
    /// What it follows: the issuer's own report before, or the response that asked or admitted it.
    pub before: Option<Target>,
    /// Makes it a drill.
    pub exercise: Option<String>,
    /// The code name of an embargo.
    pub embargo: Option<String>,
    /// The report of another that it passes on.
    pub origin: Option<Origin>,
}

/// Where a report that a level passes on comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The report.
    pub of: Id,
    /// Whether something of it was left out.
    pub redacted: bool,
}

/// An incident report.
///
/// # Errors
/// [`DraftError`].
pub fn escalation(
    draft: &Draft,
    incident: &Incident,
    said: &Escalation,
    body: &[u8],
) -> Result<Statement, DraftError> {
    let report = Report {
        stage: said.stage,
        regime: said.regime,
        aware: incident.aware,
        incident: incident.incident.clone(),
        nature: incident.nature.clone(),
        scope: incident.scope.clone(),
        countries: (!incident.countries.is_empty()).then(|| incident.countries.clone()),
        origin: said.origin.map(|origin| origin.of),
        redacted: said.origin.filter(|origin| origin.redacted).map(|_| true),
        embargo: said.embargo.clone(),
        events: incident.events,
    };
    let (report, title) = titled(report);
    let body = media("application/json", body, None)?;
    let to = Audience::Node(said.top.clone());
    let after = said.before.as_ref().map_or(0, |target| target.statement.iat + 1);
    // Reports of one issuer are ordered by time, in seconds.
    let draft = Draft { now: draft.now.max(Time::from_secs(after)), ..draft.clone() };
    let plain = draft.plain(to, said.tlp, incident.severity, title, "en".into(), body);
    let statement = Statement {
        kind: Kind::Escalation,
        case: Some(Case::Report(Box::new(report))),
        exercise: said.exercise.clone(),
        re: said.before.as_ref().map(|target| target.id),
        ..plain
    };
    finish(statement, None, said.before.as_ref())
}

/// The claims as an embargo leaves them, and their title.
pub(super) fn titled(report: Report) -> (Report, String) {
    match report.embargo.as_deref().map(embargo_title) {
        Some(title) => {
            let scope = union_of(&report.scope);
            (Report { scope, countries: None, ..report }, title)
        }
        None => {
            let title = incident_title(&report, &report.scope);
            (report, title)
        }
    }
}

/// Everywhere in the union of a scope: what stands in its place where it is not to be said.
#[must_use]
pub fn union_of(scope: &Scope) -> Scope {
    let [union, ..] = scope.parts();
    union.parse().unwrap_or_else(|_| scope.clone())
}

/// What a title may say of a case: never whom it hit.
fn incident_title(report: &Report, scope: &Scope) -> String {
    let what = report.nature.as_deref().unwrap_or(&report.incident);
    format!("Incident: {what} in {scope}")
}

/// What a level answers.
#[derive(Clone, Debug)]
pub struct Answering {
    /// Where it puts the case.
    pub state: CaseState,
    /// Why, with `rejected`.
    pub reason: Option<String>,
    /// For whom, if not for who reported it: a node below, which is admitted to the case.
    pub to: Option<NodeId>,
    /// The label, if not the report's.
    pub tlp: Option<Tlp>,
}

/// An answer to a case, for the node that reported it.
///
/// # Errors
/// [`DraftError`].
pub fn response(
    draft: &Draft,
    target: &Target,
    state: CaseState,
    reason: Option<String>,
    text: &str,
) -> Result<Statement, DraftError> {
    answer(draft, target, &Answering { state, reason, to: None, tlp: None }, text)
}

/// An answer to a case.
///
/// # Errors
/// [`DraftError`].
pub fn answer(
    draft: &Draft,
    target: &Target,
    answering: &Answering,
    text: &str,
) -> Result<Statement, DraftError> {
    let t = &target.statement;
    let Answering { state, reason, to, tlp } = answering;
    let body = media("text/plain", text.as_bytes(), None)?;
    let title = format!("Response: {}", state.as_str());
    let to = Audience::Node(to.clone().unwrap_or_else(|| t.iss.clone()));
    let tlp = tlp.unwrap_or(t.tlp);
    let plain = draft.plain(to, tlp, t.severity, title, t.lang.clone(), body);
    let case = Some(Case::Answer(Answer { state: *state, reason: reason.clone() }));
    let statement = Statement { kind: Kind::Response, case, re: Some(target.id), ..plain };
    finish(statement, None, Some(target))
}
