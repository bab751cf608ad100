//! A report while it is being written: a file, flags over it, answers at a terminal.
//!
//! It stays JSON until it is whole: what a file has and we have no flag for is kept as it is, and
//! only [`Incident::parse`](super::Incident::parse) says what is wrong.

use serde_json::{Map, Value};

use super::KEYS;
use crate::document::error::DocumentError;
use crate::document::fields::Field;
use crate::document::json;

/// A field that a report must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needed {
    /// Its path, as `affected.name`.
    pub field: &'static str,
    /// The flag that gives it.
    pub flag: &'static str,
    /// What a person is asked.
    pub question: &'static str,
}

const fn needed(field: &'static str, flag: &'static str, question: &'static str) -> Needed {
    Needed { field, flag, question }
}

/// Every field that a report must have, in the order in which one asks on the telephone.
pub const NEEDED: [Needed; 7] = [
    needed("affected.name", "--for NAME", "Whom did it hit"),
    needed("scope", "--scope SCOPE", "Where (scope, as eu.fr.bre.health)"),
    needed("affected.sector", "--sector SECTOR", "In which sector"),
    needed("aware", "--aware TIME", "Since when do they know (as 2026-11-24T08:10:00+01:00)"),
    needed("type", "--type CLASS/TYPE", "Which type of RSIT (as malicious-code/infected-system)"),
    needed("severity", "--severity SEVERITY", "How bad (critical, high, medium, low, unknown)"),
    needed("summary", "--summary TEXT", "What happened"),
];

/// A report that is being written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    fields: Map<String, Value>,
}

impl Form {
    /// From a file: a JSON object with keys that a report has.
    ///
    /// # Errors
    /// No JSON object, a key twice, or an unknown field.
    pub fn read(bytes: &[u8], file_name: &str) -> Result<Self, DocumentError> {
        let value = json::parse(bytes, file_name)?;
        Field::root(file_name, &value).only(&KEYS)?;
        match value {
            Value::Object(fields) => Ok(Self { fields }),
            _ => Ok(Self::default()),
        }
    }

    /// What stands at a path, as `nis2.malicious`; null counts as nothing.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Value> {
        let found = match path.split_once('.') {
            None => self.fields.get(path),
            Some((outer, inner)) => self.fields.get(outer)?.get(inner),
        };
        found.filter(|value| !value.is_null())
    }

    /// Puts a value at a path.
    pub fn set(&mut self, path: &str, value: impl Into<Value>) {
        let Some((outer, inner)) = path.split_once('.') else {
            self.fields.insert(path.to_owned(), value.into());
            return;
        };
        let inside = self.fields.entry(outer).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(inside) = inside {
            inside.insert(inner.to_owned(), value.into());
        }
    }

    /// Lays another's fields over these; what has fields inside is replaced as a whole.
    pub fn lay(&mut self, over: &Self) {
        let some = over.fields.iter().filter(|(_, value)| !value.is_null());
        self.fields.extend(some.map(|(name, value)| (name.clone(), value.clone())));
    }

    /// Takes out what stands at a path; an object that is empty then goes too.
    pub fn remove(&mut self, path: &str) -> Option<Value> {
        let Some((outer, inner)) = path.split_once('.') else { return self.fields.remove(path) };
        let inside = self.fields.get_mut(outer)?.as_object_mut()?;
        let removed = inside.remove(inner);
        if inside.is_empty() {
            self.fields.remove(outer);
        }
        removed
    }

    /// What it needs and has not.
    pub fn missing(&self) -> impl Iterator<Item = Needed> {
        NEEDED.into_iter().filter(|needed| self.get(needed.field).is_none())
    }

    /// Every text in it, with the path of the field that it stands in.
    #[must_use]
    pub fn texts(&self) -> Vec<(String, &str)> {
        let mut found = Vec::new();
        for (name, value) in &self.fields {
            collect(name.clone(), value, &mut found);
        }
        found
    }

    /// As it is sent.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(&self.fields).unwrap_or_default()
    }
}

fn collect<'v>(path: String, value: &'v Value, found: &mut Vec<(String, &'v str)>) {
    match value {
        Value::String(text) => found.push((path, text)),
        Value::Array(items) => items.iter().for_each(|item| collect(path.clone(), item, found)),
        Value::Object(inside) => {
            for (name, value) in inside {
                collect(format!("{path}.{name}"), value, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_its_flag_in_the_order_of_a_telephone_call() {
        let mut form = Form::default();
        assert_eq!(form.missing().count(), 7);
        form.set("affected.name", "CH");
        form.set("aware", Value::Null);
        form.set("scope", "eu.fr");
        let flags: Vec<&str> = form.missing().map(|needed| needed.flag).collect();
        assert_eq!(flags[..2], ["--sector SECTOR", "--aware TIME"]);
    }

    #[test]
    fn a_value_laid_over_a_file_leaves_the_rest_of_it() {
        let text = br#"{"nis2": {"malicious": true}, "summary": "old", "countries": ["fr"]}"#;
        let mut form = Form::read(text, "i.json").expect("a form");
        form.set("nis2.cross_border", false);
        form.set("summary", "new");
        assert_eq!(form.remove("countries"), Some(serde_json::json!(["fr"])));
        let wanted = r#"{"nis2": {"malicious": true, "cross_border": false}, "summary": "new"}"#;
        let read: Value = serde_json::from_slice(&form.to_bytes()).expect("JSON");
        assert_eq!(read, serde_json::from_str::<Value>(wanted).expect("JSON"));
        assert!(Form::read(b"[]", "i.json").is_err());
        assert!(Form::read(br#"{"natrue": 1}"#, "i.json").is_err());
    }

    #[test]
    fn an_object_that_is_empty_goes() {
        let mut form = Form::read(br#"{"nis2": {"impact": "x"}}"#, "i.json").expect("a form");
        assert!(form.remove("nis2.impact").is_some() && form.remove("nis2.impact").is_none());
        assert_eq!(form, Form::default());
    }
}
