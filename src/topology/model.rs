//! The checked tree.

use std::collections::BTreeMap;

use crate::notice::{Kind, Level, NodeId, Scope, Severity, Tlp};
use crate::trust::Grant;

/// A federation as a file describes it, checked: every id has its parent, no constituency is wider
/// than its introducer's, every link has something to carry. Only `Topology::load` makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    pub(super) name: String,
    pub(super) union: NodeId,
    pub(super) regions: BTreeMap<String, Vec<String>>,
    pub(super) nodes: Vec<Node>,
}

/// One seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its id; the parent is the id without the last token.
    pub id: NodeId,
    /// Its name for people, one line.
    pub name: String,
    /// Its level.
    pub level: Level,
    /// The scopes that it serves; no two of them have a place and sector in common.
    pub constituency: Vec<Scope>,
    /// Sector tokens in which it has clients: AMBER for one sector passes only to these.
    pub clients: Vec<String>,
    /// The strictest label that it may be sent.
    pub ceiling: Tlp,
    /// The most that its keys may sign; never more than its parent's.
    pub may: Grant,
    /// Nodes beside the parent that it also connects to.
    pub follows: Vec<NodeId>,
    /// Siblings of its level that are meant to serve some of the same scopes.
    pub overlaps: Vec<NodeId>,
    /// Its duty contact; all empty for an entity.
    pub contact: Contact,
    /// Whether it stands here as an example and on no authority's list.
    pub illustrative: bool,
    /// Names of its local publishers, at least one.
    pub publishers: Vec<String>,
    /// Its live subscribers.
    pub subscribers: Vec<Subscriber>,
}

/// Whom to phone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contact {
    /// Phone number as people dial it.
    pub phone: Option<String>,
    /// Mail address of a function, not of a person.
    pub mail: Option<String>,
    /// When somebody answers.
    pub hours: Option<String>,
    /// Web page.
    pub url: Option<String>,
}

/// A live subscriber at its own node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriber {
    /// Its name, `[a-z0-9-]{1,24}`.
    pub name: String,
    /// What it hears, each within the constituency.
    pub scopes: Vec<Scope>,
    /// Severities that it asked for, empty for all; `unknown` always comes with them.
    pub severities: Vec<Severity>,
    /// The strictest label that it gets; at most AMBER.
    pub tlp: Tlp,
    /// Whether it also hears drills.
    pub drills: bool,
}

/// What a node of a level signs if its `may` does not say: a CSIRT everything; an entity asks for
/// help and takes that back.
#[must_use]
pub fn default_kinds(level: Level) -> &'static [Kind] {
    match level {
        Level::Entity => &[Kind::Withdrawal, Kind::Escalation],
        _ => &Kind::ALL,
    }
}

impl Topology {
    /// Its name for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The union's node; its id is also the first token of every scope.
    #[must_use]
    pub fn union(&self) -> &NodeId {
        &self.union
    }

    /// The region tokens that exist, by country token.
    #[must_use]
    pub fn regions(&self) -> &BTreeMap<String, Vec<String>> {
        &self.regions
    }

    /// Every node, parents first, else in the file's order.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// One node.
    #[must_use]
    pub fn node(&self, id: &NodeId) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id == *id)
    }

    /// The nodes that this one introduces, in the file's order.
    pub fn children<'t>(&'t self, id: &'t NodeId) -> impl Iterator<Item = &'t Node> {
        self.nodes.iter().filter(move |node| node.id.parent().as_ref() == Some(id))
    }

    /// The nodes that follow this one: its members.
    pub fn followers<'t>(&'t self, id: &'t NodeId) -> impl Iterator<Item = &'t Node> {
        self.nodes.iter().filter(move |node| node.follows.contains(id))
    }

    /// Regions that no regional node serves, as (country, region).
    pub fn regions_without_a_node(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.regions.iter().flat_map(|(c, list)| list.iter().map(|r| (&**c, &**r)));
        all.filter(|(country, region)| !self.nodes.iter().any(|n| n.serves(country, region)))
    }
}

impl Node {
    /// What this node has in common with a node that it follows: its constituency as a member.
    #[must_use]
    pub fn constituency_under(&self, followed: &Self) -> Vec<Scope> {
        common(&self.constituency, &followed.constituency)
    }

    fn serves(&self, country: &str, region: &str) -> bool {
        let named = |s: &Scope| s.country() == country && s.region() == region;
        self.level == Level::Regional && self.constituency.iter().any(named)
    }
}

/// What is in both sets of scopes, without duplicates, in the order of `mine`.
pub(super) fn common(mine: &[Scope], theirs: &[Scope]) -> Vec<Scope> {
    let mut found = Vec::new();
    for scope in mine.iter().flat_map(|m| theirs.iter().filter_map(|t| m.meet(t))) {
        if !found.contains(&scope) {
            found.push(scope);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(texts: &[&str]) -> Vec<Scope> {
        texts.iter().map(|text| text.parse().expect("a scope")).collect()
    }

    #[test]
    fn a_region_and_a_sector_have_the_sector_of_that_region_in_common() {
        let found = common(&scopes(&["eu.fr.bre", "eu.fr.nor"]), &scopes(&["eu.fr.all.health"]));
        assert_eq!(found, scopes(&["eu.fr.bre.health", "eu.fr.nor.health"]));
        assert_eq!(common(&scopes(&["eu.fr.bre"]), &scopes(&["eu.fr.nor"])), []);
    }

    #[test]
    fn an_entity_may_only_ask_for_help() {
        assert_eq!(default_kinds(Level::Entity), [Kind::Withdrawal, Kind::Escalation]);
        assert_eq!(default_kinds(Level::Sector), Kind::ALL);
    }
}
