//! `chappe subscribe`: notices as they come, each verified and shown once. Live it hears what is
//! said while it listens; with `--replay` it reads its durable, which keeps what it missed.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::connection::{Connection, failure};
use super::output::say;
use super::{Failure, Outcome, told_to_end};
use crate::address::{LocalSubscriber, Neighbourhood, live};
use crate::bus::{Bus, Delivery, Reading};
use crate::lifecycle::is_erasing;
use crate::notice::{File, Id, NodeId, Reason, Scope, Severity, Statement, Tlp, Wire};
use crate::publish::relays_documents;
use crate::relay::load_documents;
use crate::trust::{Documents, Trust};
use crate::verify;

/// The stream that a replay durable reads.
const BOARD: &str = "BOARD";
/// What the user of a replay durable begins with.
const REPLAY: &str = "replay-";
/// Ids remembered to show each notice once; beyond it all are forgotten.
const MAX_SEEN: usize = 100_000;
/// How often to look whether the server grants everything.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// A missed notice whose key is in no bundle yet is read again this often, for about a day.
const WAIT: Duration = Duration::from_secs(60);
const MAX_WAITS: u64 = 24 * 60;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    connection: Connection,
    /// Scopes; may be repeated [default: the node's constituency]
    #[arg(long)]
    scope: Vec<Scope>,
    /// Severities of first advisories; may be repeated [default: all]
    #[arg(long)]
    severity: Vec<Severity>,
    /// The strictest label to ask for; no more than the user may have
    #[arg(long, default_value = "GREEN")]
    tlp: Tlp,
    /// Drills too, for a user who opted in
    #[arg(long)]
    drills: bool,
    /// Read what was missed, then what comes, from the durable of a profile replay-<NAME>.toml;
    /// the node's configuration says what that is
    #[arg(long, conflicts_with_all = ["scope", "severity", "tlp", "drills", "subjects"])]
    replay: bool,
    /// Print the subjects to subscribe to with any NATS client, and end
    #[arg(long)]
    subjects: bool,
    /// Keep each notice as a .chappe file in this folder
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
    /// End after this many notices
    #[arg(long, value_name = "N")]
    count: Option<usize>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    let place = arguments.connection.place()?;
    let (documents, _) = load_documents(&place.trust).map_err(Failure::usage)?;
    let patterns = patterns(&arguments, documents.trust(), &place.node)?;
    if arguments.subjects {
        patterns.iter().for_each(|pattern| say!("{pattern}"));
        return Ok(());
    }
    right_user(&place.intake, arguments.replay)?;
    if let Some(folder) = &arguments.save {
        std::fs::create_dir_all(folder)
            .map_err(|e| Failure::usage(format!("{}: {e}", folder.display())))?;
    }
    let shown = async {
        let bus = Bus::connect(&place.endpoint).await.map_err(|e| failure(&e.into()))?;
        let mut reader = Reader { arguments, bus, user: place.intake, documents };
        reader.learn().await;
        if reader.arguments.replay {
            reader.replay_all().await
        } else {
            reader.show_all(&patterns).await
        }
    };
    tokio::select! {
        shown = shown => shown,
        () = told_to_end() => Ok(()),
    }
}

/// A live user has no durable, and a replay user may not listen live.
fn right_user(user: &str, replay: bool) -> Result<(), Failure> {
    match (user.starts_with(REPLAY), replay) {
        (false, true) => Err(Failure::usage(format!(
            "--replay needs a profile of a user `{REPLAY}<name>`, found `{user}`"
        ))),
        (true, false) => Err(Failure::usage(format!("`{user}` reads its durable: add --replay"))),
        _ => Ok(()),
    }
}

fn patterns(arguments: &Arguments, trust: &Trust, node: &NodeId) -> Result<Vec<String>, Failure> {
    let seat = trust.seat(node);
    let own = seat.map(|seat| seat.constituency.clone()).unwrap_or_default();
    let scopes = if arguments.scope.is_empty() { own } else { arguments.scope.clone() };
    let subscriber = LocalSubscriber {
        name: "this".into(),
        scopes,
        severities: arguments.severity.clone(),
        tlp: arguments.tlp,
        drills: arguments.drills,
    };
    let hood = Neighbourhood::of(trust, node, &[], &[subscriber], arguments.tlp == Tlp::Amber);
    let interest = hood.subscribers.first();
    interest.map(|(_, interest)| live(interest)).ok_or_else(|| Failure::failed("no interest"))
}

/// One subscriber at work.
struct Reader {
    arguments: Arguments,
    bus: Bus,
    user: String,
    /// What the files say, and what the node's relay had when a key was not known.
    documents: Documents,
}

