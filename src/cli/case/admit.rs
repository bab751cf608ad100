//! `chappe case admit`: the node of a victim that telephoned comes into its case.

use clap::Args;

use super::Held;
use crate::cli::connection::Connection;
use crate::cli::respond::{Said, state};
use crate::cli::{Failure, Outcome};
use crate::notice::{CaseState, NodeId, Tlp};
use crate::publish::Answering;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The beginning of the id of any notice of the case, which this node has reported
    case: String,
    /// The node below that is let in: it sees what is answered to it, and may report on
    node: NodeId,
    #[command(flatten)]
    connection: Connection,
    /// Where this node puts the case [default: as it is; in-progress once it is accepted]
    #[arg(long, value_parser = state)]
    state: Option<CaseState>,
    /// What to tell them
    #[arg(long, default_value = "You are admitted to this case; report on with --updates.")]
    text: String,
    /// The label [default: the report's]
    #[arg(long)]
    tlp: Option<Tlp>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    let session = arguments.connection.open().await?;
    let held = Held::find(&session, &arguments.case).await?;
    let now = held.case.states().get(session.node()).map(|standing| standing.state);
    let state = match arguments.state {
        Some(state) => state,
        None => as_it_is(now)?,
    };
    let (to, tlp) = (Some(arguments.node), arguments.tlp);
    let answering = Answering { state, reason: None, to, tlp };
    let said = Said { case: arguments.case, answering, text: arguments.text, json: arguments.json };
    said.send(&session, &held).await
}

/// The state that leaves the case where it is.
fn as_it_is(now: Option<CaseState>) -> Result<CaseState, Failure> {
    match now {
        None => Ok(CaseState::Accepted),
        Some(CaseState::Accepted) => Ok(CaseState::InProgress),
        Some(over @ (CaseState::Closed | CaseState::Rejected)) => Err(Failure::refused(format!(
            "state: the case is {over} here; --state says how it is opened again"
        ))),
        Some(state) => Ok(state),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::may_answer;

    #[test]
    fn whatever_state_an_open_case_has_its_node_may_be_admitted() {
        for now in [None].into_iter().chain(CaseState::ALL.map(Some)) {
            match as_it_is(now) {
                Ok(state) => assert_eq!(may_answer(now, state), Ok(()), "{now:?}"),
                Err(_) => assert!(matches!(now, Some(CaseState::Closed | CaseState::Rejected))),
            }
        }
    }
}
