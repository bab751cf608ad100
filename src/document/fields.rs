//! A place in a JSON document that knows its own path, so that every complaint can name it.

use serde_json::Value;

use super::error::{DocumentError, shown};
use crate::notice::{MAX_TEXT_CHARS, is_line};

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Field<'a> {
    file: &'a str,
    path: String,
    value: &'a Value,
}

impl<'a> Field<'a> {
    /// The whole document.
    pub(super) fn root(file: &'a str, value: &'a Value) -> Self {
        Self { file, path: String::new(), value }
    }

    /// The bare value.
    pub(super) fn value(&self) -> &'a Value {
        self.value
    }

    /// What stands under a key; a null counts as absent.
    pub(super) fn find(&self, key: &str) -> Result<Option<Self>, DocumentError> {
        let object = self.value.as_object().ok_or_else(|| self.refuse("an object"))?;
        let path = self.path_of(key);
        let present = object.get(key).filter(|value| !value.is_null());
        Ok(present.map(|value| Self { file: self.file, path, value }))
    }

    /// What stands under a key that must be there.
    pub(super) fn need(&self, key: &str, expected: &str) -> Result<Self, DocumentError> {
        self.find(key)?.ok_or_else(|| self.complain(self.path_of(key), "missing", expected))
    }

    /// A line under a key that must be there.
    pub(super) fn need_line(&self, key: &str) -> Result<String, DocumentError> {
        self.need(key, LINE)?.line()
    }

    /// A text.
    pub(super) fn text(&self) -> Result<&'a str, DocumentError> {
        self.value.as_str().ok_or_else(|| self.refuse("a text"))
    }

    /// A text that a statement can repeat: one line of at most [`MAX_TEXT_CHARS`].
    pub(super) fn line(&self) -> Result<String, DocumentError> {
        let text = self.value.as_str().filter(|text| is_line(text, MAX_TEXT_CHARS));
        text.map(str::to_owned).ok_or_else(|| self.refuse(LINE))
    }

    /// A yes or no.
    pub(super) fn flag(&self) -> Result<bool, DocumentError> {
        self.value.as_bool().ok_or_else(|| self.refuse("true or false"))
    }

    /// The items of a list of at most `max`.
    pub(super) fn items(&self, max: usize) -> Result<Vec<Self>, DocumentError> {
        let list = self.value.as_array().filter(|list| list.len() <= max);
        let list = list.ok_or_else(|| self.refuse(&format!("a list of at most {max}")))?;
        let item = |(n, value): (usize, &'a Value)| Self {
            file: self.file,
            path: format!("{}[{n}]", self.path),
            value,
        };
        Ok(list.iter().enumerate().map(item).collect())
    }

    /// How many entries a history has; it has at least one.
    pub(super) fn count(&self) -> Result<u64, DocumentError> {
        let list = self.value.as_array().filter(|list| !list.is_empty());
        let list = list.ok_or_else(|| self.refuse("a list of at least one"))?;
        Ok(u64::try_from(list.len()).unwrap_or(u64::MAX))
    }

    /// Refuses every key but these.
    pub(super) fn only(&self, keys: &[&str]) -> Result<(), DocumentError> {
        let object = self.value.as_object().ok_or_else(|| self.refuse("an object"))?;
        let Some(stranger) = object.keys().find(|key| !keys.contains(&key.as_str())) else {
            return Ok(());
        };
        let name: String = stranger.escape_debug().take(60).collect();
        let expected = format!("one of {}", keys.join(", "));
        Err(self.complain(self.path_of(&name), "unknown", &expected))
    }

    /// The complaint about what stands here.
    pub(super) fn refuse(&self, expected: &str) -> DocumentError {
        self.complain(self.path.clone(), &shown(self.value), expected)
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn complain(&self, path: String, found: &str, expected: &str) -> DocumentError {
        DocumentError::Field {
            file: self.file.to_owned(),
            field: if path.is_empty() { "the document".to_owned() } else { path },
            found: found.to_owned(),
            expected: expected.to_owned(),
        }
    }
}

const LINE: &str = "one line of 1 to 160 characters without blanks at its ends";
