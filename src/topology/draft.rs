//! A topology as it was written: typed, each value with its place, nothing compared yet.

use std::collections::BTreeMap;

use toml::de::DeTable;

use super::fields::{kind, level, line, parsed, publisher, token};
use super::model::Contact;
use super::report::{At, Report};
use crate::config::spans::{Schema, Shape};
use crate::notice::{Kind, Level, NodeId, Scope, Severity, Tlp};

const V: Shape = Shape::Value;

/// The keys of a topology file.
pub(super) const FILE: Schema = Schema {
    title: "the file",
    keys: &[
        ("name", V),
        ("union", V),
        ("regions", Shape::Table(&REGIONS)),
        ("node", Shape::Tables(&NODE)),
    ],
    other: None,
};
const REGIONS: Schema = Schema { title: "[regions]", keys: &[], other: Some(&V) };
const NODE: Schema = Schema {
    title: "[[node]]",
    keys: &[
        ("id", V),
        ("name", V),
        ("level", V),
        ("parent", V),
        ("constituency", V),
        ("clients", V),
        ("ceiling", V),
        ("may", Shape::Table(&MAY)),
        ("follows", V),
        ("overlaps", V),
        ("contact", Shape::Table(&CONTACT)),
        ("illustrative", V),
        ("publishers", V),
        ("subscribers", Shape::Tables(&SUBSCRIBER)),
    ],
    other: None,
};
const MAY: Schema =
    Schema { title: "`may`", keys: &[("kinds", V), ("scopes", V), ("tlp", V)], other: None };
const CONTACT: Schema = Schema {
    title: "`contact`",
    keys: &[("phone", V), ("mail", V), ("hours", V), ("url", V)],
    other: None,
};
const SUBSCRIBER: Schema = Schema {
    title: "`subscribers`",
    keys: &[("name", V), ("scopes", V), ("severities", V), ("tlp", V), ("drills", V)],
    other: None,
};

#[derive(Debug)]
pub(super) struct Draft {
    pub(super) name: Option<At<String>>,
    pub(super) union: Option<At<NodeId>>,
    pub(super) regions: BTreeMap<String, Vec<At<String>>>,
    /// Those with a readable id, in the file's order.
    pub(super) nodes: Vec<DraftNode>,
}

#[derive(Debug)]
pub(super) struct DraftNode {
    /// Where its `[[node]]` stands.
    pub(super) at: usize,
    pub(super) id: At<NodeId>,
    pub(super) name: Option<At<String>>,
    pub(super) level: Option<At<Level>>,
    pub(super) parent: Option<At<NodeId>>,
    pub(super) constituency: Vec<At<Scope>>,
    pub(super) clients: Option<Vec<At<String>>>,
    pub(super) ceiling: Option<Tlp>,
    pub(super) may: DraftMay,
    pub(super) follows: Vec<At<NodeId>>,
    pub(super) overlaps: Vec<At<NodeId>>,
    pub(super) contact: Option<At<Contact>>,
    pub(super) illustrative: bool,
    pub(super) publishers: Option<Vec<At<String>>>,
    pub(super) subscribers: Option<Vec<DraftSubscriber>>,
}

#[derive(Debug, Default)]
pub(super) struct DraftMay {
    /// Where it stands, if it is written.
    pub(super) at: Option<usize>,
    pub(super) kinds: Option<Vec<At<Kind>>>,
    pub(super) scopes: Option<Vec<At<Scope>>>,
    pub(super) tlp: Option<At<Tlp>>,
}

#[derive(Debug)]
pub(super) struct DraftSubscriber {
    pub(super) name: At<String>,
    pub(super) scopes: Option<Vec<At<Scope>>>,
    pub(super) severities: Option<Vec<At<Severity>>>,
    pub(super) tlp: Option<At<Tlp>>,
    pub(super) drills: bool,
}

impl Draft {
    pub(super) fn read(root: &DeTable<'_>, report: &mut Report<'_, '_>) -> Self {
        let tables = report.tables(root, "node").unwrap_or_default();
        if tables.is_empty() {
            report.add(0, "the file has no [[node]]");
        }
        Self {
            name: report.need(root, (0, "the file"), "name", line),
            union: report.need(root, (0, "the file"), "union", parsed),
            regions: regions(root, report),
            nodes: tables.iter().filter_map(|table| DraftNode::read(table, report)).collect(),
        }
    }
}

fn regions(root: &DeTable<'_>, report: &mut Report<'_, '_>) -> BTreeMap<String, Vec<At<String>>> {
    let mut regions = BTreeMap::new();
    let Some(table) = report.table(root, "regions") else { return regions };
    for (country, list) in table.value {
        if let Err(error) = token(country.get_ref()) {
            report.add(country.span().start, format!("[regions]: {error}"));
        } else if let Some(tokens) = report.list_of(country.get_ref(), list, token) {
            regions.insert(country.get_ref().to_string(), tokens);
        }
    }
    regions
}

