//! The demo from start to end.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::account::{Account, Inspectors, compare, with_live};
use super::case;
use super::federation::Federation;
use super::oracle;
use super::play::{Players, papers};
use super::script::steps;
use super::seats::seats;
use super::story;
use super::summary::{Latency, Summary};
use super::watch::Watch;
use crate::bus::{BusError, FindError, ServerError};
use crate::console;
use crate::keys::KeyFileError;
use crate::notice::{Id, NodeId};
use crate::publish::{DraftError, SessionError, Waited};
use crate::relay::TrustLoadError;
use crate::time::{Stopwatch, now};
use crate::topology::{RenderError, Topology};

/// How long deliveries may still be on their way before they count as missing.
const SETTLE: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Where the rendered server keeps its streams, in the folder.
const STORE: &str = "jetstream";

/// Why the demo cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A file.
    #[error("{0}")]
    File(String),
    /// Rendering.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// No server binary.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The server does not run.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The server refuses something.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// A key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// Trust documents.
    #[error(transparent)]
    Trust(#[from] TrustLoadError),
    /// A statement.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// A session.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The relays are not ready.
    #[error("not every relay is ready after {0} s: see nodes/*/relay.log in the folder")]
    NotReady(u64),
    /// The script names a node that is not there.
    #[error("no node {0}")]
    NoNode(NodeId),
    /// A good notice was not accepted.
    #[error("\"{0}\" was not accepted by its own node: {1:?}")]
    NotAccepted(String, Box<Waited>),
    /// A bad notice was not refused.
    #[error("\"{0}\" was not refused: {1:?}")]
    NotRefused(String, Box<Waited>),
    /// A case is not at a desk as it should be.
    #[error("the case of {0} is not at the desk of {1} as it should be")]
    NotSeen(Id, NodeId),
}

/// What to play, and where.
#[derive(Clone, Debug)]
pub struct Options {
    /// Folder of documents.
    pub documents: PathBuf,
    /// Folder of the federation; what is in it stays.
    pub out: PathBuf,
    /// The incident report that climbs.
    pub incident: PathBuf,
    /// Whether legal clocks run a second for an hour: not where somebody goes on by hand.
    pub fast: bool,
}

/// A played demo, its federation still up.
pub struct Played {
    /// The account.
    pub summary: Summary,
    /// What is missing, unexpected or twice, a line each.
    pub faults: Vec<String>,
    federation: Federation,
}

impl Played {
    /// Ends every process.
    pub async fn end(self) {
        self.federation.end().await;
    }
}

/// Brings the federation up, plays the script, and accounts for every delivery. `tell` hears what
/// is going on, a line each.
///
/// # Errors
/// [`DemoError`].
pub async fn run(
    topology: &Topology,
    options: &Options,
    tell: &(dyn Fn(&str) + Sync),
) -> Result<Played, DemoError> {
    let watch = Stopwatch::start();
    let papers = papers(&options.documents)?;
    tell(&format!("starting {} nodes on one nats-server", topology.nodes().len()));
    let federation = Federation::start(topology, options, tell).await?;
    tell("listening as every live subscriber");
    let live = Watch::start(&federation.rendered).await?;
    let inspectors = Inspectors::connect(&federation.rendered).await?;
    let mut players = Players::new(&federation.rendered);
    let scene = Scene { topology, inspectors: &inspectors, live: &live };

    tell(&format!("publishing {} documents", papers.len()));
    let steps = steps(topology, papers.len());
    let told = story::publish_all(&mut players, &steps, &papers).await?;
    scene.settle(&players).await?;
    tell("an update, a closing, a withdrawal, a cover note");
    story::follow_up(&mut players, topology, &papers, told).await?;
    tell("an incident climbs in each State, answers come back");
    let escalations = story::climb(&mut players, topology, &options.incident).await?;
    tell("a hospital telephones: one case from its early warning to its final report");
    let case = case::play(&mut players, topology, &options.incident).await?;
    tell("notices that their own node must refuse");
    let provoked = story::provoke(&mut players, topology).await?;

    tell("accounting for every delivery");
    let account = scene.settle(&players).await?;
    let hops = live.seen.lock().map(|seen| (seen.unverified, seen.hops_ms.clone()));
    let (unverified, hops_ms) = hops.unwrap_or_default();
    let mut summary = Summary {
        nodes: topology.nodes().len(),
        kinds: kinds(&players),
        published: players.sent.len(),
        expected_deliveries: scene.expected(&players).len(),
        deliveries: 0,
        missing: 0,
        unexpected: 0,
        duplicates: 0,
        unverified,
        refused: refused(&federation).await,
        provoked,
        escalations,
        case,
        hop_latency_ms: Latency::of(hops_ms),
        server_restarts: federation.server.restarts(),
        elapsed_ms: u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    summary.count(&account);
    Ok(Played { summary, faults: faults(&account), federation })
}

/// Where deliveries are looked for.
struct Scene<'s> {
    topology: &'s Topology,
    inspectors: &'s Inspectors,
    live: &'s Watch,
}

