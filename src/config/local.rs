//! `[local]`: who publishes and subscribes at this node.

use super::spans::{Schema, Shape};
use super::table::Table;
use super::values::{parsed, publisher, token};
use crate::address::{LocalSubscriber, MAX_REPLAY};
use crate::notice::Tlp;

/// AMBER stays with the desk unless the node's owner decides otherwise.
pub const DEFAULT_AMBER: bool = false;
/// What authenticated members may see without being named.
pub const DEFAULT_SUBSCRIBER_TLP: Tlp = Tlp::Green;
/// Nobody is rung up for an exercise who did not ask for it.
pub const DEFAULT_DRILLS: bool = false;

/// Who publishes and subscribes at this node.
pub(super) struct Local {
    pub(super) publishers: Vec<String>,
    pub(super) amber: bool,
    pub(super) subscribers: Vec<LocalSubscriber>,
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

impl Local {
    pub(super) fn read(table: Table<'_, '_, '_>) -> Option<Self> {
        let publishers = table.texts("publishers", publisher).unwrap_or_default();
        twice(&publishers, |name| {
            table.wrong_at("publishers", &format!("`{name}` stands there twice"));
        });
        let amber = table.flag("amber").unwrap_or(DEFAULT_AMBER);
        let tables = table.tables("subscriber", SUBSCRIBER.title);
        let read: Vec<_> = tables.iter().map(|t| subscriber(*t, amber)).collect();
        let subscribers: Vec<LocalSubscriber> = read.into_iter().collect::<Option<_>>()?;
        if subscribers.len() > MAX_REPLAY {
            let found = subscribers.len();
            table.wrong(format!("{found} subscribers, expected at most {MAX_REPLAY}"));
        }
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

fn subscriber(table: Table<'_, '_, '_>, amber: bool) -> Option<LocalSubscriber> {
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
    Some(LocalSubscriber { name: name?, scopes, severities, tlp, drills })
}
