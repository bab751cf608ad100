//! How full the node's streams are, and who may still add to them.

use std::collections::BTreeMap;

use super::node::Node;
use crate::address::{self, INDEXED, Place, Source};
use crate::bus::BusError;
use crate::notice::{NodeId, Statement};
use crate::routing::{Router, Stock, is_urgent};
use crate::verify::Verified;

/// What is asked for every few seconds.
const WATCHED: [&str; 6] = ["BOARD", "INBOX", "CASES", "OUTBOX", "HELD", INDEXED];
/// What the server counts for a message besides payload and headers.
const MORE: u64 = 300;

/// Each watched stream.
pub(super) struct Room {
    streams: std::sync::Mutex<BTreeMap<&'static str, Stock>>,
}

impl Default for Room {
    fn default() -> Self {
        let streams = WATCHED.map(|stream| (stream, Stock::default()));
        Self { streams: std::sync::Mutex::new(streams.into()) }
    }
}

/// Bytes of a message, about as the server counts them.
pub(super) fn size(headers: &[(&'static str, String)], payload: u64) -> u64 {
    let heads = headers.iter().map(|(name, value)| (name.len() + value.len() + 4) as u64);
    payload + heads.sum::<u64>() + MORE
}

/// By whom a case is counted: this node's own publishers count as one, since nothing tells them
/// apart after a restart.
pub(super) fn sender(source: &Source) -> String {
    match source {
        Source::Local(_) | Source::Outbox(_) => of_node(None),
        Source::Child(node) | Source::Upstream(node) => of_node(Some(node)),
    }
}

pub(super) fn of_node(from: Option<&NodeId>) -> String {
    from.map_or_else(|| "local".to_owned(), ToString::to_string)
}

impl Room {
    /// Nothing is known of a stream that is not watched: everything fits.
    fn with<T>(&self, stream: &str, ask: impl FnOnce(&mut Stock) -> T) -> Option<T> {
        self.streams.lock().ok()?.get_mut(stream).map(ask)
    }

    pub(super) fn add(&self, stream: &str, source: Option<&str>, bytes: u64) {
        self.with(stream, |stock| stock.add(source, bytes));
    }

    pub(super) fn sub(&self, stream: &str, source: &str, bytes: u64) {
        self.with(stream, |stock| stock.sub(source, bytes));
    }

    pub(super) fn may_add(&self, stream: &str, source: &str, bytes: u64) -> bool {
        self.with(stream, |stock| stock.may_add(source, bytes)).unwrap_or(true)
    }

    pub(super) fn spares_reserve(&self, stream: &str, bytes: u64) -> bool {
        self.with(stream, |stock| stock.spares_reserve(bytes)).unwrap_or(true)
    }
}

/// Whether a notice may go to a place now. What is here already may: it comes again after a crash,
/// and the place that it lacks is owed to it.
pub(super) fn admits(
    node: &Node,
    router: &Router,
    verified: &Verified,
    place: &Place,
    bytes: u64,
) -> bool {
    let (id, stream) = (verified.id(), place.stream());
    if router.ledger().statement(id).is_some() {
        return true;
    }
    match place {
        Place::Board | Place::Direct(_) | Place::Inbox => {
            let free =
                urgent(router, verified.statement()) || node.room.spares_reserve(stream, bytes);
            if !free {
                tracing::warn!(%id, stream, "nearly full: kept for what is urgent; held");
            }
            free
        }
        Place::Cases => has_share(node, stream, &sender(verified.source()), bytes),
        Place::Outbox(_) => has_share(node, stream, &verified.source().to_string(), bytes),
    }
}

fn urgent(router: &Router, statement: &Statement) -> bool {
    let target = statement.re.and_then(|re| router.ledger().statement(re));
    is_urgent(statement, target.map(AsRef::as_ref))
}

/// Whether a source has room left of its share of a stream; counted where it has not.
pub(super) fn has_share(node: &Node, stream: &'static str, source: &str, bytes: u64) -> bool {
    let has = node.room.may_add(stream, source, bytes);
    if !has {
        node.metrics.over_share(stream);
        tracing::warn!(source, stream, "its source has used up its share: it waits");
    }
    has
}

/// Asks the server how full the streams are.
pub(super) async fn look(node: &Node) {
    for stream in WATCHED {
        match node.own.fullness(stream).await {
            Ok(full) => {
                node.room.with(stream, |stock| stock.told(full.bytes, full.max_bytes));
                node.metrics.stream(stream, full.bytes, full.max_bytes);
                if stream == INDEXED {
                    node.refused.lock().await.holds_at_most(full.max_bytes);
                }
            }
            Err(error) => tracing::debug!(stream, %error, "not known how full it is"),
        }
    }
}

/// At start: of what waits in HELD and OUTBOX, how much came from each source, by the counts of
/// their durables.
pub(super) async fn attribute(node: &Node, sources: &[Source]) -> Result<(), BusError> {
    let mut held = Vec::new();
    for source in sources {
        let count = node.own.waiting("HELD", &address::held_durable(source)).await?;
        held.push((source.to_string(), count));
    }
    let mut waiting = Vec::new();
    for source in sources.iter().filter(|source| !matches!(source, Source::Upstream(_))) {
        let mut count = 0;
        for upstream in node.links.keys() {
            count += node.own.waiting("OUTBOX", &address::outbox_lane(upstream, source)).await?;
        }
        waiting.push((source.to_string(), count));
    }
    for (stream, counts) in [("HELD", held), ("OUTBOX", waiting)] {
        let messages = node.own.fullness(stream).await?.messages;
        node.room.with(stream, |stock| stock.found(counts, messages));
    }
    Ok(())
}
