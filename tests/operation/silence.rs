//! Withholding shows, and only withholding: a parent that drops, stops or keeps a bundle back
//! raises an alarm at the node concerned; lawful filtering and outages raise none. On the real
//! server.

use std::time::Duration;

use crate::support::*;
use chappe::address::Role;
use chappe::notice::{Id, Severity, Statement};

const TOWNHALL: &str = "eu-fr-bre-townhall1";
/// Seconds between two heartbeats here.
const PERIOD: u64 = 2;

async fn alarms(all: &Federation, node: &str) -> [u64; 3] {
    let names = ["channels_withheld", "channels_frozen", "trust_bundles_behind"];
    let mut found = [0; 3];
    for (at, name) in names.into_iter().enumerate() {
        found[at] = all.number(node, name).await;
    }
    found
}

async fn alarmed(all: &Federation, node: &str, expected: [bool; 3]) {
    let shown = async || {
        let found = alarms(all, node).await;
        if found.map(|count| count > 0) == expected { Ok(()) } else { Err(format!("{found:?}")) }
    };
    all.eventually(&format!("{node}: withheld, frozen, stale are {expected:?}"), shown).await;
}

/// No alarm anywhere, looked at again and again for so many periods.
async fn quiet_for(all: &Federation, periods: u64) {
    let end = tokio::time::Instant::now() + Duration::from_secs(periods * PERIOD);
    while tokio::time::Instant::now() < end {
        for node in all.nodes() {
            let found = alarms(all, node.as_str()).await;
            assert_eq!(found, [0; 3], "{node}: withheld, frozen, stale\n{}", all.complaints());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn health(all: &Federation) -> Statement {
    advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.bre.all", b"{}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parent_that_drops_one_notice_is_found_out() {
    let all = Federation::start_beating(SMALL, PERIOD).await;
    assert!(all.stop_relay(TOWNHALL).await);
    let statement = health(&all);
    let id = all.publish(&statement, b"{}".to_vec()).await;
    let subject = all.on_board("eu-fr-bre", id).await;
    all.drop_from("eu-fr-bre", "BOARD", &subject).await;
    all.start_relay(TOWNHALL);
    all.alive(TOWNHALL).await;
    alarmed(&all, TOWNHALL, [true, false, false]).await;
    let complaints = all.complaints();
    assert!(complaints.contains("withheld: eu-fr eu.fr.bre.all GREEN"), "{complaints}");
    assert_eq!(alarms(&all, "eu-fr-nor").await, [0; 3], "nobody else is concerned");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parent_that_passes_on_a_spoilt_copy_instead_is_found_out_too() {
    let all = Federation::start_beating(SMALL, PERIOD).await;
    assert!(all.stop_relay(TOWNHALL).await);
    let id = all.publish(&health(&all), b"{}".to_vec()).await;
    let subject = all.on_board("eu-fr-bre", id).await;
    let wire = all.stored("eu-fr-bre", "BOARD", &subject).await;
    all.drop_from("eu-fr-bre", "BOARD", &subject).await;
    let lying = all.connect("eu-fr-bre", Role::Relay).await;
    let placed = lying.place(&subject, &wire.headers(), b"{!".to_vec(), None).await;
    placed.expect("the spoilt copy is there");
    all.start_relay(TOWNHALL);
    all.alive(TOWNHALL).await;
    alarmed(&all, TOWNHALL, [true, false, false]).await;
    assert!(all.metric(TOWNHALL, "messages_refused_total", "reason", "body").await > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_is_filled_by_itself_where_the_parent_has_it() {
    let all = Federation::start_beating(SMALL, PERIOD).await;
    assert!(all.stop_relay(TOWNHALL).await);
    let id = all.publish(&health(&all), b"{}".to_vec()).await;
    all.on_board("eu-fr-bre", id).await;
    let bus = all.provisioner("eu-fr-bre").await;
    bus.reset("BOARD", &format!("child-{TOWNHALL}"), 1_000).await.expect("reset");
    all.start_relay(TOWNHALL);
    all.on_board(TOWNHALL, id).await;
    alarmed(&all, TOWNHALL, [false; 3]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issuer_that_stops_is_frozen_until_it_is_heard_again() {
    let all = Federation::start_beating(SMALL, PERIOD).await;
    let id = all.publish(&health(&all), b"{}".to_vec()).await;
    all.on_board(TOWNHALL, id).await;
    quiet_for(&all, 2).await;
    all.kill_relay("eu-fr");
    for node in ["eu-fr-bre", "eu-fr-sante", TOWNHALL] {
        alarmed(&all, node, [false, true, false]).await;
    }
    all.start_relay("eu-fr");
    for node in ["eu-fr-bre", "eu-fr-sante", TOWNHALL] {
        alarmed(&all, node, [false; 3]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_heartbeat_does_not_hide_a_freeze() {
    let all = Federation::start_beating(SMALL, PERIOD).await;
    let subject = "chappe.beats.eu-fr.eu.fr.all.all.clear.eu-fr.all";
    all.holds("eu-fr-bre", "BEATS", subject).await;
    let old = all.message("eu-fr-bre", "BEATS", subject).await.payload;
    all.kill_relay("eu-fr");
    let lying = all.connect("eu-fr-bre", Role::Relay).await;
    let repeated = async || {
        lying.put_latest(subject, old.to_vec()).await.expect("said again");
        match alarms(&all, TOWNHALL).await {
            [0, frozen, 0] if frozen > 0 => Ok(()),
            found => Err(format!("{found:?}")),
        }
    };
    all.eventually("the townhall sees the freeze", repeated).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parent_that_keeps_a_bundle_back_is_found_out_and_does_not_freeze_its_child() {
    let all = Federation::start_beating(SMALL, PERIOD).await;
    assert!(all.stop_relay(TOWNHALL).await);
    all.hand_over("eu-fr", &all.later("eu-fr", 2, |_| {})).await;
    all.trusts("eu-fr-bre", "bundle.eu-fr.2").await;
    all.drop_from("eu-fr-bre", "TRUST", "chappe.trust.bundle.eu-fr.2").await;
    all.start_relay(TOWNHALL);
    all.alive(TOWNHALL).await;
    alarmed(&all, TOWNHALL, [false, false, true]).await;
    // A later version over the same parent, or the kept one by hand, and all is well.
    all.hand_over("eu-fr", &all.later("eu-fr", 3, |_| {})).await;
    all.trusts(TOWNHALL, "bundle.eu-fr.3").await;
    alarmed(&all, TOWNHALL, [false; 3]).await;
}

/// From now on the region passes on what is of high severity alone.
async fn let_pass_what_is_serious(all: &Federation) {
    let config = all.node("eu-fr-bre").folder.join("relay.toml");
    let text = std::fs::read_to_string(&config).expect("a configuration");
    let rule = "name = \"everything\"\n";
    let strict = text.replacen(rule, "name = \"serious\"\nseverity = [\"high\"]\n", 1);
    assert_ne!(text, strict);
    std::fs::write(&config, strict).expect("written");
    all.kill_relay("eu-fr-bre");
    all.start_relay("eu-fr-bre");
    all.ready("eu-fr-bre").await;
}

/// Where a node keeps its upstreams' words that they filtered a notice.
async fn words_of(all: &Federation, node: &str, id: Id) -> Vec<String> {
    let bus = all.connect(node, Role::Provisioner).await;
    let subjects = bus.subjects("BEATS").await.expect("a listing");
    subjects.into_iter().filter(|subject| subject.ends_with(&id.to_string())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_word_of_filtering_that_a_backup_lacks_comes_again_by_itself() {
    let all = Federation::start_beating(SMALL, PERIOD).await;
    let_pass_what_is_serious(&all).await;
    let statement = Statement { severity: Severity::Low, ..health(&all) };
    let id = all.publish(&statement, b"{}".to_vec()).await;
    let there = async || match words_of(&all, TOWNHALL, id).await.as_slice() {
        [word] => Ok(word.clone()),
        other => Err(format!("{other:?}")),
    };
    let word = all.eventually("the region's word is there", there).await;
    assert!(all.stop_relay(TOWNHALL).await);
    all.drop_from(TOWNHALL, "BEATS", &word).await;
    all.start_relay(TOWNHALL);
    all.eventually("the region's word is there again", there).await;
    alarmed(&all, TOWNHALL, [false; 3]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lawful_filtering_outages_and_late_comers_raise_no_alarm() {
    let all = Federation::start_beating(SMALL, PERIOD).await;
    let_pass_what_is_serious(&all).await;
    assert!(all.stop_relay(TOWNHALL).await);
    let mut passed: Vec<Id> = Vec::new();
    // More than a heartbeat names itself, so that the digest is needed.
    for number in 0..24 {
        let severity = if number % 2 == 0 { Severity::High } else { Severity::Low };
        let statement = Statement { severity, ..health(&all) };
        let id = all.publish(&statement, b"{}".to_vec()).await;
        if severity == Severity::High {
            passed.push(id);
        }
    }
    let last = passed.last().expect("one");
    all.on_board("eu-fr-bre", *last).await;
    all.start_relay(TOWNHALL);
    all.on_board(TOWNHALL, *last).await;
    all.ready(TOWNHALL).await;
    quiet_for(&all, 6).await;
    assert_eq!(all.board(TOWNHALL).await.len(), passed.len());
    // A followed node's outage, and a relay that is killed in between.
    all.kill_relay("eu-fr-nor");
    all.start_relay("eu-fr-nor");
    all.ready("eu-fr-nor").await;
    quiet_for(&all, 3).await;
}

/// What the townhall is sent by its region, from this version of the region's bundle on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_was_stopped_itself_raises_no_alarm_when_it_wakes() {
    let all = Federation::start_beating(SMALL, PERIOD).await;
    quiet_for(&all, 1).await;
    all.freeze_relay(TOWNHALL, true);
    tokio::time::sleep(Duration::from_secs(5 * PERIOD)).await;
    all.freeze_relay(TOWNHALL, false);
    quiet_for(&all, 3).await;
    let complaints = all.complaints();
    assert!(!complaints.contains("frozen: "), "{complaints}");
}

async fn townhall_serves(all: &Federation, version: u64, scope: &str) {
    let bundle = all.later("eu-fr-bre", version, |b| {
        let entry = b.nodes.iter_mut().find(|n| n.id.as_str() == TOWNHALL).expect("introduced");
        entry.constituency = vec![scope.parse().expect("a scope")];
    });
    all.hand_over("eu-fr-bre", &bundle).await;
    all.trusts(TOWNHALL, &format!("bundle.eu-fr-bre.{version}")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_is_narrowed_and_widened_again_raises_no_alarm() {
    let all = Federation::start_beating(SMALL, PERIOD).await;
    let local = |all: &Federation| {
        advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.bre.public-administration", b"{}")
    };
    let first = all.publish(&local(&all), b"{}".to_vec()).await;
    all.on_board(TOWNHALL, first).await;
    quiet_for(&all, 2).await;
    townhall_serves(&all, 2, "eu.fr.bre.banking").await;
    let missed = all.publish(&local(&all), b"{}".to_vec()).await;
    all.on_board("eu-fr-bre", missed).await;
    quiet_for(&all, 5).await;
    assert!(!all.board(TOWNHALL).await.contains(&missed.to_string()));
    townhall_serves(&all, 3, "eu.fr.bre.public-administration").await;
    all.on_board(TOWNHALL, missed).await;
    quiet_for(&all, 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trust_that_a_backup_lacks_comes_again_by_itself() {
    let all = Federation::start_beating(SMALL, PERIOD).await;
    all.hand_over("eu-fr", &all.later("eu-fr", 2, |_| {})).await;
    all.trusts("eu-fr-bre", "bundle.eu-fr.2").await;
    assert!(all.stop_relay("eu-fr-bre").await);
    all.drop_from("eu-fr-bre", "TRUST", "chappe.trust.bundle.eu-fr.2").await;
    all.start_relay("eu-fr-bre");
    all.alive("eu-fr-bre").await;
    all.trusts("eu-fr-bre", "bundle.eu-fr.2").await;
    alarmed(&all, "eu-fr-bre", [false; 3]).await;
}
