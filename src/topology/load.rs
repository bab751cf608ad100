//! From text to a checked topology.

use std::collections::BTreeMap;

use super::draft::{Draft, DraftNode, DraftSubscriber, FILE};
use super::model::{Contact, Node, Subscriber, Topology};
use super::report::{At, Report};
use super::tree::Census;
use super::{grants, links, overlaps, places, tree};
use crate::config::spans::{Finding, Source};
use crate::notice::{ALL, Level, NodeId, Scope, Tlp};
use crate::trust::Grant;

/// The largest topology file that is read.
pub const MAX_TOPOLOGY_BYTES: usize = 1 << 20;

/// Nothing wrong, but worth a look.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{}:{}: warning: {}", .0.file, .0.position, .0.text)]
pub struct Warning(pub Finding);

impl Topology {
    /// Reads the text of a topology file; `file` is its name in messages. Warnings: a region that
    /// no regional node serves, a CSIRT without a phone number, a CSIRT that no AMBER for one
    /// sector would reach.
    ///
    /// # Errors
    /// Everything that is wrong, at once, in order of position; of a text that is no TOML, that
    /// alone.
    pub fn load(text: &str, file: &str) -> Result<(Self, Vec<Warning>), Vec<Finding>> {
        let source = Source::new(file, text);
        if text.len() > MAX_TOPOLOGY_BYTES {
            let text = format!("{} bytes; at most {MAX_TOPOLOGY_BYTES}", text.len());
            return Err(vec![source.finding(0, text)]);
        }
        let root = source.parse()?;
        let mut report = Report::new(&source);
        report.extend(source.unknown_keys(root.get_ref(), &FILE));
        let draft = Draft::read(root.get_ref(), &mut report);
        let checked = check(&draft, &mut report);
        match (report.finish(), checked) {
            (findings, Some(topology)) if findings.is_empty() => {
                let warnings = warnings(&draft, &topology, &source);
                Ok((topology, warnings))
            }
            (findings, _) => Err(findings),
        }
    }
}

/// `None` only where a finding says why.
fn check(draft: &Draft, report: &mut Report<'_, '_>) -> Option<Topology> {
    let census = Census::new(draft, report);
    tree::check(&census, report);
    places::check(&census, report);
    overlaps::check(&census, report);
    links::check(&census, report);
    grants::check(&census, report);
    contacts(&census, report);
    let grants = grants::resolve(&census, report);
    build(&census, grants)
}

/// Bundles travel to every node of a State, and with them what they say of a hospital.
fn contacts(census: &Census<'_>, report: &mut Report<'_, '_>) {
    for node in census.nodes.iter().filter(|node| level(node) == Some(Level::Entity)) {
        if let Some(contact) = &node.contact {
            let id = &node.id.value;
            let text = format!(
                "`{id}` is an entity and has a `contact`, which every node of the State would see; \
                 its CSIRT knows how to reach it"
            );
            report.add(contact.at, text);
        }
    }
}

fn level(node: &DraftNode) -> Option<Level> {
    node.level.as_ref().map(|level| level.value)
}

fn build(census: &Census<'_>, mut grants: BTreeMap<&NodeId, Grant>) -> Option<Topology> {
    let nodes = census.nodes.iter().map(|node| build_node(node, grants.remove(&node.id.value)?));
    let mut nodes: Vec<Node> = nodes.collect::<Option<_>>()?;
    nodes.sort_by_key(|node| node.id.depth());
    let regions = census.draft.regions.iter().map(|(c, list)| (c.clone(), values(list))).collect();
    let (name, union) = (census.draft.name.as_ref()?, census.draft.union.as_ref()?);
    Some(Topology { name: name.value.clone(), union: union.value.clone(), regions, nodes })
}

fn build_node(node: &DraftNode, may: Grant) -> Option<Node> {
    let constituency = values(&node.constituency);
    let publishers = node.publishers.as_deref().map_or_else(|| vec!["soc".to_owned()], values);
    Some(Node {
        id: node.id.value.clone(),
        name: node.name.as_ref()?.value.clone(),
        level: level(node)?,
        clients: node.clients.as_deref().map_or_else(|| own_sectors(&constituency), values),
        ceiling: node.ceiling.unwrap_or(Tlp::Red),
        may,
        follows: values(&node.follows),
        overlaps: values(&node.overlaps),
        contact: node.contact.as_ref().map_or_else(Contact::default, |c| c.value.clone()),
        illustrative: node.illustrative,
        publishers,
        subscribers: subscribers(node, &constituency),
        constituency,
    })
}

fn values<T: Clone>(items: &[At<T>]) -> Vec<T> {
    items.iter().map(|item| item.value.clone()).collect()
}

fn own_sectors(constituency: &[Scope]) -> Vec<String> {
    let mut sectors: Vec<String> = Vec::new();
    for sector in constituency.iter().map(Scope::sector).filter(|sector| *sector != ALL) {
        if !sectors.iter().any(|known| known == sector) {
            sectors.push(sector.to_owned());
        }
    }
    sectors
}

