//! `chappe publish`

mod ending;
mod from_case;

use std::path::{Path, PathBuf};

use clap::Args;

use self::from_case::Source;
use super::connection::{Connection, Reached, drain, failure, reach};
use super::output::say;
use super::sending::{send, spool};
use super::targets::{audience, check_reached, current, find};
use super::wait::Wait;
use super::{Failure, Outcome, ask};
use crate::document::{self, Described};
use crate::notice::{Audience, Kind, MAX_BODY_BYTES, NodeId, Severity, Statement, Tlp};
use crate::policy::{Concern, entitled};
use crate::publish::{Draft, DraftError, Offline, Options, Relations, Session};
use crate::trust::Trust;

const TO: &str = "\
Who may receive it: a scope (eu.fr.all.health) or a node (eu-fr-bre); may be repeated. Needed for \
everything but `--updates` and documents that end what is in force (closed alerts of CERT-FR, \
CSAF that is withdrawn or superseded): these go wherever their notices went";
/// BCP 47 for a language that nobody has said.
const UNDETERMINED: &str = "und";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A CSAF or CERT-FR document, or any file
    #[arg(required_unless_present = "from_case")]
    file: Option<PathBuf>,
    #[command(flatten)]
    connection: Connection,
    /// Who may receive it: a scope (eu.fr.all.health) or a node (eu-fr-bre); may be repeated
    #[arg(long, value_name = "SCOPE|NODE", long_help = TO)]
    to: Vec<String>,
    /// CLEAR, GREEN, AMBER, AMBER+STRICT or RED
    #[arg(long)]
    tlp: Option<Tlp>,
    /// critical, high, medium, low or unknown; needed if the document does not say
    #[arg(long)]
    severity: Option<Severity>,
    /// alert or advisory instead of what the document is, also if it says that it is over
    #[arg(long)]
    kind: Option<Kind>,
    /// Title instead of the document's [default without one: the file's name]
    #[arg(long)]
    title: Option<String>,
    /// Language (BCP 47) instead of the document's [default without one: und]
    #[arg(long)]
    lang: Option<String>,
    /// Reference instead of the document's [default without one: the file's name]
    #[arg(long = "ref", value_name = "REF")]
    reference: Option<String>,
    /// The document's publisher instead of what it says [default without one: this node]
    #[arg(long)]
    publisher: Option<String>,
    /// The document's own detached signature; FILE.asc is taken by itself if it is there
    #[arg(long, value_name = "FILE")]
    asc: Option<PathBuf>,
    /// How many days it counts [default: 90]
    #[arg(long)]
    days: Option<u64>,
    /// Id of an exercise: makes it a drill
    #[arg(long, value_name = "ID")]
    exercise: Option<String>,
    /// Update this node's own notices of that reference, for every audience that has them
    #[arg(long, value_name = "REF")]
    updates: Option<String>,
    /// It comes from a case, by the beginning of the id of any notice of it: that is kept here
    /// alone, and neither label nor text may give the case away. Without FILE, a draft is written
    #[arg(long, value_name = "CASE")]
    from_case: Option<String>,
    /// Say who is entitled, and who could read it on the way, and send nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    wait: Wait,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(mut arguments: Arguments) -> Outcome {
    let (file, case) = (arguments.file.clone(), arguments.from_case.clone());
    let file = match (file, case) {
        (Some(file), _) => file,
        (None, Some(case)) => return from_case::start(&arguments, &case).await,
        (None, None) => return Err(Failure::usage("a file is needed")),
    };
    let body = read(&file, MAX_BODY_BYTES)?;
    let name = file.display().to_string();
    let described = document::describe(&body, &name).map_err(Failure::usage)?;
    let asc = detached(&arguments)?;
    let over = described.ends(&crate::time::now().to_string());
    if let (Some(kind), None) = (over, arguments.kind) {
        let paper = Paper { described: &described, body: &body, asc: asc.as_deref() };
        return ending::end(&arguments, kind, &paper).await;
    }
    if arguments.to.is_empty() && arguments.updates.is_none() {
        return Err(Failure::usage("--to is needed: who may receive it?"));
    }
    ask_for_missing(&mut arguments, &described)?;
    let paper = Paper { described: &described, body: &body, asc: asc.as_deref() };
    let offline = arguments.connection.offline()?;
    let (session, statements) = if let Some(reference) = &arguments.updates {
        let session = offline.connect().await.map_err(|e| failure(&e))?;
        let session = drain(session).await?;
        let statements = updates(&arguments, &session, reference, &paper).await?;
        if !is_to_be_sent(&arguments, session.trust(), &statements)? {
            return Ok(());
        }
        (session, statements)
    } else {
        // What is wrong with it is said before the server is asked.
        let statements = originals(&arguments, &offline, &paper)?;
        if !is_to_be_sent(&arguments, offline.trust(), &statements)? {
            return Ok(());
        }
        match reach(offline).await? {
            Reached::Up(session) => (session, statements),
            Reached::Down(_, why) if arguments.from_case.is_some() => {
                return Err(Failure::failed(format!("the case cannot be looked at: {why}")));
            }
            Reached::Down(offline, why) => {
                for s in &statements {
                    let (body, asc) = (body.clone(), asc.clone());
                    spool(&offline, s, body, asc, (&why, arguments.json))?;
                }
                return arguments.wait.not_sent();
            }
        }
    };
    let source = Source::of(&session, &arguments).await?;
    if let Some(source) = &source {
        statements.iter().try_for_each(|statement| source.check(statement, &body))?;
    }
    let mut sent = Vec::new();
    for statement in statements {
        let renewed = renewal(&session, &arguments, &paper, &statement).await?;
        let statement = renewed.unwrap_or(statement);
        let id = send(&session, &statement, body.clone(), asc.clone(), arguments.json).await?;
        if let Some(source) = &source {
            let spool = arguments.connection.place()?.spool;
            source.keep(&Relations::beside(&spool), id, &statement)?;
        }
        sent.push((id, statement));
    }
    arguments.wait.until_answered(&session, &sent, arguments.json).await
}

