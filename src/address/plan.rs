//! Streams and durables of one node.

use std::collections::BTreeSet;
use std::time::Duration;

use super::accounts;
use super::pattern::{Interest, amber_sectors, child_beats, child_board, replay};
use super::place::{
    DESK, DRILL, REAL, Source, child_durable, held_durable, intake_stream, lease, outbox_durable,
    outbox_lane, replay_durable,
};
use super::spec::{Discard, DurableSpec, NodePlan, Retention, StreamSpec};
use crate::notice::{NodeId, Scope, Severity, Tlp};
use crate::trust::{Link, Trust};

const MIB: i64 = 1024 * 1024;
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Longest life of a notice, and a day of skew: the outer bound behind each message's own TTL.
const NOTICE_AGE: Duration = Duration::from_secs(401 * 24 * 3600);

/// Streams that a relay folds into its state at start, trust first: the rest is judged by it. Of
/// notices it reads the headers alone.
pub const FOLDED: [&str; 6] = ["TRUST", "BOARD", "INBOX", "CASES", "RECEIPTS", "BEATS"];

/// Of these, those that keep notices.
pub const NOTICES: [&str; 3] = ["BOARD", "INBOX", "CASES"];

/// The stream of which a relay keeps an index: what was refused, and how much of it by whom.
pub const INDEXED: &str = "QUARANTINE";

/// The most local subscribers of a node: each has a replay durable on the board, and a durable is
/// state that the server writes down with every acknowledgement.
pub const MAX_REPLAY: usize = 100;

/// What a node's server must know of it: whom it serves, and who works there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbourhood {
    /// The node.
    pub node: NodeId,
    /// Children and followers.
    pub links: Vec<Link>,
    /// Parent and followed nodes.
    pub upstreams: Vec<NodeId>,
    /// Local publishers, without the desk.
    pub publishers: Vec<String>,
    /// Local subscribers, by name, at most [`MAX_REPLAY`]. Each may listen live, and read from a
    /// durable what it missed.
    pub subscribers: Vec<(String, Interest)>,
}

/// A live subscriber as a node's configuration names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalSubscriber {
    /// Its name.
    pub name: String,
    /// Scopes, each within the node's constituency.
    pub scopes: Vec<Scope>,
    /// Severities of advisories; empty for all.
    pub severities: Vec<Severity>,
    /// The strictest label, at most AMBER.
    pub tlp: Tlp,
    /// Whether it opted in to drills.
    pub drills: bool,
}

impl Neighbourhood {
    /// What the bundles put around `node`, with those who work there. AMBER reaches a local
    /// subscriber only if the node's configuration says so (`amber`), and then for the sectors in
    /// which the node itself may have it.
    #[must_use]
    pub fn of(
        trust: &Trust,
        node: &NodeId,
        publishers: &[String],
        subscribers: &[LocalSubscriber],
        amber: bool,
    ) -> Self {
        let upstreams = trust.upstreams(node);
        let links = trust.seat(node).map(|seat| seat.links.clone()).unwrap_or_default();
        let mut sectors: Vec<String> = upstreams
            .iter()
            .filter_map(|up| trust.link(up, node))
            .flat_map(amber_sectors)
            .collect();
        // Nobody says it of who has nobody above: what it issues is for those whom it introduces.
        if upstreams.is_empty() {
            sectors.extend(links.iter().flat_map(amber_sectors).collect::<BTreeSet<_>>());
        }
        let bound = if amber { Tlp::Amber } else { Tlp::Green };
        let interest = |s: &LocalSubscriber| Interest {
            scopes: s.scopes.clone(),
            severities: s.severities.clone(),
            tlp: s.tlp.min(bound),
            amber_sectors: sectors.clone(),
            drills: s.drills,
        };
        Self {
            node: node.clone(),
            links,
            upstreams,
            publishers: publishers.to_vec(),
            subscribers: subscribers.iter().map(|s| (s.name.clone(), interest(s))).collect(),
        }
    }

    /// Everything of the node, for its server's configuration and `chappe provision`.
    #[must_use]
    pub fn plan(&self) -> NodePlan {
        NodePlan {
            accounts: accounts::accounts(self),
            streams: self.streams(),
            durables: self.durables(),
        }
    }

    /// Every publisher, the desk among them.
    #[must_use]
    pub fn all_publishers(&self) -> Vec<String> {
        let mut all = self.publishers.clone();
        if !all.iter().any(|p| p == DESK) {
            all.push(DESK.to_owned());
        }
        all
    }

    /// Every source of unverified input: a stream of its own each, so that none stops another.
    #[must_use]
    pub fn intakes(&self) -> Vec<Source> {
        let local = self.all_publishers().into_iter().map(Source::Local);
        local.chain(self.links.iter().map(|link| Source::Child(link.to.clone()))).collect()
    }

    /// Every source of which notices may be held.
    #[must_use]
    pub fn sources(&self) -> Vec<Source> {
        let upstreams = self.upstreams.iter().cloned().map(Source::Upstream);
        self.intakes().into_iter().chain(upstreams).collect()
    }

