//! What an earlier version has written, this one still reads: every folder of `tests/frozen` is
//! what the streams of two nodes held, with the configuration that they ran on.
//!
//! A folder is never changed. Before a release, `CHAPPE_FREEZE=0.2 cargo test --test frozen` adds
//! the next, from real nodes that have played every kind of notice.

// A test that panics has failed.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "frozen/read.rs"]
mod read;
mod support;
#[path = "frozen/write.rs"]
mod write;

use std::path::{Path, PathBuf};

use read::Frozen;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/frozen")
}

/// What is frozen, by a digest over its files. Before a release the new one's line is added; none
/// is ever changed.
const DIGESTS: [(&str, &str); 1] =
    [("0.1", "4bacc6c7b91e3ee373a43d455d08fc5d35d85b5dd34d90d1a0be8b5c4175b9f1")];

#[test]
fn what_was_frozen_was_not_changed() {
    let digests: Vec<(String, String)> = all().iter().map(Frozen::digest).collect();
    let noted = DIGESTS.map(|(version, digest)| (version.to_owned(), digest.to_owned()));
    assert_eq!(digests, noted, "the folders, and what is noted of them");
}

fn all() -> Vec<Frozen> {
    let versions = std::fs::read_dir(folder()).expect("a folder").map(|entry| entry.expect("one"));
    let versions = versions.map(|entry| entry.path()).filter(|path| path.is_dir());
    let mut all: Vec<Frozen> = versions.map(|path| Frozen::read(&path)).collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(!all.is_empty(), "nothing is frozen");
    all
}

#[tokio::test]
async fn a_version_is_frozen_when_it_is_asked_for() {
    // Inside of a test, since it needs the real server as every test does.
    if let Ok(version) = std::env::var("CHAPPE_FREEZE") {
        write::freeze(&folder().join(version)).await;
    }
}

#[test]
fn trust_documents_of_every_version_are_believed() {
    for frozen in all() {
        let (_, rejected) = frozen.trust();
        assert!(rejected.is_empty(), "{}: {rejected:?}", frozen.name);
    }
}

#[test]
fn notices_of_every_version_verify_and_every_kind_is_among_them() {
    for frozen in all() {
        let kinds = frozen.verify_notices();
        let missing: Vec<_> =
            chappe::notice::Kind::ALL.iter().filter(|kind| !kinds.contains(kind)).collect();
        assert!(missing.is_empty(), "{}: no {missing:?}", frozen.name);
    }
}

#[test]
fn receipts_and_heartbeats_of_every_version_verify() {
    for frozen in all() {
        let (receipts, beats) = frozen.verify_records();
        assert!(receipts >= 10 && beats >= 2, "{}: {receipts}, {beats}", frozen.name);
    }
}

#[test]
fn a_node_that_is_upgraded_knows_how_each_notice_stands() {
    for frozen in all() {
        for (node, expected) in &frozen.standings {
            assert_eq!(&frozen.fold(node), expected, "{} {node}", frozen.name);
        }
    }
}

#[test]
fn configuration_of_every_version_is_read() {
    for frozen in all() {
        frozen.read_configuration();
    }
}
