//! `docs/incident.schema.json` says what the parser takes: the same fields, the same words.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Incident, KEYS, NEEDED};
use crate::document::{classes, natures};
use crate::notice::{Severity, sectors};

const SCHEMA: &str = include_str!("../../../docs/incident.schema.json");

fn schema() -> Value {
    serde_json::from_str(SCHEMA).expect("JSON")
}

fn words(pointer: &str) -> BTreeSet<String> {
    let list = schema().pointer(pointer).and_then(Value::as_array).cloned().expect(pointer);
    list.iter().map(|word| word.as_str().expect("a word").to_owned()).collect()
}

fn keys(pointer: &str) -> BTreeSet<String> {
    let object = schema().pointer(pointer).and_then(Value::as_object).cloned();
    object.expect(pointer).keys().cloned().collect()
}

fn set<'w>(words: impl IntoIterator<Item = &'w str>) -> BTreeSet<String> {
    words.into_iter().map(str::to_owned).collect()
}

#[test]
fn it_has_the_fields_of_the_parser_and_needs_the_same() {
    assert_eq!(keys("/properties"), set(KEYS));
    let outer = |needed: &super::Needed| needed.field.split('.').next().unwrap_or_default();
    assert_eq!(words("/required"), NEEDED.iter().map(|n| outer(n).to_owned()).collect());
    for (inside, fields) in [
        ("affected", &["name", "sector"][..]),
        ("reported_by", &["name", "via"]),
        ("nis2", &["malicious", "cross_border", "impact"]),
        ("events", &["classified", "measure", "handled"]),
        ("attachment", &["name", "type", "data"]),
    ] {
        assert_eq!(keys(&format!("/properties/{inside}/properties")), set(fields.to_vec()));
        let more = schema().pointer(&format!("/properties/{inside}/additionalProperties")).cloned();
        assert_eq!(more, Some(json!(false)), "{inside}");
    }
    assert_eq!(schema().get("additionalProperties"), Some(&json!(false)));
}

#[test]
fn it_has_the_words_of_the_vocabularies() {
    let types = classes().iter().flat_map(|class| {
        class.types.iter().map(|kind| format!("{}/{kind}", class.token)).collect::<Vec<_>>()
    });
    assert_eq!(words("/properties/type/enum"), types.collect());
    let own = natures().iter().map(|nature| nature.token.as_str());
    assert_eq!(words("/properties/nature/enum"), set(own));
    let own = Severity::ALL.iter().map(|severity| severity.as_str());
    assert_eq!(words("/properties/severity/enum"), set(own));
    let own = sectors().iter().map(|sector| sector.token.as_str());
    assert_eq!(words("/properties/affected/properties/sector/enum"), set(own));
    assert_eq!(
        words("/properties/reported_by/properties/via/enum"),
        set(["phone", "portal", "mail"])
    );
}

#[test]
fn its_example_is_read() {
    let example = schema().pointer("/examples/0").cloned().expect("an example");
    let incident = Incident::parse(example.to_string().as_bytes(), "example").expect("read");
    assert!(incident.attachment.is_some() && incident.events.is_some());
}
