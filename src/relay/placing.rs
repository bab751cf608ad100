//! Putting a verified notice into its places, and then into the node's memory.

use serde::Serialize;

use super::node::Node;
use super::room;
use crate::address::{self, Place, Source};
use crate::bus::{Delivery, PlaceError, Placed};
use crate::jws::{self, Signer, Typ};
use crate::lifecycle::is_erasing;
use crate::notice::{Hop, Time, Wire};
use crate::routing::{Router, Stored, own_hop, time_to_live};
use crate::verify::Verified;

/// Places a notice, cases and outbox before board, each acknowledged; then keeps it. Whether there
/// was room: where there is not, it must wait. What may be stored although nobody said so is kept
/// too: else what comes before its next try, its withdrawal or the same document again, would be
/// decided as if it were not there.
pub(super) async fn place(
    node: &Node,
    now: Time,
    router: &mut Router,
    verified: &Verified,
    places: &[Place],
) -> Result<bool, PlaceError> {
    let (wire, hop) = with_hop(node, now, verified)?;
    let mut may_be_there = false;
    let placed = all(node, now, router, verified, places, &wire, &mut may_be_there).await;
    // What only waits for room is judged anew, by its source's share too.
    if placed == Ok(true) || (placed.is_err() && may_be_there) {
        let mut hops = verified.hops().to_vec();
        hops.extend(hop);
        let statement = verified.statement().clone();
        let kid = verified.kid().clone();
        let erasing = is_erasing(&statement);
        router.keep(Stored { id: verified.id(), statement, kid, hops });
        router.placed(verified.id(), places);
        if erasing {
            node.erasures.notify_one();
        }
    }
    placed
}

async fn all(
    node: &Node,
    now: Time,
    router: &Router,
    verified: &Verified,
    places: &[Place],
    wire: &Wire,
    may_be_there: &mut bool,
) -> Result<bool, PlaceError> {
    let headers = wire.headers();
    let size = room::size(&headers, wire.body.len() as u64);
    for place in places {
        let subject = subject(place, verified);
        if !room::admits(node, router, verified, place, size) {
            return Ok(false);
        }
        let ttl = time_to_live(place, now, verified.statement());
        match node.own.place(&subject, &headers, wire.body.clone(), ttl).await {
            Ok(placed) => {
                *may_be_there = true;
                if placed == Placed::Stored {
                    counted(node, verified, place, size);
                }
                log(node, verified, place, &placed);
            }
            Err(PlaceError::Full) => {
                tracing::error!(id = %verified.id(), place = place.as_str(), "full; held");
                return Ok(false);
            }
            Err(error) => {
                // The server's word on it may be all that was lost.
                *may_be_there |= error.may_be_stored();
                return Err(error);
            }
        }
    }
    Ok(true)
}

/// In the outbox each source has its own line: no two send the same notice up, and if they did,
/// the upstream keeps it once.
fn subject(place: &Place, verified: &Verified) -> String {
    let (statement, id) = (verified.statement(), verified.id());
    match place {
        Place::Outbox(upstream) => {
            address::outbox(address::realm(statement), upstream, verified.source(), id)
        }
        place => address::subject(place, statement, id),
    }
}

fn counted(node: &Node, verified: &Verified, place: &Place, size: u64) {
    let source = match place {
        Place::Cases => Some(room::sender(verified.source())),
        Place::Outbox(_) => Some(verified.source().to_string()),
        Place::Board | Place::Direct(_) | Place::Inbox => None,
    };
    node.room.add(place.stream(), source.as_deref(), size);
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
    let Some(hop) = own_hop(now, &node.me, verified) else { return Ok((wire, None)) };
    wire.hops.push(signed(node.key.as_ref(), Typ::Hop, &hop)?);
    if !wire.fits() {
        return Err(PlaceError::Size);
    }
    Ok((wire, Some(hop)))
}

/// A record of this node, signed. What a faulty signer gives goes nowhere: the delivery is put off,
/// as if the node's own server were away.
pub(super) fn signed<T: Serialize>(
    key: &dyn Signer,
    typ: Typ,
    record: &T,
) -> Result<String, PlaceError> {
    jws::sign(key, typ, record).map_err(|e| PlaceError::Unknown(e.to_string()))
}

/// Puts a notice aside, as it came. Whether there was room for it: each source has its share.
pub(super) async fn hold(
    node: &Node,
    verified: &Verified,
    delivery: &Delivery,
) -> Result<bool, PlaceError> {
    let realm = address::realm(verified.statement());
    put_aside(node, realm, verified.source(), delivery).await
}

/// Puts aside, as it came, what names a key that nobody has heard of yet. Nothing in it is
/// believed, not even that it is a drill.
pub(super) async fn hold_unknown(
    node: &Node,
    source: &Source,
    delivery: &Delivery,
) -> Result<bool, PlaceError> {
    put_aside(node, address::REAL, source, delivery).await
}

async fn put_aside(
    node: &Node,
    realm: &str,
    source: &Source,
    delivery: &Delivery,
) -> Result<bool, PlaceError> {
    let wire = delivery.wire().map_err(|e| PlaceError::Unknown(e.to_string()))?;
    let subject = address::held(realm, source, wire.id());
    let (headers, bytes) = (wire.headers(), size(delivery));
    let source = source.to_string();
    if !room::has_share(node, "HELD", &source, bytes) {
        return Ok(false);
    }
    if node.own.place(&subject, &headers, wire.body, None).await? == Placed::Stored {
        node.room.add("HELD", Some(&source), bytes);
    }
    node.metrics.held();
    Ok(true)
}

/// What leaves HELD has gone from its source's share.
pub(super) fn left_held(node: &Node, source: &Source, delivery: &Delivery) {
    node.room.sub("HELD", &source.to_string(), size(delivery));
}

/// Bytes of a delivered message, as they were counted when it was placed.
pub(super) fn size(delivery: &Delivery) -> u64 {
    let texts = delivery.notice.iter().chain(&delivery.hops).chain(&delivery.body_sig);
    let texts = texts.map(|text| ("", text.clone())).collect::<Vec<_>>();
    room::size(&texts, delivery.size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jws::{Faulty, SecretKey};
    use crate::notice::{Id, Outcome, Receipt};

    #[test]
    fn a_faulty_relay_keys_hops_and_receipts_do_not_leave() {
        let (by, at) = ("eu-fr".parse().expect("a node"), Time::from_secs(1_800_000_000));
        let (of, none) = (Id::of(b"notice"), Id::of(b""));
        let hop = Hop { st: of, prev: none, by, at };
        let put_off = |signed: Result<String, PlaceError>| {
            let error = signed.expect_err("a faulty signer").to_string();
            assert!(error.contains("does not verify under its own key"), "{error}");
        };
        put_off(signed(&Faulty::new(), Typ::Hop, &hop));
        let receipt = Receipt {
            fed: "0".repeat(32).try_into().expect("a federation"),
            of,
            by: hop.by.clone(),
            outcome: Outcome::Delivered,
            reason: None,
            to: None,
            counts: None,
            at,
        };
        put_off(signed(&Faulty::new(), Typ::Receipt, &receipt));
        let sound = SecretKey::from_seed(&[9; 32]).expect("a key");
        assert!(signed(&sound, Typ::Hop, &hop).is_ok());
    }
}
