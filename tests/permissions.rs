//! Who may publish and subscribe to what, asked of the real server: every kind of user of a node
//! against every family of subjects. What is expected stands here, written by hand; whatever is
//! not listed must be refused.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)] // a test that panics has failed

mod support;

use std::collections::BTreeSet;

use chappe::address::Role;
use support::*;
use tokio::sync::OnceCell;

const HOSPITAL: &str = "eu-fr-bre-hospital1";
/// Fewer than the client keeps complaints for.
const AT_ONCE: usize = 40;

/// Servers and accounts alone: no relay reacts to what is tried.
async fn all() -> &'static Federation {
    static ALL: OnceCell<Federation> = OnceCell::const_new();
    ALL.get_or_init(|| Federation::provisioned(LISTENERS)).await
}

/// One subject of each family; `R` stands for both realms.
const FAMILIES: &[&str] = &[
    "R.intake.local.web.x",
    "R.intake.local.soc.x",
    "R.intake.local.desk.x",
    "R.intake.child.eu-fr-bre.x",
    "R.intake.child.eu-fr-nor.x",
    "R.intake.child.eu-fr-bre-hospital1.x",
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
    "R.live.board.advisory.eu.fr.bre.health.green.high.eu-fr.x",
    "R.live.board.advisory.eu.fr.bre.health.amber.high.eu-fr.x",
    "R.live.board.advisory.eu.fr.bre.health.green.low.eu-fr.x",
    "R.live.board.alert.eu.fr.all.all.clear.low.eu-fr.x",
    "R.live.board.advisory.eu.fr.nor.health.green.high.eu-fr.x",
    "R.live.board.advisory.eu.fr.bre.health.red.high.eu-fr.x",
    "R.live.beats.eu-fr.eu.fr.all.all.clear.eu-fr.all",
    "R.fetch.web",
    "R.fetch.soc",
    "R.fetch.desk",
    "R.fetch.eu-fr-bre",
    "R.fetch.eu-fr-nor",
    "R.fetch.eu-fr-bre-hospital1",
    "R.desk.list",
    "R.other.x",
];

/// The server's own subjects.
const SERVICES: &[&str] = &[
    "$JS.API.INFO",
    "$JS.API.STREAM.CREATE.SPY",
    "$JS.API.STREAM.UPDATE.BOARD",
    "$JS.API.STREAM.DELETE.BOARD",
    "$JS.API.STREAM.PURGE.BOARD",
    "$JS.API.STREAM.INFO.BOARD",
    "$JS.API.STREAM.INFO.INTAKE_LOCAL_web",
    "$JS.API.STREAM.LIST",
    "$JS.API.STREAM.NAMES",
    "$JS.API.STREAM.MSG.GET.BOARD",
    "$JS.API.STREAM.MSG.GET.INTAKE_LOCAL_web",
    "$JS.API.STREAM.MSG.DELETE.BOARD",
    "$JS.API.STREAM.MSG.DELETE.INTAKE_LOCAL_web",
    "$JS.API.DIRECT.GET.BOARD.chappe.board.x",
    "$JS.API.DIRECT.GET.INTAKE_LOCAL_web.chappe.intake.local.web.x",
    "$JS.API.CONSUMER.CREATE.BOARD.spy",
    "$JS.API.CONSUMER.CREATE.BOARD.spy.chappe.board.x",
    "$JS.API.CONSUMER.CREATE.BOARD.child-eu-fr-bre",
    "$JS.API.CONSUMER.CREATE.INTAKE_LOCAL_web.relay",
    "$JS.API.CONSUMER.DURABLE.CREATE.BOARD.spy",
    "$JS.API.CONSUMER.DELETE.BOARD.child-eu-fr-bre",
    "$JS.API.CONSUMER.RESET.BOARD.child-eu-fr-bre",
    "$JS.API.CONSUMER.RESET.BOARD.fold",
    "$JS.API.CONSUMER.LIST.BOARD",
    "$JS.API.CONSUMER.NAMES.BOARD",
    "$JS.API.CONSUMER.INFO.BOARD.child-eu-fr-bre",
    "$JS.API.CONSUMER.INFO.BOARD.fold",
    "$JS.API.CONSUMER.MSG.NEXT.BOARD.child-eu-fr-bre",
    "$JS.API.CONSUMER.MSG.NEXT.BOARD.child-eu-fr-nor",
    "$JS.API.CONSUMER.MSG.NEXT.BOARD.fold",
    "$JS.API.CONSUMER.MSG.NEXT.INTAKE_LOCAL_web.relay",
    "$JS.API.CONSUMER.MSG.NEXT.OUTBOX.to-eu",
    "$JS.up.API.INFO",
    "$JS.up.API.STREAM.INFO.BOARD",
    "$JS.up.API.CONSUMER.INFO.BOARD.child-eu-fr-bre",
    "$JS.up.API.CONSUMER.INFO.BEATS.child-eu-fr-bre",
    "$JS.up.API.CONSUMER.INFO.BOARD.child-eu-fr-nor",
    "$JS.up.API.CONSUMER.INFO.BOARD.child-eu-fr-bre-hospital1",
    "$JS.up.API.CONSUMER.MSG.NEXT.BOARD.child-eu-fr-bre",
    "$JS.up.API.CONSUMER.MSG.NEXT.TRUST.child-eu-fr-bre",
    "$JS.up.API.CONSUMER.MSG.NEXT.CASES.child-eu-fr-bre",
    "$JS.up.API.CONSUMER.MSG.NEXT.BOARD.child-eu-fr-nor",
    "$JS.up.API.CONSUMER.MSG.NEXT.BOARD.child-eu-fr-bre-hospital1",
    "$JS.up.API.CONSUMER.CREATE.BOARD.child-eu-fr-bre",
    "$JS.ACK.BOARD.child-eu-fr-bre.1.1.1.1.0",
    "$JS.ACK._.h.BOARD.child-eu-fr-bre.1.1.1.1.0.t",
    "$JS.ACK.BOARD.child-eu-fr-nor.1.1.1.1.0",
    "$JS.ACK._.h.BOARD.child-eu-fr-nor.1.1.1.1.0.t",
    "$JS.ACK.BOARD.child-eu-fr-bre-hospital1.1.1.1.1.0",
    "$JS.ACK.INTAKE_LOCAL_web.relay.1.1.1.1.0",
    "$JS.EVENT.ADVISORY.API",
    "$SYS.REQ.SERVER.PING",
    "$SYS.ACCOUNT.eu-fr.CONNECT",
    "_INBOX.x",
    "_INBOX_relay.x",
    "_INBOX_provisioner.x",
    "_INBOX_monitor.x",
    "_INBOX_local-web.x",
    "_INBOX_local-soc.x",
    "_INBOX_desk.x",
    "_INBOX_link-eu-fr-bre.x",
    "_INBOX_link-eu-fr-nor.x",
    "_INBOX_link-eu-fr-bre-hospital1.x",
    "_INBOX_sub-sub.x",
    "_INBOX_sub-siem.x",
];

