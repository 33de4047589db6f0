//! Ids as types, so that a user's id is never taken for an account's, and checked where they come
//! in, so that none can leave its place in a path, a key or a log line.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use rand::RngCore;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Why a text is not an id.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{what} {text:?} is not valid: {rule}")]
pub struct IdError {
    what: &'static str,
    text: String,
    rule: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $pattern:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(IdError { what: $what, text: text.chars().take(80).collect(), rule: $rule })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// A marketplace's plugin: `etsy`. It stands in paths and file names.
    PluginId,
    "the plugin id",
    "1 to 32 lower-case letters, digits and hyphens, beginning with a letter",
    "^[a-z][a-z0-9-]{0,31}$",
    |text| {
        (1..=32).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    }
);

id!(
    /// Who owns accounts, by Stoflow's own id for that person or company.
    UserId,
    "the user id",
    "1 to 128 letters, digits and . _ @ + -",
    "^[A-Za-z0-9._@+-]{1,128}$",
    |text| {
        (1..=128).contains(&text.len())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "._@+-".contains(c))
    }
);

id!(
    /// One seller's connection to one marketplace: `acc_` and 16 characters. Opaque and stable.
    AccountId,
    "the account id",
    "acc_ and 16 lower-case letters and digits",
    "^acc_[a-z0-9]{16}$",
    |text| {
        text.strip_prefix("acc_").is_some_and(|rest| {
            rest.len() == 16 && rest.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        })
    }
);

id!(
    /// One key to the API: `key_` and 16 characters. It names the key and opens nothing.
    KeyId,
    "the key id",
    "key_ and 16 lower-case letters and digits",
    "^key_[a-z0-9]{16}$",
    |text| {
        text.strip_prefix("key_").is_some_and(|rest| {
            rest.len() == 16 && rest.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        })
    }
);

id!(
    /// What was asked for, and everything that is done, logged and answered for it: the calls of one
    /// request share the id that the request came with.
    CallId,
    "the call id",
    "1 to 64 letters, digits and . _ -",
    "^[A-Za-z0-9._-]{1,64}$",
    |text| {
        (1..=64).contains(&text.len())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    }
);

id!(
    /// One operation: `op_` and 26 characters, of which the first tell when it was asked for, so that
    /// later ids are greater ones.
    OperationId,
    "the operation id",
    "op_ and 26 digits and letters from a to v",
    "^op_[0-9a-v]{26}$",
    |text| text.strip_prefix("op_").is_some_and(|rest| rest.len() == 26 && is_ordered(rest))
);

id!(
    /// One file that was uploaded, or came with an operation: `file_` and 26 characters.
    FileId,
    "the file id",
    "file_ and 26 digits and lower-case letters",
    "^file_[0-9a-z]{26}$",
    |text| {
        text.strip_prefix("file_").is_some_and(|rest| {
            rest.len() == 26 && rest.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        })
    }
);

impl PluginId {
    /// Stands for a component that has not said yet what it is. No component can say it: the text
    /// is no valid id, and nothing is ever granted to it.
    pub(crate) fn unnamed() -> Self {
        Self("(unnamed)".to_owned())
    }
}

impl AccountId {
    /// A new id. 80 bits from the operating system's generator: no two are ever the same.
    pub fn random() -> Self {
        Self(format!("acc_{}", base32(&random::<10>())))
    }
}

impl KeyId {
    /// A new id, of 80 random bits.
    pub fn random() -> Self {
        Self(format!("key_{}", base32(&random::<10>())))
    }

    /// The characters behind `key_`, by which the key's own text names it.
    pub fn characters(&self) -> &str {
        self.0.trim_start_matches("key_")
    }
}

impl CallId {
    /// A new id, of 128 random bits.
    pub fn random() -> Self {
        Self(base32(&random::<16>()))
    }
}

