//! The people who hold the keys, at their tables: drafts, signatures in several places, dry runs
//! that name who is affected. Through the real program, offline.
mod rotation;
mod table;

use std::process::Command;

use chappe::notice::Id;
use serde_json::Value;
use table::{Table, says};

const ROOT: [&str; 2] = ["--root", "trust/root.json"];

#[test]
fn three_of_five_sign_copies_in_three_places_and_the_gathered_root_holds() {
    let table = Table::new();
    table.draft_root("trust/root.json");
    let payload = table.document("trust/root.json").unverified_payload().expect("a payload");
    let digest = format!("SHA-256 {}", Id::of(&payload));
    for (place, key) in [("brest", "r1"), ("lille", "r3"), ("lyon", "r5")] {
        table.copy("trust/root.json", &format!("{place}/root.json"));
        let file = format!("{place}/root.json");
        let said = table.done(&["sign", &file, "--key", &format!("{key}.pem")]);
        says(&said, &["root of eu-fr, version 1", "3 of 5 keys must sign", &digest]);
        says(&said, &["1 signed, 3 of 5 must", "not enough yet"]);
    }
    let merge = ["sign", "trust/root.json", "--merge"];
    let said = table.done(&[&merge[..], &["brest/root.json", "lille/root.json"]].concat());
    says(&said, &["2 signed, 3 of 5 must", "not enough yet"]);
    let pinned = table.ends(3, &["check", "trust", ROOT[0], ROOT[1]]);
    says(&pinned, &["signed by 2 of the 3 keys needed"]);
    let said = table.done(&[&merge[..], &["lyon/root.json", "lille/root.json"]].concat());
    says(&said, &["lyon/root.json: 1 more", "lille/root.json: 0 more", "enough", "distribute"]);
}

#[test]
fn what_the_verbs_made_holds_for_a_relay_and_all_is_well() {
    let table = Table::with_a_state();
    let said = table.done(&["check", "trust", ROOT[0], ROOT[1]]);
    says(&said, &["bundle of eu-fr, version 1: superseded by version 2"]);
    says(&said, &["bundle of eu-fr-bre-chu, version 1: in force", "root of eu-fr, version 1: in"]);
    let trust = table.trust("trust/root.json");
    assert_eq!(trust.seats().filter(|seat| seat.version > 0).count(), 3);
    assert_eq!(trust.keys().count(), 6);
}

#[test]
fn a_root_follows_by_the_thresholds_of_the_old_and_the_new_one() {
    let table = Table::with_a_state();
    let new = table.key("r6");
    let old = table.kid("r1");
    let line = ["rotate", "trust/root.json", "--from", &old, "--to", "r6.pub", "--out"];
    let said = table.done(&[&line[..], &["trust/root-2.json"], &ROOT].concat());
    says(&said, &[&format!("the next root of eu-fr: key {new} may sign now")]);
    says(&said, &["3 of 5: root keys of eu-fr, root 1", "3 of 5: root keys of eu-fr, root 2"]);
    // The new one's threshold alone is not enough: r6 is no key of the old one.
    let said = table.sign("trust/root-2.json", &["r6", "r2", "r3"]);
    says(&said, &["2 signed, 3 of 5 must: root keys of eu-fr, root 1: not enough yet"]);
    says(&said, &["3 signed, 3 of 5 must: root keys of eu-fr, root 2: enough"]);
    let said = table.ends(3, &["check", "trust", ROOT[0], ROOT[1]]);
    says(&said, &["root of eu-fr, version 2: REJECTED: signed by 2 of the 3 keys needed"]);
    says(&said, &["root of eu-fr, version 1: in force"]);
    let said = table.sign("trust/root-2.json", &["r1"]);
    says(&said, &["root 1: enough", "root 2: enough", "complete"]);
    let said = table.done(&["check", "trust", ROOT[0], ROOT[1]]);
    says(&said, &["root of eu-fr, version 1: superseded by version 2", "version 2: in force"]);
    assert_eq!(table.trust("trust/root-2.json").keys().count(), 6);
}

#[test]
fn a_root_of_the_old_threshold_alone_does_not_hold() {
    let table = Table::with_a_state();
    // The new set asks for four.
    let line = ["rotate", "trust/root.json", "--threshold", "4", "--out", "trust/root-2.json"];
    table.done(&line);
    let said = table.sign("trust/root-2.json", &["r1", "r2", "r3"]);
    says(&said, &["3 signed, 3 of 5 must: root keys of eu-fr, root 1: enough"]);
    says(&said, &["3 signed, 4 of 5 must: root keys of eu-fr, root 2: not enough yet"]);
    let said = table.ends(3, &["check", "trust", ROOT[0], ROOT[1]]);
    says(&said, &["version 2: REJECTED: signed by 3 of the 3", "by 3 of the 4 of its own"]);
}

