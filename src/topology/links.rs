//! Following: a second upstream that has something to carry and does not go round in circles.

use std::collections::BTreeMap;

use super::draft::DraftNode;
use super::places::once;
use super::report::{Report, list};
use super::show::short;
use super::tree::Census;
use crate::notice::{Level, NodeId};
use crate::trust::MAX_NODES;

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
    bundle_sizes(census, report);
}

/// A bundle lists the node's children, its followers and, of a State, the union.
fn bundle_sizes(census: &Census<'_>, report: &mut Report<'_, '_>) {
    let mut sizes: BTreeMap<NodeId, usize> = BTreeMap::new();
    for node in &census.nodes {
        let follows = node.follows.iter().map(|followed| followed.value.clone());
        for introducer in node.id.value.parent().into_iter().chain(follows) {
            *sizes.entry(introducer).or_default() += 1;
        }
    }
    for node in &census.nodes {
        let id = &node.id.value;
        let size = sizes.get(id).copied().unwrap_or(0) + usize::from(id.depth() == 2);
        if size > MAX_NODES {
            let text = format!("the bundle of `{id}` would list {size} nodes; at most {MAX_NODES}");
            report.add(node.id.at, text);
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

#[cfg(test)]
mod tests {
    use super::super::Topology;
    use super::super::samples::{file, finding, findings, sound};
    use super::*;

    fn hospital(follows: &str) -> String {
        format!(
            r#"{{ id = "eu-fr-bre-h1", name = "H", level = "entity",
            constituency = ["eu.fr.bre.health"],
            follows = ["{follows}"] }},
            {{ id = "eu-fr-bre-h2", name = "H2", level = "entity",
            constituency = ["eu.fr.bre.health"] }},"#
        )
    }

    #[test]
    fn a_followed_node_is_an_upstream_with_something_to_carry() {
        let cases = [
            ("eu-fr-zzz", "which is not in this file"),
            ("eu-fr-bre-h1", "itself"),
            ("eu-fr-bre", "its parent, to which it is linked anyway"),
            ("eu-fr", "an ancestor, whose notices its parent passes on"),
            ("eu", "an ancestor, whose notices its parent passes on"),
            ("eu-be", "a node of another State, which introduces nobody here"),
            ("eu-fr-bre-h2", "an entity, which passes nothing on to others"),
            ("eu-fr-nor", "but eu.fr.bre.health and eu.fr.nor have nothing in common"),
        ];
        for (followed, wrong) in cases {
            let found = finding(&hospital(followed));
            assert_eq!(found, format!("3: `eu-fr-bre-h1` follows `{followed}`, {wrong}"));
        }
        let twice = hospital("eu-fr-sante\", \"eu-fr-sante");
        assert_eq!(finding(&twice), "3: follows of `eu-fr-bre-h1`: `eu-fr-sante` twice");
    }

    #[test]
    fn a_bundle_lists_a_bounded_number_of_nodes() {
        let entity = |n: usize| {
            format!(
                "{{ id = \"eu-fr-bre-e{n}\", name = \"E{n}\", level = \"entity\", \
                 constituency = [\"eu.fr.bre\"] }},\n"
            )
        };
        let most: String = (0..MAX_NODES).map(entity).collect();
        assert!(findings(&most).is_empty());
        let more = format!("{most}{}", entity(MAX_NODES));
        let found = Topology::load(&file(&more), "t.toml").expect_err("one too many");
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            ["t.toml:9: the bundle of `eu-fr-bre` would list 513 nodes; at most 512"]
        );
    }

    #[test]
    fn a_node_does_not_follow_one_below_itself() {
        let nodes = r#"{ id = "eu-fr-idf", name = "I", level = "regional",
            constituency = ["eu.fr.idf"],
            follows = ["eu-fr-idf-e"] },
            { id = "eu-fr-idf-e", name = "E", level = "entity", constituency = ["eu.fr.idf"] }"#;
        assert_eq!(finding(nodes), "3: `eu-fr-idf` follows `eu-fr-idf-e`, a node below itself");
    }

    #[test]
    fn a_member_has_the_part_that_it_shares_with_the_node_that_it_follows() {
        assert!(findings(&hospital("eu-fr-sante")).is_empty());
        let topology = sound(&hospital("eu-fr-sante"));
        let health = "eu-fr-sante".parse().expect("an id");
        let members: Vec<_> = topology.followers(&health).collect();
        let followed = topology.node(&health).expect("the sector node");
        assert_eq!(members[0].id.as_str(), "eu-fr-bre-h1");
        let shared = members[0].constituency_under(followed);
        assert_eq!(shared, ["eu.fr.bre.health".parse().expect("a scope")]);
    }
}
