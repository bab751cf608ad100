//! `chappe trace`: who has which version since when, who read it, who filtered or refused it and
//! why, who has not answered, and whom to phone.

use std::io::IsTerminal as _;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::connection::{Connection, failure};
use super::output::say;
use super::{Failure, Outcome};
use crate::notice::{Counts, Time};
use crate::publish::Session;
use crate::relay::{TraceAnswer, TraceQuestion, Traced, TracedContact, TracedNode};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A document reference, or the beginning of an id
    #[arg(value_name = "REF")]
    reference: String,
    #[command(flatten)]
    connection: Connection,
    /// One JSON object a line, for each notice and node
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    let session = arguments.connection.open_to_read().await?;
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let reference = arguments.reference;
    let mut question = TraceQuestion { reference: reference.clone(), ..TraceQuestion::default() };
    let mut shown = None;
    loop {
        let answer = page(&session, &question).await?;
        for traced in &answer.notices {
            if arguments.json {
                lines(traced)?;
            } else {
                // Its nodes go on where the page before ended.
                if shown.replace(traced.id) != Some(traced.id) {
                    heading(traced);
                }
                traced.nodes.iter().for_each(|node| say!("{}", line(node, colour)));
            }
        }
        if shown.is_none() && answer.notices.is_empty() && question.skip == 0 {
            return Err(Failure::failed(format!("no notice here is called `{reference}`")));
        }
        let Some(next) = answer.next else { return Ok(()) };
        (question.skip, question.nodes) = (next.skip, next.nodes);
    }
}

async fn page(session: &Session, question: &TraceQuestion) -> Result<TraceAnswer, Failure> {
    session.ask_desk("trace", question).await.map_err(|e| failure(&e))
}

/// A line for each node, with what says of which notice.
fn lines(traced: &Traced) -> Outcome {
    let notice = json!({"id": traced.id, "kind": traced.kind, "iss": traced.iss,
        "aud": traced.aud, "tlp": traced.tlp, "title": traced.title, "iat": traced.iat,
        "version": traced.version, "revision": traced.revision, "standing": traced.standing,
        "complete": traced.complete, "of": traced.of, "answered": traced.answered});
    for node in &traced.nodes {
        let mut all = serde_json::to_value(node).map_err(Failure::failed)?;
        if let (Value::Object(all), Value::Object(notice)) = (&mut all, &notice) {
            let said = notice.iter().filter(|(_, value)| !value.is_null());
            all.extend(said.map(|(name, value)| (name.clone(), value.clone())));
        }
        say!("{all}");
    }
    Ok(())
}

fn heading(traced: &Traced) {
    let version = traced.version.as_ref().map(|v| format!(", version {v}")).unwrap_or_default();
    say!(
        "{}  {} \"{}\"{version}, {}",
        traced.id.short(),
        traced.kind,
        traced.title,
        traced.standing
    );
    let complete = if traced.complete { "all have answered" } else { "not all have answered" };
    let sum = format!("{complete}: {} of {}", traced.answered, traced.of);
    say!("  issued by {} for {}, TLP:{}; {sum}", traced.iss, traced.aud, traced.tlp);
    if is_forgotten(traced) {
        say!("  older than 30 days: what was said before that is forgotten");
    }
}

/// A month after it was issued, silence may mean no more than that.
fn is_forgotten(traced: &Traced) -> bool {
    const RECEIPTS_LAST: Duration = Duration::from_secs(30 * 24 * 3600);
    crate::time::now().since(Time::from_secs(traced.iat)) > RECEIPTS_LAST
}

/// One node, with whom to phone where somebody has to.
pub(super) fn line(node: &TracedNode, colour: bool) -> String {
    let word = format!("{:<12}", node.state);
    let word = match (colour, tint(node)) {
        (true, Some(tint)) => format!("\u{1b}[{tint}m{word}\u{1b}[0m"),
        _ => word,
    };
    let at = node.at.map(|at| format!(" {at}")).unwrap_or_default();
    let notes: String = notes(node).into_iter().map(|note| format!("; {note}")).collect();
    format!("  {:<24} {word}{at}{notes}", node.node)
}

/// Red: somebody has to ask; yellow: it has its reason; green: it is there.
fn tint(node: &TracedNode) -> Option<u8> {
    match node.state.as_str() {
        "no-answer" => Some(31),
        _ if node.entities.as_ref().is_some_and(|entities| entities.missing > 0) => Some(31),
        "filtered" | "refused" | "cut-off" | "unanswered" => Some(33),
        "delivered" | "read" | "stops" | "climbs" => Some(32),
        _ => None,
    }
}

fn notes(node: &TracedNode) -> Vec<String> {
    let mut notes = Vec::new();
    notes.extend(node.reason.clone());
    notes.extend(node.to.as_ref().map(|to| format!("goes on to {to}")));
    notes.extend(node.because.as_ref().map(|by| match node.state.as_str() {
        "cut-off" => format!("it ends at {by}"),
        "elsewhere" => format!("counted at {by}"),
        _ => format!("behind {by}, which has not answered either"),
    }));
    if !node.also.is_empty() && node.state != "elsewhere" {
        let also: Vec<&str> = node.also.iter().map(crate::notice::NodeId::as_str).collect();
        notes.push(format!("unless it has answered {}", also.join(" or ")));
    }
    notes.extend(match node.concern.as_str() {
        "transit" => Some("only on the way".to_owned()),
        "other" => Some("not for it".to_owned()),
        _ => None,
    });
    notes.extend(node.has.as_ref().map(|version| format!("has version {version}")));
    notes.extend(node.entities.as_ref().map(|entities| {
        let (answered, of) = (entities.answered, entities.of);
        let elsewhere = answered < of && entities.missing == 0;
        let note = if elsewhere { ", the others may have answered elsewhere" } else { "" };
        format!("{answered} of {of} entities{}{note}", counted(&entities.counts))
    }));
    notes.extend(node.contact.as_ref().map(|contact| phone(&node.node, contact)));
    notes
}

/// How many entities said what; nothing if none has.
pub(super) fn counted(counts: &Counts) -> String {
    let words = counts.iter().map(|(outcome, count)| format!("{count} {}", outcome.as_str()));
    let words: Vec<String> = words.collect();
    if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) }
}

/// Whom to phone.
pub(super) fn phone(node: &crate::notice::NodeId, contact: &TracedContact) -> String {
    let whose = if contact.of == *node { String::new() } else { format!(" {}", contact.of) };
    let part = |name: &str, text: &Option<String>| text.as_ref().map(|t| format!("{name}{t}"));
    let parts = [part("", &contact.phone), part("", &contact.hours), part("", &contact.mail)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    format!("ask{whose}: {}", parts.join(", "))
}