    fn streams(&self) -> Vec<StreamSpec> {
        let mut streams = vec![
            StreamSpec {
                ttl: true,
                republish: Some(("*.board.>".into(), "{{wildcard(1)}}.live.board.>".into())),
                ..kept("BOARD", &["board", "direct"], 2048 * MIB)
            },
            StreamSpec { ttl: true, ..kept("INBOX", &["inbox"], 256 * MIB) },
            kept("CASES", &["cases"], 256 * MIB),
            queue("OUTBOX", &["outbox.>"], 256 * MIB),
            queue("HELD", &["held.>"], 128 * MIB),
            latest("RECEIPTS", "receipts", 128 * MIB, 30 * DAY),
            StreamSpec {
                ttl: true,
                republish: Some(("*.beats.>".into(), "{{wildcard(1)}}.live.beats.>".into())),
                ..latest("BEATS", "beats", 16 * MIB, DAY)
            },
            StreamSpec { subjects: vec![lease()], ttl: true, ..latest("LEASE", "lease", MIB, DAY) },
            StreamSpec { max_age: None, ..kept("TRUST", &["trust"], 64 * MIB) },
            StreamSpec {
                discard: Discard::Old,
                per_subject: None,
                max_age: Some(90 * DAY),
                ..kept(INDEXED, &["quarantine"], 128 * MIB)
            },
        ];
        streams.extend(self.intakes().iter().filter_map(intake));
        streams
    }

    fn durables(&self) -> Vec<DurableSpec> {
        let folded = FOLDED.iter().chain([&INDEXED]);
        let mut durables: Vec<DurableSpec> =
            folded.map(|stream| durable(stream, "fold".into(), Vec::new(), true)).collect();
        durables.extend(self.links.iter().flat_map(link_durables));
        for (name, interest) in &self.subscribers {
            durables.push(durable("BOARD", replay_durable(name), replay(interest), false));
        }
        let intakes = self.intakes();
        let streams = intakes.iter().filter_map(intake_stream);
        durables.extend(streams.map(|stream| durable(&stream, "relay".into(), Vec::new(), false)));
        for upstream in &self.upstreams {
            let filters = both(&format!("outbox.{upstream}.*"));
            durables.push(durable("OUTBOX", outbox_durable(upstream), filters, false));
            for source in &intakes {
                let filters = both(&format!("outbox.{upstream}.{source}.*"));
                durables.push(durable("OUTBOX", outbox_lane(upstream, source), filters, false));
            }
        }
        for source in self.sources() {
            let filters = both(&format!("held.{source}.>"));
            durables.push(durable("HELD", held_durable(&source), filters, false));
        }
        durables
    }
}

/// What a child or follower reads, clamped by the server to what its link may pass.
#[must_use]
pub fn link_durables(link: &Link) -> [DurableSpec; 3] {
    let name = child_durable(&link.to);
    let mut beats = child_beats(link);
    if beats.is_empty() {
        beats.push(nothing("beats", &link.to));
    }
    [
        durable("BOARD", name.clone(), child_board(link), false),
        durable("BEATS", name.clone(), beats, false),
        durable("TRUST", name, vec![format!("{REAL}.trust.>")], false),
    ]
}

/// The durables of a node that was a child or follower and is none any more: nothing passes.
#[must_use]
pub fn closed_durables(node: &NodeId) -> [DurableSpec; 3] {
    let shut = |stream: &str, family: &str| {
        durable(stream, child_durable(node), vec![nothing(family, node)], false)
    };
    [shut("BOARD", "board"), shut("BEATS", "beats"), shut("TRUST", "trust")]
}

/// A durable without filters would let everything pass, so there is one for what nobody sends.
fn nothing(family: &str, node: &NodeId) -> String {
    format!("{REAL}.{family}.closed.{node}")
}

/// The pattern for real notices and for drills.
pub(super) fn both(tail: &str) -> Vec<String> {
    vec![format!("{REAL}.{tail}"), format!("{DRILL}.{tail}")]
}

fn intake(source: &Source) -> Option<StreamSpec> {
    let name = intake_stream(source)?;
    let tail = match source {
        Source::Local(publisher) => format!("intake.local.{publisher}.>"),
        Source::Child(child) => format!("intake.child.{child}.>"),
        Source::Upstream(_) | Source::Outbox(_) => return None,
    };
    Some(queue(&name, &[&tail], 128 * MIB))
}

fn kept(name: &str, families: &[&str], max_bytes: i64) -> StreamSpec {
    StreamSpec {
        name: name.to_owned(),
        subjects: families.iter().flat_map(|family| both(&format!("{family}.>"))).collect(),
        retention: Retention::Limits,
        discard: Discard::New,
        per_subject: Some(1),
        max_bytes,
        max_age: Some(NOTICE_AGE),
        ttl: false,
        republish: None,
    }
}

fn latest(name: &str, family: &str, max_bytes: i64, max_age: Duration) -> StreamSpec {
    let stream = kept(name, &[family], max_bytes);
    StreamSpec { discard: Discard::Old, max_age: Some(max_age), ..stream }
}

fn queue(name: &str, tails: &[&str], max_bytes: i64) -> StreamSpec {
    StreamSpec {
        subjects: tails.iter().flat_map(|tail| both(tail)).collect(),
        retention: Retention::WorkQueue,
        max_age: None,
        ..kept(name, &[], max_bytes)
    }
}

fn durable(stream: &str, name: String, filters: Vec<String>, fold: bool) -> DurableSpec {
    // Receipts, heartbeats and trust documents are all payload.
    let headers_only = fold && !["RECEIPTS", "TRUST", "BEATS"].contains(&stream);
    DurableSpec { stream: stream.to_owned(), name, filters, fold, headers_only }
}
