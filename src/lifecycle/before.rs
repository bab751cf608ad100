//! What a notice updates or ends, among what is here: whoever could have that must hear of this.

use super::ledger::Ledger;
use super::thread::{ThreadKey, Version};
use crate::notice::{Id, Kind, Statement, Time};

impl Ledger {
    /// What is here that a notice updates or ends, each with the time since when: of a document's
    /// version the older ones, of what ends them all; else its target alone.
    #[must_use]
    pub fn before(&self, id: Id, s: &Statement) -> Vec<(Id, Time)> {
        let target = s.re.and_then(|re| Some((re, self.since(re)?)));
        if !(s.kind.is_document() || s.kind.is_ending()) {
            return target.into_iter().collect();
        }
        let own = Version::of(id, s).filter(|_| s.kind.is_document());
        let mut found: Vec<(Id, Time)> = self
            .versions(s)
            .filter(|version| own.is_none_or(|own| *version < own))
            .filter_map(|version| Some((version.id, self.since(version.id)?)))
            .chain(target)
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Whether anything is here that a notice updates or ends, or the notice itself.
    #[must_use]
    pub fn knows(&self, id: Id, s: &Statement) -> bool {
        self.since(id).is_some() || !self.before(id, s).is_empty()
    }

    /// The versions of a statement's thread that are here. A note has the document of what it is
    /// about, and is no version of it.
    fn versions(&self, s: &Statement) -> impl Iterator<Item = Version> {
        let key = (s.kind != Kind::Annotation).then(|| ThreadKey::of(s)).flatten();
        key.and_then(|key| self.thread(&key)).into_iter().flat_map(|thread| thread.versions())
    }
}
