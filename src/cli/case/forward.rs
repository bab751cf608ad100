//! `chappe case forward`: a person passes a report on. What names a victim goes further only so.

use clap::Args;

use super::Held;
use super::held::Notice;
use crate::case::may_follow;
use crate::cli::connection::Connection;
use crate::cli::sending::send;
use crate::cli::targets::check_reached;
use crate::cli::{Failure, Outcome};
use crate::document::{
    Form, Incident, REDACTABLE, Victim, check_unnamed, field_of, redact, returning,
};
use crate::notice::{Level, NodeId, Statement, Tlp};
use crate::publish::{Passing, Session, forward, statement_says, warning};
use crate::relay::Mark;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The beginning of the id of any notice of the case; of a report, that report
    case: String,
    #[command(flatten)]
    connection: Connection,
    /// A node above, or one below [default: as `chappe cases` advises, else the parent]
    #[arg(long, value_name = "NODE")]
    to: Option<NodeId>,
    /// Leave fields out: name, reported_by, contact, indicators, summary, nis2.impact,
    /// attachment, scope, countries
    #[arg(long, value_name = "FIELD", num_args = 1.., value_parser = field)]
    redact: Vec<&'static str>,
    /// Say now what the forward before had left out; what --redact names stays out
    #[arg(long)]
    whole: bool,
    /// Give it a code name: nothing that others see says whom or where it hit [default: as the
    /// report, and what was forwarded before]
    #[arg(long, value_name = "CODE")]
    embargo: Option<String>,
    /// The label, never looser than the report's [default: the report's]
    #[arg(long)]
    tlp: Option<Tlp>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

fn field(word: &str) -> Result<&'static str, String> {
    field_of(word).ok_or_else(|| format!("expected name or one of {}", REDACTABLE.join(", ")))
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    let session = arguments.connection.open().await?;
    let seat = session.trust().seat(session.node());
    if arguments.embargo.is_some() && seat.is_none_or(|seat| seat.level == Level::Entity) {
        return Err(Failure::refused("embargo: only a CSIRT may put a case under embargo"));
    }
    let held = Held::find(&session, &arguments.case).await?;
    let me = session.node();
    // What it passed on itself is no report to pass on, if that which it comes from is here.
    let own: Vec<_> = held.case.own_reports().map(|told| told.id).collect();
    let report = held.report(&arguments.case, |told| own.contains(&told.id));
    let report = report.ok_or_else(|| Failure::failed("no report of this case is here"))?;
    let to = addressee(&arguments, &held, me)?;
    let upward = is_above(&session, &to);
    if !upward && !me.contains(&to) {
        return Err(Failure::usage(format!("--to {to}: neither above nor below {me}")));
    }
    if has_it(&held, report, &to) {
        let id = report.id.short();
        return Err(Failure::refused(format!("relation: {to} has the report {id} itself")));
    }
    let (statement, body) = draft(&session, &arguments, &held, report, (to, upward))?;
    if !upward {
        check_reached(session.trust(), &statement)?;
    }
    send(&session, &statement, body, None, arguments.json).await.map(drop)
}

/// Whether the last report climbed there by itself, by that node's own word: a forward of it would
/// tell nothing.
fn has_it(held: &Held, report: &Notice, to: &NodeId) -> bool {
    let last = held.case.last().is_some_and(|last| last.id == report.id);
    let word = held.line.levels.get(to).and_then(|level| level.word.as_deref());
    last && matches!(word, Some("stops" | "climbs" | "read"))
}

fn addressee(arguments: &Arguments, held: &Held, me: &NodeId) -> Result<NodeId, Failure> {
    let advised = held.line.marks.iter().find_map(|mark| match mark {
        Mark::Forward(to) | Mark::Behind(to) => Some(to.clone()),
        _ => None,
    });
    let to = arguments.to.clone().or(advised).or_else(|| me.parent());
    let to = to.ok_or_else(|| Failure::usage("--to is needed: no node is above this one"))?;
    if to == *me {
        return Err(Failure::usage(format!("--to {to}: this node has it already")));
    }
    Ok(to)
}

/// Above on the tree, or a node that this one follows.
fn is_above(session: &Session, to: &NodeId) -> bool {
    let me = session.node();
    let follows = || {
        let seat = session.trust().seat(to);
        seat.is_some_and(|seat| seat.links.iter().any(|link| link.to == *me))
    };
    to.contains(me) || (!me.contains(to) && follows())
}

