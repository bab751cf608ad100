//! Trying again what was refused: after a clock was wrong, a bundle came late, a rule was changed.
//!
//! It goes into HELD under its own source, where it is verified as everything is, and only then out
//! of quarantine. A crash between the two leaves it in both: it is verified again, gets the same
//! places, and can be released once more.

use super::desk::{Outcome, Places};
use super::gone;
use super::index::Entry;
use super::record::{Record, Whole};
use crate::address::{self, DRILL, REAL};
use crate::bus::{PlaceError, Placed};
use crate::relay::node::Node;
use crate::relay::room;

pub(super) async fn release(
    node: &Node,
    places: &Places,
    sequence: u64,
    entry: &Entry,
    record: &Record,
) -> Outcome {
    let Some(whole) = record.whole(entry.digest) else {
        let why = "only its headers and digest were kept; ask its sender to send it again";
        return Outcome::Kept(why.into());
    };
    let Some(subject) = back(places, record) else {
        let why = format!("{} is no source of this node any more", record.source);
        return Outcome::Kept(why);
    };
    // Held over both steps: if it is refused again at once, that comes after the deletion.
    let mut index = node.refused.lock().await;
    if index.get(sequence).is_none() {
        return Outcome::Kept("it has gone meanwhile".into());
    }
    let Whole { headers, payload } = whole;
    let size = room::size(&headers, payload.len() as u64);
    if !room::has_share(node, "HELD", &record.source, size) {
        return Outcome::Kept("no room to try it again now".into());
    }
    match node.own.place(&subject, &headers, payload, None).await {
        Ok(Placed::Stored) => node.room.add("HELD", Some(&record.source), size),
        Ok(Placed::AlreadyThere) => {}
        Err(PlaceError::Full) => return Outcome::Kept("no room to try it again now".into()),
        Err(error) => return Outcome::Kept(error.to_string()),
    }
    if let Err(error) = gone(node, &mut index, sequence).await {
        tracing::warn!(%error, digest = %entry.digest, "released, but still in quarantine too");
    }
    let (source, reason, digest) = (&entry.source, entry.reason, entry.digest);
    tracing::warn!(%source, %reason, %digest, "released from quarantine by the desk");
    Outcome::Released
}

/// Where it is tried again: held under its source, or back in the outbox, in the line in which it
/// had been.
fn back(places: &Places, record: &Record) -> Option<String> {
    let id = record.id();
    let held = places.sources.iter().find(|source| source.to_string() == record.source);
    if let Some(source) = held {
        return Some(address::held(REAL, source, id));
    }
    let mut outboxes = places.upstreams.iter().flat_map(|upstream| {
        [REAL, DRILL].into_iter().flat_map(move |realm| {
            let lines = places.sources.iter();
            let lines = lines.map(move |source| address::outbox(realm, upstream, source, id));
            lines.chain([address::outbox_record(realm, upstream, id)])
        })
    });
    outboxes.find(|subject| *subject == record.subject)
}