fn subscribers(node: &DraftNode, constituency: &[Scope]) -> Vec<Subscriber> {
    let one = |written: &DraftSubscriber| Subscriber {
        name: written.name.value.clone(),
        scopes: written.scopes.as_deref().map_or_else(|| constituency.to_vec(), values),
        severities: written.severities.as_deref().map_or_else(Vec::new, values),
        tlp: written.tlp.as_ref().map_or(Tlp::Green, |tlp| tlp.value),
        drills: written.drills,
    };
    let default = || Subscriber {
        name: "sub".to_owned(),
        scopes: constituency.to_vec(),
        severities: Vec::new(),
        tlp: Tlp::Green,
        drills: false,
    };
    let written = node.subscribers.as_deref();
    written.map_or_else(|| vec![default()], |list| list.iter().map(one).collect())
}

fn warnings(draft: &Draft, topology: &Topology, source: &Source<'_>) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for (country, region) in topology.regions_without_a_node() {
        let tokens = draft.regions.get(country).into_iter().flatten();
        let at = tokens.filter(|token| token.value == region).map(|token| token.at).next();
        let text = format!(
            "region `{country}.{region}` has no regional node: its notices end at the national \
             and sector nodes"
        );
        warnings.push(Warning(source.finding(at.unwrap_or(0), text)));
    }
    for (node, written) in topology.nodes.iter().filter_map(|n| Some((n, find(draft, &n.id)?))) {
        warnings.extend(node_warnings(node).map(|text| Warning(source.finding(written.at, text))));
    }
    warnings.sort();
    warnings
}

fn find<'d>(draft: &'d Draft, id: &NodeId) -> Option<&'d DraftNode> {
    draft.nodes.iter().find(|node| node.id.value == *id)
}

fn node_warnings(node: &Node) -> impl Iterator<Item = String> {
    let Node { id, level, .. } = node;
    let csirt = *level != Level::Entity;
    let silent = csirt && node.contact.phone.is_none();
    let deaf = csirt && *level != Level::Union && node.clients.is_empty();
    let phone = silent.then(|| format!("`{id}` has no contact.phone: nobody can call its desk"));
    let clients = deaf.then(|| {
        format!("`{id}` has no `clients`: AMBER for one sector does not pass the link to it")
    });
    phone.into_iter().chain(clients)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{file, finding, sound};
    use super::*;

    #[test]
    fn what_is_left_out_has_a_default() {
        let hospital = r#"{ id = "eu-fr-bre-h1", name = "H", level = "entity",
            constituency = ["eu.fr.bre.health"] }"#;
        let topology = sound(hospital);
        let node = topology.nodes().last().expect("a node");
        assert_eq!(node.clients, ["health"]);
        assert_eq!((node.ceiling, node.publishers.clone()), (Tlp::Red, vec!["soc".to_owned()]));
        let [subscriber] = node.subscribers.as_slice() else { panic!("one subscriber") };
        assert_eq!((subscriber.name.as_str(), subscriber.tlp), ("sub", Tlp::Green));
        assert_eq!(subscriber.scopes, node.constituency);
        assert!(!subscriber.drills);
    }

    #[test]
    fn nodes_come_parents_first_whatever_the_files_order() {
        let text = file("").replace(
            "{ id = \"eu\"",
            "{ id = \"eu-fr-x\", name = \"X\", \
             level = \"regional\", constituency = [\"eu.fr.idf\"] },\n{ id = \"eu\"",
        );
        let (topology, _) = Topology::load(&text, "t.toml").expect("no findings");
        let ids: Vec<&str> = topology.nodes().iter().map(|node| node.id.as_str()).collect();
        assert_eq!(
            ids,
            ["eu", "eu-fr", "eu-be", "eu-fr-x", "eu-fr-bre", "eu-fr-nor", "eu-fr-sante"]
        );
    }

    #[test]
    fn a_region_without_a_node_and_a_csirt_without_a_phone_are_warned_of() {
        let (_, warnings) = Topology::load(&file(""), "t.toml").expect("no findings");
        let texts: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts[0],
            "t.toml:4: warning: region `fr.idf` has no regional node: its notices end at the \
             national and sector nodes"
        );
        assert_eq!(
            texts[1],
            "t.toml:6: warning: `eu` has no contact.phone: nobody can call its desk"
        );
        assert!(texts.iter().any(|text| text.contains("`eu-fr` has no `clients`")));
        assert!(!texts.iter().any(|text| text.contains("`eu` has no `clients`")));
    }

    #[test]
    fn an_entity_has_no_contact_that_travels() {
        let hospital = r#"{ id = "eu-fr-bre-h1", name = "H", level = "entity",
            constituency = ["eu.fr.bre.health"], contact = { phone = "1" } }"#;
        assert!(
            finding(hospital).starts_with("2: `eu-fr-bre-h1` is an entity and has a `contact`")
        );
    }

    #[test]
    fn a_syntax_error_is_told_alone() {
        let found = Topology::load("name = \"x\"\nunion\n", "t.toml").expect_err("no TOML");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].position.line, 2);
    }

    #[test]
    fn a_file_beyond_its_bound_is_not_read() {
        let found = Topology::load(&"#".repeat(MAX_TOPOLOGY_BYTES + 1), "t.toml");
        assert_eq!(found.expect_err("too large").len(), 1);
    }
}