/// A document, and what was read from it.
struct Paper<'p> {
    described: &'p Described,
    body: &'p [u8],
    asc: Option<&'p [u8]>,
}

impl Paper<'_> {
    fn draft(&self, by: &Draft, aud: Audience, options: &Options) -> Result<Statement, Failure> {
        by.document(self.described, self.body, self.asc, aud, options).map_err(Failure::usage)
    }
}

/// Shows what would be sent, or refuses what reaches nobody.
fn is_to_be_sent(
    arguments: &Arguments,
    trust: &Trust,
    statements: &[Statement],
) -> Result<bool, Failure> {
    for statement in statements {
        if arguments.dry_run {
            preview(trust, statement);
        } else {
            check_reached(trust, statement)?;
        }
    }
    Ok(!arguments.dry_run)
}

/// Reads a file of at most `limit` bytes.
pub(super) fn read(path: &Path, limit: usize) -> Result<Vec<u8>, Failure> {
    let failed = |e: std::io::Error| Failure::usage(format!("{}: {e}", path.display()));
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if length > limit as u64 {
        return Err(Failure::usage(format!(
            "{}: {length} bytes; every node takes at most {limit}",
            path.display()
        )));
    }
    std::fs::read(path).map_err(failed)
}

fn detached(arguments: &Arguments) -> Result<Option<Vec<u8>>, Failure> {
    if let Some(path) = &arguments.asc {
        return read(path, crate::notice::MAX_BODY_SIG_BYTES).map(Some);
    }
    let Some(file) = arguments.file.clone() else { return Ok(None) };
    let mut beside = file.into_os_string();
    beside.push(".asc");
    let beside = PathBuf::from(beside);
    if beside.exists() {
        return read(&beside, crate::notice::MAX_BODY_SIG_BYTES).map(Some);
    }
    Ok(None)
}

/// Asks a person; without one, a missing label or severity is wrong usage.
fn ask_for_missing(arguments: &mut Arguments, described: &Described) -> Result<(), Failure> {
    // An update is labelled as what it updates: under another label it would be another thread.
    if arguments.tlp.is_none() && arguments.updates.is_none() {
        arguments.tlp =
            ask_for("Label (CLEAR, GREEN, AMBER, AMBER+STRICT, RED)", "label", "--tlp")?;
    }
    let known = described.severity.is_some() || arguments.updates.is_some();
    if arguments.severity.is_none() && !known {
        let question = "Severity (critical, high, medium, low, unknown)";
        arguments.severity = ask_for(question, "severity", "--severity")?;
    }
    Ok(())
}

fn ask_for<T: std::str::FromStr<Err: ToString>>(
    question: &str,
    what: &'static str,
    flag: &'static str,
) -> Result<Option<T>, Failure> {
    if !ask::is_possible() {
        return Err(Failure::usage(DraftError::Missing { what, flag }));
    }
    ask::ask(question)?.parse().map(Some).map_err(|e: T::Err| Failure::usage(e.to_string()))
}

