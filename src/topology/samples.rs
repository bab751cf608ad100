//! A sound little file for tests to add mistakes to.

use super::Topology;

/// Ends on its last node, so that what is added begins on the next line.
const BASE: &str = r#"name = "Test"
union = "eu"
regions.be = []
regions.fr = ["bre", "nor", "idf"]
node = [
{ id = "eu", name = "Union", level = "union", constituency = ["eu"] },
{ id = "eu-fr", name = "France", level = "national", constituency = ["eu.fr"] },
{ id = "eu-be", name = "Belgium", level = "national", constituency = ["eu.be"] },
{ id = "eu-fr-bre", name = "Bretagne", level = "regional", constituency = ["eu.fr.bre"] },
{ id = "eu-fr-nor", name = "Normandie", level = "regional", constituency = ["eu.fr.nor"] },
{ id = "eu-fr-sante", name = "Health", level = "sector", constituency = ["eu.fr.all.health"] },
"#;

/// The base with more nodes.
pub(super) fn file(added: &str) -> String {
    format!("{BASE}{added}\n]\n")
}

/// The base with more nodes, checked.
pub(super) fn sound(added: &str) -> Topology {
    Topology::load(&file(added), "t.toml").expect("no findings").0
}

/// What is found, with lines counted from the first added one.
pub(super) fn findings(added: &str) -> Vec<String> {
    let base = BASE.lines().count();
    let found = Topology::load(&file(added), "t.toml").err().unwrap_or_default();
    found.iter().map(|f| format!("{}: {}", f.position.line - base, f.text)).collect()
}

/// The only finding.
pub(super) fn finding(added: &str) -> String {
    let mut found = findings(added);
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}
