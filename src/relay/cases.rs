//! `cases`: what a desk asks about cases, and what it is told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::notice::{CaseState, Id, NodeId, Regime, Severity, Stage, Time, Tlp};

/// What a desk asks under `chappe.desk.cases`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CasesQuestion {
    /// The beginning of the id of any notice of a case, at least four digits; absent for all open
    /// ones. What is named so is shown whether it is open or not.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub case: Option<String>,
    /// Those that are not open too.
    #[serde(default)]
    pub all: bool,
    /// In the order of their keys, those after this one: to read all, also while others come.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after: Option<Id>,
    /// So many of the notices of each case left out: to read on in one that has `more_notices`.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub notices: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's form")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// The answer: the case with the next deadline first, those without one last.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CasesAnswer {
    /// What was asked for, at most 100.
    pub cases: Vec<CaseLine>,
    /// How many more there are.
    pub more: usize,
    /// Critical cases that nobody answers at a child, by that child's word. Nothing else is known
    /// of them here: a person phones there. At most 100, the longest unanswered first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub unanswered: Vec<UnansweredLine>,
    /// Cases that a `[[similar]]` rule has found.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub similar: Vec<SimilarLine>,
}

/// One case, as this node holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseLine {
    /// Its key: the id of its oldest report here.
    pub case: Id,
    /// Its notices here: reports, then responses, the oldest first, at most 100.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub notices: Vec<Id>,
    /// How many more there are after these.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub more_notices: usize,
    /// Whose case it is: the issuer of the oldest report.
    pub issuer: NodeId,
    /// Its code name, under embargo.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub embargo: Option<String>,
    /// The title of the last report.
    pub title: String,
    /// The strictest label of its reports.
    pub tlp: Tlp,
    /// The last report's severity.
    pub severity: Severity,
    /// How far the reports have got; absent where only responses are here.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stage: Option<Stage>,
    /// Whose clock runs.
    pub regime: Regime,
    /// The highest node that may have the last report; absent where only responses are here.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub aud: Option<NodeId>,
    /// The exercise that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub exercise: Option<String>,
    /// Since when it is here, by this node's hop; milliseconds.
    pub since: Time,
    /// Whether it is open at this node.
    pub open: bool,
    /// When it was closed here; milliseconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub closed: Option<Time>,
    /// Every level that has said something, and those to which it climbed.
    pub levels: BTreeMap<NodeId, LevelLine>,
    /// Its clocks, the next due first.
    pub deadlines: Vec<DeadlineLine>,
    /// What a person should look at.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub marks: Vec<Mark>,
}

/// One level's part in a case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelLine {
    /// Where it puts the case; absent while it has not responded.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub state: Option<CaseState>,
    /// Since when, by its own clock; milliseconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub at: Option<Time>,
    /// Why, with `rejected`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// Its relay's last word on the last report: `stops`, `climbs`, `read`, `refused`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub word: Option<String>,
    /// Where the last report goes on to from there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to: Option<NodeId>,
}

/// One clock of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadlineLine {
    /// What is due, as the clocks' file calls it.
    pub name: String,
    /// Where it is written: `NIS2 art. 23(4)(a)`.
    pub source: String,
    /// Whose duty: `reporter` or `csirt`.
    pub of: String,
    /// What it counts from; milliseconds.
    pub from: Time,
    /// Until when; milliseconds.
    pub due: Time,
    /// When it was met; milliseconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub met: Option<Time>,
    /// What the last report gives as that from which it counts, if it is another time: a later
    /// report does not move a deadline back. Milliseconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub changed: Option<Time>,
    /// `open`, `near`, `passed`, `met` or `met-late`.
    pub standing: String,
}

/// What a person should look at in a case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Mark {
    /// A rule says that it climbs to this node, and its audience ends here: `chappe case forward`.
    Forward(NodeId),
    /// This node has forwarded earlier reports to that one, and not the last.
    Behind(NodeId),
    /// A report has come since this node closed or rejected it.
    News,
    /// Nobody here has answered in time; the parent is told.
    Unanswered,
    /// It climbs to this node, which has not said in time that it has it.
    Silent(NodeId),
    /// Another node left something out when it passed the case on.
    Redacted(NodeId),
    /// A notice that the case's order does not allow; it changes nothing.
    OutOfOrder(Id),
}

/// A case that nobody answers at a child.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnansweredLine {
    /// The id of its oldest report there: what the child's desk knows it by.
    pub of: Id,
    /// The child.
    pub by: NodeId,
    /// When it said so; milliseconds.
    pub at: Time,
}

/// Cases that look alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimilarLine {
    /// The rule's name.
    pub rule: String,
    /// The nature or type that they share.
    pub what: String,
    /// Where: the parts of the scope that they share.
    pub place: String,
    /// The exercise that they belong to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub exercise: Option<String>,
    /// Their keys, at most 100.
    pub cases: Vec<Id>,
}