/// Wider than any allow-list: for subscriptions alone.
const WIDE: &[&str] = &[
    ">",
    "*.>",
    "R.>",
    "R.intake.>",
    "R.intake.local.*.x",
    "R.board.>",
    "R.live.>",
    "R.live.board.>",
    "R.live.board.*.*.*.*.*.*.*.*.*",
    "R.fetch.>",
    "R.desk.>",
    "$JS.>",
    "$JS.API.>",
    "$JS.EVENT.ADVISORY.>",
    "$SYS.>",
    "_INBOX.>",
    "_INBOX_local-web.>",
    "_INBOX_local-soc.>",
    "_INBOX_link-eu-fr-bre.>",
    "_INBOX_link-eu-fr-nor.>",
    "_INBOX_relay.>",
    "_INBOX_sub-siem.>",
];

/// One user, and everything of the above that it may.
struct Row {
    node: &'static str,
    role: Role,
    publish: &'static [&'static str],
    subscribe: &'static [&'static str],
}

fn link(node: &str) -> Role {
    Role::Link(node.parse().expect("a node id"))
}

fn rows() -> Vec<Row> {
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
        Row {
            node: "eu-fr-bre",
            role: Role::Subscriber("sub".into()),
            publish: &[],
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
            publish: &[],
            subscribe: &[
                "R.live.board.advisory.eu.fr.bre.health.green.high.eu-fr.x",
                "R.live.board.advisory.eu.fr.bre.health.amber.high.eu-fr.x",
                "R.live.board.alert.eu.fr.all.all.clear.low.eu-fr.x",
                "_INBOX_sub-siem.x",
                "_INBOX_sub-siem.>",
            ],
        },
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
    "$JS.API.STREAM.INFO.BOARD",
    "$JS.API.STREAM.MSG.DELETE.BOARD",
    "$JS.API.DIRECT.GET.BOARD.chappe.board.x",
    "$JS.API.CONSUMER.CREATE.BOARD.child-eu-fr-bre",
    "$JS.API.CONSUMER.RESET.BOARD.child-eu-fr-bre",
    "$JS.API.CONSUMER.RESET.BOARD.fold",
    "$JS.API.CONSUMER.INFO.BOARD.fold",
    "$JS.API.CONSUMER.MSG.NEXT.BOARD.fold",
    "$JS.API.CONSUMER.MSG.NEXT.INTAKE_LOCAL_web.relay",
    "$JS.API.CONSUMER.MSG.NEXT.OUTBOX.to-eu",
    "$JS.ACK.INTAKE_LOCAL_web.relay.1.1.1.1.0",
];

