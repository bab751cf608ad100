//! Kinds of notice and whom a notice is for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

use super::node::NodeId;
use super::scope::Scope;
use super::text;

/// What a notice is. Which claims each may carry, where it may come from and where it is placed
/// is the table of docs/PROTOCOL.md section 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Needs a person now; no rule filters it.
    Alert,
    /// An advisory.
    Advisory,
    /// A cover note on another's notice.
    Annotation,
    /// The danger is over; the target stays readable.
    Closing,
    /// The target no longer counts.
    Withdrawal,
    /// An incident report that climbs.
    Escalation,
    /// An answer that comes back down.
    Response,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Alert,
        Self::Advisory,
        Self::Annotation,
        Self::Closing,
        Self::Withdrawal,
        Self::Escalation,
        Self::Response,
    ];

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Advisory => "advisory",
            Self::Annotation => "annotation",
            Self::Closing => "closing",
            Self::Withdrawal => "withdrawal",
            Self::Escalation => "escalation",
            Self::Response => "response",
        }
    }

    /// Whether it carries a document of its own that versions follow: alert or advisory.
    #[must_use]
    pub fn is_document(self) -> bool {
        matches!(self, Self::Alert | Self::Advisory)
    }

    /// Whether it ends another notice: closing or withdrawal.
    #[must_use]
    pub fn is_ending(self) -> bool {
        matches!(self, Self::Closing | Self::Withdrawal)
    }

    /// Whether it belongs to a case: escalation or response.
    #[must_use]
    pub fn is_case(self) -> bool {
        matches!(self, Self::Escalation | Self::Response)
    }
}

impl FromStr for Kind {
    type Err = AudienceError;
    fn from_str(text: &str) -> Result<Self, AudienceError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| AudienceError(text.escape_debug().take(40).collect()))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Who may receive a notice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub enum Audience {
    /// Everybody whose constituency intersects the scope.
    Scope(Scope),
    /// One node; of an escalation, the highest that may have it.
    Node(NodeId),
}

/// Neither `scope:` with a scope nor `node:` with a node id; carries what was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither `scope:union.country.region.sector` nor `node:id`")]
pub struct AudienceError(String);

impl FromStr for Audience {
    type Err = AudienceError;
    fn from_str(text: &str) -> Result<Self, AudienceError> {
        let refused = || AudienceError(text.escape_debug().take(120).collect());
        if let Some(scope) = text.strip_prefix("scope:") {
            return Scope::whole(scope).map(Self::Scope).map_err(|_| refused());
        }
        let node = text.strip_prefix("node:").ok_or_else(refused)?;
        node.parse().map(Self::Node).map_err(|_| refused())
    }
}

impl<'de> Deserialize<'de> for Audience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer, Self::from_str)
    }
}

impl From<Audience> for String {
    fn from(audience: Audience) -> Self {
        audience.to_string()
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scope(scope) => write!(f, "scope:{scope}"),
            Self::Node(node) => write!(f, "node:{node}"),
        }
    }
}
