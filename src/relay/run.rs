//! Starting, supervising and ending one relay.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::sync::{Mutex, Notify, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::conditions::{States, set, until};
use super::error::RelayError;
use super::lease::{self, Lease};
use super::node::Node;
use super::quarantine::Index;
use super::room::Room;
use super::tasks::spawn_all;
use super::trust::{Seeds, TrustFiles, begin};
use super::{fold, hood, key, receipts};
use crate::address::Neighbourhood;
use crate::bus::{Bus, Endpoint, TlsFiles};
use crate::case::Clocks;
use crate::config::{RelayConfig, Upstream};
use crate::console::{self, Readiness};
use crate::jws::Signer;
use crate::keys;
use crate::notice::NodeId;
use crate::policy::Policy;
use crate::routing::{Beats, Router};
use crate::telemetry::Metrics;
use crate::trust::{Documents, Trust, Usage};

/// How long a relay that is told to end waits for the notices in hand: two place timeouts.
const GRACE: Duration = Duration::from_secs(12);

/// What is needed before anything is connected.
pub struct Prepared {
    /// The pinned root alone.
    pinned: Documents,
    /// What lies beside it, for a first start.
    seeds: Seeds,
    key: Box<dyn Signer>,
    /// The legal clocks.
    clocks: Clocks,
}

/// Reads key and trust documents; what they say together shows once the node's own are there too.
///
/// # Errors
/// [`RelayError`] naming the file.
pub fn check(config: &RelayConfig) -> Result<Prepared, RelayError> {
    let files = TrustFiles { root: config.root.clone(), bundles: config.bundles.clone() };
    let (pinned, seeds) = begin(&files)?;
    let (key, clocks) = (key::read(config)?, clocks(config)?);
    // Another's key, or an issue key, is told before anything is connected; that none lists it may
    // be because the bundle that does is in TRUST.
    let mut documents = pinned.clone();
    seeds.restore(&mut documents);
    if documents.trust().find(key.public().id()).is_some() {
        check_key(config, documents.trust(), key.as_ref())?;
    }
    Ok(Prepared { pinned, seeds, key, clocks })
}

/// Those of the configured file, else those that come along.
fn clocks(config: &RelayConfig) -> Result<Clocks, RelayError> {
    let Some(path) = &config.cases.clocks else { return Ok(Clocks::builtin().clone()) };
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|e| RelayError::Mismatch(format!("{name}: {e}")))?;
    Clocks::parse(&text, &name).map_err(|e| RelayError::Mismatch(e.to_string()))
}

impl Prepared {
    /// The legal clocks.
    #[must_use]
    pub fn clocks(&self) -> &Clocks {
        &self.clocks
    }

    /// Whom the node serves and who works there, by the files alone.
    ///
    /// # Errors
    /// [`RelayError::Mismatch`] saying what does not fit.
    pub fn hood(&self, config: &RelayConfig) -> Result<Neighbourhood, RelayError> {
        let mut documents = self.pinned.clone();
        hood::restore(&mut documents, &self.seeds);
        fits(config, documents.trust(), self.key.as_ref())
    }
}

/// What the bundles put around the node, if file, key and bundles fit together.
fn fits(
    config: &RelayConfig,
    trust: &Trust,
    key: &dyn Signer,
) -> Result<Neighbourhood, RelayError> {
    if trust.seat(&config.node).is_none_or(|seat| seat.version == 0) {
        let why = format!(
            "no valid bundle of {}: put it, and those above it, into the folder `bundles`",
            config.node
        );
        return Err(RelayError::Mismatch(why));
    }
    check_key(config, trust, key)?;
    let hood = hood::around(config, trust);
    check_upstreams(config, &hood)?;
    Ok(hood)
}

/// A relay refuses an issue key: whoever takes over a relay must not be able to issue.
fn check_key(config: &RelayConfig, trust: &Trust, key: &dyn Signer) -> Result<(), RelayError> {
    let path = config.relay_key.display();
    let wrong = |why: String| Err(RelayError::Mismatch(format!("{path}: {why}")));
    match trust.find(key.public().id()) {
        None => wrong(format!("no bundle lists this key for {}", config.node)),
        Some(known) if known.node != config.node => {
            wrong(format!("this is a key of {}, not of {}", known.node, config.node))
        }
        Some(known) if known.usage == Usage::Issue => {
            wrong("this is an issue key; a relay must not have one".into())
        }
        Some(_) => Ok(()),
    }
}

fn check_upstreams(config: &RelayConfig, hood: &Neighbourhood) -> Result<(), RelayError> {
    for upstream in &config.upstreams {
        if hood.upstreams.contains(&upstream.node) {
            continue;
        }
        let why = format!("upstream {}: its bundle does not list {}", upstream.node, hood.node);
        // A lapse or a whim of the union must not stop what stays inside a State.
        if upstream.node.depth() > 1 {
            return Err(RelayError::Mismatch(why));
        }
        tracing::error!(why, "nothing comes from the union until it does");
    }
    for node in &hood.upstreams {
        if !config.upstreams.iter().any(|upstream| upstream.node == *node) {
            tracing::warn!(%node, "an upstream by the bundles, but the file has no link to it");
        }
    }
    Ok(())
}

