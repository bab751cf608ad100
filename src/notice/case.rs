//! What routing and clocks need to know of a case: the claims that an escalation and a response
//! carry, so that no relay has to open a report to see how far it climbs and which clock runs.

use serde::{Deserialize, Serialize};

use super::id::Id;
use super::scope::Scope;

/// The case claims of an escalation or a response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Case {
    /// Of an escalation.
    #[serde(rename_all = "lowercase")]
    Report(Report),
    /// Of a response.
    Answer(Answer),
}

/// What an escalation says of its incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Which report of the case it is.
    pub stage: Stage,
    /// Whose clock runs.
    pub regime: Regime,
    /// When the affected entity became aware, seconds.
    pub aware: u64,
    /// RSIT class and type, as `malicious-code/infected-system`.
    #[serde(rename = "type")]
    pub incident: String,
    /// A nature that RSIT has no word for, as `ransomware`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub nature: Option<String>,
    /// Where and in which sector it happened.
    pub scope: Scope,
    /// Countries concerned, ISO 3166-1 alpha-2, lower case.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub countries: Option<Vec<String>>,
    /// Digest that ties a forwarded report to the one it comes from.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub origin: Option<Id>,
    /// Whether the forwarding level left something out.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub redacted: Option<bool>,
}

/// What a response says of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Where the answering level puts the case.
    pub state: CaseState,
    /// Why, with `rejected`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

/// Reports of a case, in their order (NIS2 art. 23(4)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Within 24 hours of awareness.
    EarlyWarning,
    /// Within 72 hours of awareness.
    Notification,
    /// On request.
    Intermediate,
    /// While the incident goes on.
    Progress,
    /// The last.
    Final,
}

/// Whose clock a case runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Regime {
    /// NIS2 art. 23.
    Nis2,
    /// CRA art. 14, exploited vulnerability.
    CraVulnerability,
    /// CRA art. 14, severe incident.
    CraIncident,
    /// DORA art. 19.
    Dora,
    /// No legal clock.
    None,
}

/// Where a level puts a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseState {
    /// Taken.
    Accepted,
    /// Worked on.
    InProgress,
    /// The level asks something.
    InformationRequested,
    /// The level advises.
    Advice,
    /// Passed to a qualified provider.
    Referral,
    /// Done.
    Closed,
    /// Not taken, with a reason.
    Rejected,
}

impl CaseState {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Accepted,
        Self::InProgress,
        Self::InformationRequested,
        Self::Advice,
        Self::Referral,
        Self::Closed,
        Self::Rejected,
    ];

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::InProgress => "in-progress",
            Self::InformationRequested => "information-requested",
            Self::Advice => "advice",
            Self::Referral => "referral",
            Self::Closed => "closed",
            Self::Rejected => "rejected",
        }
    }
}
