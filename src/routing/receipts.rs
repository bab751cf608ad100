//! What nodes said of notices. Bounded, whoever speaks: one word of each node for a notice that is
//! held, and for all others, which any sender can make up, no more than the newest.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::notice::{Id, NodeId, Receipt, Time};

/// Words about notices that are not here: refusals, of which a sender can provoke any number.
const MAX_LOOSE: usize = 10_000;

/// A receipt as parsed and as signed.
type Word = (Receipt, String);

/// Words by notice and by whose they are. Each in a box: a map's leaf has room for eleven, and
/// most notices have one or two.
#[derive(Debug, Default)]
pub(super) struct Receipts(BTreeMap<Id, BTreeMap<NodeId, Box<Word>>>);

impl Receipts {
    /// Takes a receipt; of one (`of`, `by`) the latest wins, in whatever order they come. Whether
    /// it was news.
    pub(super) fn keep(&mut self, receipt: Receipt, jws: String) -> bool {
        let news = self.is_news(&receipt);
        if news {
            self.0
                .entry(receipt.of)
                .or_default()
                .insert(receipt.by.clone(), Box::new((receipt, jws)));
        }
        news
    }

    /// Whether a receipt is its node's last word so far.
    pub(super) fn is_news(&self, receipt: &Receipt) -> bool {
        self.word(receipt.of, &receipt.by).is_none_or(|last| receipt.replaces(last))
    }

    /// A node's last word on a notice.
    pub(super) fn word(&self, of: Id, by: &NodeId) -> Option<&Receipt> {
        self.0.get(&of)?.get(by).map(|word| &word.0)
    }

    /// Every receipt of a notice, as parsed and as signed.
    pub(super) fn of(&self, of: Id) -> impl Iterator<Item = &Word> {
        self.0.get(&of).into_iter().flat_map(BTreeMap::values).map(Box::as_ref)
    }

    /// Every receipt in the order of (`of`, `by`), after this one.
    pub(super) fn after(&self, last: Option<&(Id, NodeId)>) -> impl Iterator<Item = &Word> {
        let from = last.map_or(Bound::Unbounded, |(of, _)| Bound::Included(*of));
        let rest = self.0.range((from, Bound::Unbounded));
        let rest = rest.flat_map(|(_, said)| said.values()).map(Box::as_ref);
        rest.filter(move |(word, _)| last.is_none_or(|(of, by)| (&word.of, &word.by) > (of, by)))
    }

    /// Forgets the oldest words about what is not held, down to the bound.
    pub(super) fn prune(&mut self, is_held: impl Fn(Id) -> bool) {
        let newest = |said: &BTreeMap<NodeId, Box<Word>>| {
            said.values().map(|word| word.0.at).max().unwrap_or_default()
        };
        let loose = self.0.iter().filter(|(id, _)| !is_held(**id));
        let mut loose: Vec<(Time, Id)> = loose.map(|(id, said)| (newest(said), *id)).collect();
        loose.sort_unstable();
        let excess = loose.len().saturating_sub(MAX_LOOSE);
        for (_, id) in loose.into_iter().take(excess) {
            self.0.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(of: Id, outcome: &str, at: u64) -> Receipt {
        let json = serde_json::json!({"fed": "00112233445566778899aabbccddeeff", "of": of,
            "by": "eu-fr-bre", "outcome": outcome, "at": at});
        serde_json::from_value(json).expect("a receipt")
    }

    #[test]
    fn the_last_word_is_the_same_in_every_order() {
        let of = Id::of(b"notice");
        let said = [("filtered", 1), ("delivered", 2), ("delivered", 4), ("read", 3)];
        let orders = [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1], [0, 3, 2, 1]];
        for order in orders {
            let mut receipts = Receipts::default();
            for at in order {
                let (outcome, at) = said[at];
                receipts.keep(receipt(of, outcome, at), String::new());
            }
            let last = receipts.of(of).next().map(|(last, _)| (last.outcome.as_str(), last.at));
            assert_eq!(last, Some(("read", Time::from_millis(3))), "{order:?}");
        }
    }

    #[test]
    fn what_a_person_has_read_stays_read_until_it_is_erased() {
        let of = Id::of(b"notice");
        let mut receipts = Receipts::default();
        assert!(receipts.keep(receipt(of, "delivered", 1), String::new()));
        assert!(receipts.keep(receipt(of, "read", 2), String::new()));
        for repeated in ["delivered", "filtered", "refused"] {
            assert!(!receipts.is_news(&receipt(of, repeated, 3)), "{repeated}");
        }
        assert!(receipts.keep(receipt(of, "erased", 3), String::new()));
        assert!(!receipts.is_news(&receipt(of, "read", 4)));
    }

    #[test]
    fn words_about_what_is_not_held_are_bounded_and_the_oldest_go() {
        let held = Id::of(b"held");
        let mut receipts = Receipts::default();
        receipts.keep(receipt(held, "delivered", 0), String::new());
        let loose = |number: u64| Id::of(&number.to_be_bytes());
        for number in 0..=MAX_LOOSE as u64 {
            receipts.keep(receipt(loose(number), "refused", number), String::new());
        }
        receipts.prune(|id| id == held);
        assert_eq!(receipts.0.len(), MAX_LOOSE + 1);
        assert_eq!(receipts.of(loose(0)).count(), 0);
        assert_eq!(receipts.of(held).count(), 1);
    }
}
