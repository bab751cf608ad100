//! Small parts of the steps: what a message carries, how long it waits, and what a relay that is
//! wrong on purpose does instead.

use std::time::Duration;

use chappe::address::{Place, Source};
use chappe::notice::{HEADER_BODY_SIG, HEADER_HOPS, HEADER_NOTICE, Id, Wire};
use chappe::verify::{Refused, Verified};

use super::model::{Given, Message, Ms};
use super::relay::Relay;
use super::world::{Actor, Broken};

/// First delay while the own server is away; it doubles with each delivery.
pub(crate) const DELAY: Duration = Duration::from_secs(1);
pub(crate) const MAX_DELAY: Duration = Duration::from_secs(60);

impl Relay<'_> {
    /// What a relay that forgets the audience would do: any link will do.
    pub(crate) fn astray(&mut self, places: &[Place], verified: &Verified) -> Vec<Place> {
        let trust = self.mem.trust();
        let links = trust.seat(&self.w.seats[self.n].id).map_or(&[][..], |seat| &seat.links);
        let to_one = places.iter().any(|place| matches!(place, Place::Direct(_)));
        if self.w.broken != Broken::AsksNoAudience || !to_one || verified.hops().len() > 2 {
            return places.to_vec();
        }
        links.iter().map(|link| Place::Direct(link.to.clone())).collect()
    }

    pub(crate) fn settle_early(&mut self, source: &Source, held: bool, given: &Given) {
        let actor = match (source, held) {
            (source, true) => Actor::Held(source.clone()),
            (Source::Upstream(up), false) => Actor::Down(up.clone()),
            (source, false) => Actor::Source(source.clone()),
        };
        if let Some((at, stream, durable)) = self.w.reading(self.n, &actor)
            && let Some(stream) = self.w.seats[at].streams.get_mut(&stream)
        {
            stream.settle(&durable, given.message.seq);
        }
    }
}

pub(crate) fn millis(span: Duration) -> Ms {
    span.as_millis() as Ms
}

/// As `relay/settle.rs`: longer with each delivery.
pub(crate) fn backoff(delivered: u64) -> Duration {
    let doublings = u32::try_from(delivered.saturating_sub(1)).unwrap_or(u32::MAX).min(6);
    (DELAY * 2u32.pow(doublings)).min(MAX_DELAY)
}

fn values<'m>(m: &'m Message, name: &str) -> Vec<&'m str> {
    m.headers.iter().filter(|(n, _)| *n == name).map(|(_, value)| value.as_str()).collect()
}

pub(crate) fn notice(m: &Message) -> &str {
    values(m, HEADER_NOTICE).first().copied().unwrap_or_default()
}

pub(crate) fn wire(m: &Message) -> Result<Wire, Refused> {
    let (notice, hops) = (values(m, HEADER_NOTICE), values(m, HEADER_HOPS));
    Ok(Wire::from_headers(&notice, &hops, &values(m, HEADER_BODY_SIG), m.payload.clone())?)
}

/// Of headers and payload as received, as `relay/quarantine.rs`.
pub(crate) fn digest(m: &Message) -> Id {
    let mut all: Vec<u8> = Vec::new();
    for (_, text) in &m.headers {
        all.extend_from_slice(text.as_bytes());
        all.push(0);
    }
    all.extend_from_slice(&m.payload);
    Id::of(&all)
}
