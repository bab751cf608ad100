//! How much of one stream each of its sources may use.
//!
//! A source may use as much as stays free for all others: one that floods ends at half of the
//! stream, two at a third each, and whoever comes next still finds as much room as they have. Fixed
//! parts were not chosen: a hundred children would each have a hundredth, mostly empty.

use std::collections::BTreeMap;

/// Whether a source that has `used` bytes may add `more` while `free` bytes are left of the whole.
#[must_use]
pub fn fits(used: u64, more: u64, free: u64) -> bool {
    used.saturating_add(more) <= free.saturating_sub(more)
}

/// What each source has in one stream, in bytes. One entry for each source, and none for a source
/// that has nothing there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shares<K> {
    used: BTreeMap<K, u64>,
}

impl<K> Default for Shares<K> {
    fn default() -> Self {
        Self { used: BTreeMap::new() }
    }
}

impl<K: Ord> Shares<K> {
    /// What a source has there.
    #[must_use]
    pub fn used(&self, source: &K) -> u64 {
        self.used.get(source).copied().unwrap_or_default()
    }

    /// A source has so much more there.
    pub fn add(&mut self, source: K, bytes: u64) {
        let used = self.used.entry(source).or_default();
        *used = used.saturating_add(bytes);
    }

    /// A source has so much less there.
    pub fn sub(&mut self, source: &K, bytes: u64) {
        let Some(used) = self.used.get_mut(source) else { return };
        *used = used.saturating_sub(bytes);
        if *used == 0 {
            self.used.remove(source);
        }
    }

    /// All have `whole` together at most: what has gone without a word is taken from each in
    /// proportion.
    pub fn fit_into(&mut self, whole: u64) {
        let (total, whole) = (u128::from(self.total()), u128::from(whole));
        if total <= whole {
            return;
        }
        for used in self.used.values_mut() {
            *used = u64::try_from(u128::from(*used) * whole / total).unwrap_or(u64::MAX);
        }
        self.used.retain(|_, used| *used > 0);
    }

    /// What all have together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.used.values().fold(0, |sum, used| sum.saturating_add(*used))
    }

    /// Whether a source may add `more` to a stream of `max` bytes, of which `taken` are used, by
    /// its sources or by whatever else.
    #[must_use]
    pub fn may_add(&self, source: &K, more: u64, taken: u64, max: u64) -> bool {
        fits(self.used(source), more, max.saturating_sub(taken))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: u64 = 1_000_000;

    /// Each adds 1 000 bytes in turn, until none may.
    fn flooded(sources: &[&'static str]) -> Shares<&'static str> {
        let mut shares = Shares::default();
        loop {
            let mut added = false;
            for source in sources {
                if shares.may_add(source, 1_000, shares.total(), MAX) {
                    shares.add(*source, 1_000);
                    added = true;
                }
            }
            if !added {
                return shares;
            }
        }
    }

    #[test]
    fn one_that_floods_ends_at_half_and_leaves_as_much_to_the_next() {
        let shares = flooded(&["one"]);
        assert!((490_000..=500_000).contains(&shares.used(&"one")), "{shares:?}");
        assert!(shares.may_add(&"other", 200_000, shares.total(), MAX));
    }

    #[test]
    fn however_many_flood_each_has_the_same_and_a_newcomer_too() {
        for count in 1..20 {
            let names: Vec<&'static str> = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]
                .into_iter()
                .cycle()
                .take(count.min(10))
                .collect();
            let shares = flooded(&names);
            let each = MAX / (names.len() as u64 + 1);
            for name in &names {
                let used = shares.used(name);
                assert!(used.abs_diff(each) <= 3_000, "{name} of {}: {used}", names.len());
            }
            let left = MAX - shares.total();
            assert!(left + 20_000 >= each, "{left} left beside {}", names.len());
        }
    }

    #[test]
    fn what_is_taken_by_nobody_known_counts_against_all() {
        let shares = Shares::default();
        assert!(shares.may_add(&"one", 100, 0, 1_000));
        assert!(!shares.may_add(&"one", 100, 900, 1_000));
        assert!(!shares.may_add(&"one", 100, 2_000, 1_000), "more than there is");
    }

    #[test]
    fn what_goes_makes_room_again_and_leaves_no_entry() {
        let mut shares = Shares::default();
        shares.add("one", 400);
        assert!(!shares.may_add(&"one", 200, 400, 1_000));
        shares.sub(&"one", 300);
        assert!(shares.may_add(&"one", 200, 100, 1_000));
        shares.sub(&"one", 300);
        assert_eq!(shares, Shares::default());
        shares.sub(&"never seen", 1);
        assert_eq!(shares.total(), 0);
    }

    #[test]
    fn sums_never_wrap() {
        assert!(!fits(u64::MAX, 1, u64::MAX));
        assert!(!fits(1, u64::MAX, u64::MAX));
        let mut shares = Shares::default();
        shares.add("one", u64::MAX);
        shares.add("two", u64::MAX);
        assert_eq!(shares.total(), u64::MAX);
    }
}