#[test]
fn what_must_not_be_signed_is_refused_and_the_draft_stays_as_it_was() {
    let table = Table::with_a_state();
    table.key("stranger");
    let grant = ["grant", "trust/eu-fr-2.json", "--phone", "1", "--out", "draft.json"];
    table.done(&grant);
    table.sign("draft.json", &["b1"]);
    let other = ["grant", "trust/eu-fr-2.json", "--phone", "2", "--out", "other.json"];
    table.done(&other);
    let before = table.everything();
    let cases: &[(&[&str], &str)] = &[
        (&["--key", "stranger.pem"], "none of those that count"),
        (&["--key", "cb.pem"], "bundle keys of eu-fr, as root 1 names them"),
        (&["--key", "b1.pem"], "has signed this document already"),
        (&["--merge", "other.json"], "what is signed differs"),
    ];
    for (arguments, word) in cases {
        let line = ["sign", "draft.json", ROOT[0], ROOT[1]];
        says(&table.ends(3, &[&line[..], arguments].concat()), &[word]);
        assert_eq!(table.everything(), before, "{arguments:?}");
    }
    let said = table.ends(0, &["sign", "other.json", "--key", "stranger.pem"]);
    says(&said, &["nobody here says which keys count", "whether they are enough is not known"]);
}

#[test]
fn a_root_with_few_keys_a_threshold_of_zero_or_a_key_twice_is_not_drafted() {
    let table = Table::new();
    table.draft_root("five.json");
    let bundle = ["--bundle-key", "b1.pub", "--out", "root.json"];
    let few: &[(&[&str], &str)] = &[
        (&["--root-key", "r1.pub"], "--fewer-keys-not-for-production"),
        (&["--root-key", "r1.pub", "--fewer-keys-not-for-production"], "a threshold of 3 over 1"),
        (&["--root-key", "r1.pub", "--threshold", "0"], "a threshold of 0"),
        (
            &[
                "--root-key",
                "r1.pub",
                "--root-key",
                "r1.pub",
                "--threshold",
                "2",
                "--fewer-keys-not-for-production",
            ],
            "stands twice",
        ),
        (
            &["--root-key", "b1.pub", "--threshold", "1", "--fewer-keys-not-for-production"],
            "stands twice",
        ),
    ];
    for (arguments, word) in few {
        let line = ["init", "eu-fr"];
        says(&table.ends(2, &[&line[..], arguments, &bundle].concat()), &[word]);
        assert!(!table.path("root.json").exists(), "{arguments:?}");
    }
    let trial = ["--root-key", "r1.pub", "--threshold", "1", "--fewer-keys-not-for-production"];
    table.done(&[&["init", "eu-fr"], &trial[..], &bundle].concat());
    let before = table.everything();
    let again = table.ends(2, &[&["init", "eu-fr"], &trial[..], &bundle].concat());
    says(&again, &["root.json", "never overwritten"]);
    assert_eq!(table.everything(), before);
}

#[test]
fn each_root_of_a_federation_takes_its_number_over() {
    let table = Table::new();
    table.draft_root("one.json");
    let keys = ["--root-key", "r1.pub", "--bundle-key", "b1.pub", "--threshold", "1"];
    let trial = [&keys[..], &["--fewer-keys-not-for-production"]].concat();
    let fed = |file: &str| {
        let shown = table.done(&["show", file, "--json"]);
        let shown: Value = serde_json::from_str(&shown).expect("JSON");
        shown["says"]["fed"].as_str().expect("a federation").to_owned()
    };
    table
        .done(&[&["init", "eu", "--fed-of", "one.json", "--out", "two.json"], &trial[..]].concat());
    table.done(&[&["init", "eu", "--out", "three.json"], &trial[..]].concat());
    assert_eq!(fed("one.json"), fed("two.json"));
    assert_ne!(fed("one.json"), fed("three.json"));
}

