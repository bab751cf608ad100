//! This node's word on each notice, and the words of others on their way back.

use std::time::Duration;

use super::beats;
use super::budget::Budget;
use super::node::Node;
use super::placing::signed;
use super::quarantine;
use super::room;
use super::settle::{Settle, backoff};
use super::unanswered;
use crate::address::{self, REAL, Source};
use crate::bus::{Delivery, PlaceError};
use crate::jws::Typ;
use crate::notice::{Id, NodeId, Reason, Receipt, Time};
use crate::routing::{Back, Router, Verdict};
use crate::trust::Trust;
use crate::verify::{self, Refused, Verified};

/// Refusals of one source, and changes of one node's words, in a minute: each costs a place on a
/// board or in an outbox. A refusal above is in quarantine all the same; a word waits.
const MAX_PER_MINUTE: u32 = 120;
/// Changed words that come over one source in a minute: twenty regions that count.
const MAX_THROUGH: u32 = 1_200;
/// Words of which one node says something else than before wait this long once they are too many;
/// the last of them is what counts then.
pub(super) const LATER: Duration = Duration::from_secs(60);
/// How often a receipt of what is not here is looked at: over a minute, which is more than the 30 s
/// after which a notice comes again that was in hand.
const MAX_WAITS: u64 = 7;
/// How long a receipt waits on the board for a child that is away: its link has been down for a
/// week then, and somebody knows.
const WAITS: Duration = Duration::from_secs(7 * 24 * 3600);

/// The budgets of words that a sender can provoke at will.
pub(super) struct Words {
    /// Of one node, or refusals of one source.
    each: Budget,
    /// Changed words of all nodes behind one source: a child may make up nodes below itself.
    through: Budget,
}

impl Words {
    pub(super) fn new() -> Self {
        Self { each: Budget::new(MAX_PER_MINUTE), through: Budget::new(MAX_THROUGH) }
    }

    pub(super) fn allows(&mut self, now: Time, source: &Source, by: &NodeId) -> bool {
        self.each.allows(now, by.as_str()) && self.through.allows(now, &source.to_string())
    }
}

/// Says what became of a notice, once: a redelivery or a second path repeats nothing.
pub(super) async fn own(
    node: &Node,
    now: Time,
    router: &mut Router,
    verified: &Verified,
    verdict: &Verdict,
) -> Result<(), PlaceError> {
    let receipt = router.receipt(now, &node.trust(), verified, verdict);
    if router.has_said(&receipt) || router.has_said_more(&receipt) {
        return Ok(());
    }
    let realm = address::realm(verified.statement());
    let back = Back::to(verified.source());
    let signed = signed(node.key.as_ref(), Typ::Receipt, &receipt)?;
    beats::say_filtered(node, now, verified.statement(), &receipt, &signed).await?;
    pass(node, router, realm, receipt, signed, back).await
}

/// Tells a sender, and nobody else, that what it sent did not pass.
pub(super) async fn refusal(
    node: &Node,
    now: Time,
    source: &Source,
    of: Id,
    reason: Reason,
) -> Result<(), PlaceError> {
    let mut router = node.router.lock().await;
    let receipt = router.refusal(now, &node.trust(), of, reason);
    // Somebody else's copy of a good notice was spoilt on its way: our good word stands.
    if router.has_said(&receipt) || router.ledger().statement(of).is_some() {
        return Ok(());
    }
    if !node.words.lock().await.each.allows(now, &source.to_string()) {
        tracing::debug!(%source, %of, "too many refusals in a minute; its sender is not told");
        return Ok(());
    }
    let back = Back::to(source);
    say(node, &mut router, REAL, receipt, back).await
}

/// Takes back that a notice goes on up: it does not, since it no longer verifies here.
pub(super) async fn takes_back(
    node: &Node,
    delivery: &Delivery,
    reason: Reason,
) -> Result<(), PlaceError> {
    let [notice] = delivery.notice.as_slice() else { return Ok(()) };
    let (now, of, trust) = (crate::time::now(), Id::of(notice.as_bytes()), node.trust());
    let mut router = node.router.lock().await;
    let receipt = router.refusal(now, &trust, of, reason);
    let Some(statement) = router.ledger().statement(of).filter(|_| !router.has_said(&receipt))
    else {
        return Ok(());
    };
    let realm = address::realm(statement);
    let back = router.back(&trust, &receipt).unwrap_or(Back::Here);
    say(node, &mut router, realm, receipt, back).await
}

/// Says a word of this node, signed.
pub(super) async fn say(
    node: &Node,
    router: &mut Router,
    realm: &str,
    receipt: Receipt,
    back: Back,
) -> Result<(), PlaceError> {
    let signed = signed(node.key.as_ref(), Typ::Receipt, &receipt)?;
    pass(node, router, realm, receipt, signed, back).await
}

