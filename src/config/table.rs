//! Typed values out of the layers. A value of the wrong type or form is a mistake and then absent,
//! so that one mistake hides no other.

use std::cell::RefCell;
use std::collections::HashMap;

use config::{Value, ValueKind};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::layers::Layers;
use super::{ConfigError, Mistake};

/// Gathers mistakes while tables are read.
pub(super) struct Reader<'l, 't> {
    layers: &'l Layers<'t>,
    mistakes: RefCell<Vec<Mistake>>,
}

/// One table: its values, and where each stands.
#[derive(Clone, Copy)]
pub(super) struct Table<'r, 'l, 't> {
    reader: &'r Reader<'l, 't>,
    values: Option<&'l HashMap<String, Value>>,
    written: Option<&'l DeTable<'t>>,
    at: usize,
    /// How messages call it.
    title: &'static str,
    /// Where the variables find it, dotted; empty for the file's own table, `None` in a list.
    path: Option<&'static str>,
}

/// How a text becomes a value; the error says what was found and what was expected.
pub(super) type Parse<T> = fn(&str) -> Result<T, String>;

impl<'l, 't> Reader<'l, 't> {
    pub(super) fn new(layers: &'l Layers<'t>) -> Self {
        Self { layers, mistakes: RefCell::new(layers.mistakes.clone()) }
    }

    /// The file's own table.
    pub(super) fn root(&self) -> Table<'_, 'l, 't> {
        Table {
            reader: self,
            values: Some(&self.layers.values),
            written: Some(&self.layers.written),
            at: 0,
            title: "the file",
            path: Some(""),
        }
    }

    /// The value if nothing was wrong, else everything that was, in order of position.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, ConfigError> {
        let mut mistakes = self.mistakes.into_inner();
        mistakes.sort();
        mistakes.dedup();
        match value {
            Some(value) if mistakes.is_empty() => Ok(value),
            _ => Err(ConfigError::Mistakes(mistakes)),
        }
    }
}

impl<'r, 'l, 't> Table<'r, 'l, 't> {
    /// A mistake in this table as a whole.
    pub(super) fn wrong(&self, text: String) {
        self.reader.mistakes.borrow_mut().push(self.file_mistake(self.at, text));
    }

    /// A mistake in the value of a key.
    pub(super) fn wrong_at(&self, key: &str, text: &str) {
        let text = format!("`{key}`: {text}");
        let mistake = match self.variable(key) {
            Some(name) => Mistake::variable(name, &text),
            None => self.file_mistake(self.position(key), text),
        };
        self.reader.mistakes.borrow_mut().push(mistake);
    }

    fn file_mistake(&self, at: usize, text: String) -> Mistake {
        Mistake::File(self.reader.layers.source.finding(at, text))
    }

    fn position(&self, key: &str) -> usize {
        self.spanned(key).map_or(self.at, |value| value.span().start)
    }

    fn spanned(&self, key: &str) -> Option<&'l Spanned<DeValue<'t>>> {
        self.written?.get(key)
    }

