//! What is linked in: licences, sources, duplicates and features are those that deny.toml and
//! docs/SECURITY.md say, also where cargo-deny is not installed.

// A test that panics has failed.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "supply/spdx.rs"]
mod spdx;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

/// Features of ed25519-dalek that would change which signatures count, or take secret halves apart.
const FORBIDDEN_FEATURES: [&str; 3] = ["batch", "hazmat", "legacy_compatibility"];

fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn toml(path: &str) -> toml::Table {
    std::fs::read_to_string(at(path)).expect(path).parse().expect(path)
}

fn texts(list: &toml::Value) -> BTreeSet<String> {
    let text = |value: &toml::Value| value.as_str().expect("a text").to_owned();
    list.as_array().expect("a list").iter().map(text).collect()
}

/// What cargo would build on this machine, from the lock alone.
fn metadata() -> Value {
    let version = Command::new("rustc").arg("-vV").output().expect("rustc");
    let version = String::from_utf8(version.stdout).expect("text");
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host");
    let said = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--offline",
            "--locked",
            "--format-version=1",
            "--filter-platform",
            host,
        ])
        .current_dir(at("."))
        .output()
        .expect("cargo");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    serde_json::from_slice(&said.stdout).expect("JSON")
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a Vec<Value> {
    value.pointer(pointer).and_then(Value::as_array).expect(pointer)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// A package of a lock, as (name, version, source).
fn locked(path: &str) -> Vec<(String, String, Option<String>)> {
    let lock = toml(path);
    let packages = lock["package"].as_array().expect("packages").iter();
    let word = |package: &toml::Value, key: &str| {
        package.get(key).and_then(toml::Value::as_str).map(str::to_owned)
    };
    packages
        .map(|p| {
            (
                word(p, "name").expect("name"),
                word(p, "version").expect("version"),
                word(p, "source"),
            )
        })
        .collect()
}

/// Packages whose licences are not within `allowed`.
fn unlicensed(metadata: &Value, allowed: &BTreeSet<String>) -> Vec<String> {
    let linked = list(metadata, "/packages").iter().filter(|p| text(p, "name") != "chappe");
    let refused = linked.filter(|p| !spdx::is_within(text(p, "license"), allowed));
    refused.map(|p| format!("{}: {:?}", text(p, "name"), text(p, "license"))).collect()
}

#[test]
fn every_licence_is_one_that_deny_toml_allows() {
    let allowed = texts(&toml("deny.toml")["licenses"]["allow"]);
    let metadata = metadata();
    assert!(list(&metadata, "/packages").len() > 150, "hardly anything was looked at");
    assert_eq!(unlicensed(&metadata, &allowed), Vec::<String>::new());
    let without_mit: BTreeSet<_> = allowed.iter().filter(|l| *l != "MIT").cloned().collect();
    assert!(unlicensed(&metadata, &without_mit).len() > 10, "the check does not fire");
}

#[test]
fn what_stands_in_two_versions_is_what_deny_toml_names_with_a_reason() {
    let mut versions: BTreeMap<String, Vec<(u64, String)>> = BTreeMap::new();
    for (name, version, _) in locked("Cargo.lock") {
        versions.entry(name).or_default().push((rank(&version), version));
    }
    let mut found = BTreeSet::new();
    for (name, mut several) in versions {
        several.sort();
        several.pop();
        found.extend(several.into_iter().map(|(_, version)| format!("{name}@{version}")));
    }
    let deny = toml("deny.toml");
    let named = deny["bans"]["skip"].as_array().expect("a list").iter();
    let named: BTreeSet<String> = named
        .map(|entry| {
            assert!(entry["reason"].as_str().is_some_and(|why| why.len() > 5), "{entry} has none");
            entry["crate"].as_str().expect("a crate").to_owned()
        })
        .collect();
    assert_eq!(found, named, "left: the older versions in Cargo.lock; right: deny.toml");
}

/// Orders versions of three small numbers.
fn rank(version: &str) -> u64 {
    let numbers = version.split(['.', '-', '+']).take(3);
    numbers.fold(0, |sum, number| sum * 100_000 + number.parse::<u64>().unwrap_or(0))
}

#[test]
fn what_deny_toml_bans_is_in_no_lock() {
    let deny = toml("deny.toml");
    let banned = deny["bans"]["deny"].as_array().expect("a list").iter();
    let banned: Vec<&str> = banned.map(|b| b["crate"].as_str().expect("a crate")).collect();
    for (name, ..) in [locked("Cargo.lock"), locked("fuzz/Cargo.lock")].concat() {
        assert!(!banned.contains(&name.as_str()), "{name} is banned");
    }
}

#[test]
fn everything_comes_from_the_one_default_registry() {
    let ours = ["chappe", "chappe-domain", "chappe-fuzz"];
    let mut sources = BTreeSet::new();
    for (name, _, source) in [locked("Cargo.lock"), locked("fuzz/Cargo.lock")].concat() {
        assert_eq!(source.is_none(), ours.contains(&name.as_str()), "{name} comes from a folder");
        sources.extend(source);
    }
    let registry = sources.iter().all(|source| source.starts_with("registry+"));
    assert!(registry && sources.len() == 1, "{sources:?}");
    // Another registry or a git address would have to be named where a dependency is.
    for table in ["dependencies", "dev-dependencies"] {
        for (name, dependency) in toml("Cargo.toml")[table].as_table().expect(table) {
            for key in ["git", "path", "registry", "registry-index"] {
                assert!(dependency.get(key).is_none(), "{name} has `{key}`");
            }
        }
    }
}

#[test]
fn what_is_fuzzed_is_built_from_the_versions_that_are_shipped() {
    let shipped: BTreeSet<_> = locked("Cargo.lock").into_iter().map(|(n, v, _)| (n, v)).collect();
    let names: BTreeSet<&String> = shipped.iter().map(|(name, _)| name).collect();
    for (name, version, _) in locked("fuzz/Cargo.lock") {
        let same = shipped.contains(&(name.clone(), version.clone()));
        let cure = "copy Cargo.lock to fuzz/ and run `cargo metadata` there";
        assert!(same || !names.contains(&name), "{name} {version} is not shipped: {cure}");
    }
}

/// Each forbidden feature of ed25519-dalek 3 that is compiled in.
fn forbidden_features(metadata: &Value) -> Vec<String> {
    let is_ours = |id: &str| {
        let packages = list(metadata, "/packages").iter().find(|p| text(p, "id") == id);
        packages.is_some_and(|p| text(p, "name") == "ed25519-dalek" && text(p, "version") >= "3")
    };
    let nodes = list(metadata, "/resolve/nodes").iter().filter(|n| is_ours(text(n, "id")));
    let features: Vec<&str> =
        nodes.flat_map(|n| list(n, "/features")).filter_map(Value::as_str).collect();
    assert!(features.contains(&"zeroize"), "ed25519-dalek 3 was not found: {features:?}");
    let forbidden = features.into_iter().filter(|f| FORBIDDEN_FEATURES.contains(f));
    forbidden.map(str::to_owned).collect()
}

#[test]
fn no_other_acceptance_of_signatures_is_compiled_in() {
    let mut metadata = metadata();
    assert_eq!(forbidden_features(&metadata), Vec::<String>::new());
    // The check fires: some other crate turns a feature on.
    let nodes = metadata.pointer_mut("/resolve/nodes").and_then(Value::as_array_mut);
    for node in nodes.expect("nodes") {
        if let Some(features) = node["features"].as_array_mut() {
            features.push(json!("legacy_compatibility"));
        }
    }
    assert_eq!(forbidden_features(&metadata), ["legacy_compatibility"]);
}

#[test]
fn no_code_of_ours_is_unsafe_and_nothing_can_allow_it() {
    let lints = &toml("Cargo.toml")["lints"]["rust"]["unsafe_code"];
    assert_eq!(lints.as_str(), Some("forbid"), "`deny` could be lifted by an attribute");
}
