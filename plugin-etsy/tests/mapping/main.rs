//! The mapping from Etsy under replies that Etsy never documented: mutated ones and arbitrary
//! bytes. The mistake it prevents: a field that comes as something else one day, and a plugin that
//! traps on it instead of reading the rest.

#![expect(unreachable_pub, reason = "one binary: its modules share by pub")]
// `cfg(test)` marks all of it as test code for the lints.
#![cfg(test)]

mod arbitrary;
mod conversions;
mod documents;
mod json;
mod mutate;
#[path = "../../../tests/seed.rs"]
mod seed;
mod trade;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use conversions::Conversion;
use seed::{Dice, seed};

/// Far more than any document of these takes, whatever else the machine does.
const LONGEST: Duration = Duration::from_secs(60);

/// Seconds of fuzzing: `cargo xtask test` sets them.
fn seconds() -> u32 {
    let set = std::env::var("STOFLOW_ROUNDS_FUZZ_SECONDS").ok();
    set.map_or(3, |text| text.parse().unwrap())
}

fn all() -> impl Iterator<Item = &'static Conversion> {
    conversions::CONVERSIONS.iter().chain(trade::CONVERSIONS)
}

/// Reads a document by every conversion: a reply may be anything, another operation's too.
fn read_by_all(document: &[u8]) -> Duration {
    let began = Instant::now();
    for (name, convert) in all() {
        if catch_unwind(AssertUnwindSafe(|| convert(document))).is_err() {
            panic!("{name} fails on {:?}", String::from_utf8_lossy(document));
        }
    }
    began.elapsed()
}

#[test]
fn every_conversion_reads_the_documents_that_the_others_are_made_from() {
    for document in documents::ALL {
        read_by_all(document.as_bytes());
    }
}

#[test]
fn no_reply_traps_a_conversion_or_breaks_what_it_promises() {
    let seconds = seconds();
    let seed = seed("documents of Etsy's by the second", seconds);
    let end = Instant::now() + Duration::from_secs(seconds.into());
    let (mut round, mut slowest, mut bytes) = (0_u64, Duration::ZERO, 0_usize);
    while Instant::now() < end {
        let mut dice = Dice::of(seed, round);
        let document = arbitrary::document(&mut dice);
        let took = read_by_all(&document);
        assert!(
            took < LONGEST,
            "{took:?} for {:?}",
            String::from_utf8_lossy(&document)
        );
        slowest = slowest.max(took);
        bytes += document.len();
        round += 1;
    }
    println!(
        "{round} documents ({bytes} bytes) by {} conversions each, the slowest in {slowest:?}",
        all().count()
    );
    assert!(round > 0, "no document was tried");
}
