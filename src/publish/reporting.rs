//! Statements of a case: a report that climbs, and the answers to it.

use super::draft::{Draft, DraftError, Target, finish, media};
use crate::notice::{
    Answer, Audience, Case, CaseState, Kind, NodeId, Regime, Report, Scope, Stage, Statement, Tlp,
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
    /// The report before it.
    pub before: Option<Target>,
    /// Makes it a drill.
    pub exercise: Option<String>,
}

/// An incident report.
///
/// # Errors
/// [`DraftError`].
pub fn escalation(
    draft: &Draft,
    incident: &crate::document::Incident,
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
        origin: None,
        redacted: None,
        embargo: None,
        events: None,
    };
    let title = incident_title(&report, &incident.scope);
    let body = media("application/json", body, None)?;
    let to = Audience::Node(said.top.clone());
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

/// What a title may say of a case: never whom it hit.
fn incident_title(report: &Report, scope: &Scope) -> String {
    let what = report.nature.as_deref().unwrap_or(&report.incident);
    format!("Incident: {what} in {scope}")
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
    let t = &target.statement;
    let body = media("text/plain", text.as_bytes(), None)?;
    let title = format!("Response: {}", state.as_str());
    let to = Audience::Node(t.iss.clone());
    let plain = draft.plain(to, t.tlp, t.severity, title, t.lang.clone(), body);
    let case = Some(Case::Answer(Answer { state, reason }));
    let statement = Statement { kind: Kind::Response, case, re: Some(target.id), ..plain };
    finish(statement, None, Some(target))
}
