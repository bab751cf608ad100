//! What lies in quarantine: by whom, for which reason, how large. Bounded by the stream itself.

use std::collections::BTreeMap;

use crate::address;
use crate::notice::{Id, Reason, Time};
use crate::routing::Shares;

/// What the server counts for a message besides its payload: subject, headers, its own fields.
pub(super) const MORE: u64 = 300;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) reason: Reason,
    /// The source's token: it may be no neighbour any more.
    pub(super) source: String,
    pub(super) digest: Id,
    pub(super) size: u64,
    pub(super) at: Time,
}

impl Entry {
    /// From a subject of the node's own stream. It was computed here once; a source that is no
    /// neighbour any more can only be read back.
    pub(super) fn read(subject: &str, payload: u64, at: Time) -> Option<Self> {
        Reason::ALL.iter().find_map(|reason| {
            let rest = subject.strip_prefix(&address::quarantined_for(*reason))?;
            let (source, digest) = rest.rsplit_once('.')?;
            let (reason, source, digest) = (*reason, source.to_owned(), digest.parse().ok()?);
            Some(Self { reason, source, digest, size: payload + MORE, at })
        })
    }

    pub(super) fn subject(&self) -> String {
        address::quarantine(self.reason, &self.source, self.digest)
    }
}

/// Everything in quarantine, by its sequence in the stream.
#[derive(Debug)]
pub(crate) struct Index {
    entries: BTreeMap<u64, Entry>,
    shares: Shares<String>,
    /// The stream's bound in bytes.
    max: u64,
}

impl Index {
    pub(crate) fn new(max: u64) -> Self {
        Self { entries: BTreeMap::new(), shares: Shares::default(), max }
    }

    /// The stream's bound in bytes, which an operator may change.
    pub(crate) fn holds_at_most(&mut self, max: u64) {
        self.max = max;
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn add(&mut self, sequence: u64, entry: Entry) {
        self.remove(sequence);
        self.shares.add(entry.source.clone(), entry.size);
        self.entries.insert(sequence, entry);
    }

    pub(super) fn remove(&mut self, sequence: u64) {
        if let Some(entry) = self.entries.remove(&sequence) {
            self.shares.sub(&entry.source, entry.size);
        }
    }

    pub(super) fn get(&self, sequence: u64) -> Option<&Entry> {
        self.entries.get(&sequence)
    }

    /// The oldest of a source that have to go before it may add `more`.
    pub(super) fn too_many(&self, source: &String, more: u64) -> Vec<(u64, Entry)> {
        let mut rest = self.shares.clone();
        let own = self.entries.iter().filter(|(_, entry)| entry.source == *source);
        let mut gone = Vec::new();
        for (sequence, entry) in own {
            if rest.may_add(source, more, rest.total(), self.max) {
                break;
            }
            rest.sub(source, entry.size);
            gone.push((*sequence, entry.clone()));
        }
        gone
    }

    /// Newest first, below a sequence.
    pub(super) fn newest(&self, before: Option<u64>) -> impl Iterator<Item = (u64, &Entry)> {
        let below = ..before.unwrap_or(u64::MAX);
        self.entries.range(below).rev().map(|(sequence, entry)| (*sequence, entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Source;

    fn entry(source: &str, number: u64, size: u64) -> Entry {
        Entry {
            reason: Reason::Future,
            source: source.to_owned(),
            digest: Id::of(&number.to_be_bytes()),
            size,
            at: Time::from_secs(number),
        }
    }

    /// Adds as `put` does: first out with its own oldest.
    fn put(index: &mut Index, source: &str, number: u64, size: u64) {
        for (old, _) in index.too_many(&source.to_owned(), size) {
            index.remove(old);
        }
        index.add(number, entry(source, number, size));
    }

    fn of<'a>(index: &'a Index, source: &'a str) -> Vec<u64> {
        let own = index.newest(None).filter(|(_, entry)| entry.source == source);
        own.map(|(sequence, _)| sequence).collect()
    }

    #[test]
    fn a_flood_pushes_out_its_own_oldest_and_nobody_elses() {
        let mut index = Index::new(10_000);
        put(&mut index, "child-eu-fr-nor", 1, 1_000);
        for number in 2..200 {
            put(&mut index, "child-eu-fr-bre", number, 100);
        }
        assert_eq!(of(&index, "child-eu-fr-nor"), [1]);
        let flood = of(&index, "child-eu-fr-bre");
        assert_eq!(flood.first(), Some(&199), "the newest is here");
        assert!((44..=46).contains(&flood.len()), "{}", flood.len());
        assert_eq!(flood.last(), Some(&(200 - flood.len() as u64)), "only the oldest have gone");
        put(&mut index, "local-soc", 500, 4_000);
        assert_eq!(of(&index, "local-soc"), [500]);
        assert_eq!(of(&index, "child-eu-fr-nor"), [1]);
    }

    #[test]
    fn one_that_is_larger_than_any_share_leaves_its_source_nothing_else() {
        let mut index = Index::new(10_000);
        put(&mut index, "local-soc", 1, 100);
        put(&mut index, "local-soc", 2, 9_000);
        assert_eq!(of(&index, "local-soc"), [2]);
    }

    #[test]
    fn an_entry_is_read_back_from_its_subject() {
        let source = Source::Child("eu-fr-bre".parse().expect("a node id"));
        let digest = Id::of(b"message");
        for reason in Reason::ALL {
            let subject = address::quarantine(*reason, &source, digest);
            let read = Entry::read(&subject, 5, Time::from_secs(7)).expect("an entry");
            assert_eq!((read.reason, read.digest, read.size), (*reason, digest, 5 + MORE));
            assert_eq!((read.source.as_str(), read.at.secs()), ("child-eu-fr-bre", 7));
            assert_eq!(read.subject(), subject);
        }
        assert_eq!(Entry::read("chappe.quarantine.nonsense.local-soc.x", 5, Time::default()), None);
        assert_eq!(Entry::read("chappe.board.x", 5, Time::default()), None);
    }

    #[test]
    fn what_is_removed_or_added_twice_counts_once() {
        let mut index = Index::new(1_000);
        index.add(1, entry("local-soc", 1, 400));
        index.add(1, entry("local-soc", 1, 400));
        assert_eq!(index.shares.total(), 400);
        index.remove(1);
        index.remove(1);
        assert_eq!((index.len(), index.shares.total()), (0, 0));
    }
}
