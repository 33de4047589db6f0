//! Etsy's plugin with one function more, which converts a page as often as it is told: so the
//! conversion is measured as WebAssembly in the host, without the request that it waits for and
//! without what it costs to hand the listings over.

#![cfg(target_family = "wasm")]

use std::hint::black_box;

use stoflow_plugin_etsy::convert::listing::listing_page;

mod bindings {
    wit_bindgen::generate!({
        inline: "
            package stoflow:bench;

            interface page {
                /// Converts it so many times; how many listings it has.
                convert: func(json: string, times: u32) -> u32;
            }

            world bench { export page; }
        ",
        type_section_suffix: "bench",
    });
}

struct Bench;

impl bindings::exports::stoflow::bench::page::Guest for Bench {
    fn convert(json: String, times: u32) -> u32 {
        let mut count = 0;
        for _ in 0..times {
            // A page that cannot be read has no listings, which the benchmark does not take.
            let page = listing_page(black_box(json.as_bytes()));
            count = page.map_or(0, |page| black_box(page).items.len());
        }
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}

#[expect(unsafe_code, reason = "an export is called from outside of Rust")]
mod export {
    use super::{Bench, bindings};

    bindings::export!(Bench with_types_in bindings);
}