/// Takes another node's receipt: keeps it, and passes it on back along the custody.
pub(super) async fn take(
    node: &Node,
    now: Time,
    source: &Source,
    delivery: &Delivery,
) -> Result<Settle, PlaceError> {
    let trust = node.trust();
    let checked = verify::verify_receipt(now, &node.me, &trust, source, &delivery.payload);
    let (receipt, signed) = match checked {
        Ok(checked) => checked,
        // The union has the States' bundles alone: what is below them it cannot read.
        Err(refused) if refused.reason == Reason::KeyUnknown && node.me.depth() == 1 => {
            tracing::debug!(%source, why = %refused.why.escape_debug(), "receipt left");
            return Ok(Settle::Ack);
        }
        // The bundle that lists the key comes the same way, or another.
        Err(refused) if refused.reason == Reason::KeyUnknown && delivery.delivered < MAX_WAITS => {
            return Ok(Settle::Later(backoff(delivery.delivered)));
        }
        Err(refused) => return refuse(node, source, delivery, &refused).await,
    };
    let outcome = receipt.outcome;
    let done = hear(node, now, (source, delivery), &trust, receipt, signed).await?;
    // One that waits comes again, and is counted then.
    if !matches!(done, Settle::Later(_)) {
        node.metrics.receipt(outcome);
    }
    Ok(done)
}

/// What a verified receipt changes here.
async fn hear(
    node: &Node,
    now: Time,
    (source, delivery): (&Source, &Delivery),
    trust: &Trust,
    receipt: Receipt,
    signed: String,
) -> Result<Settle, PlaceError> {
    let mut router = node.router.lock().await;
    match unanswered::hear(node, now, &mut router, source, &receipt, &signed).await? {
        Some(Ok(settled)) => return Ok(settled),
        Some(Err(refused)) => {
            drop(router);
            return refuse(node, source, delivery, &refused).await;
        }
        None => {}
    }
    if !router.is_news(&receipt) {
        return Ok(Settle::Ack);
    }
    let Some(statement) = router.spoken_of(trust, &receipt) else {
        // Its notice may be stored without this node knowing yet: the server's word on that was
        // lost, and those below have read it meanwhile. It comes again, and so does this.
        if delivery.delivered < MAX_WAITS {
            return Ok(Settle::Later(backoff(delivery.delivered)));
        }
        // A notice that is not here has no way back from here; its sender was told.
        tracing::debug!(of = %receipt.of, by = %receipt.by, "receipt of nothing held");
        return Ok(Settle::Ack);
    };
    if !router.can_say(trust, &receipt) {
        let why = format!("{} cannot have the notice of its receipt", receipt.by);
        drop(router);
        return refuse(node, source, delivery, &Refused { reason: Reason::Audience, why }).await;
    }
    let last = router.last_word(receipt.of, &receipt.by);
    if last.is_some() && !node.words.lock().await.allows(now, source, &receipt.by) {
        node.metrics.put_off();
        tracing::warn!(%source, of = %receipt.of, by = %receipt.by, "changes its word too often");
        return Ok(Settle::Later(LATER));
    }
    // Whoever signs the same with one time after another would be passed on for ever.
    let repeated = last.is_some_and(|last| last.says_as(&receipt) && last.counts == receipt.counts);
    let realm = address::realm(statement);
    let back = if repeated { None } else { router.back(trust, &receipt) };
    let back = back.unwrap_or(Back::Here);
    pass(node, &mut router, realm, receipt, signed, back).await?;
    Ok(Settle::Ack)
}

async fn refuse(
    node: &Node,
    source: &Source,
    delivery: &Delivery,
    refused: &Refused,
) -> Result<Settle, PlaceError> {
    tracing::warn!(%source, reason = %refused.reason, why = %refused.why.escape_debug(),
        "receipt refused");
    node.metrics.refused(refused.reason);
    quarantine::put(node, source, delivery, refused).await?;
    Ok(Settle::Terminate)
}

/// Says something new of a notice that is here, back along its custody.
pub(super) async fn add(
    node: &Node,
    router: &mut Router,
    receipt: Receipt,
) -> Result<(), PlaceError> {
    let Some(statement) = router.ledger().statement(receipt.of) else { return Ok(()) };
    let realm = address::realm(statement);
    let back = router.back(&node.trust(), &receipt).unwrap_or(Back::Here);
    say(node, router, realm, receipt, back).await
}