fn originals(
    arguments: &Arguments,
    offline: &Offline,
    paper: &Paper<'_>,
) -> Result<Vec<Statement>, Failure> {
    let draft = offline.draft(crate::time::now());
    let options = options(arguments, offline.node(), paper.described);
    let audiences = arguments.to.iter().map(|to| audience(to, offline.trust()));
    audiences.map(|aud| paper.draft(&draft, aud?, &options)).collect()
}

/// The same again near its end is an update, so that it lasts on.
async fn renewal(
    session: &Session,
    arguments: &Arguments,
    paper: &Paper<'_>,
    statement: &Statement,
) -> Result<Option<Statement>, Failure> {
    let now = crate::time::now();
    if statement.re.is_some() {
        return Ok(None);
    }
    let renewed = session.renewed(now, statement).await.map_err(|e| failure(&e))?;
    let Some(target) = renewed else { return Ok(None) };
    if !arguments.json {
        say!("{}  renewed: it would expire at {}", target.id.short(), target.statement.expires());
    }
    let options = options(arguments, session.node(), paper.described);
    // What a person said of the first one holds for the next.
    let severity = options.severity.or(Some(target.statement.severity));
    let aud = target.statement.aud.clone();
    let options = Options { severity, updates: Some(target), ..options };
    paper.draft(&session.draft(now), aud, &options).map(Some)
}

async fn updates(
    arguments: &Arguments,
    session: &Session,
    reference: &str,
    paper: &Paper<'_>,
) -> Result<Vec<Statement>, Failure> {
    let draft = session.draft(crate::time::now());
    let options = options(arguments, session.node(), paper.described);
    let targets = current(find(session, reference, true, false).await?);
    if targets.is_empty() {
        return Err(Failure::failed(format!("nothing of `{reference}` is in force")));
    }
    let update = |target: crate::publish::Target| {
        let aud = target.statement.aud.clone();
        let tlp = options.tlp.or(Some(target.statement.tlp));
        let own = options.severity.or(paper.described.severity);
        let severity = own.or(Some(target.statement.severity));
        // A file without a name of its own goes by that of what it updates.
        let doc = target.statement.doc.as_ref();
        let or = |asked: &Option<String>, own: &Option<String>, target: Option<&String>| {
            asked.clone().or_else(|| own.clone()).or_else(|| target.cloned())
        };
        let d = paper.described;
        let reference = or(&arguments.reference, &d.reference, doc.map(|doc| &doc.reference));
        let publisher = or(&arguments.publisher, &d.publisher, doc.map(|doc| &doc.publisher));
        let updates = Some(target);
        let options = Options { tlp, severity, reference, publisher, updates, ..options.clone() };
        paper.draft(&draft, aud, &options)
    };
    targets.into_iter().filter(|t| t.statement.kind.is_document()).map(update).collect()
}

/// What was said. A document that does not say who it is goes by its file's name and its issuer;
/// that decides nothing about who gets it.
fn options(arguments: &Arguments, node: &NodeId, described: &Described) -> Options {
    let file = arguments
        .file
        .as_deref()
        .and_then(Path::file_name)
        .map(|name| name.to_string_lossy().into_owned());
    let file = file.as_deref().and_then(document::fit_title);
    let or = |asked: &Option<String>, own: &Option<String>, otherwise: Option<String>| {
        asked.clone().or_else(|| own.clone()).or(otherwise)
    };
    Options {
        tlp: arguments.tlp,
        severity: arguments.severity,
        kind: arguments.kind,
        title: or(&arguments.title, &described.title, file.clone()),
        lang: or(&arguments.lang, &described.lang, Some(UNDETERMINED.to_owned())),
        reference: or(&arguments.reference, &described.reference, file),
        publisher: or(&arguments.publisher, &described.publisher, Some(node.to_string())),
        exercise: arguments.exercise.clone(),
        days: arguments.days,
        updates: None,
    }
}

fn preview(trust: &Trust, statement: &Statement) {
    say!("{} \"{}\"", statement.kind, statement.title);
    say!("for {} at TLP:{}, severity {}", statement.aud, statement.tlp, statement.severity);
    for (node, concern) in entitled(trust, statement) {
        let word = match concern {
            Concern::Entitled => "entitled",
            Concern::Transit => "could read it on the way",
        };
        say!("  {node:<24} {word}");
    }
}
