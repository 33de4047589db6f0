//! Looks for what another call left in its memory, and leaves marks of its own: `listings.get` with how
//! many pages of 64 KiB it marks, besides its stack. Answers with how many marks it found before and
//! after.

use core::arch::wasm32::{memory_grow, memory_size};
use core::hint::black_box;

use stoflow_plugin_sdk::plugin::{self, Description};
use stoflow_plugin_sdk::types::{Error, Listing};
use stoflow_plugin_sdk::{Listings, Plugin, export};

struct Residue;

const PAGE_BYTES: usize = 65_536;

/// In no constant of the program: [`mark`] makes a mark of it.
const BYTE: u64 = 0xA5;

impl Plugin for Residue {
    fn describe() -> Description {
        plugin::describe("residue", "Residue", "0.1.0")
    }
}

impl Listings for Residue {
    fn get(id: String) -> Result<Listing, Error> {
        let pages = id.parse().map_err(|_| Error::NotFound(id))?;
        let new = memory_grow(0, pages) * PAGE_BYTES;
        let before = marks();
        mark_stack(100);
        for place in (new..new + pages * PAGE_BYTES).step_by(8) {
            // SAFETY: the page was just made, and nothing else knows of it.
            unsafe { core::ptr::write_volatile(place as *mut u64, mark()) };
        }
        let after = marks();
        Err(Error::NotFound(format!("{before} {after}")))
    }
}

fn mark() -> u64 {
    black_box(BYTE) * (u64::MAX / 255)
}

/// A kibibyte of marks on each level of the stack.
fn mark_stack(levels: u32) {
    let marks = black_box([mark(); 128]);
    if levels > 0 {
        mark_stack(levels - 1);
    }
    black_box(marks);
}

/// How many marks stand in the whole memory.
fn marks() -> usize {
    let mark = mark();
    let places = (8..memory_size(0) * PAGE_BYTES).step_by(8);
    places
        .filter(|place| {
            // SAFETY: the address lies inside the linear memory, all of which may be read.
            let there = unsafe { core::ptr::read_volatile(*place as *const u64) };
            there == mark
        })
        .count()
}

export!(Residue: Listings);
