//! Ids as types, so that a user's id is never taken for an account's, and checked where they come
//! in, so that none can leave its place in a path, a key or a log line.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

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
    /// One call of a plugin, and everything that is logged and answered for it.
    CallId,
    "the call id",
    "26 digits and lower-case letters",
    "^[a-z0-9]{26}$",
    |text| text.len() == 26 && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
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

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// RFC 4648 base 32, lower case and unpadded: easy to read out, safe in a path.
pub(crate) fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut buffer, mut bits) = (0_u32, 0);
    for &byte in bytes {
        buffer = (buffer << 8) | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(letter(ALPHABET, buffer >> bits));
        }
    }
    if bits > 0 {
        text.push(letter(ALPHABET, buffer << (5 - bits)));
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
