//! docs/PROTOCOL.md says what the code does: examples byte for byte, tables both ways, limits.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test that panics has failed
#![allow(unreachable_pub)]

mod example;
mod other_library;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chappe::jws;
use chappe::notice::{self, Id, Kind, Reason, Statement, Time, Tlp};
use chappe::trust::{self, Trust};
use chappe::verify;
use serde_json::{Value, json};

fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(at(path)).unwrap_or_default()
}

fn protocol() -> String {
    read("docs/PROTOCOL.md")
}

/// Every `(name, text)` of a fenced block that follows a line `<!-- file: NAME -->`.
fn quotes(doc: &str) -> Vec<(String, String)> {
    let after = doc.split("<!-- file: ").skip(1);
    after
        .map(|rest| {
            let (name, rest) = rest.split_once(" -->\n").expect("a marker's end");
            let (fence, rest) = rest.split_once('\n').expect("a fence");
            assert!(fence.starts_with("```"), "{name} is not followed by a fenced block");
            let (text, _) = rest.split_once("\n```").expect("a fence's end");
            (name.to_owned(), text.to_owned())
        })
        .collect()
}

fn with_quote(doc: &str, name: &str, text: &str) -> String {
    let marker = format!("<!-- file: {name} -->\n");
    let Some((before, rest)) = doc.split_once(&marker) else { return doc.to_owned() };
    let (fence, rest) = rest.split_once('\n').expect("a fence");
    let (_, after) = rest.split_once("\n```").expect("a fence's end");
    format!("{before}{marker}{fence}\n{text}\n```{after}")
}

fn update() {
    let mut doc = protocol();
    for (name, text) in example::files() {
        std::fs::write(at("docs/example").join(name), format!("{text}\n")).expect("written");
        doc = with_quote(&doc, &format!("example/{name}"), &text);
    }
    doc = with_quote(&doc, "verify.py", read("docs/verify.py").trim_end());
    std::fs::write(at("docs/PROTOCOL.md"), doc).expect("written");
}

#[test]
fn every_example_is_what_the_code_makes() {
    if std::env::var_os("CHAPPE_UPDATE_EXAMPLES").is_some() {
        update();
    }
    for (name, text) in example::files() {
        let path = format!("docs/example/{name}");
        let found = read(&path);
        let same = found.strip_suffix('\n') == Some(&text);
        assert!(
            same,
            "{path} is not what the code makes, which is:\n{text}\n\
            (CHAPPE_UPDATE_EXAMPLES=1 rewrites it)"
        );
    }
}

#[test]
fn every_quote_in_the_protocol_is_its_file() {
    let quoted = quotes(&protocol());
    for (name, text) in &quoted {
        let path = format!("docs/{name}");
        assert_eq!(read(&path).trim_end(), text, "{path} is quoted otherwise");
    }
    let named: BTreeSet<&str> = quoted.iter().map(|(name, _)| name.as_str()).collect();
    for needed in ["verify.py", "example/statement.json", "example/bundle.payload.json"] {
        assert!(named.contains(needed), "{needed} is not quoted");
    }
}

#[test]
fn the_example_verifies_from_its_own_root() {
    let [root, national, regional] = example::documents();
    let (trust, rejected) = Trust::compile(&root, &[national, regional]).expect("a pin");
    assert!(rejected.is_empty(), "{rejected:?}");
    let now = Time::from_secs(example::ISSUED + 60);
    let (statement, hops) = verify::verify_file(now, &trust, &example::wire()).expect("good");
    assert_eq!((statement, hops.len()), (example::statement(), 2));
}

/// The rows of the table behind the marker `<!-- table: NAME -->`: their cells.
fn table(name: &str) -> Vec<Vec<String>> {
    let doc = protocol();
    let marker = format!("<!-- table: {name} -->\n");
    let (_, rest) = doc.split_once(&marker).expect("a table of that name");
    let rows = rest.lines().take_while(|line| line.starts_with('|')).skip(2);
    let cells = |row: &str| {
        row.trim_matches('|').split(" | ").map(|c| c.trim().to_owned()).collect::<Vec<_>>()
    };
    rows.map(cells).collect()
}

