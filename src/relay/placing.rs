//! Putting a verified notice into its places, and then into the node's memory.

use std::time::Duration;

use super::node::Node;
use crate::address::{self, Place, Source};
use crate::bus::{Delivery, PlaceError, Placed};
use crate::jws::{self, Typ};
use crate::notice::{Hop, Id, Time, Wire};
use crate::routing::{Router, Stored};
use crate::verify::{CLOCK_LEEWAY, Verified};

/// Places a notice, cases and outbox before board, each acknowledged; then keeps it. Whether there
/// was room: where there is not, it must wait.
pub(super) async fn place(
    node: &Node,
    now: Time,
    router: &mut Router,
    verified: &Verified,
    places: &[Place],
) -> Result<bool, PlaceError> {
    let (wire, hop) = with_hop(node, now, verified)?;
    let headers = wire.headers();
    for place in places {
        let subject = address::subject(place, verified.statement(), verified.id());
        let ttl = ttl(place, now, verified);
        match node.own.place(&subject, &headers, wire.body.clone(), ttl).await {
            Ok(placed) => log(node, verified, place, &placed),
            Err(PlaceError::Full) => {
                tracing::error!(id = %verified.id(), place = place.as_str(), "full; held");
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
    }
    let mut hops = verified.hops().to_vec();
    hops.extend(hop);
    let statement = verified.statement().clone();
    let kid = verified.kid().clone();
    router.keep(Stored { id: verified.id(), statement, kid, hops });
    Ok(true)
}

fn log(node: &Node, verified: &Verified, place: &Place, placed: &Placed) {
    let (id, source) = (verified.id(), verified.source());
    if *placed == Placed::AlreadyThere {
        tracing::debug!(%id, %source, place = place.as_str(), "already there");
        return;
    }
    let now = crate::time::now();
    let hop = verified.hops().last().map(|hop| now.since(hop.at));
    node.metrics.placed(place, now, hop);
    // No title here: what a label keeps off boards must not come back in a log.
    let statement = verified.statement();
    tracing::info!(%id, %source, place = place.as_str(), kind = %statement.kind,
        tlp = %statement.tlp, issuer = %statement.iss, "placed");
}

/// Adds this node's own hop, once: what comes from its outbox or was held has it already.
fn with_hop(
    node: &Node,
    now: Time,
    verified: &Verified,
) -> Result<(Wire, Option<Hop>), PlaceError> {
    let mut wire = verified.wire().clone();
    if verified.hops().last().is_some_and(|hop| hop.by == node.me) {
        return Ok((wire, None));
    }
    let st = verified.id();
    let prev = wire.hops.last().map_or(st, |hop| Id::of(hop.as_bytes()));
    // Never before the hop that it follows, even if our clock is a little behind.
    let at = verified.hops().last().map_or(now, |last| now.max(last.at));
    let hop = Hop { st, prev, by: node.me.clone(), at };
    let signed =
        jws::sign(&node.key, Typ::Hop, &hop).map_err(|e| PlaceError::Unknown(e.to_string()))?;
    wire.hops.push(signed);
    if !wire.fits() {
        return Err(PlaceError::Size);
    }
    Ok((wire, Some(hop)))
}

/// The board and inbox let go of a notice by themselves; cases outlive their notices.
fn ttl(place: &Place, now: Time, verified: &Verified) -> Option<Duration> {
    match place {
        Place::Board | Place::Direct(_) | Place::Inbox => {
            let left = verified.statement().expires().since(now) + CLOCK_LEEWAY;
            Some(left.max(Duration::from_secs(1)))
        }
        Place::Cases | Place::Outbox(_) => None,
    }
}

/// Puts a notice aside, as it came.
pub(super) async fn hold(
    node: &Node,
    verified: &Verified,
    delivery: &Delivery,
) -> Result<(), PlaceError> {
    let realm = address::realm(verified.statement());
    let subject = address::held(realm, verified.source(), verified.id());
    let headers = verified.wire().headers();
    node.own.place(&subject, &headers, delivery.payload.clone(), None).await?;
    node.metrics.held();
    Ok(())
}

/// Puts aside, as it came, what names a key that nobody has heard of yet. Nothing in it is
/// believed, not even that it is a drill.
pub(super) async fn hold_unknown(
    node: &Node,
    source: &Source,
    delivery: &Delivery,
) -> Result<(), PlaceError> {
    let wire = delivery.wire().map_err(|e| PlaceError::Unknown(e.to_string()))?;
    let subject = address::held(address::REAL, source, wire.id());
    node.own.place(&subject, &wire.headers(), wire.body, None).await?;
    node.metrics.held();
    Ok(())
}
