//! The chain of hops: who passed a notice on, in which order, and that nobody was left out.

use std::collections::HashSet;
use std::time::Duration;

use super::refused::Refused;
use super::steps::CLOCK_LEEWAY;
use crate::address::Source;
use crate::jws::{self, Compact, JsonError, Typ};
use crate::notice::{Hop, Id, MAX_HOPS, NodeId, Reason, Statement, Time, Wire};
use crate::trust::{Trust, Usage};

/// How much of the chain is checked by signature. A relay checks the newest hop, and the first:
/// the issuer's key is judged at its time, so a relay on the way must not be able to invent it.
/// A reader checks all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    Ends,
    All,
}

/// A custody's parsed hops.
pub(super) fn read(wire: &Wire) -> Result<Vec<Hop>, Refused> {
    let hop = |text: &String| {
        let hop = Compact::parse(text, Typ::Hop)?;
        jws::from_slice(hop.unverified_payload()).map_err(|e| no_hop(&e))
    };
    wire.hops.iter().map(hop).collect()
}

/// As [`read`], of a custody that was read so before it was stored.
pub(super) fn reread(wire: &Wire) -> Result<Vec<Hop>, Refused> {
    let hop = |text: &String| {
        let (_, payload) = Compact::reread(text, Typ::Hop)?;
        jws::reread(&payload).map_err(|e| no_hop(&e))
    };
    wire.hops.iter().map(hop).collect()
}

fn no_hop(error: &JsonError) -> Refused {
    Refused::new(Reason::HopChain, error.to_string())
}

/// Whose hop must be the newest, given the source; `None` where there is no custody yet.
pub(super) fn check_length(hops: &[Hop], from: &Source) -> Result<(), Refused> {
    let found = hops.len();
    let fits = match from {
        Source::Local(_) => found == 0,
        // One hop more is added when it is passed on.
        Source::Child(_) | Source::Upstream(_) => (1..MAX_HOPS).contains(&found),
        Source::Outbox(_) => (1..=MAX_HOPS).contains(&found),
    };
    if fits {
        return Ok(());
    }
    Err(Refused::new(Reason::HopCount, format!("{found} hops from {from}")))
}

/// Checks that the hops belong to this notice, follow one another, and start at its issuer.
pub(super) fn check_chain(
    id: Id,
    statement: &Statement,
    wire: &Wire,
    hops: &[Hop],
) -> Result<(), Refused> {
    let refuse = |why: String| Err(Refused::new(Reason::HopChain, why));
    let mut prev = id;
    let mut at = Time::default();
    let mut seen = HashSet::new();
    for (hop, text) in hops.iter().zip(&wire.hops) {
        if hop.st != id {
            return refuse(format!("the hop of {} is of another notice", hop.by));
        }
        if hop.prev != prev {
            return refuse(format!("the hop of {} does not follow the one before", hop.by));
        }
        if hop.at < at {
            return refuse(format!("the hop of {} is earlier than the one before", hop.by));
        }
        if !seen.insert(&hop.by) {
            return refuse(format!("{} stands twice: a loop", hop.by));
        }
        (prev, at) = (Id::of(text.as_bytes()), hop.at);
    }
    match hops.first() {
        Some(first) if first.by != statement.iss => {
            refuse(format!("it starts at {}, not at its issuer {}", first.by, statement.iss))
        }
        _ => Ok(()),
    }
}

/// Checks that each two hops in a row, and the last and this node, are neighbours, all in one
/// direction.
pub(super) fn check_neighbours(
    trust: &Trust,
    upward: bool,
    hops: &[Hop],
    me: Option<&NodeId>,
) -> Result<(), Refused> {
    let path: Vec<&NodeId> = hops.iter().map(|hop| &hop.by).chain(me).collect();
    for pair in path.windows(2) {
        let &[from, to] = pair else { continue };
        let (upper, lower) = if upward { (to, from) } else { (from, to) };
        if trust.link(upper, lower).is_none() {
            let why = format!("{from} does not pass on to {to}");
            return Err(Refused::new(Reason::HopNeighbour, why));
        }
    }
    Ok(())
}

/// Checks that the newest hop is the sender's.
pub(super) fn check_sender(hops: &[Hop], from: &Source, me: &NodeId) -> Result<(), Refused> {
    let sender = match from {
        Source::Local(_) => return Ok(()),
        Source::Child(node) | Source::Upstream(node) => node,
        Source::Outbox(_) => me,
    };
    match hops.last() {
        Some(last) if last.by == *sender => Ok(()),
        _ => Err(Refused::new(Reason::HopChain, format!("the newest hop is not {sender}'s"))),
    }
}

/// Checks the signatures, each under its relay's key at the hop's own time, so that a rotation
/// does not break what is in flight.
pub(super) fn check_signatures(
    now: Time,
    trust: &Trust,
    wire: &Wire,
    hops: &[Hop],
    depth: Depth,
) -> Result<(), Refused> {
    let last = hops.len().saturating_sub(1);
    for (at, (hop, text)) in hops.iter().zip(&wire.hops).enumerate() {
        if depth == Depth::Ends && at != 0 && at != last {
            continue;
        }
        if hop.at > now + CLOCK_LEEWAY {
            let ahead = hop.at.since(now).as_secs();
            let why = format!("the hop of {} is {ahead} s ahead of this node's clock", hop.by);
            return Err(Refused::new(Reason::Future, why));
        }
        let compact = Compact::parse(text, Typ::Hop).map_err(Refused::from)?;
        let why = |reason: Reason| Refused::new(reason, format!("the hop of {}", hop.by));
        let known = trust.find(compact.kid()).ok_or_else(|| why(Reason::KeyUnknown))?;
        compact.payload(&known.public).map_err(Refused::from)?;
        let key = trust.key(compact.kid(), Usage::Relay, hop.at).map_err(why)?;
        if key.node != hop.by {
            return Err(why(Reason::KeyOwner));
        }
    }
    Ok(())
}

/// How long before the first hop a statement may have been signed.
pub const LATE_AFTER: Duration = Duration::from_secs(24 * 3600);