/// In both realms where it says so.
fn spelled(subjects: &[&str]) -> BTreeSet<String> {
    let both = |subject: &&str| match subject.strip_prefix("R.") {
        Some(tail) => vec![format!("chappe.{tail}"), format!("drill.{tail}")],
        None => vec![(*subject).to_owned()],
    };
    subjects.iter().flat_map(both).collect()
}

/// Those subjects of which the server says that this user may not.
async fn refused(raw: &Raw, subjects: &BTreeSet<String>, publish: bool) -> BTreeSet<String> {
    let all: Vec<&String> = subjects.iter().collect();
    let mut refused = BTreeSet::new();
    for some in all.chunks(AT_ONCE) {
        let mut subscriptions = Vec::new();
        for subject in some {
            let subject = (*subject).clone();
            if publish {
                raw.client.publish(subject, "".into()).await.expect("sent");
            } else {
                subscriptions.push(raw.client.subscribe(subject).await.expect("sent"));
            }
        }
        for complaint in raw.complaints().await {
            let verb = if publish { "publish to" } else { "subscription to" };
            assert!(complaint.to_lowercase().contains(verb), "{complaint}");
            refused.insert(complaint.split('"').nth(1).expect("a subject").to_owned());
        }
    }
    refused
}

/// What differs from the table, a line each.
async fn differences(all: &Federation, row: &Row) -> Vec<String> {
    let raw = all.raw(row.node, row.role.clone()).await;
    let mut lines = Vec::new();
    for (verb, publish, allowed) in
        [("publish", true, row.publish), ("subscribe", false, row.subscribe)]
    {
        let mut subjects = spelled(FAMILIES);
        subjects.extend(spelled(SERVICES));
        if !publish {
            subjects.extend(spelled(WIDE));
        }
        let allowed = spelled(allowed);
        assert!(allowed.is_subset(&subjects), "{:?}", allowed.difference(&subjects));
        let refused = refused(&raw, &subjects, publish).await;
        for subject in &subjects {
            let (expected, found) = (allowed.contains(subject), !refused.contains(subject));
            if expected != found {
                let word = if found { "may" } else { "may not" };
                lines.push(format!("{} {:?} {word} {verb} {subject}", row.node, row.role));
            }
        }
    }
    lines
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_user_may_what_the_table_says_and_nothing_else() {
    let all = all().await;
    let mut wrong = Vec::new();
    for row in rows() {
        wrong.extend(differences(all, &row).await);
    }
    assert!(wrong.is_empty(), "differs from the table:\n{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_provisioner_has_the_api_and_not_one_subject_of_a_notice() {
    let raw = all().await.raw("eu-fr-nor", Role::Provisioner).await;
    let (families, services) = (spelled(FAMILIES), spelled(SERVICES));
    assert_eq!(refused(&raw, &families, true).await, families);
    // It may all of it, so nothing of the node that exists is named here.
    let harmless = spelled(&["$JS.API.INFO", "$JS.API.STREAM.DELETE.NONE"]);
    assert_eq!(refused(&raw, &harmless, true).await, BTreeSet::new());
    let mut subscriptions: BTreeSet<String> = families.union(&services).cloned().collect();
    subscriptions.extend(spelled(WIDE));
    let heard = spelled(&["_INBOX_provisioner.x"]);
    let expected: BTreeSet<String> = subscriptions.difference(&heard).cloned().collect();
    assert_eq!(refused(&raw, &subscriptions, false).await, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_another_nodes_users_send_arrives_here() {
    // Another server's worth of accounts: the matrix above fills the streams of the shared one.
    let all = Federation::provisioned(LISTENERS).await;
    let subjects: Vec<String> = spelled(FAMILIES).into_iter().collect();
    let services: Vec<String> =
        spelled(SERVICES).into_iter().filter(|s| s.starts_with("$JS")).collect();
    for role in
        [Role::Relay, Role::Monitor, Role::Publisher(all.publisher("eu-fr-nor")), Role::Desk]
    {
        let raw = all.raw("eu-fr-nor", role).await;
        for subject in subjects.iter().chain(&services) {
            raw.client.publish(subject.clone(), "spy".into()).await.expect("sent");
        }
        raw.complaints().await;
    }
    for stream in [
        "BOARD",
        "INBOX",
        "CASES",
        "OUTBOX",
        "HELD",
        "RECEIPTS",
        "BEATS",
        "TRUST",
        "QUARANTINE",
        "INTAKE_LOCAL_web",
        "INTAKE_CHILD_eu-fr-nor",
        "INTAKE_CHILD_eu-fr-bre",
    ] {
        assert_eq!(all.subjects("eu-fr", stream).await, Vec::<String>::new(), "{stream}");
    }
    assert_ne!(all.subjects("eu-fr-nor", "BOARD").await, Vec::<String>::new(), "its own board");
}
