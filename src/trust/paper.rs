//! One trust document as people handle it before it is believed: read, looked at, proposed.
//! Nothing here checks a signature; what counts is [`super::Trust`]'s business.

use super::document::{Bundle, Root};
use crate::jws::{self, General, Jwk};
use crate::notice::{Federation, NodeId};

/// What a trust document says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paper {
    /// An authority's root.
    Root(Root),
    /// An authority's bundle.
    Bundle(Bundle),
}

/// Not a root and not a bundle; carries what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a trust document: {0}")]
pub struct PaperError(String);

impl Paper {
    /// Reads what a document says, whoever signed it.
    ///
    /// # Errors
    /// [`PaperError`] if its payload is not the strict JSON of a root or a bundle.
    pub fn read(document: &General) -> Result<Self, PaperError> {
        // What a stranger wrote may stand in the error; a terminal must not obey it.
        let wrong = |why: String| PaperError(why.escape_debug().to_string());
        let payload = document.unverified_payload().map_err(|e| wrong(e.to_string()))?;
        let what = serde_json::from_slice::<serde_json::Value>(&payload)
            .ok()
            .and_then(|value| Some(value.get("what")?.as_str()?.to_owned()));
        match what.as_deref() {
            Some("root") => {
                jws::from_slice(&payload).map(Self::Root).map_err(|e| wrong(e.to_string()))
            }
            Some("bundle") => {
                jws::from_slice(&payload).map(Self::Bundle).map_err(|e| wrong(e.to_string()))
            }
            _ => Err(wrong("`what` is neither root nor bundle".into())),
        }
    }

    /// The document without signatures.
    ///
    /// # Errors
    /// [`PaperError`] if it cannot be written as JSON.
    pub fn draft(&self) -> Result<General, PaperError> {
        let payload = match self {
            Self::Root(root) => serde_json::to_vec(root),
            Self::Bundle(bundle) => serde_json::to_vec(bundle),
        };
        payload.map(|bytes| General::unsigned(&bytes)).map_err(|e| PaperError(e.to_string()))
    }

    /// The federation.
    #[must_use]
    pub fn fed(&self) -> &Federation {
        match self {
            Self::Root(root) => &root.fed,
            Self::Bundle(bundle) => &bundle.fed,
        }
    }

    /// Whose it is.
    #[must_use]
    pub fn node(&self) -> &NodeId {
        match self {
            Self::Root(root) => &root.node,
            Self::Bundle(bundle) => &bundle.node,
        }
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> u64 {
        match self {
            Self::Root(root) => root.version,
            Self::Bundle(bundle) => bundle.version,
        }
    }

    /// Issued at and expires, seconds.
    #[must_use]
    pub fn life(&self) -> (u64, u64) {
        match self {
            Self::Root(root) => (root.iat, root.exp),
            Self::Bundle(bundle) => (bundle.iat, bundle.exp),
        }
    }

    /// Whether it is a root.
    #[must_use]
    pub fn is_root(&self) -> bool {
        matches!(self, Self::Root(_))
    }

    /// Whether the two are versions of one document.
    #[must_use]
    pub fn is_version_of(&self, other: &Self) -> bool {
        self.is_root() == other.is_root() && self.node() == other.node()
    }

    /// What is wrong with the document taken alone, its keys aside; `None` if nothing.
    #[must_use]
    pub fn flaw(&self) -> Option<String> {
        let (iat, exp) = self.life();
        if self.version() == 0 {
            return Some("version 0: the first is 1".into());
        }
        if exp <= iat {
            return Some("exp is not after iat".into());
        }
        match self {
            Self::Root(root) if root.node.depth() > 2 => {
                Some(format!("{} is neither a union nor a State", root.node))
            }
            Self::Root(_) => None,
            Self::Bundle(bundle) => bundle.flaw(),
        }
    }

    /// Every key that it names, with the node whose key it is and what it is for: `root`,
    /// `bundle`, `issue` or `relay`.
    #[must_use]
    pub fn keys(&self) -> Vec<(&Jwk, &NodeId, &'static str)> {
        match self {
            Self::Root(root) => {
                let of = |word| move |jwk| (jwk, &root.node, word);
                let roots = root.root.keys.iter().map(of("root"));
                roots.chain(root.bundle.keys.iter().map(of("bundle"))).collect()
            }
            Self::Bundle(bundle) => {
                let own = bundle.keys.iter().map(|k| (&k.jwk, &bundle.node, k.usage.as_str()));
                let introduced = bundle.nodes.iter().flat_map(|entry| {
                    let of = |word| move |jwk| (jwk, &entry.id, word);
                    let bundles = entry.bundle.iter().flat_map(|set| &set.keys);
                    let roots = entry.root.iter().flat_map(|set| &set.keys);
                    bundles.map(of("bundle")).chain(roots.map(of("root")))
                });
                own.chain(introduced).collect()
            }
        }
    }
}
