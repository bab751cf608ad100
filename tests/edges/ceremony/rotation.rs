//! Keys that are replaced and keys that are revoked, through the real program: nothing that was
//! signed before is lost, nothing that was revoked comes back.

use chappe::jws::KeyId;
use chappe::notice::Time;
use serde_json::Value;

use super::ROOT;
use super::table::{Table, says};

fn shown(table: &Table, file: &str) -> Value {
    serde_json::from_str(&table.done(&["show", file, "--json"])).expect("JSON")
}

#[test]
fn an_own_key_that_is_rotated_counts_beside_the_new_one_for_the_overlap() {
    let table = Table::with_a_state();
    let (new, old) = (table.key("relay2"), table.kid("eu-fr-bre-relay"));
    let line = ["rotate", "trust/eu-fr-bre-2.json", "--from", &old[..9], "--to", "relay2.pub"];
    let when = ["--from-time", "2026-12-01T00:00:00Z", "--overlap", "36h"];
    let out = ["--out", "trust/eu-fr-bre-3.json", ROOT[0], ROOT[1]];
    let said = table.done(&[&line[..], &when, &out].concat());
    says(&said, &[&format!("key {old} of eu-fr-bre (relay) ends 2026-12-02T12:00:00Z")]);
    says(&said, &[&format!("key {new} of eu-fr-bre (relay) counts from 2026-12-01T00:00:00Z")]);
    says(&said, &["next, in this order:", "the relay (its key file, then a restart)"]);
    table.sign("trust/eu-fr-bre-3.json", &["cb"]);
    let trust = table.trust("trust/root.json");
    let life = |kid: &str| {
        let key = trust.find(&KeyId::hint(kid)).expect("listed");
        (key.nbf, key.exp)
    };
    let time = |text: &str| {
        let at: jiff::Timestamp = text.parse().expect("a time");
        Time::from_secs(at.as_second().try_into().expect("after 1970"))
    };
    assert_eq!(life(&old).1, time("2026-12-02T12:00:00Z"));
    assert_eq!(life(&new).0, time("2026-12-01T00:00:00Z"));
    assert!(life(&new).0 < life(&old).1, "they overlap");
}

#[test]
fn a_bundle_key_is_rotated_at_the_introducer_and_dropped_once_the_node_has_signed_anew() {
    let table = Table::with_a_state();
    table.key("cb2");
    let old = table.kid("cb");
    let line = ["rotate", "trust/eu-fr-bre-2.json", "--from", &old, "--to", "cb2.pub", "--dry-run"];
    says(&table.ends(2, &line), &["the bundle of its parent"]);
    let line = ["rotate", "trust/eu-fr-2.json", "--from", &old, "--to", "cb2.pub"];
    let out = ["--out", "trust/eu-fr-3.json", ROOT[0], ROOT[1]];
    let said = table.done(&[&line[..], &out].concat());
    says(&said, &["may sign now", "eu-fr-bre signs its next bundle with the new key", "drops"]);
    table.sign("trust/eu-fr-3.json", &["b1"]);

    let drop = ["rotate", "trust/eu-fr-3.json", "--drop", &old, ROOT[0], ROOT[1]];
    let early = table.done(&[&drop[..], &["--dry-run"]].concat());
    says(&early, &["WARNING: eu-fr-bre: its bundle, version 2, no longer has the 1 signature"]);
    says(&early, &["its 2 keys count no more", "eu-fr-bre-chu is no longer introduced"]);

    table.done(&["grant", "trust/eu-fr-bre-2.json", "--renew", "--out", "trust/eu-fr-bre-3.json"]);
    table.sign("trust/eu-fr-bre-3.json", &["cb2"]);
    let said = table.done(&[&drop[..], &["--out", "trust/eu-fr-4.json"]].concat());
    assert!(!said.contains("WARNING"), "{said}");
    table.sign("trust/eu-fr-4.json", &["b1"]);
    assert_eq!(table.trust("trust/root.json").keys().count(), 6);
    table.done(&["check", "trust", ROOT[0], ROOT[1]]);
}

