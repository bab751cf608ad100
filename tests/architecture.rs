//! The house law as a failing test: which module may name which, what the domain never touches,
//! how long a file may grow. Prose is forgotten; this is not.

// A test that panics has failed.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "architecture/edges.rs"]
mod edges;
#[path = "architecture/shape.rs"]
mod shape;
#[path = "architecture/source.rs"]
mod source;

use edges::Row;
use source::{Source, all};

/// No runtime, no disk, no network, no clock, no log: a verdict can be computed anywhere.
const DOMAIN: &[&str] = &[
    "jws",
    "notice",
    "trust",
    "ceremony",
    "address",
    "policy",
    "verify",
    "lifecycle",
    "case",
    "routing",
];
const EDGES: &[&str] = &["time", "keys", "config", "document", "bus", "telemetry", "console"];

/// Who may use whom. A module may only use what stands above it: so there is no circle.
const TABLE: &[Row] = &[
    // The domain, lowest first.
    ("jws", &[]),
    ("notice", &[&["jws"]]),
    ("trust", &[&["jws", "notice"]]),
    ("ceremony", &[&["jws", "notice", "trust"]]),
    ("address", &[&["jws", "notice", "trust"]]),
    ("policy", &[&["jws", "notice", "trust", "address"]]),
    ("verify", &[&["jws", "notice", "trust", "address", "policy"]]),
    ("lifecycle", &[&["jws", "notice", "trust", "address", "policy"]]),
    ("case", &[&["jws", "notice", "trust", "address", "policy"]]),
    ("routing", &[&["jws", "notice", "trust", "address", "policy", "verify", "lifecycle", "case"]]),
    // The edges: the world on one side, the domain on the other; they hardly know each other.
    ("time", &[DOMAIN]),
    ("keys", &[DOMAIN]),
    ("config", &[DOMAIN]),
    ("document", &[DOMAIN]),
    ("bus", &[DOMAIN, &["keys"]]),
    ("telemetry", &[DOMAIN]),
    ("console", &[DOMAIN, &["telemetry"]]),
    // The wiring.
    ("relay", &[DOMAIN, EDGES]),
    ("topology", &[DOMAIN, EDGES]),
    ("publish", &[DOMAIN, EDGES, &["relay"]]),
    ("demo", &[DOMAIN, EDGES, &["relay", "topology", "publish"]]),
    ("cli", &[DOMAIN, EDGES, &["relay", "topology", "publish", "demo"]]),
    ("main", &[&["cli"]]),
];

const PROSE: [&str; 11] =
    [".md", ".toml", ".rs", ".sh", ".py", ".yml", ".conf", ".service", "run", "fuzz", "mutants"];

fn sources() -> Vec<Source> {
    let sources = all(&["src"], &[".rs"]);
    assert!(sources.len() > 50, "only {} files found", sources.len());
    sources
}

fn rust() -> Vec<Source> {
    all(&["src", "tests", "fuzz/src", "fuzz/fuzz_targets", "fuzz/domain", "mutants"], &[".rs"])
}

fn none(found: impl Iterator<Item = String>) {
    let found: Vec<String> = found.collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn dependencies_point_down() {
    none(sources().iter().flat_map(|source| edges::forbidden_edges(TABLE, source)));
}

#[test]
fn the_table_has_no_circle() {
    for (index, (module, allowed)) in TABLE.iter().enumerate() {
        for used in allowed.iter().flat_map(|some| some.iter()) {
            let above = TABLE[..index].iter().any(|(other, _)| other == used);
            assert!(above, "`{module}` uses `{used}`, which does not stand above it");
        }
    }
}

#[test]
fn the_domain_touches_neither_runtime_nor_disk_nor_clock() {
    none(sources().iter().flat_map(|source| edges::world_in_the_domain(DOMAIN, source)));
}

#[test]
fn only_the_bus_names_the_broker() {
    none(sources().iter().flat_map(edges::broker_outside_the_bus));
}

#[test]
fn only_time_reads_the_clock() {
    none(sources().iter().flat_map(edges::clock_outside_of_time));
}

#[test]
fn nothing_but_a_test_may_panic() {
    none(sources().iter().flat_map(edges::panics));
}

#[test]
fn no_file_is_longer_than_400_lines() {
    none(rust().iter().flat_map(shape::long_files));
}

#[test]
fn no_function_is_longer_than_70_lines() {
    none(rust().iter().flat_map(shape::long_functions));
}

#[test]
fn no_line_is_wider_than_100_columns() {
    none(rust().iter().flat_map(shape::wide_lines));
}

#[test]
fn every_file_opens_with_its_reason() {
    none(rust().iter().flat_map(shape::unexplained));
}

#[test]
fn every_file_is_declared() {
    none(shape::undeclared(&sources()).into_iter());
}

#[test]
fn nothing_is_left_for_tomorrow_or_undecided_and_nobody_signs() {
    let places = [
        "src",
        "tests",
        "docs",
        "deploy",
        "scripts",
        "topology",
        "fuzz/src",
        "fuzz/seeds",
        "mutants",
        ".ci",
        ".cargo/mutants.toml",
        "deny.toml",
        "README.md",
        "CHANGELOG.md",
        "SECURITY.md",
        "Cargo.toml",
    ];
    let all = all(&places, &PROSE);
    none(all.iter().flat_map(shape::unfinished));
    none(all.iter().flat_map(shape::undecided));
    none(all.iter().flat_map(shape::signed));
}
