//! The topology files that come with Chappe, against the facts that they were written from.

use chappe::notice::Level;
use chappe::topology::{Node, Topology, Warning, show};

const FRANCE: &str = include_str!("../../topology/france.toml");
const SMALL: &str = include_str!("../../topology/small.toml");
const EUROPE: &str = include_str!("../../topology/europe.toml");
const FACTS: &str = include_str!("../fixtures/hierarchy/csirt-fr.json");

fn france() -> (Topology, Vec<Warning>) {
    Topology::load(FRANCE, "topology/france.toml").expect("france.toml has no findings")
}

fn node<'t>(topology: &'t Topology, id: &str) -> &'t Node {
    topology.node(&id.parse().expect("a node id")).expect(id)
}

fn facts(list: &str) -> Vec<serde_json::Value> {
    let facts: serde_json::Value = serde_json::from_str(FACTS).expect("the facts are JSON");
    facts[list].as_array().expect("a list of facts").clone()
}

fn region(fact: &serde_json::Value) -> String {
    fact["iso"].as_str().and_then(|iso| iso.strip_prefix("FR-")).expect("FR-").to_lowercase()
}

fn count(topology: &Topology, level: Level) -> usize {
    topology.nodes().iter().filter(|node| node.level == level).count()
}

#[test]
fn the_small_federation_has_neither_findings_nor_warnings() {
    let (topology, warnings) = Topology::load(SMALL, "small.toml").expect("no findings");
    assert_eq!(warnings, []);
    assert_eq!(topology.nodes().len(), 9);
}

#[test]
fn france_has_35_nodes_of_five_levels() {
    let (topology, _) = france();
    let levels = [Level::Union, Level::National, Level::Regional, Level::Sector, Level::Entity];
    assert_eq!(levels.map(|level| count(&topology, level)), [1, 1, 16, 7, 10]);
}

#[test]
fn every_mainland_csirt_has_the_name_phone_and_page_that_anssi_lists() {
    let (topology, _) = france();
    let mainland = facts("mainland");
    assert_eq!(mainland.len(), 13);
    for fact in mainland {
        let region = region(&fact);
        let node = node(&topology, &format!("eu-fr-{region}"));
        assert_eq!(Some(node.name.as_str()), fact["csirt"].as_str());
        assert_eq!(node.contact.phone.as_deref(), fact["phone"].as_str(), "{}", node.name);
        assert_eq!(node.contact.url.as_deref(), fact["url"].as_str(), "{}", node.name);
        assert_eq!(node.constituency, [format!("eu.fr.{region}").parse().expect("a scope")]);
    }
}

#[test]
fn every_overseas_region_is_served_by_the_centre_that_anssi_lists_or_warned_of() {
    let (topology, warnings) = france();
    for fact in facts("overseas") {
        let region = region(&fact);
        let scope = format!("eu.fr.{region}").parse().expect("a scope");
        let serves = |n: &&Node| n.level == Level::Regional && n.constituency.contains(&scope);
        let served = topology.nodes().iter().find(serves).map(|node| node.name.as_str());
        assert_eq!(served, fact["csirt"].as_str(), "{region}");
        let text = format!("region `fr.{region}` has no regional node");
        let warned = warnings.iter().any(|warning| warning.to_string().contains(&text));
        assert_eq!(warned, served.is_none(), "{region}");
    }
}

#[test]
fn every_sector_csirt_that_anssi_lists_is_there_and_banking_is_marked() {
    let (topology, _) = france();
    for fact in facts("sector") {
        let name = fact["csirt"].as_str().expect("a name");
        let node = topology.nodes().iter().find(|node| node.name == name).expect(name);
        assert_eq!(node.level, Level::Sector);
        assert_eq!(node.contact.url.as_deref(), fact["url"].as_str());
        assert!(!node.illustrative, "{name}");
    }
    assert!(node(&topology, "eu-fr-banque").illustrative);
}

#[test]
fn no_region_has_banks_among_its_clients() {
    let (topology, _) = france();
    let regions = topology.nodes().iter().filter(|node| node.level == Level::Regional);
    for node in regions {
        assert!(!node.clients.iter().any(|client| client == "banking"), "{}", node.id);
        assert!(node.clients.iter().any(|client| client == "health"), "{}", node.id);
    }
}

