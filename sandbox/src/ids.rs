//! Ids and opaque text, derived from the seed alone.
//!
//! Two sandboxes with one seed that are asked the same give the same ids, so a failing test can be
//! run again. Each kind of thing counts by itself: making an image does not move the next listing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What an id is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Kind {
    User,
    Shop,
    Listing,
    Image,
    File,
    Product,
    Offering,
    ShippingProfile,
    Destination,
    ReadinessState,
    ReturnPolicy,
    Section,
    Upgrade,
    Partner,
    UserAddress,
    Video,
    Question,
    QuestionOption,
    Buyer,
    Address,
    Receipt,
    Transaction,
    Shipment,
    Payment,
    Adjustment,
    AdjustmentItem,
    LedgerEntry,
    /// A value that a shop made up for a property.
    Value,
}

impl Kind {
    /// Where the count of this kind begins, for seed 1.
    fn first(self) -> i64 {
        match self {
            Self::User => 2_001,
            Self::Shop => 5_001,
            Self::Listing => 1_000_001,
            Self::Image => 30_000_001,
            Self::File => 40_000_001,
            Self::Product => 700_000_001,
            Self::Offering => 800_000_001,
            Self::ShippingProfile => 60_001,
            Self::Destination => 61_001,
            Self::ReadinessState => 70_001,
            Self::ReturnPolicy => 80_001,
            Self::Section => 90_001,
            Self::Upgrade => 62_001,
            Self::Partner => 95_001,
            Self::UserAddress => 115_001,
            Self::Video => 45_000_001,
            Self::Question => 170_001,
            Self::QuestionOption => 180_001,
            Self::Buyer => 3_001,
            Self::Address => 110_001,
            Self::Receipt => 3_000_000_001,
            Self::Transaction => 4_000_000_001,
            Self::Shipment => 120_001,
            Self::Payment => 130_001,
            Self::Adjustment => 140_001,
            Self::AdjustmentItem => 150_001,
            Self::LedgerEntry => 160_001,
            // Beyond every id that Etsy's documents show for common values.
            Self::Value => 50_000_000_001,
        }
    }
}

/// The source of every id, token and code.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ids {
    counts: BTreeMap<Kind, i64>,
    seed: u64,
    /// How often something random was drawn.
    drawn: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            counts: BTreeMap::new(),
            seed,
            drawn: 0,
        }
    }

    /// The next id of a kind.
    pub(crate) fn next(&mut self, kind: Kind) -> i64 {
        // Another seed begins a million further on, so that ids of two sandboxes do not mix up.
        let apart = i64::try_from(self.seed.saturating_sub(1) % 1000).unwrap_or_default();
        let count = self
            .counts
            .entry(kind)
            .or_insert(kind.first() + apart * 1_000_000);
        let id = *count;
        *count += 1;
        id
    }

    /// Text that cannot be guessed from the outside, of `length` letters and digits.
    pub(crate) fn opaque(&mut self, length: usize) -> String {
        const ALPHABET: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut text = String::with_capacity(length);
        while text.len() < length {
            let bytes = self.draw();
            let letters = bytes.iter().map(|byte| usize::from(byte % 64));
            let letters = letters.filter_map(|at| ALPHABET.get(at));
            let left = length - text.len();
            text.extend(letters.take(left).map(|letter| char::from(*letter)));
        }
        text
    }

    /// The next 32 bytes of what the seed leads to. Nothing but a count is remembered, so that a
    /// sandbox that was saved goes on as if it had never stopped.
    fn draw(&mut self) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(self.seed.to_le_bytes());
        digest.update(self.drawn.to_le_bytes());
        self.drawn = self.drawn.wrapping_add(1);
        digest.finalize().into()
    }

    /// A random UUID, as Etsy's correlation header has it.
    pub(crate) fn uuid(&mut self) -> String {
        let random = self
            .draw()
            .iter()
            .take(16)
            .fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte));
        let version = (random & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
        let hex = format!("{version:032x}");
        let mut text = String::with_capacity(36);
        for (index, digit) in hex.chars().enumerate() {
            if matches!(index, 8 | 12 | 16 | 20) {
                text.push('-');
            }
            text.push(digit);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_sequence() {
        let (mut one, mut two) = (Ids::new(7), Ids::new(7));
        assert_eq!(one.next(Kind::Listing), two.next(Kind::Listing));
        assert_eq!(one.opaque(40), two.opaque(40));
        assert_ne!(Ids::new(8).opaque(40), Ids::new(7).opaque(40));
    }

    #[test]
    fn listings_begin_at_1000001_and_count_by_themselves() {
        let mut ids = Ids::new(1);
        ids.next(Kind::Image);
        assert_eq!(ids.next(Kind::Listing), 1_000_001);
        assert_eq!(ids.next(Kind::Listing), 1_000_002);
        assert_eq!(Ids::new(2).next(Kind::Listing), 2_000_001);
    }

    #[test]
    fn uuids_are_of_version_4() {
        let uuid = Ids::new(1).uuid();
        assert_eq!(
            (uuid.len(), uuid.chars().nth(14)),
            (36, Some('4')),
            "{uuid}"
        );
    }
}
