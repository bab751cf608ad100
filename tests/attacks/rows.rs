//! The table of attacks in docs/SECURITY.md: every row once, and everything that it names is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::folder::{self, Case};

const ROWS: u8 = 98;

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()
}

/// Number and third cell of each row.
fn table() -> Vec<(u8, String)> {
    let doc = read("docs/SECURITY.md").expect("docs/SECURITY.md");
    let (_, rest) = doc.split_once("<!-- table: attacks -->\n").expect("the table");
    let rows = rest.lines().take_while(|line| line.starts_with('|')).skip(2);
    let cells = |row: &str| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        assert_eq!(cells.len(), 3, "{row}");
        (cells[0].parse().expect("a number"), cells[2].to_owned())
    };
    rows.map(cells).collect()
}

/// What stands between backticks and names a test: a folder of vectors, or a function of a file.
fn named(cell: &str) -> Vec<&str> {
    let quoted = cell.split('`').skip(1).step_by(2);
    quoted.filter(|text| text.starts_with("tests/") || text.starts_with("src/")).collect()
}

fn exists(name: &str) -> bool {
    match name.split_once("::") {
        Some((file, test)) => read(file).is_some_and(|text| text.contains(&format!("fn {test}("))),
        None => read(&format!("{name}/case.json")).is_some(),
    }
}

#[test]
fn every_row_of_the_attack_list_stands_once_and_is_covered_or_not_applicable() {
    let table = table();
    let numbers: Vec<u8> = table.iter().map(|(row, _)| *row).collect();
    assert_eq!(numbers, (1..=ROWS).collect::<Vec<u8>>());
    for (row, cell) in &table {
        let names = named(cell);
        let missing: Vec<_> = names.iter().filter(|name| !exists(name)).collect();
        assert!(missing.is_empty(), "row {row}: {missing:?} are not there");
        let reason = cell.strip_prefix("not applicable: ").is_some_and(|why| !why.is_empty());
        assert_eq!(reason, names.is_empty(), "row {row}: {cell}");
    }
}

#[test]
fn the_rows_that_a_vector_names_name_the_vector() {
    let mut expected: BTreeMap<u8, BTreeSet<String>> = BTreeMap::new();
    for vector in folder::committed().values().filter(|folder| crate::is_case(folder)) {
        let rows = match vector.case().expect("a case") {
            Case::Notice(case) => case.row,
            Case::Trust(case) => case.row,
        };
        assert!(!rows.is_empty() || vector.name.starts_with("honest-"), "{}", vector.name);
        for row in rows {
            expected.entry(row).or_default().insert(format!("tests/vectors/{}", vector.name));
        }
    }
    for (row, cell) in table() {
        let vectors = named(&cell).into_iter().filter(|name| !name.contains("::"));
        let found: BTreeSet<String> = vectors.map(str::to_owned).collect();
        assert_eq!(found, expected.remove(&row).unwrap_or_default(), "row {row}");
    }
    assert!(expected.is_empty(), "no such rows: {expected:?}");
}
