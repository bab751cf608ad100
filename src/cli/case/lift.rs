//! `chappe case lift`: its issuer ends an embargo.

use clap::Args;

use super::Held;
use crate::case::Case;
use crate::cli::connection::Connection;
use crate::cli::sending::send;
use crate::cli::{Failure, Outcome};
use crate::document::Incident;
use crate::notice::Id;
use crate::publish::lifted;

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
    let me = session.node();
    let own = held.last(|told| told.by == *me);
    let own = own.ok_or_else(|| {
        Failure::refused(format!("embargo: {me} has reported nothing here; its issuer lifts it"))
    })?;
    let report = own.statement.report().filter(|report| report.embargo.is_some());
    let report = report.ok_or_else(|| {
        Failure::refused("embargo: this node's last report in the case is under none")
    })?;
    may_lift(&held.case, own.id)?;
    let body = own.wire.body.clone();
    // The body has said it truly all the time: its readers were told.
    let incident = match report.redacted {
        Some(true) => Incident::parse_redacted(&body, "the report", &report.scope),
        _ => Incident::parse(&body, "the report"),
    };
    let incident = incident.map_err(Failure::failed)?;
    let draft = session.draft(crate::time::now());
    let statement = lifted(&draft, &own.target(), &incident, &body).map_err(Failure::usage)?;
    send(&session, &statement, body, None, arguments.json).await.map(drop)
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
    use crate::notice::{Federation, Regime, Stage, Statement, Time, Tlp};
    use crate::publish::{Draft, Escalation, Origin, escalation};

    const SAMPLE: &[u8] = include_bytes!("../../../demo/incident.json");

    /// A report under embargo or not, of a region or of the State that passes it on.
    fn report(iss: &str, at: u64, embargo: bool, of: Option<Id>) -> Statement {
        let fed = Federation::try_from("0".repeat(32)).expect("an id");
        let draft = Draft { fed, iss: iss.parse().expect("a node"), now: Time::from_secs(at) };
        let said = Escalation {
            top: "eu".parse().expect("a node"),
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

    fn lifts(reports: &[(Id, Statement)], own: Id) -> bool {
        let at = Time::from_secs(1_800_000_000);
        let item = |(id, statement)| Item { id, statement, first: at, since: at };
        let cases = group(reports.iter().map(|(id, statement)| item((*id, statement))));
        let case = cases.iter().find(|case| case.contains(own)).expect("a case");
        may_lift(case, own).is_ok()
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
