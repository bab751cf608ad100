//! The claims of cases: what routing and clocks need of an incident, and no more.

use serde::{Deserialize, Serialize};

use super::id::Id;
use super::line::{is_line, is_token};
use super::scope::Scope;
use super::statement::{MAX_TEXT_CHARS, Statement, StatementError, ensure};

const MAX_COUNTRIES: usize = 30;

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

/// Checks the texts of a statement's case.
pub(super) fn check(statement: &Statement) -> Result<(), StatementError> {
    if let Some(Answer { reason: Some(reason), .. }) = statement.answer() {
        ensure(is_line(reason, MAX_TEXT_CHARS), "case.reason", "a line of 1 to 160 characters")?;
    }
    let Some(report) = statement.report() else { return Ok(()) };
    let incident = report
        .incident
        .split_once('/')
        .is_some_and(|(class, kind)| is_token(class, 40) && is_token(kind, 40));
    ensure(incident, "case.type", "an RSIT class/type, as malicious-code/infected-system")?;
    let nature = report.nature.as_ref().is_none_or(|nature| is_token(nature, 40));
    ensure(nature, "case.nature", "1 to 40 of [a-z0-9-]")?;
    let countries = report.countries.as_deref().unwrap_or_default();
    let two = |c: &String| c.len() == 2 && c.bytes().all(|b| b.is_ascii_lowercase());
    let countries = countries.len() <= MAX_COUNTRIES && countries.iter().all(two);
    ensure(countries, "case.countries", "at most 30 of ISO 3166-1 alpha-2, lower case")
}
