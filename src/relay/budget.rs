//! How much one asker or sender gets in a minute, so that none makes this node work or write
//! without bound.

use std::collections::HashMap;

use crate::notice::Time;

/// What was spent in the current minute, by asker; bounded by the number of askers.
pub(super) struct Budget {
    most: u32,
    minute: u64,
    spent: HashMap<String, u32>,
}

impl Budget {
    /// So much for each asker in a minute.
    pub(super) fn new(most: u32) -> Self {
        Self { most, minute: 0, spent: HashMap::new() }
    }

    /// Spends one; whether it was there.
    pub(super) fn allows(&mut self, now: Time, asker: &str) -> bool {
        let minute = now.secs() / 60;
        if minute != self.minute {
            self.minute = minute;
            self.spent.clear();
        }
        let spent = self.spent.entry(asker.to_owned()).or_default();
        *spent = spent.saturating_add(1);
        *spent <= self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_asker_has_so_much_a_minute_and_takes_nothing_from_another() {
        let mut budget = Budget::new(2);
        let now = Time::from_secs(60);
        let spent: Vec<bool> = (0..3).map(|_| budget.allows(now, "one")).collect();
        assert_eq!(spent, [true, true, false]);
        assert!(budget.allows(now, "other"));
        assert!(budget.allows(Time::from_secs(120), "one"));
    }
}
