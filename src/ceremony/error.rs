//! Why a document is not proposed or not signed.

use crate::jws::{KeyId, SignerError};
use crate::notice::NodeId;

/// Why a document is not proposed or not signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CeremonyError {
    /// Zero, or more than there are keys, or more than 32 keys.
    #[error("a threshold of {threshold} over {keys} keys: expected 1 to {keys}, of at most 32")]
    Threshold {
        /// How many must sign.
        threshold: usize,
        /// Of how many.
        keys: usize,
    },
    /// A root with so few keys that one thief or one lost key is too much.
    #[error(
        "a root of {keys} keys of which {threshold} sign: expected at least 5 of which at least 3 \
         sign"
    )]
    FewKeys {
        /// How many must sign.
        threshold: usize,
        /// Of how many.
        keys: usize,
    },
    /// A key stands twice: it has one owner and one use.
    #[error("key {0} stands twice: a key has one owner and one use")]
    KeyTwice(KeyId),
    /// A key that is weak or no Ed25519 key.
    #[error("a key of {0} is not admitted: {1}")]
    Key(NodeId, String),
    /// No listed key begins so.
    #[error("no key `{0}` is listed here")]
    NoKey(String),
    /// More than one does.
    #[error("`{0}` begins more than one key id: write more of it")]
    Ambiguous(String),
    /// The key stands in another's document.
    #[error("{0}")]
    Elsewhere(String),
    /// Nobody here introduces that node.
    #[error("{0} is not introduced in this bundle")]
    NotIntroduced(NodeId),
    /// An introduction of a new node that lacks something.
    #[error("{node}: expected {expected}")]
    Introduction {
        /// Which node.
        node: NodeId,
        /// What is missing.
        expected: &'static str,
    },
    /// Times out of order.
    #[error("{0}")]
    Time(String),
    /// The proposed version says what the last one says.
    #[error("nothing would change")]
    Nothing,
    /// The document as a whole would be rejected.
    #[error("every reader would reject this document: {0}")]
    Flaw(String),
    /// It has less authority than it would need.
    #[error("{by} cannot revoke a key of {owner}: an authority revokes its own and those below it")]
    NotBelow {
        /// Whose bundle it is.
        by: NodeId,
        /// Whose key it is.
        owner: NodeId,
    },
    /// The key is revoked from that time on or earlier.
    #[error("key {0} is revoked already, from that time on or earlier")]
    Revoked(KeyId),
    /// A list of good notices that cannot be used.
    #[error("{0}")]
    List(String),
    /// A key that does not count for the document.
    #[error("key {0} is none of those that count for this document ({1})")]
    NotCounted(KeyId, String),
    /// One key signs once.
    #[error("key {0} has signed this document already")]
    SignedTwice(KeyId),
    /// A copy with other signed bytes.
    #[error("not a copy of the same document: what is signed differs")]
    OtherPayload,
    /// More signatures than a document may have.
    #[error("more than 16 signatures")]
    Full,
    /// The key failed.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The pinned root does not hold.
    #[error("pinned root: {0}")]
    Pin(String),
}
