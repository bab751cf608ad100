//! Typed values out of spanned TOML. A value of the wrong type or form is a finding and then
//! absent, so that one mistake hides no other.

use std::fmt::Display;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::report::{At, Report, hint};
use crate::notice::Level;

const MAX_LINE_CHARS: usize = 200;
const MAX_NAME_CHARS: usize = 24;

/// How a text becomes a value; the error says what was found and what was expected.
pub(super) type Parse<T> = fn(&str) -> Result<T, String>;

impl Report<'_, '_> {
    /// The value of a key that must be there.
    pub(super) fn need<T>(
        &mut self,
        table: &DeTable<'_>,
        (at, owner): (usize, &str),
        key: &str,
        parse: Parse<T>,
    ) -> Option<At<T>> {
        if !table.contains_key(key) {
            self.add(at, format!("{owner} has no `{key}`"));
        }
        self.text(table, key, parse)
    }

    /// A text, parsed.
    pub(super) fn text<T>(
        &mut self,
        table: &DeTable<'_>,
        key: &str,
        parse: Parse<T>,
    ) -> Option<At<T>> {
        let value = table.get(key)?;
        self.one(key, value, parse)
    }

    /// A list of texts, each parsed; `None` if the key is absent or no list.
    pub(super) fn texts<T>(
        &mut self,
        table: &DeTable<'_>,
        key: &str,
        parse: Parse<T>,
    ) -> Option<Vec<At<T>>> {
        let value = table.get(key)?;
        self.list_of(key, value, parse)
    }

    /// A list of texts that is not empty if it is there.
    pub(super) fn some_texts<T>(
        &mut self,
        table: &DeTable<'_>,
        key: &str,
        parse: Parse<T>,
    ) -> Option<Vec<At<T>>> {
        let value = table.get(key)?;
        if value.get_ref().as_array().is_some_and(|array| array.is_empty()) {
            self.add(value.span().start, format!("`{key}` is empty; expected at least one"));
        }
        self.list_of(key, value, parse)
    }

    pub(super) fn list_of<T>(
        &mut self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        parse: Parse<T>,
    ) -> Option<Vec<At<T>>> {
        let Some(array) = value.get_ref().as_array() else {
            self.wrong(key, value, "a list of strings");
            return None;
        };
        Some(array.iter().filter_map(|entry| self.one(key, entry, parse)).collect())
    }

    /// `true` or `false`; absent is `false`.
    pub(super) fn flag(&mut self, table: &DeTable<'_>, key: &str) -> bool {
        let Some(value) = table.get(key) else { return false };
        value.get_ref().as_bool().unwrap_or_else(|| {
            self.wrong(key, value, "true or false");
            false
        })
    }

    /// A table and where it begins.
    pub(super) fn table<'a, 'i>(
        &mut self,
        table: &'a DeTable<'i>,
        key: &str,
    ) -> Option<At<&'a DeTable<'i>>> {
        let value = table.get(key)?;
        self.as_table(key, value)
    }

    /// A list of tables; `None` if absent or no list.
    pub(super) fn tables<'a, 'i>(
        &mut self,
        table: &'a DeTable<'i>,
        key: &str,
    ) -> Option<Vec<At<&'a DeTable<'i>>>> {
        let value = table.get(key)?;
        let Some(array) = value.get_ref().as_array() else {
            self.wrong(key, value, "a list of tables");
            return None;
        };
        Some(array.iter().filter_map(|entry| self.as_table(key, entry)).collect())
    }

    fn as_table<'a, 'i>(
        &mut self,
        key: &str,
        value: &'a Spanned<DeValue<'i>>,
    ) -> Option<At<&'a DeTable<'i>>> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong(key, value, "a table");
            return None;
        };
        Some(At { value: table, at: value.span().start })
    }

    fn one<T>(
        &mut self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        parse: Parse<T>,
    ) -> Option<At<T>> {
        let at = value.span().start;
        let Some(text) = value.get_ref().as_str() else {
            self.wrong(key, value, "a string");
            return None;
        };
        match parse(text) {
            Ok(value) => Some(At { value, at }),
            Err(error) => {
                self.add(at, format!("`{key}`: {error}"));
                None
            }
        }
    }

    fn wrong(&mut self, key: &str, value: &Spanned<DeValue<'_>>, expected: &str) {
        let found = value.get_ref().type_str();
        self.add(value.span().start, format!("`{key}` must be {expected}, found {found}"));
    }
}

/// Any type that reads itself.
pub(super) fn parsed<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

/// One line for people: no control character, since it is drawn on terminals.
pub(super) fn line(text: &str) -> Result<String, String> {
    let length = text.chars().count();
    if (1..=MAX_LINE_CHARS).contains(&length) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    let shown: String = text.escape_debug().take(60).collect();
    Err(format!("`{shown}` is not one line of 1 to {MAX_LINE_CHARS} characters"))
}

/// The name of a publisher, a subscriber, a country or a region.
pub(super) fn token(text: &str) -> Result<String, String> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if (1..=MAX_NAME_CHARS).contains(&text.len()) && text.bytes().all(allowed) {
        return Ok(text.to_owned());
    }
    let shown: String = text.escape_debug().take(60).collect();
    Err(format!("`{shown}` is not [a-z0-9-]{{1,24}}"))
}

/// The name of a publisher: a token that no other user of the node has.
pub(super) fn publisher(text: &str) -> Result<String, String> {
    if crate::address::is_reserved(text) {
        return Err(format!("`{text}` is reserved: another user of the node is called so"));
    }
    token(text)
}

/// A level's word.
pub(super) fn level(text: &str) -> Result<Level, String> {
    let levels = [Level::Union, Level::National, Level::Regional, Level::Sector, Level::Entity];
    let words = levels.map(Level::as_str);
    levels.into_iter().find(|level| level.as_str() == text).ok_or_else(|| {
        let shown: String = text.escape_debug().take(40).collect();
        format!("`{shown}` is no level{}; expected one of {}", hint(text, &words), words.join(", "))
    })
}

/// A kind's word.
pub(super) fn kind(text: &str) -> Result<crate::notice::Kind, String> {
    let words = crate::notice::Kind::ALL.map(crate::notice::Kind::as_str);
    text.parse().map_err(|_| {
        let shown: String = text.escape_debug().take(40).collect();
        format!("`{shown}` is no kind{}; expected one of {}", hint(text, &words), words.join(", "))
    })
}
