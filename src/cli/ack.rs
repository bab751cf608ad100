//! `chappe ack`: a person has read a notice, and the node says so to its issuer.

use clap::Args;

use super::connection::{Connection, failure};
use super::output::say;
use super::{Failure, Outcome};
use crate::relay::{AckAnswer, AckQuestion, Acked};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A document reference (its newest version is meant), or the beginning of an id
    #[arg(value_name = "REF")]
    reference: String,
    #[command(flatten)]
    connection: Connection,
    /// The answer as one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    let session = arguments.connection.open_to_read().await?;
    let reference = arguments.reference;
    let question = AckQuestion { reference: reference.clone() };
    let answer: AckAnswer = session.ask_desk("ack", &question).await.map_err(|e| failure(&e))?;
    if arguments.json {
        say!("{}", serde_json::to_string(&answer).map_err(Failure::failed)?);
    }
    match answer.outcome {
        Acked::Unknown => Err(Failure::failed(format!("no notice here is called `{reference}`"))),
        Acked::Ambiguous => Err(Failure::usage(among(&reference, &answer))),
        done => {
            if !arguments.json {
                say!("{}", told(done, &answer));
            }
            Ok(())
        }
    }
}

fn told(done: Acked, answer: &AckAnswer) -> String {
    let id = answer.id.map(|id| id.short()).unwrap_or_default();
    let at = answer.at.map(|at| at.to_string()).unwrap_or_default();
    match done {
        Acked::Own => format!("{id}  this node's own: it needs no acknowledgement"),
        Acked::Already => format!("{id}  said to be read already, at {at}; nothing sent"),
        _ => format!("{id}  read, at {at}: its issuer is told"),
    }
}

fn among(reference: &str, answer: &AckAnswer) -> String {
    let line = |n: &crate::relay::Named| {
        format!("\n  {}  {} of {}: {}", n.id.short(), n.kind, n.iss, n.title)
    };
    let lines: String = answer.among.iter().map(line).collect();
    format!("`{reference}` has more than one meaning; give the beginning of an id:{lines}")
}
