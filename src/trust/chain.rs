//! From a pinned root to every seat and key: the walk along introductions.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::document::{As, Bundle, KeyEntry, KeySet, NodeEntry, Root};
use super::grant::Grant;
use super::store::{Link, Rejected, Seat, Trust, TrustError, TrustedKey};
use crate::jws::{self, General, Jwk, KeyId, PublicKey};
use crate::notice::{Level, NodeId, Scope, Time};

/// An authority whose bundle is to be read, with the keys that must have signed it.
struct Visit {
    seat: Seat,
    keys: Vec<PublicKey>,
    threshold: usize,
}

/// Whose key it is and what for.
type Claim = (NodeId, &'static str);

/// Every key that a bundle names, with its owner and use.
fn claimed(bundle: &Bundle) -> Vec<(&Jwk, Claim)> {
    let own = bundle.keys.iter().map(|key| (&key.jwk, (bundle.node.clone(), key.usage.as_str())));
    let introduced = bundle.nodes.iter().flat_map(|entry| {
        let bundles = entry.bundle.iter().flat_map(|set| &set.keys);
        let roots = entry.root.iter().flat_map(|set| &set.keys);
        bundles
            .map(|jwk| (jwk, (entry.id.clone(), BUNDLE)))
            .chain(roots.map(|jwk| (jwk, (entry.id.clone(), ROOT))))
    });
    own.chain(introduced).collect()
}

const BUNDLE: &str = "bundle";
const ROOT: &str = "root";

/// A document with what it says, read once.
struct Read<'a> {
    document: &'a General,
    says: Says,
}

enum Says {
    Root(Root),
    Bundle(Bundle),
}

impl<'a> Read<'a> {
    /// `None` if it is neither a root nor a bundle.
    fn new(document: &'a General) -> Option<Self> {
        let payload = document.unverified_payload().ok()?;
        let root = jws::from_slice::<Root>(&payload).ok().filter(Root::is_root);
        let says = match root {
            Some(root) => Says::Root(root),
            None => Says::Bundle(jws::from_slice(&payload).ok()?),
        };
        Some(Self { document, says })
    }

    fn bundle_of(&self, node: &NodeId) -> Option<&Bundle> {
        match &self.says {
            Says::Bundle(bundle) if bundle.node == *node => Some(bundle),
            Says::Bundle(_) | Says::Root(_) => None,
        }
    }

    fn root_of(&self, node: &NodeId) -> Option<&Root> {
        match &self.says {
            Says::Root(root) if root.node == *node => Some(root),
            Says::Bundle(_) | Says::Root(_) => None,
        }
    }
}

struct Walk<'a> {
    documents: Vec<Read<'a>>,
    home: NodeId,
    trust: Trust,
    used: HashMap<KeyId, Claim>,
    rejected: Vec<Rejected>,
    bundles: BTreeMap<NodeId, Bundle>,
    queue: VecDeque<Visit>,
}

impl Trust {
    /// Compiles what `documents` say, starting from the pinned `root`. A document that is not
    /// valid is left out, with all that only it introduces, and reported; the rest goes on.
    ///
    /// # Errors
    /// [`TrustError`] if the pin or the pinned authority's own bundle is not valid.
    pub fn compile(
        root: &General,
        documents: &[General],
    ) -> Result<(Self, Vec<Rejected>), TrustError> {
        let root = read_pin(root)?;
        let home = root.node.clone();
        let trust = Self { fed: root.fed.clone(), seats: BTreeMap::new(), keys: HashMap::new() };
        let mut walk = Walk {
            documents: documents.iter().filter_map(Read::new).collect(),
            home: home.clone(),
            trust,
            used: HashMap::new(),
            rejected: Vec::new(),
            bundles: BTreeMap::new(),
            queue: VecDeque::new(),
        };
        let level = if home.depth() == 1 { Level::Union } else { Level::National };
        let seat = authority(&home, level).map_err(TrustError::Pin)?;
        walk.claim_root(&root).map_err(TrustError::Pin)?;
        walk.visit_later(seat, &root.bundle).map_err(TrustError::Pin)?;
        walk.run();
        if !walk.bundles.contains_key(&home) {
            let why = walk.rejected.iter().find(|r| r.node.as_ref() == Some(&home));
            let why = why.map_or_else(|| "none was given".to_owned(), |r| r.why.clone());
            return Err(TrustError::NoBundle(home, why));
        }
        walk.link_all();
        walk.revoke_all();
        Ok((walk.trust, walk.rejected))
    }
}