#[test]
fn a_bundle_key_in_the_root_is_rotated_by_two_further_roots() {
    let table = Table::with_a_state();
    table.key("b2");
    let old = table.kid("b1");
    let line = ["rotate", "trust/root.json", "--from", &old, "--to", "b2.pub"];
    table.done(&[&line[..], &["--out", "trust/root-2.json"], &ROOT].concat());
    table.sign("trust/root-2.json", &["r1", "r2", "r3"]);
    let drop = ["rotate", "trust/root-2.json", "--drop", &old, ROOT[0], ROOT[1]];
    let early = table.done(&[&drop[..], &["--dry-run"]].concat());
    says(&early, &["WARNING: eu-fr has no bundle that holds: none of 3 nodes is trusted"]);
    table.done(&["grant", "trust/eu-fr-2.json", "--renew", "--out", "trust/eu-fr-3.json"]);
    table.sign("trust/eu-fr-3.json", &["b2"]);
    table.done(&[&drop[..], &["--out", "trust/root-3.json"]].concat());
    table.sign("trust/root-3.json", &["r3", "r4", "r5"]);
    let said = table.done(&["check", "trust", ROOT[0], ROOT[1]]);
    says(&said, &["root of eu-fr, version 3: in force", "bundle of eu-fr, version 3: in force"]);
}

#[test]
fn a_revocation_is_carried_into_every_later_version_and_only_those_above_may_make_it() {
    let table = Table::with_a_state();
    let key = table.kid("eu-fr-bre-chu-issue");
    let (line, id) = (["revoke", "trust/eu-fr-2.json"], ["--", &key]);
    let why = ["--why", "ceased", "--at", "now"];
    let unknown = table.ends(2, &[&line[..], &why, &["--dry-run"], &id].concat());
    says(&unknown, &["no key", "--root ROOT --trust DIR"]);
    table.done(&[&line[..], &why, &["--out", "trust/eu-fr-3.json"], &ROOT, &id].concat());
    table.sign("trust/eu-fr-3.json", &["b1"]);
    let again = ["revoke", "trust/eu-fr-3.json"];
    let said = table.ends(3, &[&again[..], &why, &["--dry-run"], &ROOT, &id].concat());
    says(&said, &["is revoked already"]);
    let grant = ["grant", "trust/eu-fr-3.json", "--hours", "24/7", "--out", "trust/eu-fr-4.json"];
    table.done(&grant);
    assert_eq!(shown(&table, "trust/eu-fr-4.json")["says"]["revoked"][0]["kid"], key.as_str());
    let above = table.kid("eu-fr-issue");
    let up = ["revoke", "trust/eu-fr-bre-2.json", "--dry-run"];
    let said = table.ends(3, &[&up[..], &why, &ROOT, &["--", &above]].concat());
    says(&said, &["eu-fr-bre cannot revoke a key of eu-fr"]);
}

#[test]
fn check_tells_a_month_ahead_what_ends_and_which_key_would_be_missing() {
    let table = Table::with_a_state();
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 340);
    let line = ["check", "trust", ROOT[0], ROOT[1], "--now", &soon.to_string()];
    let said = table.ends(1, &line);
    says(&said, &["root 1 of eu-fr expires at", "bundle 2 of eu-fr expires at", "within 30 days"]);
    says(&said, &["the last relay key of eu-fr-bre-chu ends at"]);
    let later = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 400);
    let line = ["check", "trust", ROOT[0], ROOT[1], "--now", &later.to_string()];
    says(&table.ends(1, &line), &["expired at", "eu-fr has no issue key that counts now"]);
}

