//! Documents of other people: what is read of them fits a statement, whatever they say.

use chappe::document::{Described, Format, Incident, describe, fit_title};
use chappe::notice::{MAX_TITLE_CHARS, Severity, Statement, Tlp};
use serde_json::{Value, json};

use crate::edits::edited;

const NAMES: [&str; 4] = ["a.json", "advisory", "note.txt", "b.JSON"];
const CSAF: &[u8] = include_bytes!("../../tests/fixtures/documents/oasis-2.1-amber-strict.json");
const CERT_FR: &[u8] = include_bytes!("../../tests/fixtures/documents/CERTFR-2024-AVI-0601.json");
const INCIDENT: &[u8] = include_bytes!("../../demo/incident.json");

/// Reads `data` as a document of each kind, and as edits of honest ones.
///
/// # Panics
/// If one of the module's claims does not hold.
pub fn check(data: &[u8]) {
    documents(data);
    for honest in [CSAF, CERT_FR, INCIDENT] {
        documents(&edited(honest, data));
    }
    if let Ok(text) = std::str::from_utf8(data) {
        title(text);
    }
}

fn documents(bytes: &[u8]) {
    for name in NAMES {
        match describe(bytes, name) {
            Ok(read) => described(bytes, name, &read),
            Err(error) => harmless(&error.to_string()),
        }
    }
    match Incident::parse(bytes, "incident.json") {
        Ok(incident) => report(bytes, &incident),
        Err(error) => harmless(&error.to_string()),
    }
}

fn described(bytes: &[u8], name: &str, read: &Described) {
    if read.format == Format::Other {
        assert_eq!(*read, Described::other(read.media), "{name}");
        return;
    }
    json(bytes);
    let statement = json!({
        "fed": "0".repeat(32), "iss": "eu-fr", "iat": 1, "exp": 2, "kind": read.kind,
        "aud": "scope:eu.fr.all.all", "tlp": read.tlp.unwrap_or(Tlp::Clear),
        "severity": read.severity.unwrap_or(Severity::Unknown),
        "title": read.title.as_deref().unwrap_or("-"), "lang": read.lang.as_deref().unwrap_or("en"),
        "doc": {"pub": read.publisher, "ref": read.reference, "version": read.version,
                "revision": read.revision},
        "body": {"type": read.media, "len": bytes.len(), "sha256": "0".repeat(64)},
    });
    takes(&statement);
}

fn report(bytes: &[u8], incident: &Incident) {
    json(bytes);
    let case = json!({
        "stage": "early-warning", "regime": "nis2", "aware": incident.aware,
        "type": incident.incident, "scope": incident.scope, "countries": incident.countries,
        "nature": incident.nature.as_deref().unwrap_or("ransomware"),
    });
    // Nobody reports what has not happened: such a file is refused when it is issued.
    let events = incident.events.unwrap_or_default();
    let told = [events.classified, events.measure, events.handled];
    let iat = told.into_iter().flatten().fold(incident.aware.max(1), u64::max);
    let statement = json!({
        "fed": "0".repeat(32), "iss": "eu-fr-bre", "iat": iat, "exp": iat + 1, "kind": "escalation",
        "aud": "node:eu-fr", "tlp": "AMBER", "severity": incident.severity, "title": "-",
        "lang": "en", "case": case,
        "body": {"type": "application/json", "len": bytes.len(), "sha256": "0".repeat(64)},
    });
    takes(&statement);
}

/// What was read is JSON for everybody; a byte order mark before it is a reader's to skip.
fn json(bytes: &[u8]) {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice::<Value>(bytes).expect("a document that was read is JSON");
}

/// The longest statement is bounded by its texts, so only its size may be too large.
fn takes(statement: &Value) {
    let bytes = statement.to_string().into_bytes();
    match Statement::parse(&bytes) {
        Ok(_) | Err(chappe::notice::StatementError::Size(_)) => {}
        Err(error) => panic!("{error}: {statement}"),
    }
}

/// A complaint goes onto a terminal.
fn harmless(complaint: &str) {
    assert!(!complaint.chars().any(char::is_control), "{complaint:?}");
    assert!(complaint.chars().count() <= 2_000, "{complaint:?}");
}

fn title(text: &str) {
    let Some(fitted) = fit_title(text) else { return };
    assert!((1..=MAX_TITLE_CHARS).contains(&fitted.chars().count()), "{fitted:?}");
    assert!(!fitted.chars().any(char::is_control), "{fitted:?}");
    assert_eq!(fit_title(&fitted).as_ref(), Some(&fitted), "not fitted at once");
}
