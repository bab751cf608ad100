//! The tree: ids, parents, levels, and no way back up to where one came from.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::draft::{Draft, DraftNode};
use super::report::{Report, list};
use crate::notice::{Level, NodeId};

/// The nodes of a draft, each id once.
#[derive(Debug)]
pub(super) struct Census<'d> {
    pub(super) draft: &'d Draft,
    /// In the file's order.
    pub(super) nodes: Vec<&'d DraftNode>,
    by_id: BTreeMap<&'d NodeId, &'d DraftNode>,
}

impl<'d> Census<'d> {
    /// Counts the nodes; of those with one id the first stays.
    pub(super) fn new(draft: &'d Draft, report: &mut Report<'_, '_>) -> Self {
        let mut census = Self { draft, nodes: Vec::new(), by_id: BTreeMap::new() };
        for node in &draft.nodes {
            if let Some(first) = census.by_id.get(&node.id.value) {
                let line = report.line(first.id.at);
                report.add(node.id.at, format!("id `{}` is also on line {line}", node.id.value));
            } else {
                census.by_id.insert(&node.id.value, node);
                census.nodes.push(node);
            }
        }
        census
    }

    pub(super) fn get(&self, id: &NodeId) -> Option<&'d DraftNode> {
        self.by_id.get(id).copied()
    }

    /// The node that introduces this one.
    pub(super) fn parent(&self, node: &DraftNode) -> Option<&'d DraftNode> {
        self.get(&node.id.value.parent()?)
    }
}

pub(super) fn check(census: &Census<'_>, report: &mut Report<'_, '_>) {
    names(census, report);
    union(census, report);
    for node in &census.nodes {
        parent(census, node, report);
        level(census, node, report);
    }
    cycles(census, report);
}

fn names(census: &Census<'_>, report: &mut Report<'_, '_>) {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for name in census.nodes.iter().filter_map(|node| node.name.as_ref()) {
        if let Some(first) = seen.get(name.value.as_str()) {
            let line = report.line(*first);
            report.add(name.at, format!("name `{}` is also on line {line}", name.value));
        } else {
            seen.insert(&name.value, name.at);
        }
    }
}

fn union(census: &Census<'_>, report: &mut Report<'_, '_>) {
    let is_union = |n: &&&DraftNode| n.level.as_ref().is_some_and(|l| l.value == Level::Union);
    let unions: Vec<&&DraftNode> = census.nodes.iter().filter(is_union).collect();
    let Some(named) = &census.draft.union else { return };
    if unions.is_empty() && !census.nodes.is_empty() {
        report.add(named.at, "no node has the level union; expected exactly one");
    }
    for node in unions {
        if node.id.value != named.value {
            let id = &node.id.value;
            let text = format!("`{id}` has the level union, but `union` names `{}`", named.value);
            report.add(node.id.at, text);
        }
    }
}

fn parent(census: &Census<'_>, node: &DraftNode, report: &mut Report<'_, '_>) {
    let id = &node.id.value;
    let fits = id.parent();
    if let Some(written) = &node.parent
        && fits.as_ref() != Some(&written.value)
    {
        let expected = match &fits {
            Some(fits) => format!("expected `{fits}`, the id without its last token"),
            None => "an id of one token has no parent".to_owned(),
        };
        let text = format!("id `{id}` does not fit its parent `{}`: {expected}", written.value);
        report.add(written.at, text);
        return;
    }
    if let Some(fits) = fits.filter(|fits| census.get(fits).is_none()) {
        report.add(node.id.at, format!("parent `{fits}` of `{id}` is not in this file"));
    }
}

fn level(census: &Census<'_>, node: &DraftNode, report: &mut Report<'_, '_>) {
    let Some(level) = &node.level else { return };
    let allowed: &[Level] = match level.value {
        Level::Union => &[],
        Level::National => &[Level::Union],
        Level::Regional | Level::Sector => &[Level::National],
        Level::Entity => &[Level::National, Level::Regional, Level::Sector],
    };
    let id = &node.id.value;
    let word = level.value.as_str();
    let expected = list(allowed.iter().map(|level| level.as_str()));
    match (id.parent(), allowed.is_empty()) {
        (None, false) => {
            let text = format!("`{id}` is {word} and has no parent; expected one of {expected}");
            report.add(level.at, text);
        }
        (Some(_), true) => {
            report.add(level.at, format!("`{id}` is union; a union has no parent"));
        }
        _ => {}
    }
    let above = census.parent(node).and_then(|parent| parent.level.as_ref());
    if let Some(above) = above.filter(|a| !allowed.is_empty() && !allowed.contains(&a.value)) {
        let found = above.value.as_str();
        let text = format!("`{id}` is {word} below a {found} node; expected below {expected}");
        report.add(level.at, text);
    }
}

/// Reports each circle of `parent` and `follows` once, at the link of its first node.
fn cycles(census: &Census<'_>, report: &mut Report<'_, '_>) {
    let mut told: BTreeSet<&NodeId> = BTreeSet::new();
    for node in &census.nodes {
        let Some(circle) = circle(census, node).filter(|_| !told.contains(&node.id.value)) else {
            continue;
        };
        let at = upstreams(census, node)
            .find(|(_, next)| circle.get(1).is_some_and(|second| *second == next.id.value))
            .map_or(node.id.at, |(at, _)| at);
        let path = list(&circle).replace(", ", " -> ");
        report.add(at, format!("cycle of `parent` and `follows`: {path}"));
        told.extend(census.nodes.iter().map(|n| &n.id.value).filter(|id| circle.contains(id)));
    }
}

