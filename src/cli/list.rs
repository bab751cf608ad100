//! `chappe list` and `chappe show`: what this node holds.

use clap::Args;

use super::connection::{Connection, failure};
use super::output::say;
use super::targets::find;
use super::trace::counted;
use super::{Failure, Outcome};
use crate::lifecycle::{EXPIRES_SOON, Standing};
use crate::publish::Session;
use crate::relay::{DeskQuestion, Listed};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    connection: Connection,
    /// Only what this node has issued
    #[arg(long)]
    own: bool,
    /// Ids alone, whole and all of them, one a line: what a list of good notices starts from
    #[arg(long, conflicts_with = "json")]
    ids: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ShowArguments {
    /// A document reference, or the beginning of an id
    #[arg(value_name = "REF")]
    reference: String,
    #[command(flatten)]
    connection: Connection,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    let session = arguments.connection.open_to_read().await?;
    let question = DeskQuestion { own: arguments.own, ..DeskQuestion::default() };
    if arguments.ids {
        return ids(&session, question).await;
    }
    let answer = session.desk(&question).await.map_err(|e| failure(&e))?;
    for listed in &answer.notices {
        if arguments.json {
            print_json(listed)?;
        } else {
            line(listed);
        }
    }
    if answer.more > 0 && !arguments.json {
        say!("... and {} older", answer.more);
    }
    Ok(())
}

async fn ids(session: &Session, mut question: DeskQuestion) -> Outcome {
    loop {
        let answer = session.desk(&question).await.map_err(|e| failure(&e))?;
        answer.notices.iter().for_each(|listed| say!("{}", listed.id));
        question.skip += answer.notices.len();
        if answer.more == 0 || answer.notices.is_empty() {
            return Ok(());
        }
    }
}

pub(super) async fn show(arguments: ShowArguments) -> Outcome {
    let session = arguments.connection.open_to_read().await?;
    for listed in find(&session, &arguments.reference, false, false).await? {
        if arguments.json {
            print_json(&listed)?;
        } else {
            whole(&listed);
        }
    }
    Ok(())
}

fn print_json(listed: &Listed) -> Result<(), Failure> {
    say!("{}", serde_json::to_string(listed).map_err(Failure::failed)?);
    Ok(())
}

fn line(listed: &Listed) {
    let s = &listed.statement;
    say!(
        "{}  {:<10} {:<10} {:<12} {:<9} {:<18} {}{}",
        listed.id.short(),
        listed.standing,
        s.kind,
        s.tlp,
        s.severity,
        s.iss,
        s.title,
        soon(listed)
    );
}

/// What the issuer, and nobody else, has to do something about.
fn soon(listed: &Listed) -> String {
    let (s, now) = (&listed.statement, crate::time::now());
    let own = listed.from.is_none() && s.kind.is_document();
    let left = s.expires().since(now);
    if !own || listed.standing != Standing::InForce.as_str() || left >= EXPIRES_SOON {
        return String::new();
    }
    match left.as_secs() / (24 * 3600) {
        0 => " (expires today: publish it again to renew it)".to_owned(),
        days => format!(" (expires in {days} days: publish it again to renew it)"),
    }
}

fn whole(listed: &Listed) {
    let s = &listed.statement;
    say!("{}", listed.id);
    say!("  {} \"{}\" ({})", s.kind, s.title, s.lang);
    say!("  {}, TLP:{}, severity {}", listed.standing, s.tlp, s.severity);
    say!("  issued by {} for {} at {}", s.iss, s.aud, s.issued());
    say!("  counts until {}{}", s.expires(), soon(listed));
    if let Some(doc) = &s.doc {
        say!("  document {} version {} of {}", doc.reference, doc.version, doc.publisher);
    }
    if listed.stolen_key {
        say!("  its key was stolen: it counts as withdrawn");
    }
    if listed.stale {
        say!("  stale: the bundle of {} had expired when it was passed on", s.iss);
    }
    if let Some(exercise) = &s.exercise {
        say!("  a drill: {exercise}");
    }
    match &listed.from {
        Some(node) => say!("  came from {node}"),
        None => say!("  this node's own"),
    }
    for (node, word) in &listed.receipts {
        let to = word.to.as_ref().map(|to| format!(" to {to}")).unwrap_or_default();
        let reason = word.reason.as_ref().map(|r| format!(": {r}")).unwrap_or_default();
        let entities = word.counts.as_ref().map(counted).unwrap_or_default();
        say!("  {node:<24} {}{to}{reason} at {}{entities}", word.outcome, word.at);
    }
    if listed.more_receipts > 0 {
        say!("  ... and {} more: chappe trace has them all", listed.more_receipts);
    }
}
