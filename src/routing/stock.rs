//! How full one stream is, by whom, and what may still be added.
//!
//! The server tells the whole every few seconds; what each source has of it is counted here, as it
//! comes and goes. After a restart it is estimated. No list of messages is kept for that: whatever
//! is wrong in the sum is put right by the server's next word.

use super::shares::Shares;

/// Of a stream with a reserve, what is not urgent may fill so much.
const NOT_URGENT_PERCENT: u64 = 90;

/// One stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stock {
    taken: u64,
    max: u64,
    shares: Shares<String>,
}

impl Default for Stock {
    /// A stream of which nothing has been told yet: everything fits, and the server decides.
    fn default() -> Self {
        Self { taken: 0, max: u64::MAX, shares: Shares::default() }
    }
}

impl Stock {
    /// The server says how many bytes there are and may be.
    pub fn told(&mut self, taken: u64, max: u64) {
        (self.taken, self.max) = (taken, max);
        self.shares.fit_into(taken);
    }

    /// So many messages of each source were found at start: each counts as the mean.
    pub fn found(&mut self, counts: impl IntoIterator<Item = (String, u64)>, messages: u64) {
        let mean = self.taken.checked_div(messages).unwrap_or_default();
        for (source, count) in counts {
            self.shares.add(source, mean.saturating_mul(count));
        }
        self.shares.fit_into(self.taken);
    }

    /// Something was stored. What has no source of its own counts in the whole alone.
    pub fn add(&mut self, source: Option<&str>, bytes: u64) {
        self.taken = self.taken.saturating_add(bytes);
        if let Some(source) = source {
            self.shares.add(source.to_owned(), bytes);
        }
    }

    /// Something has gone.
    pub fn sub(&mut self, source: &str, bytes: u64) {
        self.taken = self.taken.saturating_sub(bytes);
        self.shares.sub(&source.to_owned(), bytes);
    }

    /// Whether a source's share has room for `more`.
    #[must_use]
    pub fn may_add(&self, source: &str, more: u64) -> bool {
        self.shares.may_add(&source.to_owned(), more, self.taken, self.max)
    }

    /// Whether `more` that is not urgent leaves the reserve alone.
    #[must_use]
    pub fn spares_reserve(&self, more: u64) -> bool {
        let most = self.max / 100 * NOT_URGENT_PERCENT;
        self.taken.saturating_add(more) <= most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stock(taken: u64, max: u64) -> Stock {
        let mut stock = Stock::default();
        stock.told(taken, max);
        stock
    }

    #[test]
    fn the_last_tenth_is_for_what_is_urgent() {
        let stock = stock(80_000, 100_000);
        assert!(stock.spares_reserve(10_000));
        assert!(!stock.spares_reserve(10_001));
        assert!(Stock::default().spares_reserve(u64::MAX / 2), "nothing is known yet");
    }

    #[test]
    fn what_is_stored_counts_at_once_and_what_has_gone_no_more() {
        let mut stock = stock(0, 100_000);
        assert!(stock.may_add("child-a", 50_000));
        stock.add(Some("child-a"), 40_000);
        assert!(!stock.may_add("child-a", 20_000));
        assert!(stock.may_add("child-b", 30_000), "another has its own share");
        stock.add(None, 40_000);
        assert!(!stock.may_add("child-b", 15_000), "what is full is full for all");
        stock.sub("child-a", 40_000);
        assert!(stock.may_add("child-a", 15_000));
    }

    #[test]
    fn after_a_restart_each_has_the_mean_of_its_messages() {
        let mut stock = stock(60_000, 100_000);
        stock.found([("child-a".to_owned(), 50), ("child-b".to_owned(), 10)], 60);
        assert!(!stock.may_add("child-a", 1_000));
        assert!(stock.may_add("child-b", 15_000));
        let mut empty = Stock::default();
        empty.told(0, 100_000);
        empty.found([("child-a".to_owned(), 5)], 0);
        assert!(empty.may_add("child-a", 50_000));
    }

    #[test]
    fn a_sum_above_the_servers_is_put_right() {
        let mut stock = stock(0, 100_000);
        stock.add(Some("child-a"), 60_000);
        stock.add(Some("child-b"), 20_000);
        // Most of it has expired without a word.
        stock.told(8_000, 100_000);
        assert!(stock.may_add("child-a", 40_000));
        stock.told(0, 100_000);
        assert_eq!(stock, self::stock(0, 100_000));
    }
}
