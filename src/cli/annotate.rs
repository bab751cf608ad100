//! `chappe annotate`: a cover note on a notice that this node holds.

use clap::Args;

use super::connection::Connection;
use super::sending::send;
use super::targets::{audience, check_reached, current, find};
use super::wait::Wait;
use super::{Failure, Outcome};
use crate::notice::{Audience, Scope, Tlp};
use crate::publish::annotation;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A document reference, or the beginning of an id
    #[arg(value_name = "REF")]
    reference: String,
    #[command(flatten)]
    connection: Connection,
    /// Its title, one line
    #[arg(long)]
    title: String,
    /// The note
    #[arg(long)]
    text: String,
    /// Who may receive it [default: this node's constituency]
    #[arg(long, value_name = "SCOPE")]
    to: Option<String>,
    /// The label, never looser than the notice's [default: the notice's]
    #[arg(long)]
    tlp: Option<Tlp>,
    #[command(flatten)]
    wait: Wait,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    let session = arguments.connection.open().await?;
    let mut targets = current(find(&session, &arguments.reference, false, false).await?);
    targets.retain(|target| target.statement.kind.is_document());
    let [target] = targets.as_slice() else {
        return Err(Failure::usage(format!(
            "`{}` names {} notices in force; give the beginning of an id",
            arguments.reference,
            targets.len()
        )));
    };
    let own = session.trust().seat(session.node()).map(|seat| seat.constituency.clone());
    let first = own.and_then(|own: Vec<Scope>| own.into_iter().next());
    let aud = match (&arguments.to, first) {
        (Some(to), _) => audience(to, session.trust())?,
        (None, Some(scope)) => Audience::Scope(scope),
        (None, None) => return Err(Failure::usage("--to is needed")),
    };
    let draft = session.draft(crate::time::now());
    let tlp = arguments.tlp.unwrap_or(target.statement.tlp);
    let statement = annotation(&draft, target, aud, tlp, &arguments.title, &arguments.text)
        .map_err(Failure::usage)?;
    check_reached(session.trust(), &statement)?;
    let id = send(&session, &statement, arguments.text.into_bytes(), None, arguments.json).await?;
    arguments.wait.until_answered(&session, &[(id, statement)], arguments.json).await
}
