//! The tasks of one relay: a source each, a link each, answers, and a tick.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::conditions::{States, set, until};
use super::error::RelayError;
use super::node::Node;
use super::{adapt, answers, beats, belief, counts, expiry, outbox, work};
use crate::address::{
    Neighbourhood, Source, child_durable, held_durable, intake_stream, outbox_durable,
};
use crate::bus::{Bus, Endpoint, Reading};
use crate::notice::NodeId;

/// How often expired notices are forgotten and the link gauges set.
const TICK: Duration = Duration::from_secs(5);
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
        spawn_link(tasks, node, upstream, endpoint.clone(), states, stop);
    }
    let (served, hood, until) = (Arc::clone(node), hood.clone(), stop.clone());
    tasks.spawn(async move { Ok(answers::serve(&served, &hood, until).await?) });
    let (adapted, until) = (Arc::clone(node), stop.clone());
    tasks.spawn(async move {
        adapt::durables(&adapted, &until).await;
        Ok(())
    });
    let (said, until) = (Arc::clone(node), stop.clone());
    tasks.spawn(async move {
        beats::say(&said, said.period, &until).await;
        Ok(())
    });
    let (counted, until) = (Arc::clone(node), stop.clone());
    tasks.spawn(async move {
        counts::say(&counted, &until).await;
        Ok(())
    });
    let (watched, until, shown) = (Arc::clone(node), stop.clone(), Arc::clone(states));
    tasks.spawn(async move {
        beats::watch(&watched, &shown, &until).await;
        Ok(())
    });
    let (aged, until) = (Arc::clone(node), stop.clone());
    tasks.spawn(async move {
        expiry::watch(&aged, &until).await;
        Ok(())
    });
    let (ticked, until, states) = (Arc::clone(node), stop.clone(), Arc::clone(states));
    tasks.spawn(async move {
        tick(&ticked, &states, until).await;
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
        while let Some(delivery) = until(&stop, pull.next()).await {
            work::handle(&node, &source, held, delivery).await;
        }
        Ok(())
    });
}

/// One upstream: its board comes down, our outbox goes up, over one connection.
fn spawn_link(
    tasks: &mut JoinSet<Result<(), RelayError>>,
    node: &Arc<Node>,
    upstream: &NodeId,
    endpoint: Endpoint,
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
        let mut up = node.own.pull(Reading::Own, "OUTBOX", &outbox_durable(&upstream));
        let downward = async {
            while let Some(delivery) = until(&stop, down.next()).await {
                work::handle(&node, &source, false, delivery).await;
            }
        };
        // Trust has its own reader: a bundle must not wait behind a board.
        let mut trust = link.pull(Reading::Link, "TRUST", &durable);
        let believing = async {
            while let Some(delivery) = until(&stop, trust.next()).await {
                belief::handle(&node, &source, delivery).await;
            }
        };
        let mut beats = link.pull(Reading::Link, "BEATS", &durable);
        let hearing = async {
            while let Some(delivery) = until(&stop, beats.next()).await {
                beats::handle(&node, &source, delivery).await;
            }
        };
        let upward = async {
            while let Some(delivery) = until(&stop, up.next()).await {
                outbox::send(&node, &upstream, &link, delivery).await;
            }
        };
        let watching = watch(&node, &upstream, &link, &states, &stop);
        let rewinding = adapt::rewind(&node, &upstream, &link, &stop);
        let learning = beats::learn(&node, &link, &stop);
        tokio::join!(downward, believing, hearing, upward, watching, rewinding, learning);
        Ok(())
    });
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

async fn tick(node: &Node, states: &States, stop: CancellationToken) {
    loop {
        node.metrics.server(node.own.is_up());
        set(states, "server", node.own.is_up());
        if until(&stop, tokio::time::sleep(TICK)).await.is_none() {
            return;
        }
        node.router.lock().await.prune(crate::time::now());
    }
}
