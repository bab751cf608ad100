//! The tasks of one relay: a source each, a link each, answers, and a tick.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::conditions::{States, set, until};
use super::error::RelayError;
use super::gate::Gate;
use super::node::Node;
use super::{
    adapt, answers, beats, belief, casework, counts, erase, expiry, outbox, owed, quarantine,
    reconcile, retold, room, work,
};
use crate::address::{
    self, Neighbourhood, Source, child_durable, held_durable, intake_stream, outbox_durable,
    outbox_lane,
};
use crate::bus::{Bus, Delivery, Endpoint, PlaceError, Pull, Reading};
use crate::notice::NodeId;

/// How often expired notices are forgotten and the link gauges set.
const TICK: Duration = Duration::from_secs(5);
/// How often it is tried whether the own server stores, and how long it keeps that.
const PROBE: Duration = Duration::from_secs(30);
const KEPT: Duration = Duration::from_secs(3600);
/// Larger than the blocks of a file system: what is smaller may fit into one that it has already.
const PROBE_BYTES: usize = 16 * 1024;
/// Before an upstream whose server is too old or too small is asked again.
const UNFIT: Duration = Duration::from_secs(60);

/// Starts everything that works for as long as the relay does.
pub(super) fn spawn_all(
    tasks: &mut JoinSet<Result<(), RelayError>>,
    node: &Arc<Node>,
    hood: &Neighbourhood,
    states: &States,
    stop: &CancellationToken,
) {
    for source in hood.intakes() {
        let Some(stream) = intake_stream(&source) else { continue };
        spawn_source(tasks, node, source, false, stream, "relay".into(), stop);
    }
    for source in hood.sources() {
        let durable = held_durable(&source);
        spawn_source(tasks, node, source, true, "HELD".into(), durable, stop);
    }
    for (upstream, endpoint) in &node.links {
        spawn_link(tasks, node, upstream, endpoint.clone(), hood.intakes(), states, stop);
    }
    let around = hood.clone();
    spawn(tasks, node, stop, |node, stop| async move {
        erase::watch(&node, &around, &stop).await;
    });
    let (served, asked, until) = (Arc::clone(node), hood.clone(), stop.clone());
    tasks.spawn(async move { Ok(answers::serve(&served, &asked, until).await?) });
    spawn(tasks, node, stop, |node, stop| async move { adapt::durables(&node, &stop).await });
    spawn(tasks, node, stop, |node, stop| async move { owed::deliver(&node, &stop).await });
    spawn(tasks, node, stop, |node, stop| async move {
        beats::say(&node, node.period, &stop).await;
    });
    spawn(tasks, node, stop, |node, stop| async move { counts::say(&node, &stop).await });
    spawn(tasks, node, stop, |node, stop| async move { retold::say_own(&node, &stop).await });
    let shown = Arc::clone(states);
    spawn(tasks, node, stop, |node, stop| async move {
        beats::watch(&node, &shown, &stop).await;
    });
    spawn(tasks, node, stop, |node, stop| async move { expiry::watch(&node, &stop).await });
    let around = hood.clone();
    spawn(tasks, node, stop, |node, stop| async move {
        casework::watch(&node, &around, &stop).await;
    });
    spawn(tasks, node, stop, |node, stop| async move { quarantine::fold(&node, &stop).await });
    let (sources, states) = (hood.sources(), Arc::clone(states));
    spawn(tasks, node, stop, |node, stop| async move {
        tick(&node, &sources, &states, stop).await;
    });
}

/// One task that works until it is told to stop.
fn spawn<F: Future<Output = ()> + Send + 'static>(
    tasks: &mut JoinSet<Result<(), RelayError>>,
    node: &Arc<Node>,
    stop: &CancellationToken,
    work: impl FnOnce(Arc<Node>, CancellationToken) -> F,
) {
    let work = work(Arc::clone(node), stop.clone());
    tasks.spawn(async move {
        work.await;
        Ok(())
    });
}

fn spawn_source(
    tasks: &mut JoinSet<Result<(), RelayError>>,
    node: &Arc<Node>,
    source: Source,
    held: bool,
    stream: String,
    durable: String,
    stop: &CancellationToken,
) {
    let (node, stop) = (Arc::clone(node), stop.clone());
    tasks.spawn(async move {
        let mut pull = node.own.pull(Reading::Own, &stream, &durable);
        while let Some(delivery) = next(&node, &stop, &mut pull).await {
            work::handle(&node, &source, held, delivery).await;
        }
        Ok(())
    });
}

/// What comes next, for the relay that is at work; what it does not take up comes again.
async fn next(node: &Node, stop: &CancellationToken, pull: &mut Pull) -> Option<Delivery> {
    let delivery = until(stop, pull.next()).await?;
    until(stop, node.lease.at_work()).await?;
    Some(delivery)
}

