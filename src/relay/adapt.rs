//! What follows from a change of trust outside of this process: the durables of those below are
//! clamped anew, and what a thief hid is asked for again.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::beats::LOOK;
use super::conditions::until;
use super::desk::FetchQuestion;
use super::node::Node;
use crate::address::{self, DurableSpec};
use crate::bus::{Bus, BusError};
use crate::notice::NodeId;
use crate::trust::Trust;

/// Between tries.
const AGAIN: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(5);
/// Before an upstream that did not rewind is asked again: it has twice a minute for that.
const ASK_AGAIN: Duration = Duration::from_secs(15);

/// Keeps the durables of children and followers as the bundles in force have them: at start, since
/// a crash may have come in between, and at each change.
pub(super) async fn durables(node: &Node, stop: &CancellationToken) {
    let mut trust = node.trust.subscribe();
    loop {
        let now = trust.borrow_and_update().clone();
        for spec in planned(node, &now).await {
            if until(stop, one(node, &spec)).await.is_none() {
                return;
            }
        }
        if until(stop, trust.changed()).await.is_none_or(|changed| changed.is_err()) {
            return;
        }
    }
}

/// Nothing while the node's own bundle is on its way: what it says next is not known yet.
async fn planned(node: &Node, trust: &Trust) -> Vec<DurableSpec> {
    let Some(seat) = trust.seat(&node.me).filter(|seat| seat.version > 0) else {
        return Vec::new();
    };
    let archive = node.archive.lock().await;
    let gone = archive.documents.ever_introduced(&node.me).into_iter();
    let gone = gone.filter(|id| node.me.parent().as_ref() != Some(id));
    let gone = gone.filter(|id| seat.links.iter().all(|link| link.to != *id));
    let closed = gone.flat_map(|id| address::closed_durables(&id));
    seat.links.iter().flat_map(address::link_durables).chain(closed).collect()
}

async fn one(node: &Node, spec: &DurableSpec) {
    loop {
        let (stream, name) = (&spec.stream, &spec.name);
        match node.own.change_filters(spec).await {
            Ok(reset) => {
                if reset {
                    tracing::info!(stream, name, "a wider durable begins again");
                }
                return;
            }
            Err(error @ (BusError::Missing { .. } | BusError::NotGranted { .. })) => {
                tracing::warn!(stream, name, %error, "provision it, and render the server anew");
                return;
            }
            Err(error) => tracing::debug!(stream, name, %error, "not adapted yet"),
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Asks an upstream to begin its board for this node again: each time that something which a thief
/// hid is in force again, since it was filtered here when it came; and while something is missing
/// that a heartbeat names, once for each heartbeat.
pub(super) async fn rewind(node: &Node, upstream: &NodeId, link: &Bus, stop: &CancellationToken) {
    let (mut hidden, mut gaps) = (node.rewinds.subscribe(), node.gaps.subscribe());
    let mut done = Asked::default();
    loop {
        let now =
            Asked { hidden: *hidden.borrow_and_update(), gaps: gaps.borrow_and_update().seen };
        if now.hidden > done.hidden || (now.gaps > done.gaps && gaps.borrow().open) {
            match until(stop, comes_by_itself(node, link)).await {
                None => return,
                // What is on its way now is looked at before anything is asked for.
                Some(true) => continue,
                Some(false) => {}
            }
            match until(stop, ask(node, link)).await {
                Some(Ok(())) => {
                    tracing::info!(%upstream, "its board comes again");
                    done = now;
                }
                Some(Err(why)) => {
                    tracing::debug!(%upstream, why, "not asked yet");
                    if until(stop, tokio::time::sleep(ASK_AGAIN)).await.is_none() {
                        return;
                    }
                    continue;
                }
                None => return,
            }
        }
        let changed = async {
            tokio::select! {
                changed = hidden.changed() => changed,
                changed = gaps.changed() => changed,
            }
        };
        if until(stop, changed).await.is_none_or(|changed| changed.is_err()) {
            return;
        }
    }
}

/// How often was asked, for which cause.
#[derive(Clone, Copy, Default)]
struct Asked {
    hidden: u64,
    gaps: u64,
}

/// Whether the board was still on its way, until what was there is here and looked at. A board that
/// begins again before it has come to its end never does: after an outage heartbeats overtake it.
pub(super) async fn comes_by_itself(node: &Node, link: &Bus) -> bool {
    let durable = address::child_durable(&node.me);
    let progress = async || link.progress("BOARD", &durable).await.ok();
    let Some(begun) = progress().await else { return false };
    if begun.settled >= begun.due {
        return false;
    }
    // Set back meanwhile, it has further to go; what comes only now is not waited for.
    while let Some(now) = progress().await
        && now.settled < now.due.min(begun.due)
    {
        tokio::time::sleep(AGAIN).await;
    }
    tokio::time::sleep(LOOK).await;
    true
}

/// Asks an upstream to begin its board for this node again.
pub(super) async fn ask(node: &Node, link: &Bus) -> Result<(), String> {
    let question = FetchQuestion { rewind: Some(true), ..FetchQuestion::default() };
    let question = serde_json::to_vec(&question).map_err(|e| e.to_string())?;
    let answer = link.ask(&address::fetch(node.me.as_str()), question, PATIENCE).await;
    let answer = answer.map_err(|e| e.to_string())?;
    // Any answer but a refusal will do: an older relay has none for this and says so.
    match serde_json::from_slice::<serde_json::Value>(&answer) {
        Ok(value) if value.get("error").is_none() => Ok(()),
        Ok(value) => Err(value.to_string()),
        Err(error) => Err(error.to_string()),
    }
}