#[test]
fn the_hospital_hears_its_region_and_its_sector() {
    let (topology, _) = france();
    let hospital = node(&topology, "eu-fr-bre-hospital1");
    assert_eq!(hospital.follows, ["eu-fr-sante".parse().expect("an id")]);
    let shared = hospital.constituency_under(node(&topology, "eu-fr-sante"));
    assert_eq!(shared, ["eu.fr.bre.health".parse().expect("a scope")]);
}

#[test]
fn entities_are_examples_without_a_contact() {
    let (topology, _) = france();
    for node in topology.nodes().iter().filter(|node| node.level == Level::Entity) {
        assert!(node.illustrative, "{}", node.id);
        assert_eq!(node.contact, chappe::topology::Contact::default());
    }
}

#[test]
fn the_drawing_of_france_has_every_node_once() {
    let (topology, _) = france();
    let drawing = show(&topology);
    for node in topology.nodes() {
        let lines = drawing.lines().filter(|line| line.contains(&format!("─ {} ", node.id)));
        assert_eq!(lines.count(), usize::from(node.level != Level::Union), "{}", node.id);
    }
    assert!(drawing.contains("Regions without a node: fr.976, fr.pf, fr.cp, fr.tf"));
}

fn europe() -> (Topology, Vec<Warning>) {
    Topology::load(EUROPE, "topology/europe.toml").expect("europe.toml has no findings")
}

#[test]
fn europe_has_a_union_and_three_states_each_with_regions_a_sector_and_entities() {
    let (topology, _) = europe();
    assert_eq!(topology.nodes().len(), 27);
    let ids = |level: Level| topology.nodes().iter().filter(move |n| n.level == level);
    let states: Vec<&str> = ids(Level::National).map(|node| node.id.as_str()).collect();
    assert_eq!(states, ["eu-fr", "eu-de", "eu-be"]);
    for state in states {
        for level in [Level::Regional, Level::Sector, Level::Entity] {
            let within = ids(level).filter(|node| node.id.as_str().starts_with(state)).count();
            assert!(within >= if level == Level::Sector { 1 } else { 2 }, "{state} {level:?}");
        }
    }
}

/// Nobody's number is invented: it is the one of ANSSI's list, or of an example that nobody runs.
#[test]
fn in_europe_only_what_is_on_a_list_or_an_example_has_a_phone_number() {
    let (topology, warnings) = europe();
    let listed: Vec<_> = facts("mainland").iter().map(|f| (name(f), phone(f))).collect();
    let mut silent = Vec::new();
    for node in topology.nodes().iter().filter(|node| node.level != Level::Entity) {
        let of = (Some(node.name.clone()), node.contact.phone.clone());
        match &node.contact.phone {
            None => silent.push(format!("`{}` has no contact.phone", node.id)),
            Some(phone) if node.illustrative => {
                assert!(phone.starts_with("+33 1 99 00 "), "{of:?}");
            }
            Some(_) => assert!(listed.contains(&of), "{of:?}"),
        }
    }
    let told: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), silent.len(), "{told:#?}");
    for text in silent {
        assert!(told.iter().any(|warning| warning.contains(&text)), "{text} in {told:#?}");
    }
}

#[test]
fn europe_names_a_real_seat_only_where_its_name_is_public() {
    let (topology, _) = europe();
    let real = topology.nodes().iter().filter(|node| !node.illustrative);
    let names: Vec<&str> = real.map(|node| node.name.as_str()).collect();
    let public = ["CERT-EU", "CERT-FR", "CERT-Bund", "Centre for Cybersecurity Belgium (CERT.be)"];
    let listed: Vec<_> = ["mainland", "sector"]
        .iter()
        .flat_map(|list| facts(list))
        .filter_map(|f| name(&f))
        .collect();
    for name in names {
        let known = public.contains(&name) || listed.iter().any(|listed| listed == name);
        assert!(known, "{name}");
    }
}

fn name(fact: &serde_json::Value) -> Option<String> {
    fact["csirt"].as_str().map(str::to_owned)
}

fn phone(fact: &serde_json::Value) -> Option<String> {
    fact["phone"].as_str().map(str::to_owned)
}
