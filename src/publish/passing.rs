//! A report that a level passes on itself: to a node above as a report of its own, to one below as
//! an alert, whole or without some fields.
//!
//! It is tied to what it comes from by that report's id: a digest over signed bytes, which nobody
//! makes again from a guess at what they say.

use super::draft::{Draft, DraftError, Target, finish, media};
use super::reporting::{titled, union_of};
use crate::document::Incident;
use crate::notice::{Audience, Case, Doc, Id, Kind, NodeId, Report, Statement, Time, Tlp};

/// What is said about a report that is passed on.
#[derive(Clone, Debug)]
pub struct Passing {
    /// The node that is to have it.
    pub to: NodeId,
    /// The label, never looser than the report's.
    pub tlp: Tlp,
    /// The fields that are left out.
    pub without: Vec<&'static str>,
    /// Another code name than that of `before` or else of the report: an embargo lasts until it is
    /// lifted.
    pub embargo: Option<String>,
    /// What this level has passed on of the case before.
    pub before: Option<Target>,
}

/// A report for a node above.
///
/// # Errors
/// [`DraftError`]; a label looser than the report's.
pub fn forward(
    draft: &Draft,
    target: &Target,
    passing: &Passing,
    body: &[u8],
) -> Result<Statement, DraftError> {
    let (report, title) = claims(target, passing)?;
    let after = passing.before.as_ref().map_or(0, |before| before.statement.iat + 1);
    let draft = Draft { now: draft.now.max(Time::from_secs(after)), ..draft.clone() };
    let plain = passed(&draft, target, passing, title, body)?;
    let statement = Statement {
        kind: Kind::Escalation,
        case: Some(Case::Report(Box::new(report))),
        re: passing.before.as_ref().map(|before| before.id),
        exercise: target.statement.exercise.clone(),
        ..plain
    };
    finish(statement, None, passing.before.as_ref())
}

/// A notice for a node below: what NIS2 art. 23(6) asks, from the union to another State.
///
/// # Errors
/// [`DraftError`]; a label looser than the report's.
pub fn warning(
    draft: &Draft,
    target: &Target,
    passing: &Passing,
    body: &[u8],
) -> Result<Statement, DraftError> {
    let (_, title) = claims(target, passing)?;
    let plain = passed(draft, target, passing, title, body)?;
    let doc = Doc {
        publisher: draft.iss.to_string(),
        reference: case_reference(target),
        version: "1".into(),
        revision: 1,
    };
    let exercise = target.statement.exercise.clone();
    finish(Statement { kind: Kind::Alert, doc: Some(doc), exercise, ..plain }, None, None)
}

/// What an alert about a case is called: it names nobody.
fn case_reference(target: &Target) -> String {
    let id: String = target.id.to_string().chars().take(8).collect();
    format!("CASE-{id}")
}

fn claims(target: &Target, passing: &Passing) -> Result<(Report, String), DraftError> {
    let t = &target.statement;
    let report = t.report().ok_or(DraftError::NoReport)?;
    if passing.tlp < t.tlp {
        return Err(DraftError::Stricter { own: t.tlp, asked: passing.tlp });
    }
    let without = |field: &str| passing.without.contains(&field);
    let scope = if without("scope") { union_of(&report.scope) } else { report.scope.clone() };
    Ok(titled(Report {
        scope,
        countries: report.countries.clone().filter(|_| !without("countries")),
        origin: Some(target.id),
        // What was left out below is missing here too.
        redacted: (report.redacted == Some(true) || !passing.without.is_empty()).then_some(true),
        embargo: embargo(report, passing),
        ..report.clone()
    }))
}

fn embargo(report: &Report, passing: &Passing) -> Option<String> {
    let before = passing.before.as_ref().and_then(|before| before.statement.report());
    let before = before.and_then(|before| before.embargo.clone());
    passing.embargo.clone().or(before).or_else(|| report.embargo.clone())
}

fn passed(
    draft: &Draft,
    target: &Target,
    passing: &Passing,
    title: String,
    body: &[u8],
) -> Result<Statement, DraftError> {
    let t = &target.statement;
    let to = Audience::Node(passing.to.clone());
    let body = media("application/json", body, None)?;
    Ok(draft.plain(to, passing.tlp, t.severity, title, t.lang.clone(), body))
}