/// The shortest way from a node over its upstreams back to itself.
fn circle(census: &Census<'_>, start: &DraftNode) -> Option<Vec<NodeId>> {
    let mut seen: BTreeSet<&NodeId> = BTreeSet::new();
    let mut ways = VecDeque::from([vec![start]]);
    while let Some(way) = ways.pop_front() {
        for (_, next) in upstreams(census, way.last()?) {
            let longer = || way.iter().copied().chain([next]);
            if next.id.value == start.id.value {
                return Some(longer().map(|node| node.id.value.clone()).collect());
            }
            if seen.insert(&next.id.value) {
                ways.push_back(longer().collect());
            }
        }
    }
    None
}

/// Where a node connects to, with the place that says so. Following a node below itself is
/// another finding and left out.
fn upstreams<'c, 'd: 'c>(
    census: &'c Census<'d>,
    node: &'c DraftNode,
) -> impl Iterator<Item = (usize, &'d DraftNode)> + 'c {
    let id = &node.id.value;
    let derived = || id.parent().map(|parent| (node.id.at, parent));
    let parent = node.parent.as_ref().map(|p| (p.at, p.value.clone())).or_else(derived);
    let follows = node.follows.iter().filter(|f| !id.contains(&f.value));
    parent
        .into_iter()
        .chain(follows.map(|f| (f.at, f.value.clone())))
        .filter_map(|(at, next)| census.get(&next).map(|node| (at, node)))
}

#[cfg(test)]
mod tests {
    use super::super::Topology;
    use super::super::samples::{finding, findings};

    fn regional(id: &str, more: &str) -> String {
        format!(
            "{{ id = \"{id}\", name = \"{id}\", level = \"regional\", \
             constituency = [\"eu.fr.idf\"]{more} }},"
        )
    }

    #[test]
    fn an_id_or_a_name_twice_points_at_the_first() {
        let twice = r#"{ id = "eu-fr-bre", name = "B", level = "regional",
            constituency = ["eu.fr.bre"] }"#;
        assert_eq!(finding(twice), "1: id `eu-fr-bre` is also on line 9");
        let name = r#"{ id = "eu-fr-idf", name = "Normandie", level = "regional",
            constituency = ["eu.fr.idf"] }"#;
        assert_eq!(finding(name), "1: name `Normandie` is also on line 10");
    }

    #[test]
    fn an_id_fits_its_parent() {
        assert_eq!(
            finding(&regional("eu-fr-idf", r#", parent = "eu-be""#)),
            "1: id `eu-fr-idf` does not fit its parent `eu-be`: expected `eu-fr`, the id without \
             its last token"
        );
        assert!(findings(&regional("eu-fr-idf", r#", parent = "eu-fr""#)).is_empty());
    }

    #[test]
    fn a_parent_is_in_the_file() {
        let found = finding(&regional("eu-de-idf", ""));
        assert_eq!(found, "1: parent `eu-de` of `eu-de-idf` is not in this file");
    }

    #[test]
    fn parents_in_a_circle_are_one_finding_besides_the_ids_that_do_not_fit() {
        let a = regional("eu-fr-a", r#", parent = "eu-fr-b""#);
        let b = r#"{ id = "eu-fr-b", name = "b", parent = "eu-fr-a", level = "regional",
            constituency = ["eu.fr.idf"], overlaps = ["eu-fr-a"] }"#;
        let found = findings(&format!("{a}\n{b}"));
        assert_eq!(found.len(), 3, "{found:#?}");
        assert!(found.contains(
            &"1: cycle of `parent` and `follows`: eu-fr-a -> eu-fr-b -> eu-fr-a".to_owned()
        ));
    }

    #[test]
    fn two_nodes_that_follow_each_other_are_a_cycle() {
        let a = regional("eu-fr-idf", r#", follows = ["eu-fr-soc"]"#);
        let b = r#"{ id = "eu-fr-soc", name = "s", level = "sector", follows = ["eu-fr-idf"],
            constituency = ["eu.fr.all.social"] }"#;
        assert_eq!(
            finding(&format!("{a}\n{b}")),
            "1: cycle of `parent` and `follows`: eu-fr-idf -> eu-fr-soc -> eu-fr-idf"
        );
    }

    #[test]
    fn a_level_stands_below_its_own_kind_of_parent() {
        let below = r#"{ id = "eu-fr-bre-x", name = "x", level = "sector",
            constituency = ["eu.fr.bre.health"] }"#;
        assert_eq!(
            finding(below),
            "1: `eu-fr-bre-x` is sector below a regional node; expected below national"
        );
        let high =
            r#"{ id = "eu-x", name = "x", level = "entity", constituency = ["eu.all.all.space"] }"#;
        assert_eq!(
            finding(high),
            "1: `eu-x` is entity below a union node; expected below national, regional, sector"
        );
        let top =
            r#"{ id = "us", name = "x", level = "national", constituency = ["eu.fr.nor.food"] }"#;
        assert_eq!(finding(top), "1: `us` is national and has no parent; expected one of union");
    }

    #[test]
    fn there_is_one_union() {
        let second = r#"{ id = "us", name = "x", level = "union", constituency = ["eu.de"] }"#;
        assert!(
            findings(second)
                .contains(&"1: `us` has the level union, but `union` names `eu`".to_owned())
        );
        let none = "name = \"x\"\nunion = \"eu\"\n[[node]]\nid = \"eu\"\nname = \"n\"\n\
                    level = \"entity\"\nconstituency = [\"eu\"]\n";
        let found = Topology::load(none, "t.toml").expect_err("no union");
        assert_eq!(
            found[0].to_string(),
            "t.toml:2: no node has the level union; expected exactly one"
        );
    }
}
