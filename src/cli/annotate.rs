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
    /// Who may receive it [default: those in this node's constituency that the notice is for]
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
    let aud = match &arguments.to {
        Some(to) => audience(to, session.trust())?,
        None => readers(&own.unwrap_or_default(), &target.statement.aud)
            .ok_or_else(|| Failure::usage("--to is needed: who may know of this notice?"))?,
    };
    let draft = session.draft(crate::time::now());
    let tlp = arguments.tlp.unwrap_or(target.statement.tlp);
    let statement = annotation(&draft, target, aud, tlp, &arguments.title, &arguments.text)
        .map_err(Failure::usage)?;
    check_reached(session.trust(), &statement)?;
    let id = send(&session, &statement, arguments.text.into_bytes(), None, arguments.json).await?;
    arguments.wait.until_answered(&session, &[(id, statement)], arguments.json).await
}

/// Who of those that this node serves may have the notice: a note names it, so it tells nobody else
/// of it. Of a notice for one node that is for a person to say.
fn readers(own: &[Scope], notice: &Audience) -> Option<Audience> {
    let Audience::Scope(notice) = notice else { return None };
    own.iter().find_map(|scope| scope.meet(notice)).map(Audience::Scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_tells_nobody_of_a_notice_that_is_not_for_him() {
        let scope = |text: &str| text.parse::<Scope>().expect("a scope");
        let region = [scope("eu.fr.bre")];
        let of = |aud: Audience| readers(&region, &aud);
        let health = of(Audience::Scope(scope("eu.fr.all.health")));
        assert_eq!(health, Some(Audience::Scope(scope("eu.fr.bre.health"))));
        let all = of(Audience::Scope(scope("eu.fr")));
        assert_eq!(all, Some(Audience::Scope(scope("eu.fr.bre"))));
        assert_eq!(of(Audience::Node("eu-fr-bre".parse().expect("a node"))), None);
    }
}
