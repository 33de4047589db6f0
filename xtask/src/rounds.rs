//! How often repeated tests repeat: the one table of them. The short column is `cargo xtask test`,
//! the long one `cargo xtask test --long`.

/// One repeated test's rounds.
struct Rounds {
    /// Tests read `STOFLOW_ROUNDS_` and this.
    name: &'static str,
    short: u32,
    long: u32,
}

const TABLE: &[Rounds] = &[
    // Kills before and after each request of a publication: rounds over all of them.
    Rounds {
        name: "PUBLISH_KILLS",
        short: 1,
        long: 5,
    },
    // Kills before and after each request of a shipping profile's creation: rounds over all of them.
    Rounds {
        name: "POLICY_KILLS",
        short: 1,
        long: 20,
    },
    // Publications killed at random moments, three times each.
    Rounds {
        name: "RANDOM_KILLS",
        short: 5,
        long: 200,
    },
    // Shipments killed at random moments, three times each.
    Rounds {
        name: "SHIP_KILLS",
        short: 3,
        long: 100,
    },
    // Publications in which the daemon is killed, once or twice each.
    Rounds {
        name: "OPERATION_KILLS",
        short: 3,
        long: 100,
    },
    // Calls at once on expired tokens.
    Rounds {
        name: "CONCURRENT_CALLS",
        short: 1_000,
        long: 1_000,
    },
    // Callers at once of a page that is not kept.
    Rounds {
        name: "KEPT_CALLERS",
        short: 1_000,
        long: 1_000,
    },
    // Hours, of a day in which the token endpoint is in trouble, in which it does not answer.
    Rounds {
        name: "TIMED_OUT_HOURS",
        short: 1,
        long: 8,
    },
    // Kills of a process that commits as fast as it can.
    Rounds {
        name: "STORE_KILLS",
        short: 10,
        long: 500,
    },
    // Kills of the program in a consent, a refresh or a call: with each kind of rotation.
    Rounds {
        name: "ACCOUNT_KILLS",
        short: 12,
        long: 500,
    },
    // Writes and syncs of a store that fail: EIO, ENOSPC, short ones, once or from then on.
    Rounds {
        name: "DISK_ERRORS",
        short: 12,
        long: 200,
    },
    // Power cuts, half of them with torn writes: of the same process, and of the program.
    Rounds {
        name: "POWER_CUTS",
        short: 10,
        long: 300,
    },
    // Damages to the files of a store: flipped bits, zeroed sectors, truncations.
    Rounds {
        name: "STORE_DAMAGES",
        short: 60,
        long: 1_000,
    },
    // Accounts under random jumps of the clock, outages, restarts and idle time.
    Rounds {
        name: "WEATHER",
        short: 5,
        long: 500,
    },
    // Random values through the JSON mapping and back.
    Rounds {
        name: "MAPPING",
        short: 2_000,
        long: 200_000,
    },
    // Products of all kinds that are previewed, published, read back and written back.
    Rounds {
        name: "PRODUCTS",
        short: 12,
        long: 500,
    },
    // Seconds of damaged and arbitrary replies through every conversion from Etsy.
    Rounds {
        name: "FUZZ_SECONDS",
        short: 10,
        long: 3_600,
    },
    // Seconds of calls of the installed plugin under damaged replies.
    Rounds {
        name: "FUZZ_WASM_SECONDS",
        short: 5,
        long: 300,
    },
    // Seconds in which a client made from /openapi.json looks for what breaks the API.
    Rounds {
        name: "SCHEMATHESIS_SECONDS",
        short: 45,
        long: 3_600,
    },
    // Accounts whose records are sealed again under 64 callers.
    Rounds {
        name: "ROTATION_ACCOUNTS",
        short: 1_000,
        long: 10_000,
    },
    // Rotations of the master key, each killed at a random moment.
    Rounds {
        name: "ROTATION_KILLS",
        short: 10,
        long: 200,
    },
    // Seconds in which 200 connections read.
    Rounds {
        name: "LOAD_SECONDS",
        short: 3,
        long: 30,
    },
    // Clients at once that send half a header and then a byte a second.
    Rounds {
        name: "SLOW_CLIENTS",
        short: 200,
        long: 1_000,
    },
    // Components that cost more to compile than they may: rounds of four.
    Rounds {
        name: "COMPILE_BOMBS",
        short: 1,
        long: 8,
    },
];

/// The environment that tells the tests.
pub(crate) fn environment(long: bool) -> Vec<(String, String)> {
    let rounds = |rounds: &Rounds| {
        let count = if long { rounds.long } else { rounds.short };
        (format!("STOFLOW_ROUNDS_{}", rounds.name), count.to_string())
    };
    TABLE.iter().map(rounds).collect()
}

/// The names and the long column.
pub(crate) fn long() -> impl Iterator<Item = (&'static str, u32)> {
    TABLE.iter().map(|rounds| (rounds.name, rounds.long))
}
