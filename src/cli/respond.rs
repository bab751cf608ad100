//! `chappe respond`

use clap::Args;

use super::connection::Connection;
use super::sending::send;
use super::targets::find;
use super::{Failure, Outcome};
use crate::notice::{CaseState, Kind};
use crate::publish::{Target, response};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The beginning of the id of a report of the case
    case: String,
    #[command(flatten)]
    connection: Connection,
    /// accepted, in-progress, information-requested, advice, referral, closed or rejected
    #[arg(long, value_parser = state)]
    state: CaseState,
    /// What to tell the reporter
    #[arg(long, default_value = "")]
    text: String,
    /// Why, with `rejected`
    #[arg(long)]
    reason: Option<String>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

fn state(text: &str) -> Result<CaseState, String> {
    CaseState::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| {
        let all: Vec<&str> = CaseState::ALL.iter().map(|state| state.as_str()).collect();
        format!("expected one of {}", all.join(", "))
    })
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    if arguments.state == CaseState::Rejected && arguments.reason.is_none() {
        return Err(Failure::usage("--state rejected needs --reason"));
    }
    let session = arguments.connection.open().await?;
    let mut found = find(&session, &arguments.case, false, true).await?;
    found.retain(|listed| listed.statement.kind == Kind::Escalation);
    let [listed] = found.as_slice() else {
        return Err(Failure::usage(format!(
            "`{}` names {} reports; give more of the id",
            arguments.case,
            found.len()
        )));
    };
    let target = Target { id: listed.id, statement: listed.statement.clone() };
    let draft = session.draft(crate::time::now());
    let (state, reason) = (arguments.state, arguments.reason);
    let statement =
        response(&draft, &target, state, reason, &arguments.text).map_err(Failure::usage)?;
    send(&session, &statement, arguments.text.into_bytes(), None, arguments.json).await?;
    Ok(())
}