#[test]
fn a_dry_run_writes_nothing_and_names_who_is_affected() {
    let table = Table::with_a_state();
    let before = table.everything();
    let bundle = "trust/eu-fr-2.json";
    let issue = table.kid("eu-fr-bre-issue");
    let stolen = ["--why", "compromised"];
    let cases: &[(&[&str], &[&str])] = &[
        (
            &["grant", bundle, "--child", "eu-fr-bre", "--may-tlp", "GREEN"],
            &[
                "eu-fr-bre may no longer sign AMBER, AMBER+STRICT, RED",
                "eu-fr-bre-chu may no longer sign AMBER",
            ],
        ),
        (
            &["grant", bundle, "--child", "eu-fr-bre", "--ceiling", "GREEN", "--clients", "none"],
            &["eu-fr sends eu-fr-bre up to GREEN (before: RED)", "AMBER passes", "for nothing"],
        ),
        (
            &["grant", bundle, "--child", "eu-fr-bre", "--constituency", "eu.fr.bre.energy"],
            &[
                "eu-fr-bre no longer serves the whole of eu.fr.bre",
                "eu-fr-bre-chu no longer serves the whole of eu.fr.bre.health",
            ],
        ),
        (
            &["grant", bundle, "--remove", "eu-fr-bre"],
            &[
                "eu-fr-bre is no longer introduced: its 2 keys count no more",
                "eu-fr-bre-chu is no longer introduced: its 2 keys count no more",
            ],
        ),
        (
            &["revoke", bundle, stolen[0], stolen[1], "--at", "2026-11-24T10:00:00Z", "--", &issue],
            &["of eu-fr-bre (issue), revoked by eu-fr: what it signed with a first hop at or \
                 after 2026-11-24T10:00:00Z counts as withdrawn at every reader"],
        ),
        (&["sign", bundle, "--key", "b1.pem"], &["has signed this document already"]),
    ];
    for (arguments, words) in cases {
        let line = [&arguments[..2], &ROOT, &["--dry-run"], &arguments[2..]].concat();
        let code = if arguments[0] == "sign" { 3 } else { 0 };
        says(&table.ends(code, &line), words);
        assert_eq!(table.everything(), before, "{arguments:?}");
    }
}

#[test]
fn a_key_that_openssl_made_and_signs_with_holds() {
    let table = Table::with_a_state();
    let openssl = |arguments: &[&str]| {
        let run = Command::new("openssl").args(arguments).current_dir(table.path("")).output();
        run.is_ok_and(|output| output.status.success())
    };
    if !openssl(&["genpkey", "-algorithm", "ed25519", "-out", "o.pem"]) {
        println!("skipped: openssl is not installed");
        return;
    }
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(table.path("o.pem"), mode).expect("chmod");
    assert!(openssl(&["pkey", "-in", "o.pem", "-pubout", "-out", "o.pub"]));
    let from = table.kid("cb");
    let line = ["rotate", "trust/eu-fr-2.json", "--from", &from, "--to", "o.pub", "--out"];
    table.done(&[&line[..], &["trust/eu-fr-3.json"]].concat());
    table.sign("trust/eu-fr-3.json", &["b1"]);
    table.done(&["grant", "trust/eu-fr-bre-2.json", "--renew", "--out", "trust/eu-fr-bre-3.json"]);
    table.sign("trust/eu-fr-bre-3.json", &["o"]);
    let trust = table.trust("trust/root.json");
    let seat = trust.seat(&"eu-fr-bre".parse().expect("an id")).expect("a seat");
    assert_eq!(seat.version, 3);
}

#[test]
fn lists_of_good_notices_are_sorted_named_by_digest_and_written_beside_the_bundle() {
    let table = Table::with_a_state();
    let (low, high) = ("0".repeat(64), "a".repeat(64));
    std::fs::write(table.path("good.txt"), format!("{high}\n{low}\n\n{high}\n")).expect("written");
    let out = ["--good", "good.txt", "--out", "trust/eu-fr-bre-3.json", ROOT[0], ROOT[1]];
    let revoke = ["revoke", "trust/eu-fr-bre-2.json", "--all-keys-of", "eu-fr-bre"];
    let line = [&revoke[..], &["--why", "compromised", "--at", "2026-11-24T10:00:00Z"], &out];
    let said = table.done(&line.concat());
    let bytes = [[0_u8; 32], [0xaa; 32]].concat();
    let digest = Id::of(&bytes);
    says(&said, &["2 notices", "(issue)", "(relay)", "only the notices in 1 list count"]);
    let list = format!("trust/eu-fr-bre.{digest}.list");
    assert_eq!(std::fs::read(table.path(&list)).expect("the list"), bytes);
    let shown: Value =
        serde_json::from_str(&table.done(&["show", "trust/eu-fr-bre-3.json", "--json"]))
            .expect("JSON");
    let revoked = shown["says"]["revoked"].as_array().expect("a list");
    assert_eq!(revoked.len(), 2);
    for one in revoked {
        let issue = one["kid"] == table.kid("eu-fr-bre-issue").as_str();
        let named = one.get("good").map(|good| good[0].as_str().expect("text").to_owned());
        assert_eq!(named, issue.then(|| digest.to_string()));
    }
    let kept = shown["says"]["keys"].as_array().map(Vec::len);
    assert_eq!(kept, Some(2), "a revoked key stays listed");
    table.sign("trust/eu-fr-bre-3.json", &["cb"]);
    let well = table.ends(1, &["check", "trust", ROOT[0], ROOT[1]]);
    assert!(well.contains("eu-fr-bre has no relay key") && !well.contains("is not here"), "{well}");
    std::fs::remove_file(table.path(&list)).expect("removed");
    let missing = table.ends(1, &["check", "trust", ROOT[0], ROOT[1]]);
    says(&missing, &[&format!("the list {digest} of good notices is not here")]);
    std::fs::write(table.path("bad.txt"), "xyz").expect("written");
    let bad = ["--why", "compromised", "--at", "now", "--good", "bad.txt", "--dry-run"];
    says(&table.ends(2, &[&revoke[..], &bad].concat()), &["bad.txt: line 1"]);
    let ceased = ["--why", "ceased", "--at", "now", "--good", "good.txt", "--dry-run"];
    says(&table.ends(3, &[&revoke[..], &ceased].concat()), &["`compromised` alone"]);
}

