//! Why a trust document is not taken.

use crate::jws::KeyId;
use crate::notice::{NodeId, Reason};

/// Why a trust document is not taken, in the order of the checks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Endless: more than 64 KiB, or a list above its bound.
    #[error("{0} bytes, more than a trust document may have")]
    Size(usize),
    /// No root, bundle or list in its strict form.
    #[error("not a trust document: {0}")]
    Form(String),
    /// Of another federation: staging never mixes with production.
    #[error("of another federation")]
    Federation,
    /// One entry is wrong, and so the whole.
    #[error("{0}")]
    Flaw(String),
    /// The same key stands in it twice.
    #[error("key {0} is used twice")]
    KeyTwice(KeyId),
    /// A key has another owner or use already.
    #[error("key {0} is used twice: it is a key of {1} already")]
    KeyTaken(KeyId, NodeId),
    /// The same version with other bytes.
    #[error("version {0} is here already with other content")]
    Fork(u64),
    /// Not higher than the version in force.
    #[error("version {found} is not higher than {held}, which is here")]
    Rollback {
        /// Its version.
        found: u64,
        /// The highest that is here.
        held: u64,
    },
    /// Its node has signed more than anybody needs.
    #[error("too many versions or revocations of {0} are here")]
    TooMany(NodeId),
    /// Past its own `exp`.
    #[error("it expired at {0} s since 1970")]
    Expired(u64),
    /// A root that skips the one after the last.
    #[error("root {found} does not follow root {held}")]
    Gap {
        /// Its version.
        found: u64,
        /// The last of the chain.
        held: u64,
    },
    /// Nobody who is trusted introduces its node.
    #[error("nobody introduces {0}")]
    NotIntroduced(NodeId),
    /// Too few of the keys that count have signed.
    #[error("signed by {found} of the {needed} keys needed")]
    Signatures {
        /// Distinct keys that count and have signed.
        found: usize,
        /// How many must.
        needed: usize,
    },
    /// A root before the pinned one; or the union's at a node of a State, whose own bundle names
    /// the union's bundle keys.
    #[error("the root of {0} decides nothing here")]
    Unneeded(NodeId),
    /// A list that no revocation names.
    #[error("no revocation names this list")]
    NotNamed,
}

impl Refusal {
    /// Whether a document that is still on its way may cure it: then it waits, bounded, instead
    /// of being lost.
    #[must_use]
    pub fn may_pass_later(&self) -> bool {
        use Refusal::{Gap, NotIntroduced, NotNamed, Signatures};
        matches!(self, Gap { .. } | NotIntroduced(_) | Signatures { .. } | NotNamed)
    }

    /// The reason code for metric, log and quarantine.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Federation => Reason::Federation,
            Self::Fork(_) => Reason::TrustFork,
            Self::Rollback { .. } => Reason::TrustRollback,
            Self::Expired(_) => Reason::TrustExpired,
            _ => Reason::TrustInvalid,
        }
    }
}
