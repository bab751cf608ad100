//! `chappe respond`: a level's word in a case, if it may be said now.

use clap::Args;

use super::case::Held;
use super::connection::{Connection, failure};
use super::sending::{send, unchanged};
use super::targets::check_reached;
use super::{Failure, Outcome};
use crate::notice::{CaseState, Kind, NodeId, Tlp};
use crate::publish::{Answering, Session, answer};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The beginning of the id of any notice of the case
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
    /// For a node below instead of who reported it, of a case that this node reported: it is
    /// admitted to the case
    #[arg(long, value_name = "NODE")]
    to: Option<NodeId>,
    /// The label [default: the report's]; the reporter may be one who is sent less than it sends
    #[arg(long)]
    tlp: Option<Tlp>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

pub(super) fn state(text: &str) -> Result<CaseState, String> {
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
    let held = Held::find(&session, &arguments.case).await?;
    let Arguments { case, state, text, reason, to, tlp, json, .. } = arguments;
    let said = Said { case, answering: Answering { state, reason, to, tlp }, text, json };
    said.send(&session, &held).await
}

/// A word of this level.
pub(super) struct Said {
    pub(super) case: String,
    pub(super) answering: Answering,
    pub(super) text: String,
    pub(super) json: bool,
}

impl Said {
    /// Refused (exit 3) if the level may not say it now.
    pub(super) async fn send(self, session: &Session, held: &Held) -> Outcome {
        let (me, state) = (session.node(), self.answering.state);
        let seat = session.trust().seat(me);
        if seat.is_some_and(|seat| seat.grants.iter().any(|g| !g.kinds.contains(&Kind::Response))) {
            return Err(Failure::refused(format!(
                "grant-kind: {me} answers no case; chappe escalate --updates reports on"
            )));
        }
        let report = match &self.answering.to {
            Some(to) => {
                check_admitted(me, to)?;
                check_open(held.case.embargo(), to)?;
                held.report(&self.case, |told| told.by == *me)
            }
            // Who took a report on the telephone answers its own.
            None => held
                .report(&self.case, |told| told.by != *me)
                .or_else(|| held.report(&self.case, |_| true)),
        };
        let report = report.ok_or_else(|| {
            let whose = if self.answering.to.is_some() { " of this node" } else { "" };
            Failure::refused(format!("relation: {} has no report{whose} to answer", self.case))
        })?;
        let draft = session.draft(crate::time::now());
        let statement = answer(&draft, &report.target(), &self.answering, &self.text)
            .map_err(Failure::usage)?;
        if let Some(id) = session.repeated(&statement).map_err(|e| failure(&e))? {
            // Whoever has said something else since may say it again.
            let stands = held.case.states().get(me).is_some_and(|standing| standing.state == state);
            if stands || !held.case.contains(id) {
                unchanged(&statement, id, self.json);
                return Ok(());
            }
        }
        held.case.may_say(me, state).map_err(|e| Failure::refused(format!("state: {e}")))?;
        check_reached(session.trust(), &statement)?;
        send(session, &statement, self.text.into_bytes(), None, self.json).await?;
        Ok(())
    }
}

/// What an admitted node reports is under no embargo: only a CSIRT may say a code name, and a
/// report without one says openly what it hit and where.
fn check_open(embargo: Option<&str>, to: &NodeId) -> Outcome {
    match embargo {
        None => Ok(()),
        Some(code) => Err(Failure::refused(format!(
            "embargo: what {to} would report says openly where and in which sector it was, beside \
             the code name {code}; chappe case lift comes first"
        ))),
    }
}

fn check_admitted(me: &NodeId, to: &NodeId) -> Outcome {
    if me != to && me.contains(to) {
        return Ok(());
    }
    Err(Failure::refused(format!("audience: {to} is not below {me}, so it cannot be admitted")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_let_into_a_case_under_embargo() {
        let node: NodeId = "eu-fr-bre-hospital1".parse().expect("a node");
        assert!(check_open(None, &node).is_ok());
        let refused = format!("{:?}", check_open(Some("heron"), &node).expect_err("refused"));
        assert!(refused.contains("code: 3") && refused.contains("chappe case lift"), "{refused}");
    }
}
