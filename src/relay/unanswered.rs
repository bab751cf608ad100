//! Telling the parent of a critical case that nobody answers here, and hearing it of a child.

use super::node::Node;
use super::placing::signed;
use super::receipts::LATER;
use super::settle::Settle;
use crate::address::{self, REAL, Source};
use crate::bus::PlaceError;
use crate::case::Case;
use crate::jws::Typ;
use crate::notice::{Id, Receipt, Time};
use crate::routing::{Heard, Router};
use crate::verify::Refused;

/// Tells the parent what is due: on its way first, kept last, so that a crash in between says it
/// again. Without room in the outbox it is due at the next look. The server is asked without the
/// router, so that notices go on meanwhile: nobody else says these words.
pub(super) async fn say(node: &Node, now: Time, cases: &[Case]) -> Result<(), PlaceError> {
    let trust = node.trust();
    let Some(parent) = node.me.parent().filter(|parent| node.links.contains_key(parent)) else {
        return Ok(());
    };
    let due = {
        let router = node.router.lock().await;
        router.due_calls(now, &trust, cases, node.cases.unanswered)
    };
    for receipt in due {
        let signed = signed(node.key.as_ref(), Typ::Receipt, &receipt)?;
        let subject = address::outbox_record(REAL, &parent, Id::of(signed.as_bytes()));
        node.own.place(&subject, &[], signed.clone().into_bytes(), None).await?;
        store(node, &receipt, signed).await?;
        node.router.lock().await.keep_call(receipt.clone());
        tracing::warn!(case = %receipt.of.short(), %parent, says = receipt.outcome.as_str(),
            "a critical case: its parent is told whether anybody answers here");
    }
    Ok(())
}

async fn store(node: &Node, receipt: &Receipt, signed: String) -> Result<(), PlaceError> {
    let subject = address::unanswered(receipt.of, &receipt.by);
    node.own.put_latest(&subject, signed.into_bytes()).await
}

/// Takes a receipt if it is a child's word on whether anybody answers there; it goes no further.
/// `None` if it is another word.
pub(super) async fn hear(
    node: &Node,
    now: Time,
    router: &mut Router,
    source: &Source,
    receipt: &Receipt,
    signed: &str,
) -> Result<Option<Result<Settle, Refused>>, PlaceError> {
    let heard = match router.hears(source, receipt) {
        Err(reason) => {
            let why =
                format!("{} says that nobody answers, and more, or not to its parent", receipt.by);
            return Ok(Some(Err(Refused { reason, why })));
        }
        Ok(Heard::No) => return Ok(None),
        Ok(Heard::Old) => return Ok(Some(Ok(Settle::Ack))),
        Ok(heard) => heard,
    };
    if !node.words.lock().await.allows(now, source, &receipt.by) {
        node.metrics.put_off();
        return Ok(Some(Ok(Settle::Later(LATER))));
    }
    if !router.has_room_for(receipt) {
        tracing::error!(%source, "too many cases that nobody answers: this one is left out");
        return Ok(Some(Ok(Settle::Ack)));
    }
    store(node, receipt, signed.to_owned()).await?;
    router.keep_call(receipt.clone());
    node.metrics.unanswered(router.unanswered().len());
    let (case, by) = (receipt.of.short(), &receipt.by);
    if heard == Heard::Unanswered {
        tracing::warn!(%case, %by, "a critical case that nobody answers there: phone it");
        return Ok(Some(Ok(Settle::Ack)));
    }
    tracing::info!(%case, %by, "it is answered, or over");
    // Where the notice is here too, it is that word as well.
    let held = router.ledger().statement(receipt.of).is_some();
    Ok((!held).then_some(Ok(Settle::Ack)))
}
