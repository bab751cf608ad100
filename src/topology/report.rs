//! Findings as they gather, and values that know where they stand.

use crate::config::spans::{Finding, Source, closest};

/// A value and the byte of the file at which it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) at: usize,
}

/// Everything found wrong so far.
#[derive(Debug)]
pub(super) struct Report<'s, 't> {
    source: &'s Source<'t>,
    findings: Vec<Finding>,
}

impl<'s, 't> Report<'s, 't> {
    pub(super) fn new(source: &'s Source<'t>) -> Self {
        Self { source, findings: Vec::new() }
    }

    pub(super) fn add(&mut self, at: usize, text: impl Into<String>) {
        self.findings.push(self.source.finding(at, text));
    }

    pub(super) fn extend(&mut self, findings: Vec<Finding>) {
        self.findings.extend(findings);
    }

    /// The line of a byte, for a text that points at another place.
    pub(super) fn line(&self, at: usize) -> usize {
        self.source.position(at).line
    }

    /// All findings by position, each once; of one place, in the order in which they were found.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        self.findings.sort_by_key(|finding| finding.position);
        self.findings.dedup();
        self.findings
    }
}

/// `: did you mean `x`?` if a name is near, else nothing.
pub(super) fn hint(word: &str, names: &[&str]) -> String {
    closest(word, names).map(|meant| format!(": did you mean `{meant}`?")).unwrap_or_default()
}

/// Ids or scopes for a text: `a, b`.
pub(super) fn list<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}
