//! Heartbeats of a running relay: its own go out each period, those from above are kept and
//! compared with what is here. What is missing is asked for; what stays missing raises an alarm.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::conditions::{States, until};
use super::desk::{FetchAnswer, FetchQuestion};
use super::node::Node;
use super::placing::signed;
use super::quarantine;
use super::settle::{Settle, backoff, settle};
use crate::address::{self, Source};
use crate::bus::{Bus, Delivery, PlaceError};
use crate::jws::{self, Typ};
use crate::lifecycle::Channel;
use crate::notice::{Audience, Id, NodeId, Outcome, Reason, Receipt, Statement, Time};
use crate::routing::{Outlook, covers, own_beats};
use crate::verify::{self, CLOCK_LEEWAY};

/// The longest pause between two comparisons.
pub(super) const LOOK: Duration = Duration::from_secs(5);
/// A comparison that comes so many pauses late tells that this process did not run meanwhile.
const LATE: u32 = 4;
/// How often a word of filtering waits for its key or its time, at most once a minute: an hour.
const MAX_WAITS: u64 = 64;
const PATIENCE: Duration = Duration::from_secs(5);

/// Says each period what this node has in force, until told to stop.
pub(super) async fn say(node: &Node, period: Duration, stop: &CancellationToken) {
    loop {
        if until(stop, node.lease.at_work()).await.is_none() {
            return;
        }
        if let Err(error) = say_once(node, period).await {
            tracing::warn!(%error, "heartbeats not sent");
        }
        if until(stop, tokio::time::sleep(period)).await.is_none() {
            return;
        }
    }
}

async fn say_once(node: &Node, period: Duration) -> Result<(), PlaceError> {
    let now = crate::time::now();
    let beats = {
        let router = node.router.lock().await;
        own_beats(now, &node.me, &node.trust(), router.ledger(), period)
    };
    for (beat, ids) in beats {
        let Audience::Scope(scope) = &beat.aud else { continue };
        let subject = address::heartbeat(&beat.iss, scope, beat.tlp);
        let signed = signed(node.key.as_ref(), Typ::Heartbeat, &beat)?;
        node.own.put_latest_for(&subject, signed.into_bytes(), 3 * period).await?;
        // Those below may ask for the ids.
        let mut heard = node.beats.lock().await;
        let digest = beat.digest;
        heard.hear(now, beat);
        heard.learn(digest, ids);
    }
    Ok(())
}

/// Says beside the channel's heartbeats that this node filtered a notice, so that those below do
/// not miss it.
pub(super) async fn say_filtered(
    node: &Node,
    now: Time,
    statement: &Statement,
    receipt: &Receipt,
    signed: &str,
) -> Result<(), PlaceError> {
    let Some(channel) = Channel::of(statement) else { return Ok(()) };
    if receipt.outcome != Outcome::Filtered {
        return Ok(());
    }
    let subject = address::filtered(statement, &channel.scope, &receipt.by, receipt.of);
    let left = statement.expires().since(now) + CLOCK_LEEWAY;
    node.own.put_latest_for(&subject, signed.as_bytes().to_vec(), left).await
}

/// Takes what an upstream's BEATS hands down, and settles it.
pub(super) async fn handle(node: &Node, source: &Source, delivery: Delivery) {
    let now = crate::time::now();
    let done = take(node, now, source, &delivery).await;
    settle(node, source, &delivery, done).await;
}

async fn take(
    node: &Node,
    now: Time,
    source: &Source,
    delivery: &Delivery,
) -> Result<Settle, PlaceError> {
    match hear(node, now, source, &delivery.subject, &delivery.payload).await {
        Ok(Some(left)) => {
            let payload = delivery.payload.clone();
            node.own.put_latest_for(&delivery.subject, payload, left).await?;
            Ok(Settle::Ack)
        }
        // An older one says nothing, and one that lay here too long is no attack.
        Ok(None) => Ok(Settle::Ack),
        Err(refused) if refused.reason == Reason::Expired => Ok(Settle::Ack),
        Err(refused) if comes_again(delivery, refused.reason) => {
            Ok(Settle::Later(backoff(delivery.delivered)))
        }
        Err(refused) => {
            tracing::warn!(%source, reason = %refused.reason, why = %refused.why.escape_debug(),
                "heartbeat refused");
            node.metrics.refused(refused.reason);
            quarantine::put(node, source, delivery, &refused).await?;
            Ok(Settle::Terminate)
        }
    }
}

/// Whether a word of filtering is tried again: it is said once, its key may stand in a bundle that
/// is on its way, and its node's clock may have been wrong. Of heartbeats the next comes anyway.
fn comes_again(delivery: &Delivery, reason: Reason) -> bool {
    let once = !is_heartbeat(&delivery.subject);
    let curable = matches!(reason, Reason::KeyUnknown | Reason::Future);
    once && curable && delivery.delivered < MAX_WAITS
}

fn is_heartbeat(subject: &str) -> bool {
    subject.ends_with(&format!(".{}", crate::notice::ALL))
}

