//! What must go to an upstream: verified a second time, since trust may have changed while it
//! waited, and sent until the upstream's intake has it.

use std::time::Duration;

use super::node::Node;
use super::settle::Settle;
use super::{placing, poison, quarantine, receipts};
use crate::address::{self, DRILL, REAL, Source};
use crate::bus::{Bus, Delivery, PlaceError, Placed};
use crate::notice::{Id, NodeId, Wire};
use crate::verify::{self, Context, Refused};

/// Between tries while the upstream is away or its intake is full.
const RETRY: Duration = Duration::from_secs(2);

/// Sends one message and settles it. `from` is whose line it stands in, if it is a notice.
pub(super) async fn send(
    node: &Node,
    upstream: &NodeId,
    link: &Bus,
    from: Option<&Source>,
    delivery: Delivery,
) {
    let source = Source::Outbox(upstream.clone());
    node.metrics.received(&source, delivery.foreign_headers, delivery.pending);
    let sent = poison::caught(forward(node, upstream, link, &delivery)).await;
    let sent = poison::bounded(node, &source, &delivery, sent).await;
    if let (Ok(Settle::Ack | Settle::Terminate), Some(from)) = (&sent, from) {
        node.room.sub("OUTBOX", &from.to_string(), placing::size(&delivery));
    }
    let settled = match sent {
        Ok(Settle::Ack) => delivery.ack().await,
        Ok(Settle::Terminate) => delivery.term().await,
        Ok(Settle::Later(wait)) => delivery.nak(wait).await,
        Err(error) => {
            tell(upstream, &delivery, &error);
            delivery.nak(RETRY).await
        }
    };
    if let Err(error) = settled {
        tracing::debug!(%upstream, %error, "not settled; it will be sent again");
    }
}

/// Loudly at the first try, then ever more rarely: an upstream may be away for days, and each
/// message is tried every two seconds.
fn tell(upstream: &NodeId, delivery: &Delivery, error: &PlaceError) {
    if delivery.delivered.is_power_of_two() && *error != PlaceError::Away {
        tracing::warn!(%upstream, %error, tries = delivery.delivered, "not sent up yet");
    } else {
        tracing::debug!(%upstream, %error, "not sent up yet");
    }
}

async fn forward(
    node: &Node,
    upstream: &NodeId,
    link: &Bus,
    delivery: &Delivery,
) -> Result<Settle, PlaceError> {
    if delivery.notice.is_empty() {
        return record(node, upstream, link, delivery).await;
    }
    let source = Source::Outbox(upstream.clone());
    match check(node, &source, delivery) {
        Ok((realm, id, wire)) => {
            let subject = address::child_intake(realm, &node.me, id);
            let placed = link.place(&subject, &wire.headers(), wire.body, None).await?;
            tracing::info!(%id, %upstream, again = placed == Placed::AlreadyThere, "sent up");
            node.metrics.sent(upstream);
            Ok(Settle::Ack)
        }
        Err(refused) => {
            tracing::error!(%upstream, reason = %refused.reason, why = %refused.why.escape_debug(),
                "not sent up: it no longer verifies");
            node.metrics.refused(refused.reason);
            quarantine::put(node, &source, delivery, &refused).await?;
            receipts::takes_back(node, delivery, refused.reason).await?;
            Ok(Settle::Terminate)
        }
    }
}

fn check(
    node: &Node,
    source: &Source,
    delivery: &Delivery,
) -> Result<(&'static str, Id, Wire), Refused> {
    let wire = delivery.wire()?;
    let trust = node.trust();
    let context = Context { now: crate::time::now(), me: &node.me, trust: &trust };
    // Its subject is this relay's own, and says whose line it stood in.
    let verified = verify::verify_held(context, source, wire)?;
    Ok((address::realm(verified.statement()), verified.id(), verified.wire().clone()))
}

/// A receipt on its way up; its realm shows in which of two computed subjects it waited under.
async fn record(
    node: &Node,
    upstream: &NodeId,
    link: &Bus,
    delivery: &Delivery,
) -> Result<Settle, PlaceError> {
    let id = Id::of(&delivery.payload);
    let waited = |realm: &&str| address::outbox_record(realm, upstream, id) == delivery.subject;
    let Some(realm) = [REAL, DRILL].into_iter().find(waited) else {
        tracing::error!(%upstream, "a record in the outbox under a foreign subject; dropped");
        return Ok(Settle::Terminate);
    };
    let subject = address::child_intake(realm, &node.me, id);
    link.place(&subject, &[], delivery.payload.clone(), None).await?;
    Ok(Settle::Ack)
}
