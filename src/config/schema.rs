//! Which keys each file may have: whatever else stands there is a mistake, and is named.

use super::spans::{Schema, Shape};

const V: Shape = Shape::Value;

static SERVER: Schema = Schema {
    title: "[server]",
    keys: &[("url", V), ("seed", V), ("ca", V), ("cert", V), ("key", V), ("replicas", V)],
    other: None,
};
static UPSTREAM: Schema = Schema {
    title: "[[upstream]]",
    keys: &[("node", V), ("url", V), ("seed", V), ("ca", V), ("cert", V), ("key", V)],
    other: None,
};
static KEYS: Schema = Schema { title: "[keys]", keys: &[("relay", V)], other: None };
static TRUST: Schema =
    Schema { title: "[trust]", keys: &[("root", V), ("bundles", V)], other: None };
static SUBSCRIBER: Schema = Schema {
    title: "[[local.subscriber]]",
    keys: &[("name", V), ("scopes", V), ("severities", V), ("tlp", V), ("drills", V)],
    other: None,
};
static LOCAL: Schema = Schema {
    title: "[local]",
    keys: &[("publishers", V), ("amber", V), ("subscriber", Shape::Tables(&SUBSCRIBER))],
    other: None,
};
static CONSOLE: Schema = Schema { title: "[console]", keys: &[("listen", V)], other: None };
static RULE: Schema = Schema {
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
static CLIMB: Schema = Schema {
    title: "[[climb]]",
    keys: &[("name", V), ("severity", V), ("sector", V), ("issuer", V), ("then", V)],
    other: None,
};

/// A relay's configuration.
pub(super) static RELAY: Schema = Schema {
    title: "the file",
    keys: &[
        ("node", V),
        ("server", Shape::Table(&SERVER)),
        ("upstream", Shape::Tables(&UPSTREAM)),
        ("keys", Shape::Table(&KEYS)),
        ("trust", Shape::Table(&TRUST)),
        ("local", Shape::Table(&LOCAL)),
        ("console", Shape::Table(&CONSOLE)),
        ("rule", Shape::Tables(&RULE)),
        ("climb", Shape::Tables(&CLIMB)),
    ],
    other: None,
};

/// A desk profile.
pub(super) static DESK: Schema = Schema {
    title: "the file",
    keys: &[
        ("node", V),
        ("url", V),
        ("seed", V),
        ("user", V),
        ("issue_key", V),
        ("root", V),
        ("bundles", V),
        ("ca", V),
        ("cert", V),
        ("key", V),
    ],
    other: None,
};
