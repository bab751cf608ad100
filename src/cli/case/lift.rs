//! `chappe case lift`: its issuer ends an embargo.

use clap::Args;

use super::Held;
use crate::cli::connection::Connection;
use crate::cli::sending::send;
use crate::cli::{Failure, Outcome};
use crate::document::Incident;
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