/// A report of the same issuer and stage that ends an embargo: its scope and countries are those of
/// the incident again, and so is its title. `origin` is what it forwards, if it does.
///
/// # Errors
/// [`DraftError`].
pub fn lifted(
    draft: &Draft,
    last: &Target,
    origin: Option<Id>,
    (incident, body): (&Incident, &[u8]),
) -> Result<Statement, DraftError> {
    let report = last.statement.report().ok_or(DraftError::NoReport)?;
    let countries = (!incident.countries.is_empty()).then(|| incident.countries.clone());
    let scope = incident.scope.clone();
    let open = Report { scope, countries, origin, embargo: None, ..report.clone() };
    let (report, title) = titled(open);
    let now = draft.now.max(Time::from_secs(last.statement.iat + 1));
    let s = &last.statement;
    let draft = Draft { now, ..draft.clone() };
    let body = media("application/json", body, None)?;
    let plain = draft.plain(s.aud.clone(), s.tlp, s.severity, title, s.lang.clone(), body);
    let case = Some(Case::Report(Box::new(report)));
    finish(Statement { kind: Kind::Escalation, case, re: Some(last.id), ..plain }, None, Some(last))
}

/// The code name or the victim where nobody may read it: in what a statement says openly.
#[must_use]
pub fn statement_says(statement: &Statement, found: impl Fn(&str) -> bool) -> Option<&'static str> {
    let report = statement.report();
    let countries = report.and_then(|r| r.countries.clone()).unwrap_or_default().join(" ");
    let scope = report.map(|r| r.scope.to_string()).unwrap_or_default();
    let embargo = report.and_then(|r| r.embargo.clone()).unwrap_or_default();
    let doc = statement.doc.as_ref();
    let doc = doc.map(|d| format!("{} {}", d.publisher, d.reference)).unwrap_or_default();
    let said = [
        ("title", statement.title.as_str()),
        ("scope", &scope),
        ("countries", &countries),
        ("embargo", &embargo),
        ("doc", &doc),
    ];
    said.into_iter().find(|(_, text)| found(text)).map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::super::reporting::{Escalation, escalation};
    use super::*;
    use crate::notice::{Federation, Regime, Stage};

    const SAMPLE: &[u8] = include_bytes!("../../demo/incident.json");

    fn draft() -> Draft {
        let fed = Federation::try_from("0".repeat(32)).expect("an id");
        Draft {
            fed,
            iss: "eu-fr-bre".parse().expect("a node"),
            now: Time::from_secs(1_800_000_000),
        }
    }

    fn target(name: &[u8], statement: Statement) -> Target {
        Target { id: Id::of(name), statement }
    }

    #[test]
    fn what_goes_on_after_a_forward_under_embargo_is_under_it_too() {
        let incident = Incident::parse(SAMPLE, "i.json").expect("a report");
        let said = Escalation {
            top: "eu-fr-bre".parse().expect("a node"),
            tlp: Tlp::Amber,
            stage: Stage::EarlyWarning,
            regime: Regime::None,
            before: None,
            exercise: None,
            embargo: None,
            origin: None,
        };
        let report = escalation(&draft(), &incident, &said, SAMPLE).expect("a report");
        let report = target(b"report", report);
        let passing = |embargo: Option<&str>, before| Passing {
            to: "eu-fr".parse().expect("a node"),
            tlp: Tlp::Amber,
            without: Vec::new(),
            embargo: embargo.map(str::to_owned),
            before,
        };
        let first = forward(&draft(), &report, &passing(Some("heron"), None), SAMPLE);
        let first = target(b"first", first.expect("a forward"));
        let next = forward(&draft(), &report, &passing(None, Some(first)), SAMPLE);
        let next = next.expect("a forward");
        assert_eq!(next.title, "Incident heron");
        let claims = next.report().expect("a report");
        assert_eq!(claims.embargo.as_deref(), Some("heron"));
        assert_eq!((claims.scope.to_string(), &claims.countries), ("eu.all.all.all".into(), &None));
    }
}
