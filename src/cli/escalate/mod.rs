//! `chappe escalate`: an incident report, by file, by flags, by answers at the terminal; the first
//! of a case or the next.

mod flags;
mod follow;
mod report;
mod times;

use std::path::PathBuf;

use clap::Args;

use self::flags::Flags;
use self::follow::{Followed, follow};
use self::report::{NOT_KEPT, Ready, Start, ready};
use super::connection::{Connection, Reached, drain, failure, reach};
use super::sending::{send, spool};
use super::wait::Wait;
use super::{Failure, Outcome, ask, complain};
use crate::case::may_follow;
use crate::document::{Form, check_unnamed, returning};
use crate::notice::{Level, NodeId, Regime, Scope, Stage, Statement, Tlp};
use crate::publish::{Escalation, Offline, escalation};
use crate::trust::Trust;

const LABEL: &str = "the label (--tlp LABEL)";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// An incident report (JSON, see docs/incident.schema.json), `-` from standard input; flags win
    /// over it
    file: Option<PathBuf>,
    #[command(flatten)]
    connection: Connection,
    /// The highest node that may have it [default: the node above an entity; a CSIRT itself]
    #[arg(long, value_name = "NODE")]
    to: Option<NodeId>,
    /// AMBER, AMBER+STRICT or RED, seldom less [default with --updates: as before]
    #[arg(long)]
    tlp: Option<Tlp>,
    /// The next report of a case: the beginning of the id of any notice of it
    #[arg(long, value_name = "CASE")]
    updates: Option<String>,
    /// early-warning, notification, intermediate, progress or final [default: early-warning;
    /// needed with --updates]
    #[arg(long, value_parser = stage)]
    stage: Option<Stage>,
    /// Whose clock runs: nis2, cra-vulnerability, cra-incident, dora or none [default: none, with
    /// --updates as before]
    #[arg(long, value_parser = regime)]
    regime: Option<Regime>,
    /// A code name: nothing that others see says whom or where it hit; for CSIRTs
    #[arg(long, value_name = "CODE")]
    embargo: Option<String>,
    /// Id of an exercise: makes it a drill
    #[arg(long, value_name = "ID", conflicts_with = "updates")]
    exercise: Option<String>,
    #[command(flatten)]
    flags: Flags,
    #[command(flatten)]
    wait: Wait,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

fn stage(text: &str) -> Result<Stage, String> {
    let all = Stage::ALL.map(Stage::as_str);
    Stage::ALL.into_iter().find(|s| s.as_str() == text).ok_or_else(|| one_of(&all))
}

fn regime(text: &str) -> Result<Regime, String> {
    let all = Regime::ALL.map(Regime::as_str);
    Regime::ALL.into_iter().find(|r| r.as_str() == text).ok_or_else(|| one_of(&all))
}

fn one_of(words: &[&str]) -> String {
    format!("expected one of {}", words.join(", "))
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    let offline = arguments.connection.offline()?;
    check_embargo(&arguments, &offline)?;
    match &arguments.updates {
        Some(case) => next(&arguments, offline, case).await,
        None => first(&arguments, offline).await,
    }
}

/// A victim's node does not decide what its CSIRT may say.
fn check_embargo(arguments: &Arguments, offline: &Offline) -> Outcome {
    if arguments.embargo.is_some() && level(offline.trust(), offline.node()) == Some(Level::Entity)
    {
        return Err(Failure::refused(
            "embargo: only a CSIRT may put a case under embargo, never the victim's own node",
        ));
    }
    Ok(())
}

/// The first report: what is wrong with it is said before the server is asked, and it waits in the
/// spool while the server is away.
async fn first(arguments: &Arguments, offline: Offline) -> Outcome {
    let stage = arguments.stage.unwrap_or(Stage::EarlyWarning);
    may_follow(&[], stage).map_err(|e| Failure::refused(format!("stage: {e}")))?;
    let start = Start { home: home(&offline), ..Start::default() };
    let further: &[&str] = if arguments.tlp.is_none() { &[LABEL] } else { &[] };
    let report = ready(arguments.file.as_deref(), &arguments.flags, &start, further)?;
    let now = crate::time::now();
    times::check(&report.incident, now)?;
    times::doubt(&report.incident, now);
    let said = Escalation {
        top: arguments.to.clone().map_or_else(|| default_top(&offline), Ok)?,
        tlp: label(arguments)?,
        stage,
        regime: arguments.regime.unwrap_or(Regime::None),
        before: None,
        exercise: arguments.exercise.clone(),
        embargo: arguments.embargo.clone(),
        origin: None,
    };
    if arguments.regime.is_none() && arguments.exercise.is_none() {
        complain("warning: without --regime no legal clock runs; --updates may name one later");
    }
    let draft = offline.draft(now);
    let statement =
        escalation(&draft, &report.incident, &said, &report.body).map_err(Failure::usage)?;
    match reach(offline).await? {
        Reached::Up(session) => issue(arguments, &session, statement, report.body).await,
        Reached::Down(offline, why) => {
            spool(&offline, &statement, report.body, None, (&why, arguments.json))?;
            arguments.wait.not_sent()
        }
    }
}

