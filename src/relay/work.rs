//! One arrival, from receipt to settling.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::MutexGuard;

use super::belief::{self, Record};
use super::node::Node;
use super::settle::{DELAY, MAX_DELAY, Settle, backoff, settle};
use super::{placing, poison, quarantine, receipts};
use crate::address::{self, Source};
use crate::bus::{Delivery, PlaceError};
use crate::notice::{Id, Reason, Time};
use crate::routing::{Router, Verdict};
use crate::trust::Trust;
use crate::verify::{self, Context, Refused, Verified};

/// How long a notice waits for the bundle that lists its key.
const KEY_COMES_WITHIN: Duration = Duration::from_secs(24 * 3600);
/// During a rotation the bundle is seconds behind: tried this often, for this long.
const SOON: Duration = Duration::from_secs(2);
const SOON_FOR: Duration = Duration::from_secs(300);
/// Reasons that the next bundle may take away.
const CURABLE: [Reason; 6] = [
    Reason::HopNeighbour,
    Reason::Audience,
    Reason::Tlp,
    Reason::GrantKind,
    Reason::GrantScope,
    Reason::GrantTlp,
];
/// Notices of one source that wait for a key: any sender can make up any number.
const MAX_HELD: u64 = 256;

/// Takes one arrival through every step and settles it.
pub(super) async fn handle(node: &Node, source: &Source, held: bool, delivery: Delivery) {
    let now = crate::time::now();
    node.metrics.received(source, delivery.foreign_headers, delivery.pending);
    let work = step(node, now, source, held, &delivery);
    // What is held is delivered every minute by design.
    let done = if held {
        poison::caught(work).await
    } else {
        poison::guarded(node, source, &delivery, work).await
    };
    let done = poison::bounded(node, source, &delivery, done).await;
    if held && matches!(done, Ok(Settle::Ack | Settle::Terminate)) {
        placing::left_held(node, source, &delivery);
    }
    settle(node, source, &delivery, done).await;
}

async fn step(
    node: &Node,
    now: Time,
    source: &Source,
    held: bool,
    delivery: &Delivery,
) -> Result<Settle, PlaceError> {
    if delivery.notice.is_empty() && delivery.hops.is_empty() {
        return match belief::record(&delivery.payload) {
            Some(Record::Receipt) => receipts::take(node, now, source, delivery).await,
            Some(_) => belief::take(node, now, source, delivery).await,
            None => {
                let why = "no notice, and no receipt or trust document either".into();
                let refused = Refused { reason: Reason::Header, why };
                refuse(node, now, source, delivery, &refused).await
            }
        };
    }
    let mut trust = node.trust();
    loop {
        let verified = match check(node, &trust, now, source, held, delivery) {
            Ok(verified) => verified,
            Err(refused) if has_ended_here(node, source, delivery, &refused).await => {
                return Ok(Settle::Ack);
            }
            Err(refused) => {
                return refuse_or_wait(node, now, source, held, delivery, refused).await;
            }
        };
        let router = node.router.lock().await;
        let believed = node.trust();
        // Trust changed between check and decision: what was good may be so no more.
        if !Arc::ptr_eq(&trust, &believed) {
            trust = believed;
            continue;
        }
        return match act(node, &trust, now, held, router, verified, delivery).await {
            // It never will fit: whoever made custody and body so large would be served forever.
            Err(PlaceError::Size) => {
                let why = "with this node's hop it is larger than a message may be".into();
                let refused = Refused { reason: Reason::Header, why };
                refuse(node, now, source, delivery, &refused).await
            }
            done => done,
        };
    }
}

fn check(
    node: &Node,
    trust: &Trust,
    now: Time,
    source: &Source,
    held: bool,
    delivery: &Delivery,
) -> Result<Verified, Refused> {
    let wire = delivery.wire()?;
    let context = Context { now, me: &node.me, trust };
    if held {
        // Its subject is this relay's own: it was checked when it came, and is checked anew.
        return verify::verify_held(context, source, wire);
    }
    verify::verify(context, source, &delivery.subject, wire)
}

/// What an upstream's server has not let go of yet, some time after its end, comes again with its
/// board: it was taken while it counted, and nobody has done anything wrong.
async fn has_ended_here(
    node: &Node,
    source: &Source,
    delivery: &Delivery,
    refused: &Refused,
) -> bool {
    let ([notice], Source::Upstream(_)) = (delivery.notice.as_slice(), source) else {
        return false;
    };
    let of = Id::of(notice.as_bytes());
    refused.reason == Reason::Expired && node.router.lock().await.ledger().statement(of).is_some()
}

