//! From a pinned root to every seat and key: the walk along introductions.
//!
//! It trusts no document for being here: every signature is asked for under the keys that the
//! introducer's document in force names now. So a document that was good once and is so no more
//! drops out, with all that only it introduced.

use std::collections::{BTreeMap, VecDeque};

use super::document::{As, Bundle, KeyEntry, NodeEntry, Root};
use super::former::Pasts;
use super::grant::Grant;
use super::held::{Held, Quorum, Says};
use super::index::Index;
use super::store::{Link, Seat, Trust, TrustedKey};
use crate::notice::{Level, NodeId, Scope, Time};

/// An authority whose bundle is to be read, and who must have signed it.
struct Visit {
    seat: Seat,
    quorum: Quorum,
}

/// Who must sign what next, as the documents in force say.
#[derive(Clone, Debug, Default)]
pub(super) struct Quorums {
    /// The bundle of each node.
    pub(super) bundle: BTreeMap<NodeId, Quorum>,
    /// The root of another State, as the union introduces it.
    pub(super) state: BTreeMap<NodeId, Quorum>,
    /// The last root of each chain: its version, and the keys that sign the next.
    pub(super) root: BTreeMap<NodeId, (u64, Quorum)>,
}

pub(super) struct Walk<'a> {
    pub(super) held: &'a mut [Held],
    pub(super) index: &'a Index,
    home: NodeId,
    pub(super) trust: Trust,
    quorums: Quorums,
    /// The bundle in force of each node.
    pub(super) bundles: BTreeMap<NodeId, usize>,
    queue: VecDeque<Visit>,
}

/// Compiles what the documents say, from the pinned root on; `trust` has the federation, what was
/// revoked, and the lists.
pub(super) fn compile(
    held: &mut [Held],
    index: &Index,
    home: &NodeId,
    trust: Trust,
) -> (Trust, Quorums) {
    let (quorums, bundles, queue) = (Quorums::default(), BTreeMap::new(), VecDeque::new());
    let mut walk = Walk { held, index, home: home.clone(), trust, quorums, bundles, queue };
    walk.run();
    (walk.trust, walk.quorums)
}

/// The seat of a union or State: its constituency and grant follow from its id alone.
fn authority(id: &NodeId, level: Level) -> Option<Seat> {
    let scope: Scope = id.as_str().replace('-', ".").parse().ok()?;
    Some(seat(id, level, vec![scope.clone()], vec![Grant::whole(vec![scope])]))
}

fn seat(id: &NodeId, level: Level, constituency: Vec<Scope>, grants: Vec<Grant>) -> Seat {
    Seat {
        id: id.clone(),
        level,
        constituency,
        grants,
        links: Vec::new(),
        contact: super::document::Contact::default(),
        version: 0,
        expires: Time::default(),
    }
}

