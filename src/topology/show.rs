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
