//! Bad input on the running system: it lands in quarantine under its reason, is counted, and
//! everything else flows on.

use std::collections::BTreeMap;

use crate::lies::{BODY, FROM_A_CHILD, FROM_A_PARENT, FROM_A_PUBLISHER, HOSPITAL, Lab, Lie};
use crate::support::*;
use chappe::notice::Reason;

/// Tells every lie, and returns what differs from what must become of it.
async fn tell(all: &Federation, lies: &[Lie]) {
    let lab = Lab { all, now: chappe::time::now() };
    let mut expected: BTreeMap<(&str, Reason), u64> = BTreeMap::new();
    let mut subjects = Vec::new();
    for (name, reason, lie) in lies {
        let sent = lie(&lab);
        sent.send(all).await;
        let digest = sent.digest();
        let subject = format!("chappe.quarantine.{reason}.{}.{digest}", sent.source);
        subjects.push((*name, sent.refuses, subject));
        *expected.entry((sent.refuses, *reason)).or_default() += 1;
    }
    all_in_quarantine(all, &subjects).await;
    for ((node, reason), count) in expected {
        let counted = all.metric(node, "messages_refused_total", "reason", reason.as_str()).await;
        assert_eq!(counted, count, "{reason} at {node}");
    }
}

async fn all_in_quarantine(all: &Federation, subjects: &[(&str, &str, String)]) {
    let there = async || {
        let mut missing = Vec::new();
        let mut seen = BTreeMap::new();
        for (name, node, subject) in subjects {
            if !seen.contains_key(node) {
                seen.insert(*node, all.subjects(node, "QUARANTINE").await);
            }
            if !seen[node].contains(subject) {
                let digest = subject.rsplit('.').next().unwrap_or_default();
                let other = seen[node].iter().find(|s| s.ends_with(digest));
                missing.push(format!("{name}: {subject}, but {other:?}"));
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(missing.join("\n")) }
    };
    all.eventually("every lie is in quarantine under its reason", there).await;
}

/// An honest notice goes all the way down, and an honest report all the way up.
async fn all_is_well(all: &Federation) {
    let good = advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.all.all", BODY);
    let good = all.publish(&good, BODY.to_vec()).await;
    for node in ["eu-fr", "eu-fr-bre", "eu-fr-nor", HOSPITAL] {
        all.on_board(node, good).await;
    }
    let report = escalation(&all.rendered.fed, HOSPITAL, "eu-fr", BODY);
    let report = all.publish(&report, BODY.to_vec()).await;
    all.holds("eu-fr", "CASES", &report.to_string()).await;
    // Each board has the good one and nothing else that a relay has placed.
    for node in ["eu-fr-bre", "eu-fr-nor", HOSPITAL] {
        assert_eq!(all.board(node).await.len(), 1, "{node}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_publisher_lies_is_quarantined_and_the_rest_flows_on() {
    let all = Federation::start(SMALL).await;
    tell(&all, FROM_A_PUBLISHER).await;
    assert_eq!(all.board("eu-fr").await.len(), 0);
    all_is_well(&all).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_child_lies_is_quarantined_and_the_rest_flows_on() {
    let all = Federation::start(SMALL).await;
    tell(&all, FROM_A_CHILD).await;
    assert_eq!(all.subjects("eu-fr", "CASES").await, Vec::<String>::new());
    all_is_well(&all).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_parent_lies_is_quarantined_and_the_rest_flows_on() {
    let all = Federation::start(SMALL).await;
    tell(&all, FROM_A_PARENT).await;
    for stream in ["BOARD", "INBOX", "CASES"] {
        assert_eq!(all.subjects("eu-fr-bre", stream).await, Vec::<String>::new(), "{stream}");
    }
    all_is_well(&all).await;
}