/// The next one. It goes on from what the node holds, so the node is asked first.
async fn next(arguments: &Arguments, offline: Offline, case: &str) -> Outcome {
    let session = drain(offline.connect().await.map_err(|e| failure(&e))?).await?;
    let mut followed = follow(&session, case).await?;
    let stage = followed.stage(session.node(), arguments.stage)?;
    if followed.start.before.is_none() && followed.start.redacted.is_none() {
        followed.start.home = home_of(session.trust(), session.node());
    }
    let report = ready(arguments.file.as_deref(), &arguments.flags, &followed.start, &[])?;
    check_redacted(&followed, &report)?;
    times::check(&report.incident, crate::time::now())?;
    let said = Escalation {
        top: arguments.to.clone().unwrap_or_else(|| followed.top.clone()),
        tlp: arguments.tlp.unwrap_or(followed.tlp),
        stage,
        regime: arguments.regime.or(followed.regime).ok_or_else(|| {
            Failure::usage("--regime is needed: the reports of this case so far are not here")
        })?,
        before: Some(followed.before.clone()),
        exercise: None,
        embargo: arguments.embargo.clone().or(followed.embargo),
        origin: followed.origin,
    };
    if said.tlp < followed.tlp {
        let (was, is) = (followed.tlp, said.tlp);
        complain(&format!("warning: TLP:{is} is looser than the report before, TLP:{was}"));
    }
    let draft = session.draft(crate::time::now());
    let statement =
        escalation(&draft, &report.incident, &said, &report.body).map_err(Failure::usage)?;
    issue(arguments, &session, statement, report.body).await
}

/// What was left out once must not come back by a follow-up; what was not may stay.
fn check_redacted(followed: &Followed, report: &Ready) -> Outcome {
    let (Some(_), Some(before)) = (&followed.start.redacted, &followed.start.before) else {
        return Ok(());
    };
    if before.get("affected.name").is_none() {
        let names = followed.held.names();
        check_unnamed(&report.body, "the report", names).map_err(Failure::refused)?;
    }
    let form = |body: &[u8]| Form::read(body, "the report");
    let of = followed.origin.and_then(|origin| followed.held.notice(origin.of));
    let of = of.and_then(|notice| form(&notice.wire.body).ok());
    let now = form(&report.body).map_err(Failure::usage)?;
    let back = returning(of.as_ref(), before, &now, &NOT_KEPT);
    if back.is_empty() {
        return Ok(());
    }
    Err(Failure::refused(format!(
        "{} was left out of the report before this one: a later one does not say it either",
        back.join(", ")
    )))
}

async fn issue(
    arguments: &Arguments,
    session: &crate::publish::Session,
    statement: Statement,
    body: Vec<u8>,
) -> Outcome {
    let id = send(session, &statement, body, None, arguments.json).await?;
    arguments.wait.until_answered(session, &[(id, statement)], arguments.json).await
}

/// A label is never guessed.
fn label(arguments: &Arguments) -> Result<Tlp, Failure> {
    if let Some(tlp) = arguments.tlp {
        return Ok(tlp);
    }
    loop {
        match ask::ask("Label (AMBER, AMBER+STRICT, RED, seldom GREEN or CLEAR)")?.parse() {
            Ok(tlp) => return Ok(tlp),
            Err(error) => complain(&format!("{error}")),
        }
    }
}

fn level(trust: &Trust, node: &NodeId) -> Option<Level> {
    trust.seat(node).map(|seat| seat.level)
}

/// Where an entity's incidents happen: its one scope.
fn home(offline: &Offline) -> Option<Scope> {
    home_of(offline.trust(), offline.node())
}

fn home_of(trust: &Trust, node: &NodeId) -> Option<Scope> {
    let seat = trust.seat(node).filter(|seat| seat.level == Level::Entity)?;
    match seat.constituency.as_slice() {
        [home] => Some(home.clone()),
        _ => None,
    }
}

fn default_top(session: &Offline) -> Result<NodeId, Failure> {
    let me = session.node();
    if level(session.trust(), me) != Some(Level::Entity) {
        return Ok(me.clone());
    }
    me.parent().ok_or_else(|| Failure::usage("--to is needed: there is no node above this one"))
}
