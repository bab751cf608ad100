//! The versions of one document by one issuer for one audience and label.

use std::hash::Hash as _;

use super::erase::is_erasing;
use crate::notice::{Digesting, Doc, Id, Kind, Reason, Statement};

/// What makes two notices versions of one another. The issuer is part of it, so that nobody
/// supersedes another's notice; a looser label or wider audience is another thread. The exercise
/// is part of it too: a drill about a real document must not supersede or withdraw the real one.
///
/// A digest: the names themselves would be kept once more for each document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThreadKey(Id);

impl ThreadKey {
    /// The thread of a statement; `None` if it has no document.
    #[must_use]
    pub fn of(s: &Statement) -> Option<Self> {
        let Doc { publisher, reference, .. } = s.doc.as_ref()?;
        let mut digest = Digesting::default();
        (&s.iss, &s.aud, s.tlp, &s.exercise, publisher, reference).hash(&mut digest);
        Some(Self(digest.id()))
    }
}

/// What versions are ordered by: the highest is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Entries in the document's revision history.
    pub revision: u64,
    /// Issued at, seconds.
    pub iat: u64,
    /// The notice.
    pub id: Id,
}

impl Version {
    /// The version that a statement is; `None` if it has no document.
    #[must_use]
    pub fn of(id: Id, s: &Statement) -> Option<Self> {
        s.doc.as_ref().map(|doc| Self { revision: doc.revision, iat: s.iat, id })
    }
}

/// One thread's versions and what ended them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thread {
    /// With the body's digest, lowest first. No map: its leaf has room for eleven, and most
    /// documents have one.
    versions: Vec<(Version, Id)>,
    /// Notices of the thread that the node holds; at zero the thread is forgotten.
    held: usize,
    closed_to: Option<u64>,
    withdrawn_to: Option<u64>,
    erased_to: Option<u64>,
}

impl Thread {
    /// Counts a notice of the thread, whatever it does to it.
    pub(super) fn hold(&mut self) {
        self.held += 1;
    }

    /// Takes a version, or what ends every version up to its revision. Any order gives the same
    /// thread.
    pub(super) fn keep(&mut self, version: Version, s: &Statement) {
        match s.kind {
            Kind::Closing => self.closed_to = self.closed_to.max(Some(version.revision)),
            Kind::Withdrawal => {
                self.withdrawn_to = self.withdrawn_to.max(Some(version.revision));
                if is_erasing(s) {
                    self.erased_to = self.erased_to.max(Some(version.revision));
                }
            }
            Kind::Alert | Kind::Advisory => {
                self.add(version, s.body.sha256);
            }
            Kind::Annotation | Kind::Escalation | Kind::Response => {}
        }
    }

    fn add(&mut self, version: Version, body: Id) {
        if self.versions.is_empty() {
            self.versions.reserve_exact(1);
        }
        if let Err(at) = self.at(version) {
            self.versions.insert(at, (version, body));
        }
    }

    fn at(&self, version: Version) -> Result<usize, usize> {
        self.versions.binary_search_by(|(other, _)| other.cmp(&version))
    }

    /// Forgets an expired notice; whether the thread has none left.
    pub(super) fn forget(&mut self, version: Version) -> bool {
        if let Ok(at) = self.at(version) {
            self.versions.remove(at);
        }
        self.held = self.held.saturating_sub(1);
        self.held == 0
    }

    /// The versions that are here, lowest first.
    pub(super) fn versions(&self) -> impl Iterator<Item = Version> {
        self.versions.iter().map(|(version, _)| *version)
    }

    /// The version in force.
    #[must_use]
    pub fn in_force(&self) -> Option<Version> {
        let (last, _) = self.versions.last()?;
        (!self.is_ended(last.revision)).then_some(*last)
    }

    /// Whether a version was closed or withdrawn.
    #[must_use]
    pub fn is_ended(&self, revision: u64) -> bool {
        self.is_withdrawn(revision) || self.is_closed(revision)
    }

    /// Whether a version was withdrawn.
    #[must_use]
    pub fn is_withdrawn(&self, revision: u64) -> bool {
        self.withdrawn_to.is_some_and(|to| revision <= to)
    }

    /// Whether a version was withdrawn and erased.
    #[must_use]
    pub fn is_erased(&self, revision: u64) -> bool {
        self.erased_to.is_some_and(|to| revision <= to)
    }

    /// Whether a version was closed.
    #[must_use]
    pub fn is_closed(&self, revision: u64) -> bool {
        self.closed_to.is_some_and(|to| revision <= to)
    }

    /// Whether a version may still be placed.
    ///
    /// # Errors
    /// `withdrawn` or `superseded`. A closed one stays readable, so a late copy of it passes.
    pub fn admits(&self, version: Version) -> Result<(), Reason> {
        if self.is_withdrawn(version.revision) {
            return Err(Reason::Withdrawn);
        }
        match self.versions.last() {
            Some((last, _)) if *last > version => Err(Reason::Superseded),
            _ => Ok(()),
        }
    }

    /// Why the same body under the same revision is not placed once more: it stands already, or
    /// something else has taken its place, and whoever hands it over again must hear that.
    #[must_use]
    pub fn again(&self, revision: u64, body: Id) -> Option<Reason> {
        if self.is_withdrawn(revision) {
            return None;
        }
        let is_it = |(version, sha): &(Version, Id)| version.revision == revision && *sha == body;
        let stands = self.versions.last().is_some_and(is_it);
        let reason = if stands { Reason::AlreadyIssued } else { Reason::Superseded };
        self.versions.iter().any(is_it).then_some(reason)
    }
}
