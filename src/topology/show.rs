//! The tree in plain text, a line per node.

use super::model::{Node, Topology};
use super::report::list;
use crate::notice::{ALL, NodeId, Scope};

/// A scope without its trailing `all`s: `eu.fr.bre`.
#[must_use]
pub fn short(scope: &Scope) -> String {
    let mut text = scope.to_string();
    while let Some(shorter) = text.strip_suffix(ALL).and_then(|rest| rest.strip_suffix('.')) {
        text.truncate(shorter.len());
    }
    text
}

/// Draws the federation: id, name, level, constituency, and a dashed arrow to each followed node.
/// What stands on no authority's list is marked `*`.
#[must_use]
pub fn show(topology: &Topology) -> String {
    let mut rows = Vec::new();
    if let Some(root) = topology.node(topology.union()) {
        draw(topology, root, "", "", &mut rows);
    }
    let width = |cell: fn(&Row) -> &str| rows.iter().map(|r| cell(r).chars().count()).max();
    let tree = width(|row| &row.tree).unwrap_or(0);
    let name = width(|row| &row.name).unwrap_or(0);
    let mut text = format!("{}: {} nodes\n", topology.name(), topology.nodes().len());
    for Row { tree: id, name: called, level, rest } in &rows {
        let row = format!("{id:tree$}  {called:name$}  {level:8}  {rest}");
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text + &legend(topology)
}

struct Row {
    tree: String,
    name: String,
    level: &'static str,
    rest: String,
}

/// `branch` leads to this node, `trunk` to what is below it.
fn draw(topology: &Topology, node: &Node, branch: &str, trunk: &str, rows: &mut Vec<Row>) {
    let star = if node.illustrative { " *" } else { "" };
    rows.push(Row {
        tree: format!("{branch}{}", node.id),
        name: format!("{}{star}", node.name),
        level: node.level.as_str(),
        rest: rest(node),
    });
    let children: Vec<&Node> = topology.children(&node.id).collect();
    for (at, child) in children.iter().enumerate() {
        let last = at + 1 == children.len();
        let (to, below) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        draw(topology, child, &format!("{trunk}{to}"), &format!("{trunk}{below}"), rows);
    }
}

fn rest(node: &Node) -> String {
    let mut text = list(node.constituency.iter().map(short));
    if !node.follows.is_empty() {
        text.push_str(&format!("  ╌╌> {}", list::<&NodeId>(&node.follows)));
    }
    text
}

fn legend(topology: &Topology) -> String {
    let mut text = String::new();
    if topology.nodes().iter().any(|node| !node.follows.is_empty()) {
        text.push_str("╌╌> follows\n");
    }
    if topology.nodes().iter().any(|node| node.illustrative) {
        text.push_str("*   illustrative\n");
    }
    let bare: Vec<String> =
        topology.regions_without_a_node().map(|(c, region)| format!("{c}.{region}")).collect();
    if !bare.is_empty() {
        text.push_str(&format!("Regions without a node: {}\n", bare.join(", ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::samples::sound;
    use super::*;

    #[test]
    fn short_leaves_out_only_trailing_alls() {
        let shown = |text: &str| short(&text.parse().expect("a scope"));
        assert_eq!(shown("eu.fr.all.all"), "eu.fr");
        assert_eq!(shown("eu.all.all.space"), "eu.all.all.space");
        assert_eq!(shown("eu.fr.small.all"), "eu.fr.small");
    }

    #[test]
    fn the_tree_has_a_line_per_node_and_dashes_to_what_is_followed() {
        let hospital = r#"{ id = "eu-fr-bre-h1", name = "Hôpital", level = "entity",
            constituency = ["eu.fr.bre.health"], follows = ["eu-fr-sante"],
            illustrative = true }"#;
        let expected = "\
Test: 7 nodes
eu                     Union      union     eu
├─ eu-fr               France     national  eu.fr
│  ├─ eu-fr-bre        Bretagne   regional  eu.fr.bre
│  │  └─ eu-fr-bre-h1  Hôpital *  entity    eu.fr.bre.health  ╌╌> eu-fr-sante
│  ├─ eu-fr-nor        Normandie  regional  eu.fr.nor
│  └─ eu-fr-sante      Health     sector    eu.fr.all.health
└─ eu-be               Belgium    national  eu.be
╌╌> follows
*   illustrative
Regions without a node: fr.idf
";
        assert_eq!(show(&sound(hospital)), expected);
    }
}