/// A pinned root is believed because it is pinned; that it signs itself catches a wrong file.
fn read_pin(document: &General) -> Result<Root, TrustError> {
    let pin = |why: String| TrustError::Pin(why);
    let payload = document.unverified_payload().map_err(|e| pin(e.to_string()))?;
    let root: Root = jws::from_slice(&payload).map_err(|e| pin(e.to_string()))?;
    let keys = root.root.admit().map_err(pin)?;
    if !root.is_root() || root.node.depth() > 2 {
        return Err(TrustError::Pin("not a root of a union or a State".into()));
    }
    if document.signers(&keys).len() < root.root.threshold {
        return Err(TrustError::Pin("not signed by its own root keys' threshold".into()));
    }
    Ok(root)
}

/// The seat of a union or State: its constituency and grant follow from its id alone.
fn authority(id: &NodeId, level: Level) -> Result<Seat, String> {
    let scope: Scope =
        id.as_str().replace('-', ".").parse().map_err(|_| format!("{id} names no scope"))?;
    Ok(seat(id, level, vec![scope.clone()], vec![Grant::whole(vec![scope])]))
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
        while let Some(visit) = self.queue.pop_front() {
            let id = visit.seat.id.clone();
            match self.best_bundle(&visit) {
                Ok(bundle) => self.take(visit.seat, bundle),
                Err(why) => {
                    self.rejected.push(Rejected { node: Some(id.clone()), why });
                    self.trust.seats.insert(id, visit.seat);
                }
            }
        }
    }

    /// The highest version that meets the threshold and has no flaw. Any higher version is
    /// accepted, so that a withheld one does not freeze the tree.
    fn best_bundle(&self, visit: &Visit) -> Result<Bundle, String> {
        let mut why = "no bundle of it is there".to_owned();
        let mut best: Option<&Bundle> = None;
        for read in &self.documents {
            let Some(bundle) = read.bundle_of(&visit.seat.id) else { continue };
            if best.is_some_and(|b| b.version >= bundle.version) {
                continue;
            }
            match self.check(bundle, read.document, visit) {
                Ok(()) => best = Some(bundle),
                Err(flaw) => why = format!("version {}: {flaw}", bundle.version),
            }
        }
        best.cloned().ok_or(why)
    }

    fn check(&self, bundle: &Bundle, document: &General, visit: &Visit) -> Result<(), String> {
        if bundle.fed != self.trust.fed {
            return Err("of another federation".into());
        }
        let signed = document.signers(&visit.keys).len();
        if signed < visit.threshold {
            return Err(format!("signed by {signed} of the {} keys needed", visit.threshold));
        }
        if let Some(flaw) = bundle.flaw() {
            return Err(flaw);
        }
        self.check_keys(bundle)
    }

    /// A key has one owner and one use in the federation. That a State names its union's keys, and
    /// the union the State's, is the same owner and use.
    fn check_keys(&self, bundle: &Bundle) -> Result<(), String> {
        let mut claims = HashMap::new();
        for (jwk, claim) in claimed(bundle) {
            let key = PublicKey::from_jwk(jwk).map_err(|e| e.to_string())?;
            let other = self.used.get(key.id()).or_else(|| claims.get(key.id()));
            if other.is_some_and(|other| *other != claim) {
                return Err(format!("key {} is used twice", key.id()));
            }
            claims.insert(key.id().clone(), claim);
        }
        bundle
            .nodes
            .iter()
            .flat_map(|n| n.bundle.iter().chain(&n.root))
            .try_for_each(|set| set.admit().map(|_| ()))
    }

    fn take(&mut self, mut seat: Seat, bundle: Bundle) {
        for key in &bundle.keys {
            self.admit_key(&seat, key);
        }
        for entry in &bundle.nodes {
            if let Err(why) = self.introduce(&seat, entry) {
                self.rejected.push(Rejected { node: Some(entry.id.clone()), why });
            }
        }
        seat.contact = bundle.contact.clone();
        seat.version = bundle.version;
        seat.expires = Time::from_secs(bundle.exp);
        self.trust.seats.insert(seat.id.clone(), seat);
        self.bundles.insert(bundle.node.clone(), bundle);
    }

    fn admit_key(&mut self, seat: &Seat, entry: &KeyEntry) {
        let Ok(public) = PublicKey::from_jwk(&entry.jwk) else { return };
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
            revoked: None,
            public,
        };
        self.used.insert(key.public.id().clone(), (seat.id.clone(), entry.usage.as_str()));
        self.trust.keys.insert(key.public.id().clone(), key);
    }

    fn introduce(&mut self, by: &Seat, entry: &NodeEntry) -> Result<(), String> {
        match (entry.introduced, &entry.bundle, &entry.root) {
            (As::Child, Some(keys), _) => {
                let constituency = within(&entry.constituency, &by.constituency);
                let mut grants = by.grants.clone();
                grants.push(entry.may.clone());
                self.visit_later(seat(&entry.id, entry.level, constituency, grants), keys)
            }
            // Only what our own State says of the union counts, and a union needs nobody to say it.
            (As::Union, Some(keys), _) if by.id == self.home => {
                self.visit_later(authority(&entry.id, Level::Union)?, keys)
            }
            // The pinned root of our own State is not replaced by what the union says of it.
            (As::State, _, Some(root)) if entry.id != self.home => self.visit_state(entry, root),
            _ => Ok(()),
        }
    }

    fn visit_later(&mut self, seat: Seat, keys: &KeySet) -> Result<(), String> {
        let admitted = keys.admit()?;
        let claim = (seat.id.clone(), BUNDLE);
        self.used.extend(admitted.iter().map(|key| (key.id().clone(), claim.clone())));
        self.queue.push_back(Visit { seat, keys: admitted, threshold: keys.threshold });
        Ok(())
    }

    fn claim_root(&mut self, root: &Root) -> Result<(), String> {
        let claim = (root.node.clone(), ROOT);
        self.used.extend(root.root.admit()?.iter().map(|key| (key.id().clone(), claim.clone())));
        Ok(())
    }

    /// Another State: the union names its root keys, its root names its bundle keys.
    fn visit_state(&mut self, entry: &NodeEntry, keys: &KeySet) -> Result<(), String> {
        let admitted = keys.admit()?;
        let roots = self.documents.iter().filter_map(|read| {
            let root = read.root_of(&entry.id)?;
            let signed = read.document.signers(&admitted).len() >= keys.threshold;
            (root.fed == self.trust.fed && signed).then_some(root)
        });
        let root = roots.max_by_key(|root| root.version).cloned();
        let root = root.ok_or("no valid root of it is there")?;
        self.visit_later(authority(&entry.id, Level::National)?, &root.bundle)
    }

    fn link_all(&mut self) {
        let bundles = std::mem::take(&mut self.bundles);
        for (id, bundle) in &bundles {
            let Some(mut seat) = self.trust.seats.remove(id) else { continue };
            let mut links: Vec<Link> =
                bundle.nodes.iter().filter_map(|entry| self.link(&seat, entry)).collect();
            links.sort_by_key(|link| link.follows);
            seat.links = links;
            self.trust.seats.insert(id.clone(), seat);
        }
        self.bundles = bundles;
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
        })
    }

    /// A bundle revokes keys of its own node and below, inside its own State.
    fn revoke_all(&mut self) {
        for (by, bundle) in &self.bundles {
            for revocation in &bundle.revoked {
                let Some(key) = self.trust.keys.get_mut(&KeyId::hint(&revocation.kid)) else {
                    continue;
                };
                let own = *by == key.node || (by.depth() > 1 && by.contains(&key.node));
                let at = Time::from_secs(revocation.at);
                if own && key.revoked.is_none_or(|(from, _)| at < from) {
                    key.revoked = Some((at, revocation.why));
                }
            }
        }
    }
}

/// The parts of `scopes` that lie within `bound`: an introducer that narrows later narrows all
/// that it introduced.
fn within(scopes: &[Scope], bound: &[Scope]) -> Vec<Scope> {
    let mut met: Vec<Scope> =
        scopes.iter().flat_map(|s| bound.iter().filter_map(|b| s.meet(b))).collect();
    met.sort();
    met.dedup();
    met
}