    pub(super) fn value(&self, key: &str) -> Option<&'l Value> {
        self.values?.get(key)
    }

    /// The variable that gave a key's value.
    fn variable(&self, key: &str) -> Option<&'static str> {
        let path = match self.path? {
            "" => key.to_owned(),
            table => format!("{table}.{key}"),
        };
        self.reader.layers.variables.get(path.as_str()).copied()
    }

    /// The value of a key that must be there.
    pub(super) fn need<T>(&self, key: &str, parse: Parse<T>) -> Option<T> {
        if self.value(key).is_none() {
            self.wrong(format!("{} has no `{key}`", self.title));
        }
        self.text(key, parse)
    }

    /// A text, parsed.
    pub(super) fn text<T>(&self, key: &str, parse: Parse<T>) -> Option<T> {
        match &self.value(key)?.kind {
            ValueKind::String(text) => self.parsed(key, text, parse),
            other => self.mistyped(key, "a string", other),
        }
    }

    /// A list of texts, each parsed; of a variable, separated by commas.
    pub(super) fn texts<T>(&self, key: &str, parse: Parse<T>) -> Option<Vec<T>> {
        match &self.value(key)?.kind {
            ValueKind::String(text) if self.variable(key).is_some() => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                Some(parts.filter_map(|part| self.parsed(key, part, parse)).collect())
            }
            ValueKind::Array(array) => {
                Some(array.iter().filter_map(|value| self.entry(key, value, parse)).collect())
            }
            other => self.mistyped(key, "a list of strings", other),
        }
    }

    /// A list that must be there and have an entry.
    pub(super) fn need_some<T>(&self, key: &str, parse: Parse<T>) -> Vec<T> {
        if self.value(key).is_none() {
            self.wrong(format!("{} has no `{key}`", self.title));
        }
        if self.is_empty_list(key) {
            self.wrong_at(key, "an empty list; expected at least one entry");
        }
        self.texts(key, parse).unwrap_or_default()
    }

    /// Whether a list without an entry stands there.
    pub(super) fn is_empty_list(&self, key: &str) -> bool {
        let kind = self.value(key).map(|value| &value.kind);
        matches!(kind, Some(ValueKind::Array(array)) if array.is_empty())
    }

    fn entry<T>(&self, key: &str, value: &Value, parse: Parse<T>) -> Option<T> {
        match &value.kind {
            ValueKind::String(text) => self.parsed(key, text, parse),
            other => self.mistyped(key, "a list of strings", other),
        }
    }

    fn parsed<T>(&self, key: &str, text: &str, parse: Parse<T>) -> Option<T> {
        parse(text).map_err(|error| self.wrong_at(key, &error)).ok()
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        match &self.value(key)?.kind {
            ValueKind::Boolean(flag) => Some(*flag),
            ValueKind::String(text) if self.variable(key).is_some() => {
                let parse = |text: &str| {
                    text.parse().map_err(|_| format!("`{}` is not true or false", shown(text)))
                };
                self.parsed(key, text, parse)
            }
            other => self.mistyped(key, "true or false", other),
        }
    }

    /// A whole number.
    pub(super) fn integer(&self, key: &str) -> Option<i64> {
        match &self.value(key)?.kind {
            ValueKind::I64(number) => Some(*number),
            ValueKind::String(text) if self.variable(key).is_some() => {
                let parse = |text: &str| {
                    text.parse().map_err(|_| format!("`{}` is not a whole number", shown(text)))
                };
                self.parsed(key, text, parse)
            }
            other => self.mistyped(key, "a whole number", other),
        }
    }

    /// A table of the file, empty where it is not written: what it needs is then missing there.
    /// `path` is where the variables find it.
    pub(super) fn table(self, key: &str, title: &'static str, path: &'static str) -> Self {
        let values = match self.value(key).map(|value| &value.kind) {
            Some(ValueKind::Table(values)) => Some(values),
            Some(other) => self.mistyped(key, "a table", other),
            None => None,
        };
        let written = self.spanned(key).and_then(|value| value.get_ref().as_table());
        Self { values, written, at: self.position(key), title, path: Some(path), ..self }
    }

    /// A list of tables; none where it is not written.
    pub(super) fn tables(self, key: &str, title: &'static str) -> Vec<Self> {
        let values = match self.value(key).map(|value| &value.kind) {
            Some(ValueKind::Array(values)) => values.as_slice(),
            Some(other) => self.mistyped(key, "a list of tables", other).unwrap_or_default(),
            None => &[],
        };
        let written = self.spanned(key).and_then(|value| value.get_ref().as_array());
        let written: Vec<_> = written.into_iter().flat_map(|array| array.iter()).collect();
        let pair = |(index, value): (usize, &'l Value)| {
            let spanned = written.get(index);
            let at = spanned.map_or(self.at, |value| value.span().start);
            let ValueKind::Table(values) = &value.kind else {
                let mistake = self.file_mistake(at, format!("`{key}` must be a list of tables"));
                self.reader.mistakes.borrow_mut().push(mistake);
                return None;
            };
            let written = spanned.and_then(|value| value.get_ref().as_table());
            Some(Self { values: Some(values), written, at, title, path: None, ..self })
        };
        values.iter().enumerate().filter_map(pair).collect()
    }

    fn mistyped<T>(&self, key: &str, expected: &str, found: &ValueKind) -> Option<T> {
        self.wrong_at(key, &format!("must be {expected}, found {}", type_name(found)));
        None
    }
}

/// A text for a message: escaped, and not longer than a line bears.
pub(super) fn shown(text: &str) -> String {
    text.escape_debug().take(60).collect()
}

fn type_name(kind: &ValueKind) -> &'static str {
    match kind {
        ValueKind::Nil => "nothing",
        ValueKind::Boolean(_) => "a boolean",
        ValueKind::I64(_) | ValueKind::I128(_) | ValueKind::U64(_) | ValueKind::U128(_) => {
            "an integer"
        }
        ValueKind::Float(_) => "a float",
        ValueKind::String(_) => "a string",
        ValueKind::Table(_) => "a table",
        ValueKind::Array(_) => "a list",
    }
}