impl OperationId {
    /// A new id of something asked for at this time, of 80 random bits.
    pub fn random(at: Timestamp) -> Self {
        let milliseconds = u64::try_from(at.as_millisecond()).unwrap_or(0);
        let mut bytes = [0; 16];
        for (byte, time) in bytes
            .iter_mut()
            .zip(milliseconds.to_be_bytes().iter().skip(2))
        {
            *byte = *time;
        }
        for (byte, chance) in bytes.iter_mut().skip(6).zip(random::<10>()) {
            *byte = chance;
        }
        Self(format!("op_{}", encoded(ORDERED, &bytes)))
    }

    /// The id, such that a later one is a smaller one: by it the newest is read first.
    pub fn newest_first(&self) -> String {
        let digits = self.0.strip_prefix("op_").unwrap_or(&self.0);
        let mirrored = digits.bytes().map(|byte| {
            let value = ORDERED.iter().position(|&digit| digit == byte);
            letter(ORDERED, 31 - u32::try_from(value.unwrap_or(0)).unwrap_or(0))
        });
        mirrored.collect()
    }
}

impl FileId {
    /// A new id, of 128 random bits.
    pub fn random() -> Self {
        Self(format!("file_{}", base32(&random::<16>())))
    }
}

/// RFC 4648 base 32 with its extended alphabet, lower case: texts are in the order of what they stand
/// for.
const ORDERED: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";

fn is_ordered(text: &str) -> bool {
    text.bytes().all(|byte| ORDERED.contains(&byte))
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// RFC 4648 base 32, lower case and unpadded: easy to read out, safe in a path.
pub(crate) fn base32(bytes: &[u8]) -> String {
    encoded(b"abcdefghijklmnopqrstuvwxyz234567", bytes)
}

fn encoded(alphabet: &[u8; 32], bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut buffer, mut bits) = (0_u32, 0);
    for &byte in bytes {
        buffer = (buffer << 8) | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(letter(alphabet, buffer >> bits));
        }
    }
    if bits > 0 {
        text.push(letter(alphabet, buffer << (5 - bits)));
    }
    text
}

fn letter(alphabet: &[u8; 32], value: u32) -> char {
    alphabet
        .get((value & 31) as usize)
        .map_or('a', |&byte| char::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_ids_are_valid_and_differ() {
        let (a, b) = (AccountId::random(), AccountId::random());
        assert_ne!(a, b);
        assert_eq!(a.as_str().parse(), Ok(a));
        let call = CallId::random();
        assert_eq!(call.as_str().parse(), Ok(call));
    }

    #[test]
    fn a_later_operation_has_a_greater_id_and_the_newest_is_read_first() {
        let at = |ms| Timestamp::from_millisecond(ms).unwrap();
        let times = [
            0,
            1,
            31,
            32,
            1_700_000_000_000,
            1_700_000_000_001,
            4_000_000_000_000,
        ];
        let ids: Vec<_> = times
            .iter()
            .map(|&ms| OperationId::random(at(ms)))
            .collect();
        for pair in ids.windows(2) {
            assert!(pair[0] < pair[1], "{pair:?}");
            assert!(pair[0].newest_first() > pair[1].newest_first(), "{pair:?}");
        }
        let id = &ids[4];
        assert_eq!(id.as_str().parse().as_ref(), Ok(id));
        assert!(
            "op_zzzzzzzzzzzzzzzzzzzzzzzzzz"
                .parse::<OperationId>()
                .is_err()
        );
        assert!(FileId::random().as_str().parse::<FileId>().is_ok());
        assert!("file_../../../../etc/passwd12".parse::<FileId>().is_err());
    }

    #[test]
    fn an_id_cannot_leave_its_place_in_a_path() {
        for text in [
            "",
            "Etsy",
            "../etsy",
            "etsy/1",
            "1etsy",
            "é",
            &"a".repeat(33),
        ] {
            assert!(text.parse::<PluginId>().is_err(), "{text:?}");
        }
        for text in ["", "a b", "a/b", "a\nb", "é"] {
            assert!(text.parse::<UserId>().is_err(), "{text:?}");
        }
        assert!("acc_../../../../etc1".parse::<AccountId>().is_err());
    }
}
