//! TOML with positions: which line a key, a value or a syntax error stands on.
//!
//! `serde` stops at the first mistake and names unknown keys without their line. This walker goes
//! over the spanned document instead and reports every unknown key, with the key that was
//! probably meant. Configuration and topology files share it.

use std::fmt;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One mistake in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{file}:{position}: {text}")]
pub struct Finding {
    /// The file's name as the caller gave it.
    pub file: String,
    /// Where.
    pub position: Position,
    /// What was found and what was expected.
    pub text: String,
}

/// A place in a text. Shown as the line alone, as compilers and editors do in `file:line`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.line)
    }
}

/// The keys that a table may have.
#[derive(Debug)]
pub struct Schema {
    /// How a message calls the table: `[[node]]`, `the file`.
    pub title: &'static str,
    /// Its keys.
    pub keys: &'static [(&'static str, Shape)],
    /// What stands under any other key, where the user chooses the keys; `None` forbids them.
    pub other: Option<&'static Shape>,
}

/// What stands under a key, as far as keys are concerned.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// A value without keys of its own; its type is checked where it is read.
    Value,
    /// A table.
    Table(&'static Schema),
    /// An array of tables.
    Tables(&'static Schema),
}

/// A file's text with the offsets of its lines.
#[derive(Debug)]
pub struct Source<'t> {
    file: &'t str,
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Source<'t> {
    /// From the file's name, for messages, and its text.
    #[must_use]
    pub fn new(file: &'t str, text: &'t str) -> Self {
        let after = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1);
        Self { file, text, starts: std::iter::once(0).chain(after).collect() }
    }

    /// The place of a byte; past the end it is the end.
    #[must_use]
    pub fn position(&self, byte: usize) -> Position {
        let line = self.starts.partition_point(|start| *start <= byte).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let before = self.text.get(start..byte.min(self.text.len())).unwrap_or("");
        Position { line, column: before.chars().count() + 1 }
    }

    /// A finding at a byte.
    pub fn finding(&self, byte: usize, text: impl Into<String>) -> Finding {
        let position = self.position(byte);
        Finding { file: self.file.to_owned(), position, text: text.into() }
    }

    /// Parses the text.
    ///
    /// # Errors
    /// One finding per line that is no TOML, with the parser's message.
    pub fn parse(&self) -> Result<Spanned<DeTable<'t>>, Vec<Finding>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        if errors.is_empty() {
            return Ok(table);
        }
        let mut findings: Vec<Finding> = errors
            .iter()
            .map(|e| self.finding(e.span().map_or(0, |span| span.start), e.message()))
            .collect();
        findings.sort();
        // What follows the first error of a line is mostly its echo.
        findings.dedup_by_key(|finding| finding.position.line);
        Err(findings)
    }

    /// Every key of the table, at any depth, that the schema does not know. In order of position.
    #[must_use]
    pub fn unknown_keys(&self, table: &DeTable<'_>, schema: &Schema) -> Vec<Finding> {
        let mut findings = Vec::new();
        self.walk(table, schema, &mut findings);
        findings.sort();
        findings
    }

    fn walk(&self, table: &DeTable<'_>, schema: &Schema, findings: &mut Vec<Finding>) {
        for (key, value) in table {
            let known = schema.keys.iter().find(|(name, _)| name == key.get_ref());
            match known.map(|(_, shape)| shape).or(schema.other) {
                Some(shape) => self.descend(value.get_ref(), shape, findings),
                None => findings.push(self.unknown(key, schema)),
            }
        }
    }

    fn descend(&self, value: &DeValue<'_>, shape: &Shape, findings: &mut Vec<Finding>) {
        match (shape, value) {
            (Shape::Table(schema), DeValue::Table(table)) => self.walk(table, schema, findings),
            (Shape::Tables(schema), DeValue::Array(array)) => {
                for table in array.iter().filter_map(|entry| entry.get_ref().as_table()) {
                    self.walk(table, schema, findings);
                }
            }
            // A value of another type: whoever reads it says so.
            _ => {}
        }
    }

    fn unknown(&self, key: &Spanned<std::borrow::Cow<'_, str>>, schema: &Schema) -> Finding {
        let names: Vec<&str> = schema.keys.iter().map(|(name, _)| *name).collect();
        let shown = key.get_ref().escape_debug();
        let mut text = format!("unknown key `{shown}` in {}", schema.title);
        if let Some(meant) = closest(key.get_ref(), &names) {
            text.push_str(&format!(": did you mean `{meant}`?"));
        }
        text.push_str(&format!("; expected one of {}", names.join(", ")));
        self.finding(key.span().start, text)
    }
}

