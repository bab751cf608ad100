//! Chance that can be repeated: a seed gives the same run anywhere. `CHAPPE_SEED=N` runs one seed.
#![allow(dead_code, unreachable_pub)] // each test binary uses its own part

/// SplitMix64 (Steele, Lea, Flood 2014): eight lines, and every seed is a good one.
pub struct Seeded(u64);

impl Seeded {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `bound`, which is not zero.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            all.swap(last, self.below(last + 1));
        }
    }
}

/// The seeds of a run: those asked for, or the first `count`.
pub fn seeds(count: u64) -> Vec<u64> {
    match std::env::var("CHAPPE_SEED") {
        Ok(seed) => vec![seed.parse().expect("CHAPPE_SEED is a number")],
        Err(_) => (0..count).collect(),
    }
}