/// The first column's names: the text between the first pair of backticks.
fn names(table_name: &str) -> BTreeSet<String> {
    let rows = table(table_name);
    let name = |row: &Vec<String>| row[0].split('`').nth(1).unwrap_or_default().to_owned();
    let found: BTreeSet<String> = rows.iter().map(name).collect();
    assert_eq!(found.len(), rows.len(), "a row of {table_name} stands twice");
    found
}

fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    words.into_iter().map(str::to_owned).collect()
}

#[test]
fn every_reason_has_a_row_and_every_row_a_reason() {
    assert_eq!(names("reasons"), words(Reason::ALL.iter().map(|reason| reason.as_str())));
    for row in table("reasons") {
        assert!(row.len() == 3 && row.iter().all(|cell| !cell.is_empty()), "{row:?}");
    }
}

#[test]
fn every_kind_and_label_has_a_row_and_every_row_is_one() {
    assert_eq!(names("kinds"), words(Kind::ALL.iter().map(|kind| kind.as_str())));
    assert_eq!(names("tlp"), words(Tlp::ALL.iter().map(|tlp| tlp.as_str())));
}

/// Paths of every member, as `doc.ref`; what stands in a list has `[]`.
fn paths(value: &Value, above: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let path = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
                found.insert(path.clone());
                paths(member, &path, found);
            }
        }
        Value::Array(items) => {
            items.iter().for_each(|item| paths(item, &format!("{above}[]"), found));
        }
        _ => {}
    }
}

fn all_paths(values: &[Value]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    values.iter().for_each(|value| paths(value, "", &mut found));
    found
}

/// A statement with every optional claim; `case` has two forms.
fn fullest(case: &Value) -> Value {
    let mut full = example::statement();
    full.nbf = Some(1);
    full.pap = Some(Tlp::Red);
    full.exercise = Some("x".into());
    full.re = Some(Id::of(b""));
    full.erase = Some(true);
    full.body.sig = Some(Id::of(b""));
    full.ext = Some(serde_json::Map::new());
    full.case = Some(serde_json::from_value(case.clone()).expect("a case"));
    serde_json::to_value(full).expect("JSON")
}

#[test]
fn every_claim_has_a_row_and_every_row_is_a_claim() {
    let report = json!({ "stage": "final", "regime": "none", "aware": 1, "type": "a/b",
        "nature": "n", "scope": "eu.fr.all.all", "countries": ["fr"],
        "origin": Id::of(b"").to_string(), "redacted": true, "embargo": "blue-lamp",
        "events": { "classified": 1, "measure": 1, "handled": 1 } });
    let answer = json!({ "state": "closed", "reason": "why" });
    assert_eq!(names("claims"), all_paths(&[fullest(&report), fullest(&answer)]));
}

fn fullest_bundle() -> Value {
    let payload = example::documents()[1].unverified_payload().expect("base64url");
    let mut bundle: trust::Bundle = jws::from_slice(&payload).expect("a bundle");
    bundle.contact =
        trust::Contact { phone: Some("1".into()), hours: Some("1".into()), mail: Some("1".into()) };
    for entry in &mut bundle.keys {
        entry.kinds = Some(vec![]);
        entry.scopes = Some(vec![]);
        entry.tlp = Some(Tlp::Red);
    }
    for entry in &mut bundle.nodes {
        entry.root = entry.bundle.clone();
    }
    let why = trust::Why::Ceased;
    bundle.revoked = vec![trust::Revocation { kid: "k".into(), at: 1, why, good: Some(vec![]) }];
    serde_json::to_value(bundle).expect("JSON")
}

#[test]
fn every_member_of_the_trust_documents_has_a_row_and_every_row_is_a_member() {
    let root = example::documents()[0].unverified_payload().expect("base64url");
    let root: Value = serde_json::from_slice(&root).expect("JSON");
    // A set of keys and a key have the same members wherever they stand: one row each.
    let own = |path: &String| {
        let inner = [".threshold", ".keys", ".keys[].kty", ".keys[].crv", ".keys[].x"];
        !(inner.iter().any(|i| path.ends_with(i)) || path.contains(".jwk."))
    };
    let found = |value: &Value| -> BTreeSet<String> {
        all_paths(std::slice::from_ref(value)).into_iter().filter(own).collect()
    };
    assert_eq!(names("root"), found(&root));
    assert_eq!(names("bundle"), found(&fullest_bundle()));
}

