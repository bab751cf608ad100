//! The small records that stand beside notices, signed with a relay or issue key.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::id::Id;
use super::kind::Audience;
use super::label::Tlp;
use super::node::NodeId;
use super::statement::Federation;
use super::time::Time;

/// One relay's word that it verified a notice and passed it on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hop {
    /// Id of the notice: without it a hop could be moved to another.
    pub st: Id,
    /// SHA-256 of the previous hop's JWS, or `st` for the first: without it a middle hop could go.
    pub prev: Id,
    /// The node that signed it.
    pub by: NodeId,
    /// When, in milliseconds; never decreases along a custody.
    pub at: Time,
}

/// What became of a notice at one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Verified and placed.
    Delivered,
    /// Lawfully not from here on: a rule, a newer version, a withdrawal.
    Filtered,
    /// Refused by verification or policy.
    Refused,
    /// Deleted by an erasing withdrawal.
    Erased,
    /// A person has read it.
    Read,
    /// Of an escalation: it ends at this node.
    Stops,
    /// Of an escalation: it goes on to the node in `to`.
    Climbs,
    /// Of a case: nobody has answered at this node in its own time. Said to the parent alone.
    Unanswered,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 8] = [
        Self::Delivered,
        Self::Filtered,
        Self::Refused,
        Self::Erased,
        Self::Read,
        Self::Stops,
        Self::Climbs,
        Self::Unanswered,
    ];

    /// What an entity can say of what came down: what is counted.
    pub const COUNTED: [Self; 5] =
        [Self::Delivered, Self::Filtered, Self::Refused, Self::Erased, Self::Read];

    /// What a machine says again must not take back what happened since.
    fn rank(self) -> u8 {
        match self {
            Self::Erased => 2,
            Self::Read => 1,
            _ => 0,
        }
    }

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Filtered => "filtered",
            Self::Refused => "refused",
            Self::Erased => "erased",
            Self::Read => "read",
            Self::Stops => "stops",
            Self::Climbs => "climbs",
            Self::Unanswered => "unanswered",
        }
    }
}

/// A relay's signed word on what became of a notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The federation.
    pub fed: Federation,
    /// Id of the notice.
    pub of: Id,
    /// The node whose word it is.
    pub by: NodeId,
    /// What became of it.
    pub outcome: Outcome,
    /// Reason code, with `filtered` and `refused`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// Where an escalation goes on to, with `climbs`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to: Option<NodeId>,
    /// What the entities that this node serves said, by outcome: never which of them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub counts: Option<Counts>,
    /// When; of one (`of`, `by`) the latest wins.
    pub at: Time,
}

/// How many said what.
pub type Counts = BTreeMap<Outcome, u32>;

impl Receipt {
    /// Whether this word takes the place of an earlier one of the same node on the same notice:
    /// the latest does, but `read` stays whatever the relay repeats, and `erased` stays for good.
    #[must_use]
    pub fn replaces(&self, last: &Self) -> bool {
        (self.outcome.rank(), self.at) > (last.outcome.rank(), last.at)
    }

    /// Whether two words differ in nothing but their times and counts.
    #[must_use]
    pub fn says_as(&self, other: &Self) -> bool {
        (self.outcome, &self.reason, &self.to) == (other.outcome, &other.reason, &other.to)
    }
}

/// What an issuer says is in force on one channel, so that silence can be told from withholding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// The federation.
    pub fed: Federation,
    /// The issuer.
    pub iss: NodeId,
    /// The channel's audience.
    pub aud: Audience,
    /// The channel's label.
    pub tlp: Tlp,
    /// Issued at, seconds.
    pub iat: u64,
    /// Expires, seconds.
    pub exp: u64,
    /// How many ids the manifest has.
    pub count: u32,
    /// SHA-256 over the ids, ascending.
    pub digest: Id,
    /// The newest ids, at most 16.
    pub newest: Vec<Id>,
    /// Versions of the bundles in force, from root to issuer and union.
    pub bundles: BTreeMap<NodeId, u64>,
}

impl Heartbeat {
    /// Ids that it names itself; the digest stands for the rest.
    pub const MAX_NEWEST: usize = 16;

    /// How often its issuer beats: a heartbeat lasts three periods.
    #[must_use]
    pub fn period(&self) -> Duration {
        Duration::from_secs(self.exp.saturating_sub(self.iat) / 3)
    }
}
