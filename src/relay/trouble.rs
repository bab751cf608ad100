//! What cannot be dealt with: messages that fail again and again, and a server that does not store.
//!
//! A message is given up only for a reason of its own: what waits because the server is away, full
//! or silent is never counted, and while nothing else succeeds either, it is not the message.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::notice::{NodeId, Time};

/// So often a message is tried: about half a minute, by the delays between the tries.
pub(super) const MAX_TRIES: u32 = 6;
/// Messages of which tries are counted at once. Beyond it the counting of some begins again.
const MOST: usize = 1_024;
/// What was not answered counts as long as it is tried again, which is within a minute.
const STALE: Duration = Duration::from_secs(180);

/// What one relay has trouble with; bounded.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    failed: BTreeMap<String, Failed>,
    unanswered: BTreeMap<(Option<NodeId>, String), Time>,
    settled: u64,
}

#[derive(Debug)]
struct Failed {
    tries: u32,
    /// How many others had been settled at its first try.
    settled: u64,
}

impl Trouble {
    /// A message failed for a reason that lies in itself, as far as can be told. Whether it has
    /// been tried often enough, and others went through meanwhile.
    pub(super) fn failed(&mut self, message: &str) -> bool {
        if self.failed.len() >= MOST && !self.failed.contains_key(message) {
            self.failed.pop_first();
        }
        let fresh = Failed { tries: 0, settled: self.settled };
        let failed = self.failed.entry(message.to_owned()).or_insert(fresh);
        failed.tries = failed.tries.saturating_add(1);
        failed.tries >= MAX_TRIES && self.settled > failed.settled
    }

    /// A message is dealt with.
    pub(super) fn settled(&mut self, server: Option<&NodeId>, message: &str) {
        self.settled = self.settled.saturating_add(1);
        self.failed.remove(message);
        self.unanswered.remove(&(server.cloned(), message.to_owned()));
    }

    /// A server that is connected did not say that it stored a message: the own one (`None`) or
    /// an upstream's. Whether this is the first of that server.
    pub(super) fn unanswered(&mut self, now: Time, server: Option<&NodeId>, message: &str) -> bool {
        let first = self.stores(server);
        let key = (server.cloned(), message.to_owned());
        if self.unanswered.len() < MOST || self.unanswered.contains_key(&key) {
            self.unanswered.insert(key, now);
        }
        first
    }

    /// Forgets what was not tried again.
    pub(super) fn prune(&mut self, now: Time) {
        self.unanswered.retain(|_, last| now.since(*last) < STALE);
    }

    /// Whether a server stores, as far as is known.
    pub(super) fn stores(&self, server: Option<&NodeId>) -> bool {
        self.unanswered.keys().all(|(of, _)| of.as_ref() != server)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tries(trouble: &mut Trouble, message: &str, count: u32) -> bool {
        (0..count).any(|_| trouble.failed(message))
    }

    #[test]
    fn a_message_is_given_up_after_bounded_tries_while_others_go_through() {
        let mut trouble = Trouble::default();
        assert!(!tries(&mut trouble, "bad", 1));
        trouble.settled(None, "good");
        assert!(!tries(&mut trouble, "bad", MAX_TRIES - 2));
        assert!(trouble.failed("bad"));
        assert!(!trouble.failed("another"), "each has its own tries");
    }

    #[test]
    fn while_nothing_goes_through_it_is_not_the_message() {
        let mut trouble = Trouble::default();
        assert!(!tries(&mut trouble, "one", 100));
        assert!(!tries(&mut trouble, "two", 100));
        trouble.settled(None, "two");
        assert!(trouble.failed("one"), "now it is");
    }

    #[test]
    fn what_went_through_at_last_begins_anew() {
        let mut trouble = Trouble::default();
        assert!(!tries(&mut trouble, "one", MAX_TRIES - 1));
        trouble.settled(None, "one");
        trouble.settled(None, "two");
        assert!(!tries(&mut trouble, "one", MAX_TRIES - 1));
    }

    #[test]
    fn a_server_stores_again_once_what_it_did_not_answer_is_settled_or_forgotten() {
        let up: NodeId = "eu".parse().expect("a node id");
        let (mut trouble, now) = (Trouble::default(), Time::from_secs(1_000));
        assert!(trouble.unanswered(now, None, "one"));
        assert!(!trouble.unanswered(now, None, "two"), "it is told once");
        assert!(trouble.unanswered(now, Some(&up), "one"));
        trouble.settled(None, "one");
        assert!(!trouble.stores(None));
        trouble.settled(None, "two");
        assert!(trouble.stores(None) && !trouble.stores(Some(&up)));
        trouble.prune(now + STALE);
        assert!(trouble.stores(Some(&up)));
    }

    #[test]
    fn what_is_counted_is_bounded() {
        let mut trouble = Trouble::default();
        for number in 0..3 * MOST {
            trouble.failed(&number.to_string());
            trouble.unanswered(Time::from_secs(1), None, &number.to_string());
        }
        assert!(trouble.failed.len() <= MOST && trouble.unanswered.len() <= MOST);
    }
}
