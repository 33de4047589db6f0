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
    // Publications killed at random moments, three times each.
    Rounds {
        name: "RANDOM_KILLS",
        short: 5,
        long: 200,
    },
    // Calls at once on expired tokens.
    Rounds {
        name: "CONCURRENT_CALLS",
        short: 1_000,
        long: 1_000,
    },
    // Hours, of a day in which the token endpoint is in trouble, in which it does not answer.
    Rounds {
        name: "TIMED_OUT_HOURS",
        short: 1,
        long: 8,
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
];

/// The environment that tells the tests.
pub(crate) fn environment(long: bool) -> Vec<(String, String)> {
    let rounds = |rounds: &Rounds| {
        let count = if long { rounds.long } else { rounds.short };
        (format!("STOFLOW_ROUNDS_{}", rounds.name), count.to_string())
    };
    TABLE.iter().map(rounds).collect()
}
