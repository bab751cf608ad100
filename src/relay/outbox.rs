//! What must go to an upstream: verified a second time, since trust may have changed while it
//! waited, and sent until the upstream's intake has it.

use std::time::Duration;

use super::node::Node;
use super::quarantine;
use crate::address::{self, DRILL, REAL, Source};
use crate::bus::{Bus, Delivery, PlaceError, Placed};
use crate::notice::{Id, NodeId, Wire};
use crate::verify::{self, Context, Refused};

/// Between tries while the upstream is away or its intake is full.
const RETRY: Duration = Duration::from_secs(2);

enum Sent {
    Done,
    Never,
}

/// Sends one message and settles it.
pub(super) async fn send(node: &Node, upstream: &NodeId, link: &Bus, delivery: Delivery) {
    let source = Source::Outbox(upstream.clone());
    node.metrics.received(&source, delivery.foreign_headers, delivery.pending);
    let settled = match forward(node, upstream, link, &delivery).await {
        Ok(Sent::Done) => delivery.ack().await,
        Ok(Sent::Never) => delivery.term().await,
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
) -> Result<Sent, PlaceError> {
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
            Ok(Sent::Done)
        }
        Err(refused) => {
            tracing::error!(%upstream, reason = %refused.reason, why = %refused.why.escape_debug(),
                "not sent up: it no longer verifies");
            node.metrics.refused(refused.reason);
            quarantine::put(node, &source, delivery, &refused).await?;
            Ok(Sent::Never)
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
    let verified = verify::verify(context, source, &delivery.subject, wire)?;
    Ok((address::realm(verified.statement()), verified.id(), verified.wire().clone()))
}

/// A receipt on its way up; its realm shows in which of two computed subjects it waited under.
async fn record(
    node: &Node,
    upstream: &NodeId,
    link: &Bus,
    delivery: &Delivery,
) -> Result<Sent, PlaceError> {
    let id = Id::of(&delivery.payload);
    let waited = |realm: &&str| address::outbox_record(realm, upstream, id) == delivery.subject;
    let Some(realm) = [REAL, DRILL].into_iter().find(waited) else {
        tracing::error!(%upstream, "a record in the outbox under a foreign subject; dropped");
        return Ok(Sent::Never);
    };
    let subject = address::child_intake(realm, &node.me, id);
    link.place(&subject, &[], delivery.payload.clone(), None).await?;
    Ok(Sent::Done)
}
