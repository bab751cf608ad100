//! The claims of cases: what routing and clocks need of an incident, and no more.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::id::Id;
use super::line::{is_line, is_token};
use super::scope::{ALL, Scope};
use super::statement::{MAX_TEXT_CHARS, Statement, StatementError, ensure};

const MAX_COUNTRIES: usize = 30;
/// How far an event may lie after `iat`, as clocks may differ (`verify::CLOCK_LEEWAY`).
const MAX_AHEAD_SECS: u64 = 300;

/// The case claims of an escalation or a response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Case {
    /// Of an escalation.
    #[serde(rename_all = "lowercase")]
    Report(Box<Report>),
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
    /// Code name of an incident of which no token, title or log may say more: the issuer, a CSIRT,
    /// sets it and lifts it with a later report.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub embargo: Option<String>,
    /// What clocks other than awareness's start from.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub events: Option<Events>,
}

/// When what happened that a clock starts from; seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Events {
    /// The incident was classified as major (DORA art. 19).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub classified: Option<u64>,
    /// A corrective or mitigating measure was available (CRA art. 14(2)(c)).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub measure: Option<u64>,
    /// The incident was handled (NIS2 art. 23(4)(e)).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub handled: Option<u64>,
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

impl Stage {
    /// Every stage.
    pub const ALL: [Self; 5] =
        [Self::EarlyWarning, Self::Notification, Self::Intermediate, Self::Progress, Self::Final];

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EarlyWarning => "early-warning",
            Self::Notification => "notification",
            Self::Intermediate => "intermediate",
            Self::Progress => "progress",
            Self::Final => "final",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
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

impl Regime {
    /// Every regime.
    pub const ALL: [Self; 5] =
        [Self::Nis2, Self::CraVulnerability, Self::CraIncident, Self::Dora, Self::None];

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nis2 => "nis2",
            Self::CraVulnerability => "cra-vulnerability",
            Self::CraIncident => "cra-incident",
            Self::Dora => "dora",
            Self::None => "none",
        }
    }
}

impl fmt::Display for Regime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
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

impl fmt::Display for CaseState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
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
    ensure(countries, "case.countries", "at most 30 of ISO 3166-1 alpha-2, lower case")?;
    check_times(statement.iat, report)?;
    check_embargo(&statement.title, report)
}

/// Nobody reports what has not happened yet: a deadline would lie where no clock warns of it.
fn check_times(iat: u64, report: &Report) -> Result<(), StatementError> {
    let past = |at: u64| at <= iat.saturating_add(MAX_AHEAD_SECS);
    ensure(past(report.aware), "case.aware", "at most 300 seconds after iat")?;
    let Some(Events { classified, measure, handled }) = report.events else { return Ok(()) };
    let named = classified.or(measure).or(handled).is_some();
    ensure(named, "case.events", "at least one of classified, measure, handled")?;
    let past = [classified, measure, handled].into_iter().flatten().all(past);
    ensure(past, "case.events", "each at most 300 seconds after iat")
}

/// Under embargo, nothing that subjects, lists or logs show says whom or where it hit.
fn check_embargo(title: &str, report: &Report) -> Result<(), StatementError> {
    let Some(name) = &report.embargo else { return Ok(()) };
    ensure(is_token(name, 24), "case.embargo", "1 to 24 of [a-z0-9-]")?;
    let nowhere = report.scope.parts().into_iter().skip(1).all(|part| part == ALL);
    ensure(nowhere, "case.scope", "under embargo all parts after the union are `all`")?;
    ensure(report.countries.is_none(), "case.countries", "none under embargo")?;
    ensure(title == embargo_title(name), "title", "under embargo `Incident` and the code name")
}

/// The one title that a report under embargo may have.
#[must_use]
pub fn embargo_title(name: &str) -> String {
    format!("Incident {name}")
}