/// The name that `word` is probably a slip of: a third of its letters may differ, at least one.
#[must_use]
pub fn closest<'n>(word: &str, names: &[&'n str]) -> Option<&'n str> {
    let bound = (word.chars().count() / 3).max(1);
    let near = names.iter().map(|name| (distance(word, name), *name));
    near.filter(|(far, _)| *far <= bound).min_by_key(|(far, _)| *far).map(|(_, name)| name)
}

/// Levenshtein's distance: letters to insert, delete or replace.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, b) in row.iter_mut().skip(1).zip(to.chars()) {
            let above = *cell;
            left = (diagonal + usize::from(a != b)).min(above + 1).min(left + 1);
            diagonal = above;
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INNER: Schema =
        Schema { title: "`contact`", keys: &[("phone", Shape::Value)], other: None };
    const NODE: Schema = Schema {
        title: "[[node]]",
        keys: &[("id", Shape::Value), ("contact", Shape::Table(&INNER))],
        other: None,
    };
    const FREE: Schema = Schema { title: "[free]", keys: &[], other: Some(&Shape::Table(&INNER)) };
    const FILE: Schema = Schema {
        title: "the file",
        keys: &[("node", Shape::Tables(&NODE)), ("free", Shape::Table(&FREE))],
        other: None,
    };

    fn findings(text: &str) -> Vec<String> {
        let source = Source::new("x.toml", text);
        let found = match source.parse() {
            Ok(table) => source.unknown_keys(table.get_ref(), &FILE),
            Err(found) => found,
        };
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_unknown_key_is_named_with_its_line_and_the_key_that_was_meant() {
        let text = "nodes = 1\n[[node]]\nid = \"é\"\nzzz = 1\ncontact = { phon = \"1\" }\n";
        assert_eq!(
            findings(text),
            [
                "x.toml:1: unknown key `nodes` in the file: did you mean `node`?; \
                 expected one of node, free",
                "x.toml:4: unknown key `zzz` in [[node]]; expected one of id, contact",
                "x.toml:5: unknown key `phon` in `contact`: did you mean `phone`?; \
                 expected one of phone",
            ]
        );
    }

    #[test]
    fn chosen_keys_pass_and_what_stands_under_them_is_checked() {
        let text = "[free.any]\nphone = \"1\"\n[free.other]\nfax = \"2\"\n";
        assert_eq!(
            findings(text),
            ["x.toml:4: unknown key `fax` in `contact`; expected one of phone"]
        );
    }

    #[test]
    fn a_syntax_error_has_the_line_and_the_parsers_message() {
        let found = findings("[[node]]\nid = \n");
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("x.toml:2: "), "{}", found[0]);
        assert!(found[0].contains("expected"), "{}", found[0]);
        assert_eq!(findings("a = 1\nb = 2\na = 3\n"), ["x.toml:3: duplicate key"]);
    }

    #[test]
    fn columns_count_characters_not_bytes() {
        let source = Source::new("x", "a\néé=1\n");
        assert_eq!(source.position(6), Position { line: 2, column: 3 });
        assert_eq!(source.position(0), Position { line: 1, column: 1 });
        assert_eq!(source.position(99).line, 3);
    }

    #[test]
    fn a_slip_is_close_and_another_word_is_not() {
        assert_eq!(closest("parnet", &["parent", "name"]), Some("parent"));
        assert_eq!(closest("colour", &["parent", "name"]), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
