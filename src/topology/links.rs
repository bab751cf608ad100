//! Following: a second upstream that has something to carry and does not go round in circles.

use super::draft::DraftNode;
use super::places::once;
use super::report::{Report, list};
use super::show::short;
use super::tree::Census;
use crate::notice::{Level, NodeId};

pub(super) fn check(census: &Census<'_>, report: &mut Report<'_, '_>) {
    for node in &census.nodes {
        let id = &node.id.value;
        once(&format!("follows of `{id}`"), &node.follows, report);
        for followed in &node.follows {
            if let Some(wrong) = wrong(census, node, &followed.value) {
                report.add(followed.at, format!("`{id}` follows `{}`, {wrong}", followed.value));
            }
        }
    }
}

fn wrong(census: &Census<'_>, node: &DraftNode, followed: &NodeId) -> Option<String> {
    let id = &node.id.value;
    if id == followed {
        return Some("itself".to_owned());
    }
    let Some(target) = census.get(followed) else {
        return Some("which is not in this file".to_owned());
    };
    if id.parent().as_ref() == Some(followed) {
        return Some("its parent, to which it is linked anyway".to_owned());
    }
    if followed.contains(id) {
        return Some("an ancestor, whose notices its parent passes on".to_owned());
    }
    if id.contains(followed) {
        return Some("a node below itself".to_owned());
    }
    if id.state() != followed.state() {
        return Some("a node of another State, which introduces nobody here".to_owned());
    }
    if target.level.as_ref().is_some_and(|level| level.value == Level::Entity) {
        return Some("an entity, which passes nothing on to others".to_owned());
    }
    nothing_in_common(node, target)
}

fn nothing_in_common(node: &DraftNode, target: &DraftNode) -> Option<String> {
    let (mine, theirs) = (&node.constituency, &target.constituency);
    let meets = mine.iter().any(|m| theirs.iter().any(|t| m.value.intersects(&t.value)));
    // An unreadable constituency is told already.
    if meets || mine.is_empty() || theirs.is_empty() {
        return None;
    }
    let shown = |scopes: &[super::report::At<crate::notice::Scope>]| {
        list(scopes.iter().map(|scope| short(&scope.value)))
    };
    Some(format!("but {} and {} have nothing in common", shown(mine), shown(theirs)))
}
