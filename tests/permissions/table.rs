//! Who may what, written by hand. What is not listed must be refused.

use chappe::address::Role;

const HOSPITAL: &str = "eu-fr-bre-hospital1";

/// One user, and everything of the above that it may.
pub(crate) struct Row {
    pub(crate) node: &'static str,
    pub(crate) role: Role,
    pub(crate) publish: &'static [&'static str],
    pub(crate) subscribe: &'static [&'static str],
}

fn link(node: &str) -> Role {
    Role::Link(node.parse().expect("a node id"))
}

/// The whole table.
pub(crate) fn rows() -> Vec<Row> {
    [local(), links(), followers(), subscribers(), replays(), services()]
        .into_iter()
        .flatten()
        .collect()
}

/// Who issues at the node.
fn local() -> Vec<Row> {
    vec![
        Row {
            node: "eu-fr",
            role: Role::Publisher("web".into()),
            publish: &["R.intake.local.web.x", "chappe.fetch.web"],
            subscribe: &["_INBOX_local-web.x", "_INBOX_local-web.>"],
        },
        Row {
            node: "eu-fr",
            role: Role::Publisher("soc".into()),
            publish: &["R.intake.local.soc.x", "chappe.fetch.soc"],
            subscribe: &["_INBOX_local-soc.x", "_INBOX_local-soc.>"],
        },
        Row {
            node: "eu-fr",
            role: Role::Desk,
            publish: &["R.intake.local.desk.x", "chappe.fetch.desk", "chappe.desk.list"],
            subscribe: &["_INBOX_desk.x"],
        },
    ]
}

/// Children's relays.
fn links() -> Vec<Row> {
    vec![
        Row {
            node: "eu-fr",
            role: link("eu-fr-bre"),
            publish: &[
                "R.intake.child.eu-fr-bre.x",
                "chappe.fetch.eu-fr-bre",
                "$JS.up.API.CONSUMER.INFO.BOARD.child-eu-fr-bre",
                "$JS.up.API.CONSUMER.INFO.BEATS.child-eu-fr-bre",
                "$JS.up.API.CONSUMER.MSG.NEXT.BOARD.child-eu-fr-bre",
                "$JS.up.API.CONSUMER.MSG.NEXT.TRUST.child-eu-fr-bre",
                "$JS.ACK.BOARD.child-eu-fr-bre.1.1.1.1.0",
                "$JS.ACK._.h.BOARD.child-eu-fr-bre.1.1.1.1.0.t",
            ],
            subscribe: &["_INBOX_link-eu-fr-bre.x", "_INBOX_link-eu-fr-bre.>"],
        },
        Row {
            node: "eu-fr",
            role: link("eu-fr-nor"),
            publish: &[
                "R.intake.child.eu-fr-nor.x",
                "chappe.fetch.eu-fr-nor",
                "$JS.up.API.CONSUMER.INFO.BOARD.child-eu-fr-nor",
                "$JS.up.API.CONSUMER.MSG.NEXT.BOARD.child-eu-fr-nor",
                "$JS.ACK.BOARD.child-eu-fr-nor.1.1.1.1.0",
                "$JS.ACK._.h.BOARD.child-eu-fr-nor.1.1.1.1.0.t",
            ],
            subscribe: &["_INBOX_link-eu-fr-nor.x", "_INBOX_link-eu-fr-nor.>"],
        },
    ]
}

/// One relay under two upstreams.
fn followers() -> Vec<Row> {
    vec![
        Row {
            // A child of its region.
            node: "eu-fr-bre",
            role: link(HOSPITAL),
            publish: HOSPITAL_LINK,
            subscribe: &["_INBOX_link-eu-fr-bre-hospital1.x"],
        },
        Row {
            // A follower of the health CSIRT: nothing else than under its region.
            node: "eu-fr-sante",
            role: link(HOSPITAL),
            publish: HOSPITAL_LINK,
            subscribe: &["_INBOX_link-eu-fr-bre-hospital1.x"],
        },
    ]
}

/// Live readers.
fn subscribers() -> Vec<Row> {
    vec![
        Row {
            node: "eu-fr-bre",
            role: Role::Subscriber("sub".into()),
            publish: &["chappe.fetch.sub-sub"],
            subscribe: &[
                "chappe.live.board.advisory.eu.fr.bre.health.green.high.eu-fr.x",
                "chappe.live.board.advisory.eu.fr.bre.health.green.low.eu-fr.x",
                "chappe.live.board.alert.eu.fr.all.all.clear.low.eu-fr.x",
                "_INBOX_sub-sub.x",
            ],
        },
        Row {
            // Critical and high alone, AMBER for clients' sectors, drills.
            node: "eu-fr-bre",
            role: Role::Subscriber("siem".into()),
            publish: &["chappe.fetch.sub-siem"],
            subscribe: &[
                "R.live.board.advisory.eu.fr.bre.health.green.high.eu-fr.x",
                "R.live.board.advisory.eu.fr.bre.health.amber.high.eu-fr.x",
                "R.live.board.alert.eu.fr.all.all.clear.low.eu-fr.x",
                "_INBOX_sub-siem.x",
                "_INBOX_sub-siem.>",
            ],
        },
    ]
}

