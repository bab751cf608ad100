//! `[[rule]]` and `[[climb]]`: a node's own policy, in the file's order.

use super::spans::{Schema, Shape};
use super::table::{Table, shown};
use super::values::{kind, line, parsed, token};
use crate::notice::Kind;
use crate::policy::{Climb, ClimbThen, Rule, Then};

const V: Shape = Shape::Value;

pub(super) const RULE: Schema = Schema {
    title: "[[rule]]",
    keys: &[
        ("name", V),
        ("kind", V),
        ("severity", V),
        ("tlp", V),
        ("sector", V),
        ("scope", V),
        ("issuer", V),
        ("then", V),
    ],
    other: None,
};

pub(super) const CLIMB: Schema = Schema {
    title: "[[climb]]",
    keys: &[
        ("name", V),
        ("severity", V),
        ("sector", V),
        ("issuer", V),
        ("cross-border", V),
        ("then", V),
    ],
    other: None,
};

/// `[[rule]]`, in order.
pub(super) fn rules(root: Table<'_, '_, '_>) -> Option<Vec<Rule>> {
    // All are read before one that is wrong ends it, so that every mistake is told.
    let rules: Vec<Option<Rule>> =
        root.tables("rule", RULE.title).into_iter().map(read_rule).collect();
    rules.into_iter().collect()
}

/// `[[climb]]`, in order.
pub(super) fn climbs(root: Table<'_, '_, '_>) -> Option<Vec<Climb>> {
    let climbs: Vec<Option<Climb>> =
        root.tables("climb", CLIMB.title).into_iter().map(read_climb).collect();
    climbs.into_iter().collect()
}

fn read_rule(table: Table<'_, '_, '_>) -> Option<Rule> {
    let name = table.need("name", line);
    let then = table.need("then", rule_then);
    let kinds = some(table, "kind", ruled_kind);
    let severities = some(table, "severity", parsed);
    let tlp = some(table, "tlp", parsed);
    let sectors = some(table, "sector", token);
    let issuers = some(table, "issuer", parsed);
    let scope = table.text("scope", parsed);
    Some(Rule { name: name?, kinds, severities, tlp, sectors, scope, issuers, then: then? })
}

fn read_climb(table: Table<'_, '_, '_>) -> Option<Climb> {
    let name = table.need("name", line);
    let then = table.need("then", climb_then);
    let severities = some(table, "severity", parsed);
    let sectors = some(table, "sector", token);
    let issuers = some(table, "issuer", parsed);
    let cross_border = table.flag("cross-border");
    Some(Climb { name: name?, severities, sectors, issuers, cross_border, then: then? })
}

/// A list that is not empty if it is there: left out, a key matches everything, and an empty list
/// must not be taken for that.
fn some<T>(table: Table<'_, '_, '_>, key: &str, parse: super::table::Parse<T>) -> Vec<T> {
    let list = table.texts(key, parse);
    if table.is_empty_list(key) {
        table.wrong_at(key, "an empty list matches nothing; leave the key out to match everything");
    }
    list.unwrap_or_default()
}

/// Kinds that rules look at. A rule about another would stand in the file and do nothing.
fn ruled_kind(text: &str) -> Result<Kind, String> {
    match kind(text)? {
        ruled @ (Kind::Advisory | Kind::Annotation) => Ok(ruled),
        other => {
            Err(format!("no rule applies to `{other}`: rules are for advisory and annotation"))
        }
    }
}

fn rule_then(text: &str) -> Result<Then, String> {
    match text {
        "accept" => Ok(Then::Accept),
        "filter" => Ok(Then::Filter),
        _ => Err(format!("`{}` is neither accept nor filter", shown(text))),
    }
}

fn climb_then(text: &str) -> Result<ClimbThen, String> {
    match text {
        "climb" => Ok(ClimbThen::Climb),
        "stop" => Ok(ClimbThen::Stop),
        _ => Err(format!("`{}` is neither climb nor stop", shown(text))),
    }
}
