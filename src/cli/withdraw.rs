//! `chappe withdraw` and `chappe close`: the two ways in which an issuer ends a notice.

use clap::Args;

use super::connection::Connection;
use super::sending::send;
use super::targets::{current, find};
use super::wait::Wait;
use super::{Failure, Outcome};
use crate::notice::Kind;
use crate::publish::ending;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A document reference, or the beginning of an id, among this node's own notices
    #[arg(value_name = "REF")]
    reference: String,
    #[command(flatten)]
    connection: Connection,
    /// Why, for those who read it
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    wait: Wait,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(kind: Kind, arguments: Arguments) -> Outcome {
    let session = arguments.connection.open().await?;
    let found = find(&session, &arguments.reference, true, false).await?;
    let mut targets = current(found);
    // A closed notice may be withdrawn, but not closed again.
    targets.retain(|t| kind == Kind::Withdrawal || t.statement.kind.is_document());
    if targets.is_empty() {
        return Err(Failure::failed(format!("nothing of `{}` is in force", arguments.reference)));
    }
    let mut sent = Vec::new();
    for target in targets {
        let draft = session.draft(crate::time::now());
        let title = format!("{}: {}", word(kind), target.statement.title);
        let title: String = title.chars().take(crate::notice::MAX_TITLE_CHARS).collect();
        let title = title.trim();
        let statement =
            ending(&draft, kind, &target, title, &arguments.reason).map_err(Failure::usage)?;
        let body = arguments.reason.clone().into_bytes();
        let id = send(&session, &statement, body, None, arguments.json).await?;
        sent.push((id, statement));
    }
    arguments.wait.until_answered(&session, &sent, arguments.json).await
}

fn word(kind: Kind) -> &'static str {
    if kind == Kind::Closing { "Closed" } else { "Withdrawn" }
}