/// The same readers, for what they missed: their own durable and nothing else.
fn replays() -> Vec<Row> {
    vec![
        Row {
            node: "eu-fr-bre",
            role: Role::Replay("sub".into()),
            publish: &[
                "$JS.up.API.CONSUMER.INFO.BOARD.replay-sub",
                "$JS.up.API.CONSUMER.MSG.NEXT.BOARD.replay-sub",
                "$JS.ACK.BOARD.replay-sub.1.1.1.1.0",
                "$JS.ACK._.h.BOARD.replay-sub.1.1.1.1.0.t",
                "chappe.fetch.replay-sub",
            ],
            subscribe: &["_INBOX_replay-sub.x", "_INBOX_replay-sub.>"],
        },
        Row {
            node: "eu-fr-bre",
            role: Role::Replay("siem".into()),
            publish: &[
                "$JS.up.API.CONSUMER.INFO.BOARD.replay-siem",
                "$JS.up.API.CONSUMER.MSG.NEXT.BOARD.replay-siem",
                "$JS.ACK.BOARD.replay-siem.1.1.1.1.0",
                "$JS.ACK._.h.BOARD.replay-siem.1.1.1.1.0.t",
                "chappe.fetch.replay-siem",
            ],
            subscribe: &["_INBOX_replay-siem.x"],
        },
    ]
}

/// The node's own machinery.
fn services() -> Vec<Row> {
    vec![
        Row {
            node: "eu-fr",
            role: Role::Monitor,
            publish: &[
                "$JS.API.INFO",
                "$JS.API.STREAM.LIST",
                "$JS.API.STREAM.NAMES",
                "$JS.API.CONSUMER.LIST.BOARD",
                "$JS.API.CONSUMER.NAMES.BOARD",
            ],
            subscribe: &["$JS.EVENT.ADVISORY.API", "$JS.EVENT.ADVISORY.>", "_INBOX_monitor.x"],
        },
        Row {
            node: "eu-fr",
            role: Role::Relay,
            publish: RELAY,
            subscribe: &[
                "chappe.fetch.web",
                "chappe.fetch.soc",
                "chappe.fetch.desk",
                "chappe.fetch.eu-fr-bre",
                "chappe.fetch.eu-fr-nor",
                "chappe.fetch.eu-fr-bre-hospital1",
                "chappe.fetch.sub-sub",
                "chappe.fetch.sub-siem",
                "chappe.fetch.replay-sub",
                "chappe.fetch.replay-siem",
                "chappe.fetch.>",
                "chappe.desk.list",
                "chappe.desk.>",
                "_INBOX_relay.x",
                "_INBOX_relay.>",
            ],
        },
    ]
}

const HOSPITAL_LINK: &[&str] = &[
    "R.intake.child.eu-fr-bre-hospital1.x",
    "chappe.fetch.eu-fr-bre-hospital1",
    "$JS.up.API.CONSUMER.INFO.BOARD.child-eu-fr-bre-hospital1",
    "$JS.up.API.CONSUMER.MSG.NEXT.BOARD.child-eu-fr-bre-hospital1",
    "$JS.ACK.BOARD.child-eu-fr-bre-hospital1.1.1.1.1.0",
];

/// Its own streams, and its own durables by name; no live subject, no intake, no stream's
/// configuration, no foreign durable.
const RELAY: &[&str] = &[
    "R.board.advisory.eu.fr.bre.health.green.high.eu-fr.x",
    "R.board.advisory.eu.fr.bre.health.amber.high.eu-fr.x",
    "R.direct.eu-fr-bre.x",
    "R.direct.eu-fr-nor.x",
    "R.inbox.advisory.eu-fr.x",
    "R.cases.eu.fr.bre.health.amber.high.eu-fr.x",
    "R.outbox.eu.x",
    "R.held.local-web.x",
    "R.receipts.x.eu-fr",
    "R.beats.eu-fr.eu.fr.all.all.clear.eu-fr.all",
    "R.trust.bundle.eu-fr.9",
    "R.quarantine.body.local-web.x",
    "chappe.lease.relay",
    "$JS.API.STREAM.INFO.BOARD",
    "$JS.API.STREAM.MSG.DELETE.BOARD",
    "$JS.API.DIRECT.GET.BOARD.chappe.board.x",
    "$JS.API.DIRECT.GET.LEASE.chappe.lease.relay",
    "$JS.API.STREAM.INFO.HELD",
    "$JS.API.STREAM.INFO.QUARANTINE",
    "$JS.API.STREAM.MSG.DELETE.HELD",
    "$JS.API.STREAM.MSG.DELETE.QUARANTINE",
    "$JS.API.DIRECT.GET.HELD.chappe.held.local-web.x",
    "$JS.API.DIRECT.GET.QUARANTINE.chappe.quarantine.body.local-web.x",
    "$JS.API.CONSUMER.RESET.QUARANTINE.fold",
    "$JS.API.CONSUMER.MSG.NEXT.QUARANTINE.fold",
    "$JS.API.CONSUMER.INFO.BOARD.child-eu-fr-bre",
    "$JS.API.CONSUMER.CREATE.BOARD.child-eu-fr-bre",
    "$JS.API.CONSUMER.RESET.BOARD.child-eu-fr-bre",
    "$JS.API.CONSUMER.RESET.BOARD.fold",
    "$JS.API.CONSUMER.INFO.BOARD.fold",
    "$JS.API.CONSUMER.MSG.NEXT.BOARD.fold",
    "$JS.API.CONSUMER.MSG.NEXT.INTAKE_LOCAL_web.relay",
    "$JS.API.CONSUMER.MSG.NEXT.OUTBOX.to-eu",
    "$JS.ACK.INTAKE_LOCAL_web.relay.1.1.1.1.0",
];
