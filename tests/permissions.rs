//! Who may publish and subscribe to what, asked of the real server: every kind of user of a node
//! against every family of subjects. What is expected stands here, written by hand; whatever is
//! not listed must be refused.

// A test that panics has failed.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "permissions/subjects.rs"]
mod subjects;
mod support;
#[path = "permissions/table.rs"]
mod table;

use std::collections::BTreeSet;

use chappe::address::Role;
use subjects::{FAMILIES, SERVICES, WIDE};
use support::*;
use table::{Row, rows};
use tokio::sync::OnceCell;

/// Fewer than the client keeps complaints for.
const AT_ONCE: usize = 40;

/// Servers and accounts alone: no relay reacts to what is tried.
async fn all() -> &'static Federation {
    static ALL: OnceCell<Federation> = OnceCell::const_new();
    ALL.get_or_init(|| Federation::provisioned(LISTENERS)).await
}

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
        let all: Vec<&String> = subjects.iter().chain(&services).collect();
        for some in all.chunks(AT_ONCE) {
            for subject in some {
                raw.client.publish((*subject).clone(), "spy".into()).await.expect("sent");
            }
            raw.complaints().await;
        }
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
