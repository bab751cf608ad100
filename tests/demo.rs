//! `chappe demo` as a user runs it: it plays, it stays up, a stranger joins with other libraries,
//! a server and a relay die, and in the end nothing is left of it.
#![cfg(target_os = "linux")] // processes are found in /proc
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)] // a test may fail so

mod demonstration;

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use demonstration::{Demonstration, patiently, root};
use serde_json::Value;

/// The keys that the operators' guide promises.
const COUNTS: &[&str] = &[
    "nodes",
    "published",
    "expected_deliveries",
    "deliveries",
    "missing",
    "unexpected",
    "duplicates",
    "unverified",
    "elapsed_ms",
];

#[test]
fn the_demo_is_exact_takes_a_stranger_outlives_its_parts_and_leaves_nothing() {
    let mut demo = Demonstration::start("topology/small.toml");
    its_account_is_exact(&demo.account, 9);
    federation_json_names_all_that_a_stranger_needs(&demo);
    a_stranger_with_other_libraries_finds_everything_in_order(&demo);
    who_may_not_listen_is_told(&demo);
    each_rule_of_the_functional_suite_holds(&demo);
    let leftovers = |demo: &Demonstration| demo.processes("").len();
    assert!(leftovers(&demo) > 9, "a relay for each node and a server run");
    let code = demo.terminate();
    assert_eq!(code, Some(0), "{}", demo.complaints());
    assert_eq!(leftovers(&demo), 0, "processes are left");
}

#[test]
fn three_states_are_played_as_exactly_as_one() {
    let output = Command::new(env!("CARGO_BIN_EXE_chappe"))
        .current_dir(root(""))
        .args(["demo", "--once", "--json", "--topology", "topology/europe.toml"])
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let account: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    its_account_is_exact(&account, 27);
    assert_eq!(account["escalations"]["sent"], 3, "one in each State: {account}");
    assert_eq!(account["escalations"]["reached"], 6, "region and State of each: {account}");
    assert_eq!(account["case"]["states_told"], 1, "the union told another State: {account}");
    assert_eq!(account["provoked"]["grant-scope"], 2, "sibling region, other State: {account}");
}

fn its_account_is_exact(account: &Value, nodes: usize) {
    for key in COUNTS {
        assert!(account[key].is_u64(), "{key} in {account}");
    }
    assert_eq!(account["nodes"], nodes);
    assert!(account["published"].as_u64() >= Some(40), "{account}");
    assert_eq!(account["expected_deliveries"], account["deliveries"]);
    for key in ["missing", "unexpected", "duplicates", "unverified"] {
        assert_eq!(account[key], 0, "{key} in {account}");
    }
    assert!(account["refused"].as_object().is_some_and(|all| !all.is_empty()), "{account}");
    assert_eq!(account["refused"], account["provoked"], "only what was provoked is refused");
    let escalations = &account["escalations"];
    assert_eq!(escalations["sent"], escalations["answered"], "{account}");
    assert!(escalations["reached"].as_u64() >= Some(2), "region and State in {account}");
    let case = &account["case"];
    assert_eq!((&case["reports"], &case["closed"]), (&3.into(), &2.into()), "{account}");
    assert_eq!(case["clocks"], case["met"], "each clock is met in time: {account}");
    assert!(case["clocks"].as_u64() >= Some(4), "three reports and first feedback: {account}");
    assert_eq!(case["marked_redacted"], true, "by whom it was redacted is seen above: {account}");
    assert_eq!(case["named_above"], 0, "{account}");
    for percentile in ["p50", "p99"] {
        assert!(account["hop_latency_ms"][percentile].is_u64(), "{account}");
    }
}

fn federation_json_names_all_that_a_stranger_needs(demo: &Demonstration) {
    let text = std::fs::read_to_string(demo.folder.path().join("federation.json"));
    let told: Value = serde_json::from_str(&text.expect("federation.json")).expect("JSON");
    let nodes = told["nodes"].as_array().expect("nodes");
    assert_eq!(nodes.len(), 9);
    for node in nodes {
        for key in ["id", "name", "level", "nats", "metrics"] {
            assert!(node[key].is_string(), "{key} of {node}");
        }
        for key in ["constituency", "follows"] {
            assert!(node[key].is_array(), "{key} of {node}");
        }
        let is_top = node["id"] == "eu";
        assert!(if is_top { node["parent"].is_null() } else { node["parent"].is_string() });
        for role in ["publisher", "desk", "subscriber", "monitor"] {
            let role = &node["roles"][role];
            let seed = PathBuf::from(role["seed"].as_str().expect("a seed"));
            assert!(seed.is_absolute() && seed.exists(), "{} of {node}", seed.display());
            assert!(role["inbox_prefix"].as_str().is_some_and(|p| p.starts_with("_INBOX_")));
            assert!(role["subjects"].is_array(), "{node}");
        }
    }
}

fn a_stranger_with_other_libraries_finds_everything_in_order(demo: &Demonstration) {
    python(demo, "outsider.py", " passed, 0 failed");
}

/// Also that what dies in the middle, a relay and then the server, comes back and nothing is lost.
fn each_rule_of_the_functional_suite_holds(demo: &Demonstration) {
    python(demo, "functional.py", "\n0 rules failed");
}

fn python(demo: &Demonstration, script: &str, wanted: &str) {
    let python = Command::new("python3").arg(root("scripts/python-env.py")).output();
    let python = python.expect("python3 runs");
    assert!(python.status.success(), "{}", text(&python.stderr));
    let played = Command::new(text(&python.stdout).trim())
        .arg(root("tests/python").join(script))
        .args([demo.folder.path().as_os_str(), env!("CARGO_BIN_EXE_chappe").as_ref()])
        .output()
        .expect("python runs");
    let said = text(&played.stdout);
    assert!(said.contains(wanted), "{said}{}", text(&played.stderr));
    assert!(played.status.success(), "{said}");
}

/// A desk is no subscriber: the server grants it nothing live, and silence would look like peace.
fn who_may_not_listen_is_told(demo: &Demonstration) {
    let mut listener =
        demo.chappe("subscribe", "eu-fr").stderr(Stdio::null()).spawn().expect("runs");
    patiently(Duration::from_secs(20), || match listener.try_wait().expect("asked") {
        Some(status) => (status.code() == Some(1)).then_some(()).ok_or(format!("{status}")),
        None => Err("it listens on".into()),
    });
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
