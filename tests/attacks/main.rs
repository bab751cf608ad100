//! The attacks of tests/vectors, each folder through the pure core: what must be refused, under
//! which reason; and what must be accepted, so that nobody passes who refuses everything.

// A test that panics has failed.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod cases;
mod custody;
mod documents;
mod folder;
#[path = "../forge/mod.rs"]
mod forge;
mod forms;
mod honest;
mod judge;
mod keys;
mod made;
mod other_library;
mod places;
mod roots;
mod rows;
mod scalar;
mod signatures;

use std::collections::{BTreeMap, BTreeSet};

use chappe::notice::{Id, MAX_BODY_BYTES, Reason};
use chappe::verify;
use folder::Folder;
use forge::*;

/// What the generator makes: every key follows from its name, and the time is `forge::NOW`.
fn generated() -> BTreeMap<String, Folder> {
    let notices = [
        signatures::all(),
        keys::all(),
        forms::all(),
        custody::all(),
        places::all(),
        cases::all(),
        honest::all(),
    ];
    let trust = [vec![made::france()], documents::all(), roots::all()];
    made::by_name(notices.into_iter().chain(trust).flatten().collect())
}

fn is_case(folder: &Folder) -> bool {
    folder.files.contains_key("case.json")
}

#[test]
fn the_committed_vectors_are_what_the_generator_makes() {
    let made = generated();
    if std::env::var_os("CHAPPE_UPDATE_VECTORS").is_some() {
        folder::write(&made);
    }
    let found = folder::committed();
    let names: BTreeSet<&String> = made.keys().chain(found.keys()).collect();
    let differs =
        |name: &&&String| made.get(**name).map(|f| &f.files) != found.get(**name).map(|f| &f.files);
    let other: Vec<_> = names.iter().filter(differs).collect();
    assert!(other.is_empty(), "not as made: {other:?} (CHAPPE_UPDATE_VECTORS=1 rewrites them)");
}

#[test]
fn every_vector_is_judged_as_it_says() {
    let all = folder::committed();
    let wrong: Vec<String> = all
        .values()
        .filter(|folder| folder.name != "trust-france")
        .flat_map(|folder| judge::differences(&all, folder))
        .collect();
    assert!(all.len() > 200, "only {} folders", all.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Reasons that only a node's state or rules give; `tests/domain/routing.rs` provokes them, and
/// `tests/operation/poison.rs` the last.
const BY_STATE: &[Reason] = &[
    Reason::Relation,
    Reason::AlreadyIssued,
    Reason::Superseded,
    Reason::Withdrawn,
    Reason::Rule,
    Reason::NoRule,
    Reason::Poison,
];

#[test]
fn every_reason_has_a_case_that_provokes_it() {
    let all = folder::committed();
    let words: BTreeSet<String> =
        all.values().filter(|folder| is_case(folder)).flat_map(judge::expected).collect();
    let provoked = |reason: &&Reason| words.contains(reason.as_str()) || BY_STATE.contains(reason);
    let missing: Vec<_> = Reason::ALL.iter().filter(|reason| !provoked(reason)).collect();
    assert!(missing.is_empty(), "no case provokes {missing:?}");
    let known = ["accepted", "taken", "known", "waits", "good"];
    let strange: Vec<_> = words
        .iter()
        .filter(|word| !known.contains(&word.as_str()))
        .filter(|word| Reason::ALL.iter().all(|reason| reason.as_str() != word.as_str()))
        .collect();
    assert!(strange.is_empty(), "no reasons: {strange:?}");
}

#[test]
fn a_body_above_eight_mebibytes_is_refused_whatever_the_server_let_through() {
    let bytes = vec![b' '; MAX_BODY_BYTES + 1];
    let mut statement = made::base();
    (statement.body.len, statement.body.sha256) = (MAX_BODY_BYTES as u64, Id::of(&bytes));
    let wire = chappe::notice::Wire { body: bytes, ..issue(&statement) };
    let refused = verify::verify_file(NOW, &trust(), &wire).expect_err("refused");
    assert_eq!(refused.reason, Reason::Body);
}