/// Receipts leave the reserve of the board to what is urgent.
fn may_pass(node: &Node, receipt: &Receipt, back: &Back, signed: &str) -> bool {
    let down = matches!(back, Back::Down(_));
    let may = !down || node.room.spares_reserve("BOARD", room::size(&[], signed.len() as u64));
    if !may {
        tracing::error!(of = %receipt.of, by = %receipt.by, "the board is nearly full: a receipt \
            goes no further");
    }
    may
}

/// Puts a word that is here into the outbox once more.
pub(super) async fn again(
    node: &Node,
    router: &Router,
    upstream: &NodeId,
    (of, by): (Id, &NodeId),
) -> Result<(), PlaceError> {
    let trust = node.trust();
    let word = router.receipts(of).find(|(word, _)| word.by == *by);
    let found = word.and_then(|(word, jws)| Some((router.spoken_of(&trust, word)?, jws)));
    let Some((statement, jws)) = found else { return Ok(()) };
    let id = Id::of(jws.as_bytes());
    let subject = address::outbox_record(address::realm(statement), upstream, id);
    match node.own.place(&subject, &[], jws.clone().into_bytes(), None).await {
        Err(PlaceError::Full) => tracing::error!(%of, %by, "no room for a receipt: not again now"),
        placed => _ = placed?,
    }
    Ok(())
}

/// Takes what an upstream has answered of a report that went up, as if it had come by itself.
pub(super) async fn learn(
    node: &Node,
    upstream: &NodeId,
    of: Id,
    signed: &str,
) -> Result<(), PlaceError> {
    let (now, trust, source) =
        (crate::time::now(), node.trust(), &Source::Upstream(upstream.clone()));
    let checked = verify::verify_receipt(now, &node.me, &trust, source, signed.as_bytes());
    let (receipt, signed) = match checked {
        Ok(receipt) => receipt,
        Err(refused) => {
            tracing::warn!(%upstream, %of, reason = %refused.reason,
                why = %refused.why.escape_debug(), "a word that was asked for is refused");
            return Ok(());
        }
    };
    let mut router = node.router.lock().await;
    if receipt.of != of || !router.is_news(&receipt) || !router.can_say(&trust, &receipt) {
        return Ok(());
    }
    // One answer could have any number of changes of one word, each to be passed on.
    let changes = router.last_word(of, &receipt.by).is_some();
    if changes && !node.words.lock().await.allows(now, source, &receipt.by) {
        node.metrics.put_off();
        return Ok(());
    }
    let Some(statement) = router.spoken_of(&trust, &receipt) else { return Ok(()) };
    let realm = address::realm(statement);
    let back = router.back(&trust, &receipt).unwrap_or(Back::Here);
    pass(node, &mut router, realm, receipt, signed, back).await
}

/// On its way first, kept last: a crash in between says it again, and the latest wins.
async fn pass(
    node: &Node,
    router: &mut Router,
    realm: &str,
    receipt: Receipt,
    signed: String,
    back: Back,
) -> Result<(), PlaceError> {
    let id = Id::of(signed.as_bytes());
    let onward = match &back {
        Back::Here => None,
        Back::Down(child) => Some((address::direct_record(realm, child, id), Some(WAITS))),
        Back::Up(upstream) => Some((address::outbox_record(realm, upstream, id), None)),
    };
    if let Some((subject, ttl)) = onward.filter(|_| may_pass(node, &receipt, &back, &signed)) {
        match node.own.place(&subject, &[], signed.clone().into_bytes(), ttl).await {
            // A notice that waited for its receipt would stop all that come behind it.
            Err(PlaceError::Full) => tracing::error!(of = %receipt.of, by = %receipt.by, %subject,
                "no room for a receipt: it goes no further"),
            placed => _ = placed?,
        }
    }
    let subject = address::receipt(realm, receipt.of, &receipt.by);
    node.own.put_latest(&subject, signed.clone().into_bytes()).await?;
    router.keep_receipt(receipt, signed);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_node_has_its_own_words_and_all_behind_a_source_have_a_bound_too() {
        let (mut words, now) = (Words::new(), Time::from_secs(60));
        let node = |number: u32| format!("eu-fr-bre-n{number}").parse().expect("a node id");
        let source = Source::Child("eu-fr-bre".parse().expect("a node id"));
        let mut taken = |by: u32| words.allows(now, &source, &node(by));
        assert_eq!((0..200).filter(|_| taken(0)).count(), MAX_PER_MINUTE as usize);
        assert!(taken(1), "another's are its own");
        let all = (2..100).flat_map(|by| [by; 100]).filter(|by| taken(*by)).count();
        assert_eq!(all, (MAX_THROUGH - MAX_PER_MINUTE - 1) as usize);
    }
}
