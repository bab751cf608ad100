//! One trust document, read once: what it says, its keys admitted, its signatures remembered.

use std::collections::{BTreeSet, HashMap};

use super::document::{Bundle, KeySet, Root, Usage};
use super::refusal::Refusal;
use crate::jws::{self, General, Jwk, KeyId, PublicKey};
use crate::notice::{Federation, Id, NodeId, Time};

/// What a key was given for. One key has one use, of one node, in the whole federation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Purpose {
    Root,
    Bundle,
    Issue,
    Relay,
}

/// Whose key it is and what for.
pub(super) type Claim = (NodeId, Purpose);

/// Keys of which so many must have signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Quorum {
    pub(super) threshold: usize,
    pub(super) keys: Vec<PublicKey>,
}

#[derive(Clone, Debug)]
pub(super) enum Says {
    Root(Root),
    Bundle(Bundle),
}

/// A document without a flaw of its own. Who signed it is asked again at every change of trust, so
/// the answers are kept: a signature that verified once verifies for ever.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) says: Says,
    /// Digest of the signed bytes: the same version with another is a fork.
    pub(super) payload: Id,
    /// When it was taken here; as long as nobody knows, when it was issued.
    pub(super) since: Time,
    general: General,
    keys: HashMap<String, PublicKey>,
    verified: HashMap<KeyId, bool>,
}

impl Held {
    /// Reads a document and admits its keys; one bad entry rejects the whole.
    pub(super) fn read(general: General) -> Result<Self, Refusal> {
        let form = |why: String| Refusal::Form(why);
        let payload = general.unverified_payload().map_err(|e| form(e.to_string()))?;
        let root = jws::from_slice::<Root>(&payload).ok().filter(Root::is_root);
        let says = match root {
            Some(root) => Says::Root(root),
            None => Says::Bundle(jws::from_slice(&payload).map_err(|e| form(e.to_string()))?),
        };
        let flaw = match &says {
            Says::Root(root) => root.flaw(),
            Says::Bundle(bundle) => bundle.flaw(),
        };
        if let Some(flaw) = flaw {
            return Err(Refusal::Flaw(flaw));
        }
        let since = Time::from_secs(match &says {
            Says::Root(root) => root.iat,
            Says::Bundle(bundle) => bundle.iat,
        });
        let (payload, keys, verified) = (Id::of(&payload), HashMap::new(), HashMap::new());
        let mut held = Self { says, payload, since, general, keys, verified };
        held.admit()?;
        Ok(held)
    }

    fn admit(&mut self) -> Result<(), Refusal> {
        let mut keys = HashMap::new();
        let mut seen = BTreeSet::new();
        for (jwk, _) in self.listed() {
            let key = PublicKey::from_jwk(jwk).map_err(|e| Refusal::Flaw(e.to_string()))?;
            if !seen.insert(key.id().clone()) {
                return Err(Refusal::KeyTwice(key.id().clone()));
            }
            keys.insert(jwk.x.clone(), key);
        }
        self.keys = keys;
        Ok(())
    }

    fn listed(&self) -> Vec<(&Jwk, Claim)> {
        match &self.says {
            Says::Root(root) => {
                let of = |purpose| (root.node.clone(), purpose);
                let roots = root.root.keys.iter().map(|jwk| (jwk, of(Purpose::Root)));
                let bundles = root.bundle.keys.iter().map(|jwk| (jwk, of(Purpose::Bundle)));
                roots.chain(bundles).collect()
            }
            Says::Bundle(bundle) => listed(bundle),
        }
    }

    /// Every key that it names, with its owner and use.
    pub(super) fn claims(&self) -> Vec<(KeyId, Claim)> {
        let admitted = |jwk: &Jwk| self.keys.get(&jwk.x).map(|key| key.id().clone());
        self.listed().into_iter().filter_map(|(jwk, claim)| Some((admitted(jwk)?, claim))).collect()
    }

    /// The admitted form of a key that stands in this document.
    pub(super) fn key(&self, jwk: &Jwk) -> Option<&PublicKey> {
        self.keys.get(&jwk.x)
    }

    /// The admitted form of one of its key sets.
    pub(super) fn quorum(&self, set: &KeySet) -> Quorum {
        let keys = set.keys.iter().filter_map(|jwk| self.key(jwk).cloned()).collect();
        Quorum { threshold: set.threshold, keys }
    }

    /// How many distinct keys of a quorum have signed: one key that signs twice is one
    /// (CVE-2020-6174).
    pub(super) fn signed_by(&mut self, quorum: &Quorum) -> usize {
        let (general, verified) = (&self.general, &mut self.verified);
        let mut counted = BTreeSet::new();
        for key in &quorum.keys {
            let known = verified.entry(key.id().clone());
            if *known.or_insert_with(|| general.is_signed_by(key)) {
                counted.insert(key.id());
            }
        }
        counted.len()
    }

    /// Whether enough have signed. A threshold of zero never gets here: its document has a flaw.
    pub(super) fn meets(&mut self, quorum: &Quorum) -> bool {
        self.signed_by(quorum) >= quorum.threshold.max(1)
    }

    pub(super) fn general(&self) -> &General {
        &self.general
    }

    pub(super) fn node(&self) -> &NodeId {
        match &self.says {
            Says::Root(root) => &root.node,
            Says::Bundle(bundle) => &bundle.node,
        }
    }

    pub(super) fn version(&self) -> u64 {
        match &self.says {
            Says::Root(root) => root.version,
            Says::Bundle(bundle) => bundle.version,
        }
    }

    pub(super) fn fed(&self) -> &Federation {
        match &self.says {
            Says::Root(root) => &root.fed,
            Says::Bundle(bundle) => &bundle.fed,
        }
    }

    /// Expires, seconds.
    pub(super) fn exp(&self) -> u64 {
        match &self.says {
            Says::Root(root) => root.exp,
            Says::Bundle(bundle) => bundle.exp,
        }
    }

    pub(super) fn is_root(&self) -> bool {
        matches!(self.says, Says::Root(_))
    }
}

fn listed(bundle: &Bundle) -> Vec<(&Jwk, Claim)> {
    let own = bundle.keys.iter().map(|key| {
        let purpose = match key.usage {
            Usage::Issue => Purpose::Issue,
            Usage::Relay => Purpose::Relay,
        };
        (&key.jwk, (bundle.node.clone(), purpose))
    });
    let introduced = bundle.nodes.iter().flat_map(|entry| {
        let of = |purpose| (entry.id.clone(), purpose);
        let bundles = entry.bundle.iter().flat_map(|set| &set.keys);
        let roots = entry.root.iter().flat_map(|set| &set.keys);
        let bundles = bundles.map(move |jwk| (jwk, of(Purpose::Bundle)));
        bundles.chain(roots.map(|jwk| (jwk, (entry.id.clone(), Purpose::Root))))
    });
    own.chain(introduced).collect()
}