/// One upstream: its board comes down, our outbox goes up, over one connection.
fn spawn_link(
    tasks: &mut JoinSet<Result<(), RelayError>>,
    node: &Arc<Node>,
    upstream: &NodeId,
    endpoint: Endpoint,
    intakes: Vec<Source>,
    states: &States,
    stop: &CancellationToken,
) {
    let (node, upstream) = (Arc::clone(node), upstream.clone());
    let (states, stop) = (Arc::clone(states), stop.clone());
    tasks.spawn(async move {
        let Some(link) = until(&stop, connect_to(&upstream, &endpoint)).await else {
            return Ok(());
        };
        let source = Source::Upstream(upstream.clone());
        let durable = child_durable(&node.me);
        let mut down = link.pull(Reading::Link, "BOARD", &durable);
        let downward = async {
            while let Some(delivery) = next(&node, &stop, &mut down).await {
                work::handle(&node, &source, false, delivery).await;
            }
        };
        // Trust has its own reader: a bundle must not wait behind a board.
        let mut trust = link.pull(Reading::Link, "TRUST", &durable);
        let believing = async {
            while let Some(delivery) = next(&node, &stop, &mut trust).await {
                belief::handle(&node, &source, delivery).await;
            }
        };
        let mut beats = link.pull(Reading::Link, "BEATS", &durable);
        let hearing = async {
            while let Some(delivery) = next(&node, &stop, &mut beats).await {
                beats::handle(&node, &source, delivery).await;
            }
        };
        let upward = upward(&node, &upstream, &link, &intakes, &stop);
        let watching = watch(&node, &upstream, &link, &states, &stop);
        let rewinding = adapt::rewind(&node, &upstream, &link, &stop);
        let learning = beats::learn(&node, &link, &stop);
        let mending = reconcile::watch(&node, &upstream, &link, &stop);
        tokio::join!(downward, believing, hearing, upward, watching, rewinding, learning, mending);
        Ok(())
    });
}

/// Receipts and documents go up as they come; of notices each source has its own line, and one of
/// each goes up in turn: a flood from one stands before nobody else's.
async fn upward(
    node: &Node,
    upstream: &NodeId,
    link: &Bus,
    intakes: &[Source],
    stop: &CancellationToken,
) {
    let gate = Gate::new();
    let line = async |durable: String, from: Option<&Source>| {
        let mut line = node.own.pull(Reading::Own, "OUTBOX", &durable);
        while let Some(delivery) = next(node, stop, &mut line).await {
            if from.is_some() && until(stop, gate.pass(&node.me, link)).await.is_none() {
                return;
            }
            outbox::send(node, upstream, link, from, delivery).await;
        }
    };
    let lines = intakes.iter().map(|from| line(outbox_lane(upstream, from), Some(from)));
    let records = line(outbox_durable(upstream), None);
    tokio::join!(records, join_all(lines));
}

/// Connects however long it takes: an upstream whose server is unfit harms its own link alone.
async fn connect_to(upstream: &NodeId, endpoint: &Endpoint) -> Bus {
    loop {
        match Bus::connect_patiently(endpoint).await {
            Ok(link) => return link,
            Err(error) => tracing::error!(%upstream, %error, "link not usable; trying again"),
        }
        tokio::time::sleep(UNFIT).await;
    }
}

/// Shows the link's state as it changes.
async fn watch(
    node: &Node,
    upstream: &NodeId,
    link: &Bus,
    states: &States,
    stop: &CancellationToken,
) {
    let mut state = link.state();
    loop {
        let up = *state.borrow_and_update();
        if let Ok(mut links) = node.links_up.lock() {
            links.insert(upstream.clone(), up.then(crate::time::now));
        }
        node.metrics.link(upstream, up);
        set(states, &format!("upstream {upstream}"), up);
        match until(stop, state.changed()).await {
            Some(Ok(())) => {}
            Some(Err(_)) | None => return,
        }
    }
}

/// A full disk must show before the next alert does not come: something is stored, and
/// forgotten by itself.
async fn probe(node: &Node) {
    let subject = address::probe(&node.me);
    let stored = node.own.put_latest_for(&subject, vec![0; PROBE_BYTES], KEPT).await;
    let mut trouble = node.trouble.lock().await;
    match stored {
        Ok(()) => trouble.settled(None, &subject),
        Err(PlaceError::NoAnswer) => {
            if trouble.unanswered(crate::time::now(), None, &subject) {
                tracing::error!(
                    "connected, but the own server does not say that it stores: its \
                    disk is full, or was. Make room, then restart nats-server"
                );
            }
        }
        Err(error) => tracing::debug!(%error, "not known whether the own server stores"),
    }
}

/// Whether the servers store what they are given: the own one, and those above.
async fn storage(node: &Node, states: &States) {
    let mut trouble = node.trouble.lock().await;
    trouble.prune(crate::time::now());
    let stores = trouble.stores(None);
    node.metrics.storage(stores);
    set(states, "storage", stores);
    for upstream in node.links.keys() {
        set(states, &format!("storage of {upstream}"), trouble.stores(Some(upstream)));
    }
}

async fn tick(node: &Node, sources: &[Source], states: &States, stop: CancellationToken) {
    let (mut attributed, mut probed) = (false, None);
    loop {
        node.metrics.server(node.own.is_up());
        set(states, "server", node.own.is_up());
        if probed.is_none_or(|at: tokio::time::Instant| at.elapsed() > PROBE) {
            probe(node).await;
            probed = Some(tokio::time::Instant::now());
        }
        storage(node, states).await;
        room::look(node).await;
        if !attributed {
            attributed = room::attribute(node, sources).await.is_ok();
        }
        if until(&stop, tokio::time::sleep(TICK)).await.is_none() {
            return;
        }
        node.router.lock().await.prune(crate::time::now());
    }
}