impl DraftNode {
    fn read(node: &At<&DeTable<'_>>, report: &mut Report<'_, '_>) -> Option<Self> {
        let (table, at) = (node.value, node.at);
        let id = report.need(table, (at, "[[node]]"), "id", parsed::<NodeId>);
        let owner = id.as_ref().map_or_else(|| "[[node]]".into(), |id| format!("`{}`", id.value));
        Some(Self {
            at,
            name: report.need(table, (at, &owner), "name", line),
            level: report.need(table, (at, &owner), "level", level),
            parent: report.text(table, "parent", parsed),
            constituency: constituency(table, (at, &owner), report),
            clients: report.texts(table, "clients", token),
            ceiling: report.text(table, "ceiling", parsed).map(|tlp| tlp.value),
            may: may(table, report),
            follows: report.texts(table, "follows", parsed).unwrap_or_default(),
            overlaps: report.texts(table, "overlaps", parsed).unwrap_or_default(),
            contact: contact(table, report),
            illustrative: report.flag(table, "illustrative"),
            publishers: report.some_texts(table, "publishers", publisher),
            subscribers: subscribers(table, &owner, report),
            // Last: without an id, the other keys are still read for their mistakes.
            id: id?,
        })
    }
}

fn constituency(
    table: &DeTable<'_>,
    (at, owner): (usize, &str),
    report: &mut Report<'_, '_>,
) -> Vec<At<Scope>> {
    if !table.contains_key("constituency") {
        report.add(at, format!("{owner} has no `constituency`"));
    }
    report.some_texts(table, "constituency", parsed).unwrap_or_default()
}

fn may(table: &DeTable<'_>, report: &mut Report<'_, '_>) -> DraftMay {
    let Some(may) = report.table(table, "may") else { return DraftMay::default() };
    DraftMay {
        at: Some(may.at),
        kinds: report.texts(may.value, "kinds", kind),
        scopes: report.texts(may.value, "scopes", parsed),
        tlp: report.text(may.value, "tlp", parsed),
    }
}

fn contact(table: &DeTable<'_>, report: &mut Report<'_, '_>) -> Option<At<Contact>> {
    let contact = report.table(table, "contact")?;
    let mut text = |key| report.text(contact.value, key, line).map(|text| text.value);
    let value = Contact {
        phone: text("phone"),
        mail: text("mail"),
        hours: text("hours"),
        url: text("url"),
    };
    Some(At { value, at: contact.at })
}

fn subscribers(
    table: &DeTable<'_>,
    owner: &str,
    report: &mut Report<'_, '_>,
) -> Option<Vec<DraftSubscriber>> {
    let tables = report.tables(table, "subscribers")?;
    let owner = format!("a subscriber of {owner}");
    let read = |t: &At<&DeTable<'_>>, report: &mut Report<'_, '_>| {
        let name = report.need(t.value, (t.at, &owner), "name", token);
        let scopes = report.some_texts(t.value, "scopes", parsed);
        let severities = report.texts(t.value, "severities", parsed);
        let tlp = report.text(t.value, "tlp", parsed);
        let drills = report.flag(t.value, "drills");
        Some(DraftSubscriber { name: name?, scopes, severities, tlp, drills })
    };
    Some(tables.iter().filter_map(|table| read(table, report)).collect())
}

#[cfg(test)]
mod tests {
    use super::super::samples::{finding, findings};

    #[test]
    fn every_mistake_of_one_node_is_told_at_once_and_in_order() {
        let found = findings(
            r#"{ id = "eu-FR-x", name = 7,
                level = "regoinal", constituency = ["eu..x", "eu.fr.nor"],
                ceiling = "PINK",
                may = { kinds = ["alrt"], tlp = 1 },
                ilustrative = true,
                subscribers = [{ drills = "no" }] }"#,
        );
        let starts = [
            "1: `id`: `eu-FR-x` is no node id: 1 to 6 tokens",
            "1: `name` must be a string, found integer",
            "2: `level`: `regoinal` is no level: did you mean `regional`?; expected one of union",
            "2: `constituency`: `eu..x` is no scope",
            "3: `ceiling`: `PINK` is not one of CLEAR",
            "4: `kinds`: `alrt` is no kind: did you mean `alert`?",
            "4: `tlp` must be a string, found integer",
            "5: unknown key `ilustrative` in [[node]]: did you mean `illustrative`?",
            "6: a subscriber of [[node]] has no `name`",
            "6: `drills` must be true or false, found string",
        ];
        assert_eq!(found.len(), starts.len(), "{found:#?}");
        for (found, start) in found.iter().zip(starts) {
            assert!(found.starts_with(start), "{found} is not {start}");
        }
    }

    #[test]
    fn what_a_node_needs_is_asked_for_at_its_beginning() {
        assert_eq!(
            findings(r#"{ id = "eu-fr-idf", contact = { phone = "1" } }"#),
            [
                "1: `eu-fr-idf` has no `name`",
                "1: `eu-fr-idf` has no `level`",
                "1: `eu-fr-idf` has no `constituency`",
            ]
        );
        let empty = r#"{ id = "eu-fr-idf", name = "I", level = "regional", constituency = [] }"#;
        assert!(finding(empty).starts_with("1: `constituency` is empty"));
    }

    #[test]
    fn an_id_has_at_most_six_tokens() {
        let id = r#"{ id = "a-b-c-d-e-f-g", name = "I", level = "entity", constituency = ["eu"] }"#;
        assert!(finding(id).starts_with("1: `id`: `a-b-c-d-e-f-g` is no node id: 1 to 6 tokens"));
    }

    #[test]
    fn a_name_cannot_write_to_the_terminal() {
        let name = "{ id = \"eu-fr-idf\", name = \"\\u001b[2J\", level = \"regional\", \
                    constituency = [\"eu.fr.idf\"] }";
        assert!(finding(name).starts_with("1: `name`: `\\u{1b}[2J` is not one line"));
    }
}
