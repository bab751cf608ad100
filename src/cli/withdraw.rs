//! `chappe withdraw` and `chappe close`: the two ways in which an issuer ends a notice.

use clap::Args;

use super::connection::Connection;
use super::sending::send;
use super::targets::{current, find, newest};
use super::wait::Wait;
use super::{Failure, Outcome};
use crate::notice::{Kind, Statement};
use crate::publish::{Draft, Target, ended_title, ending, erasure};

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

#[derive(Debug, Args)]
pub(super) struct WithdrawArguments {
    #[command(flatten)]
    plain: Arguments,
    /// Delete it at every relay too, with its older versions. What people and subscribers have
    /// copied stays theirs; REASON goes to everybody and must not repeat it
    #[arg(long)]
    erase: bool,
}

pub(super) async fn close(arguments: Arguments) -> Outcome {
    let draft = |draft: &Draft, target: &Target, reason: &str| {
        let title = ended_title(Kind::Closing, &target.statement.title);
        ending(draft, Kind::Closing, target, &title, reason).map_err(Failure::usage)
    };
    // Notes and cases have no end but a withdrawal.
    end(arguments, |target| target.statement.kind.is_document(), false, draft).await
}

pub(super) async fn withdraw(arguments: WithdrawArguments) -> Outcome {
    if arguments.erase {
        return end(arguments.plain, |_| true, true, erasing).await;
    }
    let draft = |draft: &Draft, target: &Target, reason: &str| {
        let title = ended_title(Kind::Withdrawal, &target.statement.title);
        ending(draft, Kind::Withdrawal, target, &title, reason).map_err(Failure::usage)
    };
    end(arguments.plain, |_| true, false, draft).await
}

async fn end(
    arguments: Arguments,
    may: impl Fn(&Target) -> bool,
    erase: bool,
    make: impl Fn(&Draft, &Target, &str) -> Result<Statement, Failure>,
) -> Outcome {
    let Arguments { reference, connection, reason, wait, json } = arguments;
    let session = connection.open().await?;
    let found = find(&session, &reference, true, false).await?;
    let mut targets = if erase { newest(found) } else { current(found) };
    targets.retain(may);
    if targets.is_empty() {
        return Err(Failure::failed(format!("nothing of `{reference}` is in force")));
    }
    let draft = session.draft(crate::time::now());
    let made: Result<Vec<_>, _> = targets.iter().map(|t| make(&draft, t, &reason)).collect();
    let mut sent = Vec::new();
    for statement in made? {
        let id = send(&session, &statement, reason.clone().into_bytes(), None, json).await?;
        sent.push((id, statement));
    }
    wait.until_answered(&session, &sent, json).await
}

fn erasing(draft: &Draft, target: &Target, reason: &str) -> Result<Statement, Failure> {
    let title = target.statement.title.to_lowercase();
    if reason.to_lowercase().contains(&title) {
        return Err(Failure::usage(
            "--reason repeats the title of what is to be erased, and would stay in its place",
        ));
    }
    erasure(draft, target, reason).map_err(Failure::usage)
}