/// Runs a relay until `stop`: then each source finishes the notice in its hand.
///
/// # Errors
/// [`RelayError`] if it cannot start, or if a task fails.
pub async fn run(config: RelayConfig, stop: CancellationToken) -> Result<(), RelayError> {
    let prepared = check(&config)?;
    let console = console::bind(config.listen).await?;
    let upstreams: Vec<NodeId> = config.upstreams.iter().map(|u| u.node.clone()).collect();
    let metrics = Arc::new(Metrics::new(&config.node, &upstreams, crate::time::now())?);
    let mut tasks = JoinSet::new();
    let states = Arc::new(std::sync::Mutex::new(BTreeMap::from([("folded".to_owned(), false)])));
    serve_console(&mut tasks, console, &metrics, &states, &stop);
    let node = tokio::select! {
        node = connect(&config, prepared, metrics, &states) => node?,
        () = stop.cancelled() => return Ok(()),
    };
    let (node, hood) = node;
    let (leased, ended) = (Arc::clone(&node), stop.clone());
    tasks.spawn(async move { leased.lease.keep(&leased.own, &ended).await });
    if until(&stop, fold::patiently(&node)).await.is_some() {
        set(&states, "folded", true);
        spawn_all(&mut tasks, &node, &hood, &states, &stop);
        tracing::info!(node = %node.me, "relay is at work");
    }
    let outcome = supervise(tasks, stop).await;
    node.lease.give_up(&node.own).await;
    outcome
}

fn serve_console(
    tasks: &mut JoinSet<Result<(), RelayError>>,
    listener: tokio::net::TcpListener,
    metrics: &Arc<Metrics>,
    states: &States,
    stop: &CancellationToken,
) {
    let asked = Arc::clone(states);
    let ready: Readiness =
        Arc::new(move || asked.lock().map(|states| states.clone()).unwrap_or_default());
    let served = console::serve(listener, Arc::clone(metrics), ready, stop.clone());
    tasks.spawn(async move { Ok(served.await?) });
}

async fn connect(
    config: &RelayConfig,
    prepared: Prepared,
    metrics: Arc<Metrics>,
    states: &States,
) -> Result<(Arc<Node>, Neighbourhood), RelayError> {
    set(states, "server", false);
    let own = Bus::connect_patiently(&own_endpoint(config)?).await?;
    let Prepared { pinned, seeds, key, clocks } = prepared;
    let lease = Lease::take(&own, lease::instance(config.listen), states).await;
    metrics.at_work();
    let archive = fold::trust_patiently(&own, &config.node, &pinned, &seeds).await;
    let trust = Arc::clone(archive.documents.trust());
    let hood = fits(config, &trust, key.as_ref())?;
    metrics.trust(&trust, &config.node);
    let mut links = BTreeMap::new();
    for upstream in &config.upstreams {
        let name = format!("upstream {}", upstream.node);
        set(states, &name, false);
        links.insert(upstream.node.clone(), link_endpoint(&config.node, upstream)?);
    }
    let policy = Policy { rules: config.rules.clone(), climbs: config.climbs.clone() };
    let node = Node {
        me: config.node.clone(),
        router: Mutex::new(Router::new(config.node.clone(), policy)),
        words: Mutex::new(receipts::Words::new()),
        refused: Mutex::new(Index::new(u64::MAX)),
        room: Room::default(),
        trouble: Mutex::default(),
        trust: watch::Sender::new(trust),
        archive: Mutex::new(archive),
        curable: AtomicBool::new(false),
        rewinds: watch::Sender::new(0),
        gaps: watch::Sender::default(),
        erasures: Notify::new(),
        beats: Mutex::new(Beats::default()),
        period: config.period,
        wanted: watch::Sender::default(),
        links_up: std::sync::Mutex::default(),
        key,
        lease,
        own,
        links,
        metrics,
        cases: config.cases.clone(),
        clocks,
    };
    Ok((Arc::new(node), hood))
}

fn own_endpoint(config: &RelayConfig) -> Result<Endpoint, RelayError> {
    let server = &config.server;
    Ok(Endpoint {
        url: server.url.clone(),
        seed: keys::read_nkey(&server.seed)?.seed,
        inbox: "_INBOX_relay".into(),
        name: format!("{} relay", config.node),
        tls: TlsFiles {
            ca: server.ca.clone(),
            client: server.cert.clone().zip(server.key.clone()),
        },
    })
}

fn link_endpoint(me: &NodeId, upstream: &Upstream) -> Result<Endpoint, RelayError> {
    Ok(Endpoint {
        url: upstream.url.clone(),
        seed: keys::read_nkey(&upstream.seed)?.seed,
        inbox: format!("_INBOX_link-{me}"),
        name: format!("{me} link to {}", upstream.node),
        tls: TlsFiles {
            ca: upstream.ca.clone(),
            client: upstream.cert.clone().zip(upstream.key.clone()),
        },
    })
}

/// The first task that ends ends all, within the grace.
async fn supervise(
    mut tasks: JoinSet<Result<(), RelayError>>,
    stop: CancellationToken,
) -> Result<(), RelayError> {
    let mut outcome = Ok(());
    let drained = async {
        while let Some(ended) = tasks.join_next().await {
            let failed = match ended {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error),
                Err(error) => Some(RelayError::Task(error.to_string())),
            };
            if let Some(error) = failed {
                tracing::error!(%error, "ending: a task failed");
                outcome = Err(error);
                stop.cancel();
            }
        }
    };
    let limit = async {
        stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        () = drained => {}
        () = limit => tracing::warn!("not everything ended in time; nothing is lost by that"),
    }
    outcome
}
