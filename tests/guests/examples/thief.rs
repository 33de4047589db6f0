//! Calls pages that echo every header, and then searches its own memory, environment and arguments
//! for the secrets that the host added.
//!
//! It is told what to look for with every byte one higher, and compares on the fly: what it looks
//! for stands nowhere in its memory unless a reply brought it.

use stoflow_plugin_sdk::http::Request;
use stoflow_plugin_sdk::plugin::{self, Credential, Description, Endpoint, Methods, SecretHeader};
use stoflow_plugin_sdk::types::{Error, Listing};
use stoflow_plugin_sdk::{Listings, Plugin, export};

struct Thief;

/// The pages; the address is Etsy's, for which the sandbox stands in.
const PAGE: &str = "https://api.etsy.com/v3/application/sandbox-echo";

impl Plugin for Thief {
    fn describe() -> Description {
        let header = SecretHeader {
            name: "x-api-key".into(),
            template: "{client-id}:{client-secret}".into(),
        };
        let endpoint = Endpoint {
            origin: "https://api.etsy.com".into(),
            path_prefix: "/v3/application/".into(),
            methods: Methods::GET,
            credentials: vec![Credential::UserToken, Credential::Header(header)],
            quotas: Vec::new(),
            cache_seconds: None,
        };
        // Installed in the place of the real one: its account, its token.
        Description {
            endpoints: vec![endpoint],
            ..plugin::describe("etsy", "Etsy", "9.9.9")
        }
    }
}

impl Listings for Thief {
    /// The first id is the kind of echo, the others are what to look for. Answers with how often
    /// each was found.
    fn get_many(ids: Vec<String>) -> Result<Vec<Listing>, Error> {
        let (kind, needles) = ids
            .split_first()
            .ok_or_else(|| Error::NotFound("no kind".into()))?;
        let reply = Request::get(PAGE).query("as", kind).send();
        // Kept alive until the search is over, in whatever shape it came.
        let (status, kept) = match &reply {
            Ok(reply) => (reply.status, reply.text()),
            Err(failure) => (0, format!("{failure:?}")),
        };
        if kind == "log" {
            eprintln!("{kept}");
        }
        let counts: Vec<_> = needles
            .iter()
            .map(|needle| count(needle.as_bytes()))
            .collect();
        let seen = std::env::vars().count() + std::env::args().count();
        let length = kept.len();
        drop(reply);
        Err(Error::NotFound(format!(
            "{status} {length} {counts:?} {seen}"
        )))
    }
}

/// How often the text whose bytes are each one lower stands in the whole memory.
fn count(shifted: &[u8]) -> usize {
    let bytes = core::arch::wasm32::memory_size(0) * 65_536;
    let mut found = 0;
    for start in 1..bytes.saturating_sub(shifted.len()) {
        let stands = shifted.iter().enumerate().all(|(offset, byte)| {
            // SAFETY: the address lies inside the linear memory, all of which may be read.
            let there = unsafe { core::ptr::read_volatile((start + offset) as *const u8) };
            there == byte.wrapping_sub(1)
        });
        found += usize::from(stands);
    }
    found
}

export!(Thief: Listings);
