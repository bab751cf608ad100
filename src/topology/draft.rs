//! A topology as it was written: typed, each value with its place, nothing compared yet.

use std::collections::BTreeMap;

use toml::de::DeTable;

use super::fields::{kind, level, line, parsed, token};
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
            publishers: report.texts(table, "publishers", token),
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
    let empty = |value: &toml::Spanned<toml::de::DeValue<'_>>| {
        value.get_ref().as_array().is_some_and(|array| array.is_empty())
    };
    match table.get("constituency") {
        None => report.add(at, format!("{owner} has no `constituency`")),
        Some(value) if empty(value) => {
            report
                .add(value.span().start, "`constituency` is empty; expected scopes as `eu.fr.bre`");
        }
        Some(_) => {}
    }
    report.texts(table, "constituency", parsed).unwrap_or_default()
}

fn may(table: &DeTable<'_>, report: &mut Report<'_, '_>) -> DraftMay {
    let Some(may) = report.table(table, "may") else { return DraftMay::default() };
    DraftMay {
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
        let scopes = report.texts(t.value, "scopes", parsed);
        let severities = report.texts(t.value, "severities", parsed);
        let tlp = report.text(t.value, "tlp", parsed);
        let drills = report.flag(t.value, "drills");
        Some(DraftSubscriber { name: name?, scopes, severities, tlp, drills })
    };
    Some(tables.iter().filter_map(|table| read(table, report)).collect())
}
