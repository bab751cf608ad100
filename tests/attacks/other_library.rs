//! The same vectors judged by a reader that has no code of ours: PyJWT and OpenSSL.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::folder::{self, Case, Folder};

/// What a reader must say of a folder, in the form in which it prints it.
fn expected(folder: &Folder) -> Value {
    match folder.case().expect("a case") {
        Case::Notice(case) => json!(case.reader.unwrap_or(case.expect)),
        Case::Trust(case) => {
            let steps = case.steps.into_iter().map(|step| json!(step.expect));
            let versions = case.then.bundles.into_values().chain(case.then.roots.into_values());
            let keys = case.then.keys.into_iter().map(|key| json!(key.expect));
            steps.chain(versions.map(|version| json!(version))).chain(keys).collect()
        }
    }
}

fn said() -> Value {
    let at = |path: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let made = Command::new("python3").arg(at("scripts/python-env.py")).output().expect("python3");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let python = String::from_utf8(made.stdout).expect("a path");
    let said = Command::new(python.trim())
        .args([at("tests/python/reader.py"), folder::vectors()])
        .output()
        .expect("ran");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    serde_json::from_slice(&said.stdout).expect("JSON")
}

#[test]
fn a_reader_without_our_code_says_the_same_of_every_vector() {
    let (all, said) = (folder::committed(), said());
    let cases: Vec<&Folder> = all.values().filter(|folder| crate::is_case(folder)).collect();
    let wrong: Vec<String> = cases
        .iter()
        .map(|folder| (&folder.name, expected(folder), &said[&folder.name]))
        .filter(|(_, expected, found)| expected != *found)
        .map(|(name, expected, found)| format!("{name}: {expected} expected, {found} said"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(said.as_object().map(serde_json::Map::len), Some(cases.len()));
}