impl Walk<'_> {
    fn run(&mut self) {
        let level = if self.home.depth() == 1 { Level::Union } else { Level::National };
        let (pin, home) = (self.index.pin(), self.home.clone());
        if let Some(seat) = authority(&home, level) {
            self.visit_below_root(seat, pin);
        }
        while let Some(visit) = self.queue.pop_front() {
            self.quorums.bundle.insert(visit.seat.id.clone(), visit.quorum.clone());
            match self.in_force(&visit) {
                Some(at) => self.take(visit.seat, at),
                None => _ = self.trust.seats.insert(visit.seat.id.clone(), visit.seat),
            }
        }
        self.link_all();
    }

    /// The highest version that enough of its introducer's keys have signed. Any higher version
    /// counts, so that a withheld one does not freeze the tree.
    fn in_force(&mut self, visit: &Visit) -> Option<usize> {
        let versions = self.index.bundles(&visit.seat.id);
        versions.rev().find(|at| self.meets(*at, &visit.quorum))
    }

    fn meets(&mut self, at: usize, quorum: &Quorum) -> bool {
        self.held.get_mut(at).is_some_and(|held| held.meets(quorum))
    }

    /// From the root at `at` to the last that follows it, each signed by the threshold of the one
    /// before; by its own it is signed since it was taken, and that cannot change. The expiry of
    /// those on the way does not matter, only the last's.
    fn last_root(&mut self, mut at: usize) -> Option<(usize, Root)> {
        let mut root = self.root(at)?.clone();
        while let Some(next) = self.index.root(&root.node, root.version.saturating_add(1)) {
            let before = self.held.get(at)?.quorum(&root.root);
            if !self.meets(next, &before) {
                break;
            }
            (at, root) = (next, self.root(next)?.clone());
        }
        Some((at, root))
    }

    fn root(&self, at: usize) -> Option<&Root> {
        match &self.held.get(at)?.says {
            Says::Root(root) => Some(root),
            Says::Bundle(_) => None,
        }
    }

    fn visit_below_root(&mut self, seat: Seat, first: usize) {
        let Some((at, root)) = self.last_root(first) else { return };
        let Some(held) = self.held.get(at) else { return };
        let (next, quorum) = (held.quorum(&root.root), held.quorum(&root.bundle));
        self.quorums.root.insert(root.node.clone(), (root.version, next));
        self.trust.roots.insert(root.node.clone(), (root.version, Time::from_secs(root.exp)));
        self.queue.push_back(Visit { seat, quorum });
    }

    fn bundle(&self, at: usize) -> Option<Bundle> {
        match &self.held.get(at)?.says {
            Says::Bundle(bundle) => Some(bundle.clone()),
            Says::Root(_) => None,
        }
    }

    fn take(&mut self, mut seat: Seat, at: usize) {
        let Some(bundle) = self.bundle(at) else { return };
        for key in &bundle.keys {
            self.take_key(&seat, at, key);
        }
        for entry in &bundle.nodes {
            self.introduce(&seat, at, entry);
        }
        seat.contact = bundle.contact.clone();
        seat.version = bundle.version;
        seat.expires = Time::from_secs(bundle.exp);
        self.bundles.insert(seat.id.clone(), at);
        self.trust.seats.insert(seat.id.clone(), seat);
    }

    fn take_key(&mut self, seat: &Seat, at: usize, entry: &KeyEntry) {
        let Some(public) = self.held.get(at).and_then(|held| held.key(&entry.jwk)) else { return };
        let whole = Grant::whole(seat.constituency.clone());
        let above = seat.grants.last().cloned().unwrap_or(whole);
        let key = TrustedKey {
            node: seat.id.clone(),
            usage: entry.usage,
            nbf: Time::from_secs(entry.nbf),
            exp: Time::from_secs(entry.exp),
            grant: Grant {
                kinds: entry.kinds.clone().unwrap_or(above.kinds),
                scopes: entry.scopes.clone().unwrap_or(above.scopes),
                tlp: entry.tlp.unwrap_or(above.tlp),
            },
            public: public.clone(),
        };
        self.trust.keys.insert(key.public.id().clone(), key);
    }

    fn introduce(&mut self, by: &Seat, at: usize, entry: &NodeEntry) {
        let Some(held) = self.held.get(at) else { return };
        match (entry.introduced, &entry.bundle, &entry.root) {
            (As::Child, Some(keys), _) => {
                let constituency = within(&entry.constituency, &by.constituency);
                let mut grants = by.grants.clone();
                grants.push(entry.may.clone());
                let seat = seat(&entry.id, entry.level, constituency, grants);
                self.queue.push_back(Visit { seat, quorum: held.quorum(keys) });
            }
            // Only what our own State says of the union counts, and a union needs nobody to say it.
            (As::Union, Some(keys), _) if by.id == self.home => {
                let quorum = held.quorum(keys);
                let union = authority(&entry.id, Level::Union);
                self.queue.extend(union.map(|seat| Visit { seat, quorum }));
            }
            // The pinned root of our own State is not replaced by what the union says of it.
            (As::State, _, Some(root)) if entry.id != self.home => {
                let quorum = held.quorum(root);
                self.visit_state(entry, quorum);
            }
            _ => {}
        }
    }

    /// Another State: the union names its root keys, its root names its bundle keys.
    fn visit_state(&mut self, entry: &NodeEntry, quorum: Quorum) {
        let roots: Vec<usize> = self.index.roots(&entry.id).rev().collect();
        let named = roots.into_iter().find(|at| self.meets(*at, &quorum));
        self.quorums.state.insert(entry.id.clone(), quorum);
        if let (Some(seat), Some(first)) = (authority(&entry.id, Level::National), named) {
            self.visit_below_root(seat, first);
        }
    }

    fn link_all(&mut self) {
        let mut pasts = Pasts::new();
        for (id, at) in self.bundles.clone() {
            let Some(bundle) = self.bundle(at) else { continue };
            let Some(seat) = self.trust.seats.get(&id) else { continue };
            let mut links: Vec<Link> =
                bundle.nodes.iter().filter_map(|entry| self.link(seat, entry)).collect();
            links.sort_by_key(|link| link.follows);
            for link in &mut links {
                link.former = self.former(&id, at, link, &mut pasts);
            }
            if let Some(seat) = self.trust.seats.get_mut(&id) {
                seat.links = links;
            }
        }
    }

    fn link(&self, from: &Seat, entry: &NodeEntry) -> Option<Link> {
        if entry.introduced == As::Union || !self.trust.seats.contains_key(&entry.id) {
            return None;
        }
        Some(Link {
            to: entry.id.clone(),
            level: entry.level,
            constituency: within(&entry.constituency, &from.constituency),
            ceiling: entry.ceiling,
            clients: entry.clients.clone(),
            follows: entry.introduced == As::Member,
            former: Vec::new(),
        })
    }
}

/// The parts of `scopes` that lie within `bound`: an introducer that narrows later narrows all
/// that it introduced.
pub(super) fn within(scopes: &[Scope], bound: &[Scope]) -> Vec<Scope> {
    let mut met: Vec<Scope> =
        scopes.iter().flat_map(|s| bound.iter().filter_map(|b| s.meet(b))).collect();
    met.sort();
    met.dedup();
    met
}
