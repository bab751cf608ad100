//! Two nodes serve the same place only if somebody said so: else each would leave it to the other.

use super::draft::DraftNode;
use super::places::once;
use super::report::{At, Report};
use super::show::short;
use super::tree::Census;
use crate::notice::{Level, Scope};

pub(super) fn check(census: &Census<'_>, report: &mut Report<'_, '_>) {
    for (at, node) in census.nodes.iter().enumerate() {
        for before in census.nodes.iter().take(at) {
            undeclared_overlap(node, before, report);
        }
        overlaps(census, node, report);
    }
}

fn overlap<'n>(a: &'n DraftNode, b: &DraftNode) -> Option<&'n At<Scope>> {
    let meets = |s: &&At<Scope>| b.constituency.iter().any(|o| o.value.intersects(&s.value));
    a.constituency.iter().find(meets)
}

/// Of one parent and one level. Entities are left out: they are served and serve nobody, and two
/// hospitals of a region are no mistake.
fn siblings(a: &DraftNode, b: &DraftNode) -> bool {
    let level = |node: &DraftNode| node.level.as_ref().map(|level| level.value);
    a.id.value != b.id.value
        && a.id.value.parent() == b.id.value.parent()
        && level(a) == level(b)
        && level(a).is_some_and(|level| level != Level::Entity)
}

fn undeclared_overlap(node: &DraftNode, other: &DraftNode, report: &mut Report<'_, '_>) {
    let names = |a: &DraftNode, b: &DraftNode| a.overlaps.iter().any(|o| o.value == b.id.value);
    if !siblings(node, other) || names(node, other) || names(other, node) {
        return;
    }
    let Some(scope) = overlap(node, other) else { return };
    let (id, sibling) = (&node.id.value, &other.id.value);
    let text = format!(
        "undeclared overlap: `{}` of `{id}` is also served by its sibling `{sibling}`; if both \
         are meant to, write overlaps = [\"{sibling}\"]",
        short(&scope.value)
    );
    report.add(scope.at, text);
}

fn overlaps(census: &Census<'_>, node: &DraftNode, report: &mut Report<'_, '_>) {
    let id = &node.id.value;
    once(&format!("overlaps of `{id}`"), &node.overlaps, report);
    for named in &node.overlaps {
        let other = &named.value;
        let wrong = match census.get(other) {
            None => "which is not in this file",
            Some(sibling) if !siblings(node, sibling) => {
                "which is no sibling of its level (entities need no declaration)"
            }
            Some(sibling) if overlap(node, sibling).is_none() => "but they have no scope in common",
            Some(_) => continue,
        };
        report.add(named.at, format!("`{id}` overlaps `{other}`, {wrong}"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{finding, findings};

    fn node(level: &str, constituency: &str, more: &str) -> String {
        format!(
            "{{ id = \"eu-fr-x\", name = \"X\", level = \"{level}\",\n\
             constituency = {constituency}{more} }},"
        )
    }

    #[test]
    fn two_regional_nodes_share_a_region_only_if_one_says_so() {
        assert_eq!(
            finding(&node("regional", r#"["eu.fr.idf", "eu.fr.bre.food"]"#, "")),
            "2: undeclared overlap: `eu.fr.bre.food` of `eu-fr-x` is also served by its sibling \
             `eu-fr-bre`; if both are meant to, write overlaps = [\"eu-fr-bre\"]"
        );
        let declared = r#", overlaps = ["eu-fr-bre"]"#;
        let shared = node("regional", r#"["eu.fr.bre.food"]"#, declared);
        assert!(findings(&shared).is_empty());
    }

    #[test]
    fn a_region_and_a_sector_meet_without_a_word_and_so_do_two_entities() {
        let town = r#"{ id = "eu-fr-bre-t1", name = "T1", level = "entity",
            constituency = ["eu.fr.bre.health"] },
            { id = "eu-fr-bre-t2", name = "T2", level = "entity",
            constituency = ["eu.fr.bre.health"] }"#;
        assert!(findings(town).is_empty());
    }

    #[test]
    fn an_overlap_that_is_none_is_told() {
        let cases = [
            ("eu-fr-zzz", "which is not in this file"),
            ("eu-fr-sante", "which is no sibling of its level"),
            ("eu-fr-nor", "but they have no scope in common"),
        ];
        for (named, part) in cases {
            let more = format!(", overlaps = [\"{named}\"]");
            let found = finding(&node("regional", r#"["eu.fr.idf"]"#, &more));
            assert!(
                found.starts_with(&format!("2: `eu-fr-x` overlaps `{named}`, {part}")),
                "{found}"
            );
        }
    }
}
