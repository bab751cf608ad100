//! Small pieces of text: lists, times, keys, grants.

use std::fmt::Display;

use crate::notice::{ALL, Scope, Time};
use crate::trust::{Grant, KeySet, Why};

pub(super) fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    if items.is_empty() { "nothing".to_owned() } else { items.join(", ") }
}

pub(super) fn time(secs: u64) -> String {
    Time::from_secs(secs).to_string()
}

/// `1 key`, `2 keys`.
pub(super) fn count(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

/// A scope without its trailing `all`s: `eu.fr.bre`.
pub(super) fn short(scope: &Scope) -> String {
    let mut text = scope.to_string();
    while let Some(shorter) = text.strip_suffix(ALL).and_then(|rest| rest.strip_suffix('.')) {
        text.truncate(shorter.len());
    }
    text
}

pub(super) fn scopes(scopes: &[Scope]) -> String {
    list(scopes.iter().map(short))
}

pub(super) fn grant(may: &Grant) -> String {
    format!("{}; for {}; up to {}", list(&may.kinds), scopes(&may.scopes), may.tlp)
}

pub(super) fn set(set: &KeySet) -> String {
    format!("{} of {}", set.threshold, count(set.keys.len(), "key"))
}

pub(super) fn why(why: Why) -> &'static str {
    match why {
        Why::Superseded => "superseded",
        Why::Ceased => "ceased",
        Why::Compromised => "compromised",
    }
}

/// Text that came in a document, safe on a terminal.
pub(super) fn quoted(text: &str) -> String {
    text.escape_debug().take(200).collect()
}
