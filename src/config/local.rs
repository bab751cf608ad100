//! `[local]`: who publishes and subscribes at this node.

use super::spans::{Schema, Shape};
use super::table::Table;
use super::values::{parsed, token};
use crate::notice::{Scope, Severity, Tlp};

/// AMBER stays with the desk unless the node's owner decides otherwise.
pub const DEFAULT_AMBER: bool = false;
/// What authenticated members may see without being named.
pub const DEFAULT_SUBSCRIBER_TLP: Tlp = Tlp::Green;
/// Nobody is rung up for an exercise who did not ask for it.
pub const DEFAULT_DRILLS: bool = false;

/// Who publishes and subscribes at this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalConfig {
    /// Publishers beside the desk, each with an intake of its own.
    pub publishers: Vec<String>,
    /// Whether local users get AMBER.
    pub amber: bool,
    /// Live subscribers.
    pub subscribers: Vec<SubscriberConfig>,
}

/// One live subscriber.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriberConfig {
    /// Its name.
    pub name: String,
    /// What it sees; at least one.
    pub scopes: Vec<Scope>,
    /// Severities of advisories; empty for all.
    pub severities: Vec<Severity>,
    /// The strictest label, at most AMBER.
    pub tlp: Tlp,
    /// Whether it takes part in drills.
    pub drills: bool,
}

const V: Shape = Shape::Value;

pub(super) const LOCAL: Schema = Schema {
    title: "[local]",
    keys: &[("publishers", V), ("amber", V), ("subscriber", Shape::Tables(&SUBSCRIBER))],
    other: None,
};
const SUBSCRIBER: Schema = Schema {
    title: "[[local.subscriber]]",
    keys: &[("name", V), ("scopes", V), ("severities", V), ("tlp", V), ("drills", V)],
    other: None,
};

impl LocalConfig {
    pub(super) fn read(table: Table<'_, '_, '_>) -> Option<Self> {
        let publishers = table.texts("publishers", token).unwrap_or_default();
        twice(&publishers, |name| {
            table.wrong_at("publishers", &format!("`{name}` stands there twice"));
        });
        let amber = table.flag("amber").unwrap_or(DEFAULT_AMBER);
        let tables = table.tables("subscriber", SUBSCRIBER.title);
        let read: Vec<_> = tables.iter().map(|t| SubscriberConfig::read(*t, amber)).collect();
        let subscribers: Vec<SubscriberConfig> = read.into_iter().collect::<Option<_>>()?;
        let names: Vec<String> = subscribers.iter().map(|s| s.name.clone()).collect();
        twice(&names, |name| table.wrong(format!("two subscribers are called `{name}`")));
        Some(Self { publishers, amber, subscribers })
    }
}

fn twice(names: &[String], mut told: impl FnMut(&str)) {
    for (index, name) in names.iter().enumerate() {
        if names.iter().take(index).any(|before| before == name) {
            told(name);
        }
    }
}

impl SubscriberConfig {
    fn read(table: Table<'_, '_, '_>, amber: bool) -> Option<Self> {
        let name = table.need("name", token);
        let scopes = table.need_some("scopes", parsed);
        let severities = table.texts("severities", parsed).unwrap_or_default();
        let tlp = table.text("tlp", parsed).unwrap_or(DEFAULT_SUBSCRIBER_TLP);
        if tlp > Tlp::Amber {
            table.wrong_at("tlp", &format!("{tlp} never goes to a live subscriber; at most AMBER"));
        } else if tlp == Tlp::Amber && !amber {
            table.wrong_at("tlp", "AMBER, but local.amber is false: it would get none");
        }
        let drills = table.flag("drills").unwrap_or(DEFAULT_DRILLS);
        Some(Self { name: name?, scopes, severities, tlp, drills })
    }
}
