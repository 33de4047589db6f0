//! Why words are no call: each names the flag as it was typed.

/// Why the words are no call.
#[derive(Debug, thiserror::Error)]
pub enum FlagError {
    /// A flag that the function does not have.
    #[error("there is no flag --{flag}{}", meant(.near))]
    Unknown {
        /// As it was typed.
        flag: String,
        /// What may have been meant.
        near: Option<String>,
    },
    /// A flag without its value.
    #[error("--{flag} needs a value: --{flag} <{value}>")]
    NoValue {
        /// As it was typed.
        flag: String,
        /// What it takes.
        value: String,
    },
    /// A flag with a value that it cannot have.
    #[error("--{flag}: {message}")]
    Value {
        /// As it was typed.
        flag: String,
        /// What was expected, what came.
        message: String,
    },
    /// A file that cannot be read.
    #[error("--{flag}: cannot read {file}")]
    Unread {
        /// As it was typed.
        flag: String,
        /// What was to be read.
        file: String,
        /// Why not.
        source: std::io::Error,
    },
    /// A flag given twice that holds one value.
    #[error("--{flag} is given twice")]
    Twice {
        /// As it was typed.
        flag: String,
    },
    /// A flag inside a value that is no object.
    #[error("--{flag} cannot be set: --{above} is given as something that has no fields")]
    NotInside {
        /// As it was typed.
        flag: String,
        /// The value around it.
        above: String,
    },
    /// A word too many.
    #[error("`{word}` is one word too many{}", by_itself(.takes))]
    Extra {
        /// As it was typed.
        word: String,
        /// What can be given without a flag.
        takes: Vec<String>,
    },
    /// What may not be left out.
    #[error("missing: {}", .flags.join(", "))]
    Missing {
        /// With their values: `--key <TEXT>`.
        flags: Vec<String>,
    },
}

fn meant(near: &Option<String>) -> String {
    match near {
        Some(near) => format!("; did you mean --{near}?"),
        None => "; --help lists those that there are".to_owned(),
    }
}

fn by_itself(takes: &[String]) -> String {
    match takes {
        [] => "; everything is given by flags".to_owned(),
        takes => format!("; without a flag it takes {}", takes.join(" ")),
    }
}