#[test]
fn a_rendered_federation_is_checked_from_the_state_and_from_the_union() {
    let table = Table::new();
    let topology = concat!(env!("CARGO_MANIFEST_DIR"), "/topology/small.toml");
    let mut render = Command::new(env!("CARGO_BIN_EXE_chappe"));
    render.args(["topology", "render", topology, "--out"]).arg(table.path("out"));
    assert!(render.output().expect("runs").status.success());
    let from = |root: &str| table.done(&["check", "out/trust", "--root", root]);
    let state = from("out/trust/eu-fr.root.json");
    says(&state, &["root of eu, version 1: not used", "root of eu-fr, version 1: in force"]);
    says(&state, &["bundle of eu-be, version 1: in force"]);
    let union = from("out/trust/eu.root.json");
    says(&union, &["root of eu-fr, version 1: in force"]);
    let line = ["grant", "out/trust/eu.bundle.json", "--remove", "eu-be", "--dry-run", "--root"];
    let said = table.done(&[&line[..], &["out/trust/eu-fr.root.json"]].concat());
    says(&said, &["for all who pin eu-fr's root", "eu-be is no longer introduced"]);
    let line = ["grant", "out/trust/eu.bundle.json", "--remove", "eu-fr", "--dry-run", "--root"];
    let said = table.done(&[&line[..], &["out/trust/eu-fr.root.json"]].concat());
    assert!(!said.contains("eu-fr-bre"), "the union cannot stop what stays inside a State: {said}");
}

#[test]
fn a_grant_takes_own_keys_contact_and_a_node_from_a_file() {
    let table = Table::with_a_state();
    table.key("second");
    let key = ["--key", "second.pub", "--use", "issue", "--kinds", "advisory", "--tlp", "GREEN"];
    let more = ["--days", "90", "--hours", "24/7", "--node", "node.json", ROOT[0], ROOT[1]];
    let entry = serde_json::json!({
        "id": "eu-fr-sante", "as": "child", "level": "sector",
        "constituency": ["eu.fr.all.health"],
        "may": {"kinds": ["advisory"], "scopes": ["eu.fr.all.health"], "tlp": "AMBER"},
        "ceiling": "RED", "clients": ["health"],
        "bundle": {"threshold": 1, "keys": [{"kty": "OKP", "crv": "Ed25519",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]},
    });
    std::fs::write(table.path("node.json"), entry.to_string()).expect("written");
    let line = ["grant", "trust/eu-fr-2.json", "--out", "trust/eu-fr-3.json"];
    let said = table.done(&[&line[..], &key, &more].concat());
    let kid = table.kid("second");
    says(&said, &[&format!("new issue key {kid}"), "kinds advisory", "up to GREEN", "24/7"]);
    says(&said, &["eu-fr-sante is introduced (sector): it serves eu.fr.all.health"]);
    says(&said, &["once it has a bundle that 1 of 1 key have signed"]);
    table.sign("trust/eu-fr-3.json", &["b1"]);
    let trust = table.trust("trust/root.json");
    let key = trust.find(&chappe::jws::KeyId::hint(&kid)).expect("listed");
    assert_eq!(key.grant.tlp, chappe::notice::Tlp::Green);
    let wrong = ["grant", "trust/eu-fr-3.json", "--dry-run", "--child", "eu-fr-bre"];
    let said = table.ends(2, &[&wrong[..], &["--clients", "helth"]].concat());
    says(&said, &["no sector is called `helth`"]);
    let old = ["grant", "trust/eu-fr-2.json", "--phone", "1", "--dry-run", ROOT[0], ROOT[1]];
    says(&table.ends(3, &old), &["version 3 of the bundle of eu-fr is in force there"]);
}