/// Takes a heartbeat, or an upstream's word that it filtered a notice; for how long it matters, if
/// it is news.
pub(super) async fn hear(
    node: &Node,
    now: Time,
    source: &Source,
    subject: &str,
    payload: &[u8],
) -> Result<Option<Duration>, verify::Refused> {
    let trust = node.trust();
    if is_heartbeat(subject) {
        let beat = verify::verify_heartbeat(now, &trust, subject, payload)?;
        let left = Time::from_secs(beat.exp).since(now);
        return Ok(node.beats.lock().await.hear(now, beat).then_some(left));
    }
    let (receipt, _) = verify::verify_receipt(now, &node.me, &trust, source, payload)?;
    if let Err(reason) = covers(source, subject, &receipt) {
        let why = format!("it does not say here that {} filtered this notice", receipt.by);
        return Err(verify::Refused { reason, why });
    }
    // As long as a notice may last at most: which one it is, is not known here.
    let left = Duration::from_secs(400 * 24 * 3600);
    node.beats.lock().await.cover(&receipt, now + left);
    Ok(Some(left))
}

/// Compares what was heard with what is here, as often as the shortest period asks.
pub(super) async fn watch(node: &Node, states: &States, stop: &CancellationToken) {
    let (mut told, mut behind) = (BTreeSet::new(), BTreeSet::new());
    let mut own = None;
    let pause = LOOK.min(node.period / 4);
    loop {
        let before = crate::time::now();
        if until(stop, tokio::time::sleep(pause)).await.is_none() {
            return;
        }
        // A process or machine that was stopped has heard nothing meanwhile: as after an outage.
        if crate::time::now().since(before) > pause * LATE {
            own = None;
        }
        own = node.own.is_up().then(|| own.unwrap_or_else(crate::time::now));
        let outlook = look(node, own).await;
        let (new, open) = (!outlook.missing.is_empty(), outlook.gap);
        node.gaps.send_if_modified(|gaps| {
            gaps.seen += u64::from(new);
            new | (std::mem::replace(&mut gaps.open, open) != open)
        });
        // A TRUST that was restored from a backup lacks what the upstream has sent once already.
        if !outlook.stale.is_subset(&behind) {
            node.rewinds.send_modify(|count| *count += 1);
        }
        behind.clone_from(&outlook.stale);
        tell(node, states, &outlook, &mut told);
        node.wanted.send_replace(outlook.unknown);
    }
}

/// While this node's own server is away nothing can be placed here, whoever sent it: that has its
/// own alarm, and `own` says since when it is not so.
async fn look(node: &Node, own: Option<Time>) -> Outlook {
    let (now, trust) = (crate::time::now(), node.trust());
    let mut links = node.links_up.lock().map(|links| links.clone()).unwrap_or_default();
    for since in links.values_mut() {
        *since = since.zip(own).map(|(link, own)| link.max(own));
    }
    let mut beats = node.beats.lock().await;
    let router = node.router.lock().await;
    let filtered = |id: Id| router.has_filtered(id);
    beats.look(now, &node.me, &trust, router.ledger(), &links, filtered)
}

/// One line in the log for each alarm that begins or ends; each stands in `chappe status`.
fn tell(node: &Node, states: &States, outlook: &Outlook, told: &mut BTreeSet<String>) {
    let of = |word: &'static str| move |what: &dyn std::fmt::Display| format!("{word}: {what}");
    let withheld = outlook.withheld.iter().map(|channel| of("withheld")(channel));
    let frozen = outlook.frozen.iter().map(|channel| of("frozen")(channel));
    let stale = outlook.stale.iter().map(|node| of("trust-stale")(node));
    let now: BTreeSet<String> = withheld.chain(frozen).chain(stale).collect();
    let Ok(mut shown) = states.lock() else { return };
    for ended in told.difference(&now) {
        tracing::info!(alarm = ended, "over");
        shown.remove(ended);
    }
    for new in now.difference(told) {
        tracing::error!(alarm = new, "what this node should have does not come");
        shown.insert(new.clone(), false);
    }
    drop(shown);
    let counts = [outlook.withheld.len(), outlook.frozen.len(), outlook.stale.len()];
    node.metrics.silences(counts);
    *told = now;
}

/// Asks an upstream for the ids behind digests that cannot be made here, since something was
/// filtered on the way.
pub(super) async fn learn(node: &Node, link: &Bus, stop: &CancellationToken) {
    let mut wanted = node.wanted.subscribe();
    loop {
        let digests = wanted.borrow_and_update().clone();
        for digest in digests {
            match until(stop, ask(node, link, digest)).await {
                Some(Some(ids)) => _ = node.beats.lock().await.learn(digest, ids),
                Some(None) => tracing::debug!(%digest, "no list of it yet"),
                None => return,
            }
        }
        if until(stop, wanted.changed()).await.is_none_or(|changed| changed.is_err()) {
            return;
        }
    }
}

async fn ask(node: &Node, link: &Bus, digest: Id) -> Option<Vec<Id>> {
    let question = FetchQuestion { list: Some(digest), ..FetchQuestion::default() };
    let question = serde_json::to_vec(&question).ok()?;
    let answer = link.ask(&address::fetch(node.me.as_str()), question, PATIENCE).await.ok()?;
    let answer: FetchAnswer = jws::from_slice(&answer).ok()?;
    (!answer.ids.is_empty()).then_some(answer.ids)
}

/// The ids behind a digest, for a child or follower.
pub(super) async fn list(node: &Node, to: &NodeId, digest: Id) -> Vec<Id> {
    let (trust, beats) = (node.trust(), node.beats.lock().await);
    let router = node.router.lock().await;
    beats.list(&trust, router.ledger(), &node.me, to, digest).unwrap_or_default()
}
