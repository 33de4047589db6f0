//! Chance that can be run again: every random test prints its seed, and `STOFLOW_SEED` sets it.

use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

/// A small generator (SplitMix64).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Those of one round: the same for the same seed, whatever the rounds before threw.
    pub fn of(seed: u64, round: u64) -> Self {
        let mut dice = Self(seed ^ round.rotate_left(32));
        dice.throw();
        dice
    }

    pub fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn within(&mut self, range: Range<u64>) -> u64 {
        range.start + self.throw() % (range.end - range.start)
    }

    pub fn one_in(&mut self, count: u64) -> bool {
        self.throw().is_multiple_of(count)
    }

    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.within(0..choices.len() as u64) as usize]
    }
}

/// The seed of a test, printed with its rounds.
pub fn seed(test: &str, rounds: u32) -> u64 {
    let set = std::env::var("STOFLOW_SEED").ok();
    let seed = set.map_or_else(
        || {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            u64::from(now.subsec_nanos()) ^ (now.as_secs() << 30)
        },
        |text| text.parse().unwrap(),
    );
    println!("{test}: {rounds} rounds, STOFLOW_SEED={seed}");
    seed
}