fn draft(
    session: &Session,
    arguments: &Arguments,
    held: &Held,
    report: &Notice,
    (to, upward): (NodeId, bool),
) -> Result<(Statement, Vec<u8>), Failure> {
    let before = if upward { before(held, report, session.node(), &to)? } else { None };
    if let (Some(before), false) = (before, arguments.whole) {
        check_left_out(held, before, report, &arguments.redact)?;
    }
    let passing = Passing {
        tlp: arguments.tlp.unwrap_or(report.statement.tlp),
        without: arguments.redact.clone(),
        embargo: arguments.embargo.clone(),
        before: before.map(Notice::target),
        to,
    };
    let body = body(report, &arguments.redact)?;
    let make = if upward { forward } else { warning };
    let draft = session.draft(crate::time::now());
    let statement = make(&draft, &report.target(), &passing, &body).map_err(|e| match e {
        crate::publish::DraftError::Stricter { .. } => Failure::refused(e),
        e => Failure::usage(e),
    })?;
    if is_unnamed(arguments, before) {
        check_unnamed(&body, "the report", held.names()).map_err(Failure::refused)?;
        check_statement(held, &statement)?;
    }
    Ok((statement, body))
}

/// What this level has passed on to that node before: this one goes on from there.
fn before<'h>(
    held: &'h Held,
    report: &Notice,
    me: &NodeId,
    to: &NodeId,
) -> Result<Option<&'h Notice>, Failure> {
    let mine = held.case.reports.iter();
    let mine: Vec<_> =
        mine.filter(|told| told.by == *me && told.origin.is_some() && told.to == *to).collect();
    let stages: Vec<_> = mine.iter().filter(|told| told.in_order).map(|told| told.stage).collect();
    let stage = report.statement.report().map(|report| report.stage);
    if let (Some(stage), false) = (stage, stages.is_empty()) {
        may_follow(&stages, stage).map_err(|e| Failure::refused(format!("stage: {e}")))?;
    }
    Ok(mine.last().and_then(|told| held.notice(told.id)))
}

/// What that node was not told before it is not told now because nobody thought of it.
fn check_left_out(
    held: &Held,
    before: &Notice,
    report: &Notice,
    without: &[&'static str],
) -> Outcome {
    let form = |notice: &Notice| Form::read(&notice.wire.body, "the report");
    let of = before.statement.report().and_then(|report| report.origin);
    let of = of.and_then(|of| form(held.notice(of)?).ok());
    let (before, now) = (form(before).map_err(Failure::failed)?, form(report));
    let back = returning(of.as_ref(), &before, &now.map_err(Failure::failed)?, without);
    if back.is_empty() {
        return Ok(());
    }
    Err(Failure::refused(format!(
        "the forward before this one left out {}: --redact it again, or say --whole",
        back.join(", ")
    )))
}

fn body(report: &Notice, without: &[&'static str]) -> Result<Vec<u8>, Failure> {
    if without.is_empty() {
        return Ok(report.wire.body.clone());
    }
    let form = redact(&report.wire.body, "the report", without).map_err(Failure::refused)?;
    let body = form.to_bytes();
    // What the level above reads is a report still.
    if let Some(claims) = report.statement.report() {
        Incident::parse_redacted(&body, "the redacted report", &claims.scope)
            .map_err(Failure::failed)?;
    }
    Ok(body)
}

/// Whether it must not say whom it hit: it is asked now, or was before.
fn is_unnamed(arguments: &Arguments, before: Option<&Notice>) -> bool {
    let named = |body: &serde_json::Value| body.pointer("/affected/name").is_some();
    let silent = before.and_then(Notice::json).is_some_and(|body| !named(&body));
    arguments.redact.contains(&REDACTABLE[0]) || (silent && !arguments.whole)
}

/// The statement is read on the way: it must not say whom it hit either.
fn check_statement(held: &Held, statement: &Statement) -> Outcome {
    let victims: Vec<Victim> = held.names().iter().map(|name| Victim::new(name)).collect();
    let named = |text: &str| victims.iter().any(|victim| victim.is_in(text));
    match statement_says(statement, named) {
        None => Ok(()),
        Some(claim) => Err(Failure::refused(format!(
            "the statement's `{claim}` still has the victim's name or a telling word of it: \
             --redact scope, or another code name"
        ))),
    }
}