/// A key that nobody has heard of may stand in a bundle that is still on its way: the notice waits
/// a day, a bounded number of each source, and nothing behind it does. Not a local publisher's: it
/// is told at once and has its notice still; a key that this node does not list is its mistake.
async fn refuse_or_wait(
    node: &Node,
    now: Time,
    source: &Source,
    held: bool,
    delivery: &Delivery,
    refused: Refused,
) -> Result<Settle, PlaceError> {
    if refused.reason != Reason::KeyUnknown || matches!(source, Source::Local(_)) {
        return refuse(node, now, source, delivery, &refused).await;
    }
    if held {
        let waited = now.since(delivery.stored);
        if waited < KEY_COMES_WITHIN {
            let soon = waited < SOON_FOR;
            return Ok(Settle::Later(if soon { SOON } else { MAX_DELAY }));
        }
        return refuse(node, now, source, delivery, &refused).await;
    }
    let waiting = node.own.waiting("HELD", &address::held_durable(source)).await;
    if waiting.map_err(|e| PlaceError::Unknown(e.to_string()))? >= MAX_HELD {
        return refuse(node, now, source, delivery, &refused).await;
    }
    tracing::warn!(%source, why = %refused.why.escape_debug(), "an unknown key; it waits");
    let held = placing::hold_unknown(node, source, delivery).await?;
    Ok(if held { Settle::Ack } else { Settle::Later(backoff(delivery.delivered)) })
}

/// What did not pass: into quarantine, and told to its sender alone.
async fn refuse(
    node: &Node,
    now: Time,
    source: &Source,
    delivery: &Delivery,
    refused: &Refused,
) -> Result<Settle, PlaceError> {
    tracing::warn!(%source, reason = %refused.reason, why = %refused.why.escape_debug(), "refused");
    node.metrics.refused(refused.reason);
    // Its upstream may already act by a bundle that comes here a moment later. It is not held, as
    // an unknown key is: what is no neighbour's word goes into quarantine, and comes again.
    if matches!(source, Source::Upstream(_)) && CURABLE.contains(&refused.reason) {
        node.curable.store(true, Ordering::Relaxed);
    }
    quarantine::put(node, source, delivery, refused).await?;
    if let [notice] = delivery.notice.as_slice() {
        let of = Id::of(notice.as_bytes());
        receipts::refusal(node, now, source, of, refused.reason).await?;
    }
    Ok(Settle::Terminate)
}

async fn act(
    node: &Node,
    trust: &Trust,
    now: Time,
    held: bool,
    mut router: MutexGuard<'_, Router>,
    verified: Verified,
    delivery: &Delivery,
) -> Result<Settle, PlaceError> {
    let id = verified.id();
    if router.was_over(id) {
        tracing::debug!(%id, source = %verified.source(), "its case is over and deleted here");
        return Ok(Settle::Ack);
    }
    let verdict = router.decide(now, trust, &verified);
    match &verdict {
        Verdict::Place(places) => {
            if !placing::place(node, now, &mut router, &verified, places).await? {
                drop(router);
                let wait = backoff(delivery.delivered);
                return wait_for(node, held, &verified, delivery, wait).await;
            }
        }
        Verdict::Hold(until) => {
            drop(router);
            return wait_for(node, held, &verified, delivery, until.since(now)).await;
        }
        Verdict::Filter(reason) => {
            node.metrics.filtered(*reason);
            tracing::info!(%id, source = %verified.source(), %reason, "filtered");
        }
        Verdict::Refuse(reason) => {
            drop(router);
            let refused = Refused { reason: *reason, why: format!("of notice {id}") };
            return refuse(node, now, verified.source(), delivery, &refused).await;
        }
    }
    receipts::own(node, now, &mut router, &verified, &verdict).await?;
    Ok(Settle::Ack)
}

/// Puts aside what must wait, so that nothing behind it does. What is over its source's share
/// waits at the source.
async fn wait_for(
    node: &Node,
    held: bool,
    verified: &Verified,
    delivery: &Delivery,
    wait: Duration,
) -> Result<Settle, PlaceError> {
    let wait = wait.clamp(DELAY, MAX_DELAY);
    if held {
        return Ok(Settle::Later(wait));
    }
    let held = placing::hold(node, verified, delivery).await?;
    Ok(if held { Settle::Ack } else { Settle::Later(backoff(delivery.delivered)) })
}
