//! Who may say what in whose case: what the router refuses and what the case module puts together
//! must be one rule.

use crate::notice::{Audience, Kind, NodeId, Statement};

/// Whether a node may answer an escalation: it is the issuer itself, the node at the top that it
/// may reach, or one between them on the tree. A followed node is always that top.
#[must_use]
pub fn may_respond(node: &NodeId, report: &Statement) -> bool {
    let Audience::Node(top) = &report.aud else { return false };
    *node == report.iss || node == top || (top.contains(node) && node.contains(&report.iss))
}

/// Whether a report may say that it forwards `target`: only who may answer that can have it, and
/// none makes its label looser.
#[must_use]
pub fn may_forward(s: &Statement, target: &Statement) -> bool {
    target.kind == Kind::Escalation && may_respond(&s.iss, target) && s.tlp >= target.tlp
}

/// Whether `s` may refer to `target` with `re`, of two notices of cases.
#[must_use]
pub fn may_refer(s: &Statement, target: &Statement) -> bool {
    let to = Audience::Node(s.iss.clone());
    let own = s.iss == target.iss;
    match (s.kind, target.kind) {
        (Kind::Escalation, Kind::Escalation) => own,
        (Kind::Escalation, Kind::Response) => target.aud == to,
        (Kind::Response, Kind::Escalation) => may_respond(&s.iss, target) && answers(s, target),
        (Kind::Response, Kind::Response) => own && answers(s, target),
        _ => false,
    }
}

/// Whom a response may go to: who issued what it answers. Who issued that itself, for a victim that
/// had no node at hand, may also let another into the case; routing takes it to nobody but a node
/// that it serves.
fn answers(s: &Statement, target: &Statement) -> bool {
    matches!(&s.aud, Audience::Node(to) if *to == target.iss || s.iss == target.iss)
}