#[test]
fn a_bundle_with_another_owners_key_or_without_signatures_is_rejected_and_the_old_one_stays() {
    let table = Table::with_a_state();
    let line =
        ["grant", "trust/eu-fr-bre-2.json", "--child", "eu-fr-bre-town", "--level", "entity"];
    let said = ["--constituency", "eu.fr.nor", "--bundle-key", "hb.pub", ROOT[0], ROOT[1]];
    let out = ["--out", "trust/eu-fr-bre-3.json"];
    // A key twice within one document is refused at once.
    says(&table.ends(2, &[&line[..], &said, &out].concat()), &["stands twice"]);
    let said = ["--constituency", "eu.fr.nor", "--bundle-key", "r5.pub", ROOT[0], ROOT[1]];
    let told = table.done(&[&line[..], &said, &out].concat());
    says(&told, &["WARNING: key", "stands twice: root of eu-fr, and bundle of eu-fr-bre-town"]);
    let checked = table.ends(3, &["check", "trust", ROOT[0], ROOT[1]]);
    says(&checked, &["eu-fr-bre, version 3: REJECTED: signed by 0 of the 1 keys needed"]);
    table.sign("trust/eu-fr-bre-3.json", &["cb"]);
    let checked = table.ends(3, &["check", "trust", ROOT[0], ROOT[1]]);
    says(&checked, &["eu-fr-bre, version 3: REJECTED: key", "stands twice: root of eu-fr"]);
    says(&checked, &["eu-fr-bre, version 2: in force"]);
}

#[test]
fn check_tells_of_an_introduction_that_leaves_nothing_and_of_a_node_without_a_bundle() {
    let table = Table::with_a_state();
    table.key("tb");
    let line =
        ["grant", "trust/eu-fr-bre-2.json", "--child", "eu-fr-bre-town", "--level", "entity"];
    let said = ["--constituency", "eu.fr.nor", "--bundle-key", "tb.pub"];
    table.done(&[&line[..], &said, &["--out", "trust/eu-fr-bre-3.json"]].concat());
    table.sign("trust/eu-fr-bre-3.json", &["cb"]);
    let checked = table.ends(1, &["check", "trust", ROOT[0], ROOT[1]]);
    says(&checked, &["eu-fr-bre-town is introduced and has no bundle that 1 of 1 key signed"]);
    says(&checked, &["eu-fr-bre-town may sign nothing", "eu-fr-bre-town serves nothing"]);
}

#[test]
fn a_stolen_bundle_key_is_replaced_and_dropped_in_one_version() {
    let table = Table::with_a_state();
    table.key("cb2");
    let old = table.kid("cb");
    let line = ["rotate", "trust/eu-fr-2.json", "--from", &old, "--to", "cb2.pub", "--drop", &old];
    let said = table.done(&[&line[..], &["--out", "trust/eu-fr-3.json"], &ROOT].concat());
    says(&said, &["may sign now", "signs no more", "its 2 keys count no more until"]);
    table.sign("trust/eu-fr-3.json", &["b1"]);
    let missing = table.ends(3, &["check", "trust", ROOT[0], ROOT[1]]);
    says(&missing, &["bundle of eu-fr-bre, version 2: REJECTED: signed by 0 of the 1"]);
    table.done(&["grant", "trust/eu-fr-bre-2.json", "--renew", "--out", "trust/eu-fr-bre-3.json"]);
    table.sign("trust/eu-fr-bre-3.json", &["cb2"]);
    table.done(&["check", "trust", ROOT[0], ROOT[1]]);
}

#[test]
fn an_id_that_begins_with_a_hyphen_is_an_id_and_no_option() {
    let table = Table::with_a_state();
    table.key("new");
    let bundle = "trust/eu-fr-2.json";
    let (why, dry) = (["--why", "ceased", "--at", "now"], "--dry-run");
    let cases: &[&[&str]] = &[
        &["rotate", bundle, "--from", "-x~", "--to", "new.pub", dry],
        &["rotate", bundle, "--drop", "-x~", dry],
        &[&["revoke", bundle, dry], &why[..], &["--", "-h~"]].concat(),
    ];
    for line in cases {
        says(&table.ends(2, line), &["no key `-"]);
    }
}