impl Scene<'_> {
    fn expected(&self, players: &Players<'_>) -> BTreeSet<oracle::Delivery> {
        oracle::expected(&seats(self.topology), &players.sent)
    }

    /// Looks until everything is there, or nothing more is to be hoped for.
    async fn settle(&self, players: &Players<'_>) -> Result<Account, DemoError> {
        let expected = self.expected(players);
        let notices = players.sent.iter().map(|sent| sent.id.clone()).collect();
        let deadline = now() + SETTLE;
        loop {
            let mut found = self.inspectors.look(&notices).await?;
            if let Ok(seen) = self.live.seen.lock() {
                with_live(&mut found, &seen);
            }
            let account = compare(&expected, &found);
            if account.missing.is_empty() || now() > deadline {
                return Ok(account);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

fn kinds(players: &Players<'_>) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for sent in &players.sent {
        let kind = match sent.kind.as_str() {
            "alert" | "advisory" if sent.update => "update",
            kind => kind,
        };
        let word = if sent.drill { format!("drill {kind}") } else { kind.to_owned() };
        *kinds.entry(word).or_default() += 1;
    }
    kinds
}

fn faults(account: &Account) -> Vec<String> {
    let lists = [
        ("missing", &account.missing),
        ("unexpected", &account.unexpected),
        ("duplicate", &account.duplicates),
    ];
    let line = |word: &str, d: &oracle::Delivery| {
        format!("{word}: {} at {} {}", d.id.chars().take(12).collect::<String>(), d.node, d.place)
    };
    lists.iter().flat_map(|(word, all)| all.iter().map(move |d| line(word, d))).collect()
}

/// Refusals of every relay, from their own metrics.
async fn refused(federation: &Federation) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for node in &federation.rendered.nodes {
        let console = format!("127.0.0.1:{}", node.console_port);
        let text = console::ask(&console, "/metrics").await.unwrap_or_default();
        for line in text.lines().filter(|line| line.starts_with("chappe_messages_refused_total{")) {
            let reason = line.split("reason=\"").nth(1).and_then(|rest| rest.split('"').next());
            let times = line.rsplit(' ').next().and_then(|times| times.parse::<u64>().ok());
            if let (Some(reason), Some(times)) = (reason, times)
                && times > 0
            {
                *sums.entry(reason.to_owned()).or_default() += times;
            }
        }
    }
    sums
}

/// Whether a folder can take a federation. Not one where another was played: what lies in its
/// streams would be taken for what this one sends, or is being written at this moment.
///
/// # Errors
/// [`DemoError::File`].
pub fn prepare(out: &Path) -> Result<(), DemoError> {
    let failed = |why: &dyn std::fmt::Display| DemoError::File(format!("{}: {why}", out.display()));
    if out.join(STORE).exists() {
        return Err(failed(&"a demo was played here before: remove the folder, or give another"));
    }
    std::fs::create_dir_all(out).map_err(|e| failed(&e))
}