#[test]
fn every_member_of_a_heartbeat_has_a_row() {
    let beat = notice::Heartbeat {
        fed: "0".repeat(32).try_into().expect("a federation"),
        iss: "eu-fr".parse().expect("a node"),
        aud: "scope:eu.fr.all.all".parse().expect("an audience"),
        tlp: Tlp::Clear,
        iat: 1,
        exp: 4,
        count: 0,
        digest: Id::of(b""),
        newest: vec![],
        bundles: std::collections::BTreeMap::new(),
    };
    let beat = serde_json::to_value(beat).expect("JSON");
    let members = beat.as_object().expect("an object").keys().cloned().collect();
    assert_eq!(names("heartbeat"), members);
}

#[test]
fn the_limits_are_the_codes() {
    let expected = [
        ("MAX_BODY_BYTES", notice::MAX_BODY_BYTES as u64),
        ("MAX_HEADERS_BYTES", notice::MAX_HEADERS_BYTES as u64),
        ("MAX_MESSAGE_BYTES", notice::MAX_MESSAGE_BYTES as u64),
        ("MAX_BODY_SIG_BYTES", notice::MAX_BODY_SIG_BYTES as u64),
        ("MAX_HOPS", notice::MAX_HOPS as u64),
        ("MAX_STATEMENT_BYTES", notice::MAX_STATEMENT_BYTES as u64),
        ("MAX_TITLE_CHARS", notice::MAX_TITLE_CHARS as u64),
        ("MAX_NODE_TOKENS", notice::MAX_NODE_TOKENS as u64),
        ("MAX_DEPTH", jws::MAX_DEPTH as u64),
        ("MAX_DOCUMENT_BYTES", jws::MAX_DOCUMENT_BYTES as u64),
        ("MAX_SIGNATURES", jws::MAX_SIGNATURES as u64),
        ("MAX_NODES", trust::MAX_NODES as u64),
        ("CLOCK_LEEWAY", verify::CLOCK_LEEWAY.as_secs()),
    ];
    let digits = |cell: &str| cell.split(' ').take_while(|w| w.parse::<u64>().is_ok()).collect();
    let found: BTreeSet<(String, String)> = table("limits")
        .iter()
        .map(|row| (row[0].trim_matches('`').to_owned(), digits(&row[1])))
        .collect();
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_string()));
    assert_eq!(found, BTreeSet::from(expected));
}

#[test]
fn the_statements_bounds_are_those_that_the_protocol_names() {
    let good = |change: fn(&mut Statement)| {
        let mut statement = example::statement();
        change(&mut statement);
        statement.check().is_ok()
    };
    assert!(good(|s| s.exp = s.iat + 400 * 86_400) && !good(|s| s.exp = s.iat + 400 * 86_400 + 1));
    assert!(good(|s| s.nbf = Some(s.iat + 86_400)) && !good(|s| s.nbf = Some(s.iat + 86_401)));
    assert!(good(|s| s.title = "x".repeat(200)) && !good(|s| s.title = "x".repeat(201)));
    assert!(good(|s| doc(s, 160)) && !good(|s| doc(s, 161)));
    assert!(good(|s| ext(s, 512)) && !good(|s| ext(s, 513)));
    assert!(good(|s| nested(s, "[[[1]]]")) && !good(|s| nested(s, "[[[[1]]]]")));
}

fn nested(statement: &mut Statement, json: &str) {
    let value = serde_json::from_str(json).expect("JSON");
    statement.ext = Some([("a".to_owned(), value)].into_iter().collect());
}

fn doc(statement: &mut Statement, chars: usize) {
    statement.doc.as_mut().expect("a doc").reference = "x".repeat(chars);
}

fn ext(statement: &mut Statement, bytes: usize) {
    let value = Value::String("x".repeat(bytes - r#"{"a":""}"#.len()));
    statement.ext = Some([("a".to_owned(), value)].into_iter().collect());
}
