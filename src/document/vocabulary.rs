//! The words for incidents, from `data/rsit.toml`: RSIT's classes and types, and the natures that
//! it lacks (it has no word for ransomware).
//!
//! They are checked where a report is written. A relay takes any word of the right form, so that a
//! neighbour with a newer list is understood.

use std::sync::LazyLock;

use serde::Deserialize;

/// A class of RSIT and its types.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// As it stands before the `/` of a case's `type`.
    pub token: String,
    /// Its English name.
    pub en: String,
    /// What may stand after the `/`.
    pub types: Vec<String>,
}

/// A nature of incident.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nature {
    /// A case's `nature`.
    pub token: String,
    /// What it means, in English.
    pub en: String,
    /// What it means, in French.
    pub fr: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tables {
    class: Vec<Class>,
    nature: Vec<Nature>,
}

const TEXT: &str = include_str!("../../data/rsit.toml");

// Tables that do not parse are empty, and the test below fails: no caller can mend them.
static TABLES: LazyLock<Tables> = LazyLock::new(|| toml::from_str(TEXT).unwrap_or_default());

/// RSIT's classes.
#[must_use]
pub fn classes() -> &'static [Class] {
    &TABLES.class
}

/// The natures.
#[must_use]
pub fn natures() -> &'static [Nature] {
    &TABLES.nature
}

/// Whether a text is a class and one of its types, as `malicious-code/infected-system`.
#[must_use]
pub fn is_incident_type(text: &str) -> bool {
    text.split_once('/').is_some_and(|(token, kind)| {
        classes().iter().any(|class| class.token == token && class.types.iter().any(|t| t == kind))
    })
}

/// What may stand where `text` stood: the types of its class, else the classes.
pub(super) fn expected_type(text: &str) -> String {
    let token = text.split('/').next().unwrap_or_default();
    match classes().iter().find(|class| class.token == token) {
        Some(class) => format!("{token}/ and one of {}", class.types.join(", ")),
        None => format!("class/type, the class one of {}", tokens(classes(), |c| &c.token)),
    }
}

/// Every nature, for an error text.
pub(super) fn expected_nature() -> String {
    format!("one of {}", tokens(natures(), |nature| &nature.token))
}

fn tokens<T>(items: &[T], token: impl Fn(&T) -> &String) -> String {
    items.iter().map(|item| token(item).as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_holds_rsit_1003_and_the_natures() {
        assert!(toml::from_str::<Tables>(TEXT).is_ok());
        assert_eq!(classes().len(), 11);
        assert_eq!(classes().iter().map(|class| class.types.len()).sum::<usize>(), 39);
        assert_eq!(natures().len(), 10);
    }

    #[test]
    fn every_word_fits_a_statement() {
        let words = classes().iter().flat_map(|class| class.types.iter().chain([&class.token]));
        for word in words.chain(natures().iter().map(|nature| &nature.token)) {
            let token = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            assert!((1..=40).contains(&word.len()) && word.bytes().all(token), "{word}");
        }
    }

    #[test]
    fn a_type_belongs_to_its_class() {
        assert!(is_incident_type("malicious-code/infected-system"));
        for text in ["availability/infected-system", "malicious-code", "malicious-code/", "/", ""] {
            assert!(!is_incident_type(text), "{text}");
        }
    }
}
