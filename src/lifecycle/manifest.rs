//! What an issuer has in force on one channel: what heartbeats speak about.

use crate::notice::{Audience, Id, Kind, NodeId, Scope, Statement, Tlp};

/// Notices that all who are entitled to one are entitled to: an issuer, an audience, a label. So
/// nothing on it is filtered by the links on the way, and what is missing was withheld.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Channel {
    /// Who issues.
    pub issuer: NodeId,
    /// For whom.
    pub scope: Scope,
    /// Under which label.
    pub tlp: Tlp,
}

impl Channel {
    /// The channel of a notice; `None` for drills, cases and what goes to one node.
    #[must_use]
    pub fn of(s: &Statement) -> Option<Self> {
        let Audience::Scope(scope) = &s.aud else { return None };
        let (case, drill) = (s.kind.is_case(), s.is_drill());
        (!case && !drill).then(|| Self { issuer: s.iss.clone(), scope: scope.clone(), tlp: s.tlp })
    }
}

impl std::fmt::Display for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.issuer, self.scope, self.tlp)
    }
}

/// The ids of a channel at one moment, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest(Vec<Id>);

impl Manifest {
    pub(super) fn new(mut ids: Vec<Id>) -> Self {
        ids.sort_unstable();
        ids.dedup();
        Self(ids)
    }

    /// The ids.
    #[must_use]
    pub fn ids(&self) -> &[Id] {
        &self.0
    }

    /// 32 bytes each: the form of a list.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|id| *id.as_bytes()).collect()
    }

    /// SHA-256 over the bytes.
    #[must_use]
    pub fn digest(&self) -> Id {
        Id::of(&self.bytes())
    }
}

/// Whether a notice of this kind stands in a manifest although it is over: it is what ends others.
pub(super) fn ends_others(kind: Kind) -> bool {
    matches!(kind, Kind::Closing | Kind::Withdrawal)
}