impl Reader {
    async fn show_all(&mut self, patterns: &[String]) -> Outcome {
        let mut messages = self.bus.live(patterns).await.map_err(Failure::failed)?;
        let mut seen = HashSet::new();
        let mut shown = 0;
        loop {
            // The server says what it does not grant after the subscription, and then stays silent.
            let message = tokio::select! {
                message = messages.next() => message,
                () = tokio::time::sleep(LOOK_EVERY) => {
                    granted(&self.bus, patterns)?;
                    continue;
                }
            };
            let Some(message) = message else {
                return Err(Failure::failed("the connection was closed"));
            };
            shown += usize::from(self.show(&message, &mut seen).await? == Shown::New);
            if super::output::is_closed() || self.arguments.count.is_some_and(|n| shown >= n) {
                return Ok(());
            }
        }
    }

    /// Each is settled after it was shown and kept: what was not comes again.
    async fn replay_all(&mut self) -> Outcome {
        self.bus.has_durable(Reading::Link, BOARD, &self.user).await.map_err(Failure::failed)?;
        let mut pull = self.bus.pull(Reading::Link, BOARD, &self.user);
        let mut seen = HashSet::new();
        let mut shown = 0;
        while self.arguments.count.is_none_or(|count| shown < count) {
            let message = pull.next().await;
            let found = self.show(&message, &mut seen).await?;
            if super::output::is_closed() {
                return Ok(());
            }
            shown += usize::from(found == Shown::New);
            let settled = match found {
                Shown::New | Shown::Again => message.ack().await,
                Shown::Unknown if message.delivered < MAX_WAITS => message.nak(WAIT).await,
                Shown::Unknown | Shown::Refused => message.term().await,
            };
            if let Err(error) = settled {
                super::complain(&format!("not settled, it may come again: {error}"));
            }
        }
        Ok(())
    }

    /// Shows a notice that verifies, once; what does not verify is told and not shown. A key that
    /// is not known may be new: the node's relay has its bundle.
    async fn show(&mut self, message: &Delivery, seen: &mut HashSet<Id>) -> Result<Shown, Failure> {
        let mut checked = self.check(message);
        if matches!(&checked, Err(refused) if refused.reason == Reason::KeyUnknown) {
            self.learn().await;
            checked = self.check(message);
        }
        let (wire, statement) = match checked {
            Ok(checked) => checked,
            Err(refused) => {
                super::complain(&format!("not shown: {}", refused.to_string().escape_debug()));
                let unknown = refused.reason == Reason::KeyUnknown;
                return Ok(if unknown { Shown::Unknown } else { Shown::Refused });
            }
        };
        keep(&self.arguments, &wire, &statement, seen)
    }

    /// Takes what the node's relay has; each document proves itself from the pinned root.
    async fn learn(&mut self) {
        let documents = relays_documents(&self.bus, &self.user).await;
        self.documents.restore_all(&documents);
    }

    fn check(&self, message: &Delivery) -> Result<(Wire, Statement), verify::Refused> {
        let wire = message.wire().map_err(verify::Refused::from)?;
        let trust = self.documents.trust();
        let (statement, _) = verify::verify_file(crate::time::now(), trust, &wire)?;
        Ok((wire, statement))
    }
}

/// Fails if the user may not hear a pattern: to hear part of what was asked looks like silence.
fn granted(bus: &Bus, patterns: &[String]) -> Outcome {
    let Some(denied) = patterns.iter().find(|pattern| bus.denied(pattern)) else { return Ok(()) };
    Err(Failure::failed(format!(
        "the server does not grant {denied} to this user: ask for what it was configured for, with \
         --scope, --severity, --tlp, --drills"
    )))
}

/// What became of one message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    New,
    Again,
    Refused,
    /// Its key is in no bundle that is here.
    Unknown,
}

/// Shows a notice, once, and keeps it where that was asked for.
fn keep(
    arguments: &Arguments,
    wire: &Wire,
    statement: &Statement,
    seen: &mut HashSet<Id>,
) -> Result<Shown, Failure> {
    let id = wire.id();
    if seen.len() >= MAX_SEEN {
        seen.clear();
    }
    if !seen.insert(id) {
        return Ok(Shown::Again);
    }
    if let Some(folder) = &arguments.save {
        let path = folder.join(format!("{id}.chappe"));
        let text = serde_json::to_string(&File::from_wire(wire)).map_err(Failure::failed)?;
        std::fs::write(&path, text)
            .map_err(|e| Failure::failed(format!("{}: {e}", path.display())))?;
    }
    print(arguments.json, id, statement);
    Ok(Shown::New)
}

fn print(json: bool, id: Id, s: &Statement) {
    if json {
        say!("{}", json!({ "id": id, "statement": s }));
        return;
    }
    let drill = if s.is_drill() { "DRILL " } else { "" };
    let kind = if is_erasing(s) { "erasure" } else { s.kind.as_str() };
    say!(
        "{}  {drill}{:<10} {:<9} TLP:{:<6} {:<12} {}",
        id.short(),
        kind,
        s.severity,
        s.tlp,
        s.iss,
        s.title
    );
}
