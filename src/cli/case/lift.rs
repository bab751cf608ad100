//! `chappe case lift`: its issuer ends an embargo, for everybody whom it told of the case.

use std::collections::BTreeMap;

use clap::Args;

use super::Held;
use crate::case::{Case, Told};
use crate::cli::connection::Connection;
use crate::cli::sending::send;
use crate::cli::{Failure, Outcome};
use crate::document::Incident;
use crate::notice::{Id, NodeId, Statement};
use crate::publish::{Session, lifted};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The beginning of the id of any notice of the case
    case: String,
    #[command(flatten)]
    connection: Connection,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    let session = arguments.connection.open().await?;
    let held = Held::find(&session, &arguments.case).await?;
    let lines = hidden(&held.case, session.node())?;
    for id in &lines {
        may_lift(&held.case, *id)?;
    }
    let mut lifted = BTreeMap::new();
    for id in lines {
        let (statement, body) = draft(&session, &held, id, &lifted)?;
        lifted.insert(id, send(&session, &statement, body, None, arguments.json).await?);
    }
    Ok(())
}

/// The last report of this node to each whom it told of the case, where that is under embargo: its
/// own to begin with, since what it has passed on comes from there.
fn hidden(case: &Case, me: &NodeId) -> Result<Vec<Id>, Failure> {
    let mut last: BTreeMap<(bool, &NodeId), &Told> = BTreeMap::new();
    for told in case.reports.iter().filter(|told| told.by == *me) {
        // A report of its own goes on from one node to another; a forward has its addressee.
        let forward = told.origin.is_some();
        last.insert((forward, if forward { &told.to } else { me }), told);
    }
    if last.is_empty() {
        let why = format!("embargo: {me} has reported nothing here; its issuer lifts it");
        return Err(Failure::refused(why));
    }
    let hidden = last.into_values().filter(|told| told.embargo.is_some()).map(|told| told.id);
    let hidden: Vec<Id> = hidden.collect();
    if hidden.is_empty() {
        return Err(Failure::refused("embargo: no last report of this node's is under one"));
    }
    Ok(hidden)
}

fn draft(
    session: &Session,
    held: &Held,
    id: Id,
    lifted_before: &BTreeMap<Id, Id>,
) -> Result<(Statement, Vec<u8>), Failure> {
    let own = held.notice(id).ok_or_else(|| Failure::failed("the case has gone meanwhile"))?;
    let report = own.statement.report().ok_or_else(|| Failure::failed("no report"))?;
    let body = own.wire.body.clone();
    // The body has said it truly all the time: its readers were told.
    let incident = match report.redacted {
        Some(true) => Incident::parse_redacted(&body, "the report", &report.scope),
        _ => Incident::parse(&body, "the report"),
    };
    let incident = incident.map_err(Failure::failed)?;
    let draft = session.draft(crate::time::now());
    // What was passed on as it was is passed on as it is now.
    let origin = report.origin.map(|of| lifted_before.get(&of).copied().unwrap_or(of));
    let statement = lifted(&draft, &own.target(), origin, (&incident, &body));
    Ok((statement.map_err(Failure::usage)?, body))
}

/// Who only passed a report on does not end what its issuer has put under embargo.
fn may_lift(case: &Case, own: Id) -> Outcome {
    let told = |id: Id| case.reports.iter().find(|told| told.id == id);
    let Some((own, of)) = told(own).and_then(|own| Some((own, own.origin?))) else {
        return Ok(());
    };
    let of = told(of).ok_or_else(|| {
        let of = of.short();
        Failure::refused(format!("embargo: the report {of} that this passes on is not here"))
    })?;
    let last = case.reports.iter().rfind(|told| told.by == of.by).unwrap_or(of);
    if of.by == own.by || last.embargo.is_none() {
        return Ok(());
    }
    let by = &of.by;
    Err(Failure::refused(format!("embargo: {by} has put it under embargo, and lifts it")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{Item, group};
    use crate::notice::{Federation, Regime, Stage, Time, Tlp};
    use crate::publish::{Draft, Escalation, Origin, escalation};

    const SAMPLE: &[u8] = include_bytes!("../../../demo/incident.json");

    /// A report under embargo or not, of a region or of the State that passes it on.
    fn report(iss: &str, at: u64, embargo: bool, of: Option<Id>) -> Statement {
        report_to("eu", (iss, at), embargo, of)
    }

    fn report_to(top: &str, (iss, at): (&str, u64), embargo: bool, of: Option<Id>) -> Statement {
        let fed = Federation::try_from("0".repeat(32)).expect("an id");
        let draft = Draft { fed, iss: iss.parse().expect("a node"), now: Time::from_secs(at) };
        let said = Escalation {
            top: top.parse().expect("a node"),
            tlp: Tlp::Amber,
            stage: Stage::EarlyWarning,
            regime: Regime::None,
            before: None,
            exercise: None,
            embargo: embargo.then(|| "heron".to_owned()),
            origin: of.map(|of| Origin { of, redacted: false }),
        };
        let incident = Incident::parse(SAMPLE, "i.json").expect("a report");
        escalation(&draft, &incident, &said, SAMPLE).expect("a statement")
    }

    fn case(reports: &[(Id, Statement)], with: Id) -> Case {
        let at = Time::from_secs(1_800_000_000);
        let item = |(id, statement)| Item { id, statement, first: at, since: at };
        let cases = group(reports.iter().map(|(id, statement)| item((*id, statement))));
        cases.into_iter().find(|case| case.contains(with)).expect("a case")
    }

    fn lifts(reports: &[(Id, Statement)], own: Id) -> bool {
        may_lift(&case(reports, own), own).is_ok()
    }

    #[test]
    fn an_embargo_ends_for_everybody_whom_its_issuer_told() {
        let me: NodeId = "eu-fr-bre".parse().expect("a node");
        let names = ["first", "state", "union", "state again"].map(|name| Id::of(name.as_bytes()));
        let [first, state, union, again] = names;
        let told = |top, secs: u64, embargo, of| {
            report_to(top, ("eu-fr-bre", 1_800_000_000 + secs), embargo, of)
        };
        let mut all = vec![
            (first, told("eu-fr-bre", 0, true, None)),
            (state, told("eu-fr", 1, true, Some(first))),
            (union, told("eu", 2, true, Some(first))),
        ];
        assert_eq!(hidden(&case(&all, first), &me).ok(), Some(vec![first, union, state]));
        all.push((again, told("eu-fr", 3, false, Some(first))));
        assert_eq!(hidden(&case(&all, first), &me).ok(), Some(vec![first, union]), "what is left");
        assert!(hidden(&case(&all[3..], again), &me).is_err(), "nothing is under an embargo");
        let other: NodeId = "eu-fr".parse().expect("a node");
        assert!(hidden(&case(&all, first), &other).is_err(), "it is not this node's");
    }

    #[test]
    fn who_passed_a_report_on_lifts_its_own_embargo_alone() {
        let (first, own) = (Id::of(b"first"), Id::of(b"own"));
        let at = 1_800_000_000;
        let below = |embargo| (first, report("eu-fr-bre", at, embargo, None));
        let passed_on = (own, report("eu-fr", at + 1, true, Some(first)));
        assert!(!lifts(&[below(true), passed_on.clone()], own), "that of the region");
        assert!(!lifts(std::slice::from_ref(&passed_on), own), "nobody here knows whose it is");
        assert!(lifts(&[below(false), passed_on], own), "its own");
        assert!(lifts(&[below(true)], first), "its issuer's");
    }
}
