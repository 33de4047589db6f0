//! A text that must not be seen: it prints as stars and is wiped from memory when it is dropped.
//!
//! Everything that is secret travels in this type from where it comes in to where it goes out, so
//! that no error, log line or `Debug` can show it by accident.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore;
use rustix::process::{Resource, Rlimit, setrlimit};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// 256 bits: nobody guesses a random one.
const RANDOM_BYTES: usize = 32;

/// A secret text.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    /// Takes the text over.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// A new one of 256 bits from the operating system's generator, fit for a URL.
    pub fn random() -> Self {
        let mut bytes = Zeroizing::new([0; RANDOM_BYTES]);
        rand::rng().fill_bytes(bytes.as_mut_slice());
        Self(URL_SAFE_NO_PAD.encode(bytes.as_slice()))
    }

    /// By which it is found and known again without being kept: its SHA-256, in hexadecimal digits.
    /// Not for a secret that can be guessed.
    pub fn digest(&self) -> String {
        hex::encode(Sha256::digest(self.0.as_bytes()))
    }

    /// The text itself. Every place that calls this sends it to whom it is meant for, seals it, or
    /// searches for it; there is no other reason to.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// From here on this process leaves no core dump, which would be every secret in one file, and where
/// the system can (Linux), its memory and environment are closed to other processes of the same user
/// too. Only root can look into it then.
pub fn refuse_dumps() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!(%error, "core dumps cannot be switched off");
    }
    // A handler that the system pipes dumps to is not bound by the limit.
    #[cfg(target_os = "linux")]
    if let Err(error) =
        rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
    {
        tracing::warn!(%error, "the memory cannot be closed to other processes");
    }
}

/// How a record of the store, which seals what it keeps, writes and reads a secret:
/// `#[serde(with = "in_record")]`. [`Secret`] itself has no serde form, so that nothing that is
/// answered or printed can hold one.
pub mod in_record {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Secret;

    /// Writes the text.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
        secret.expose().serialize(serializer)
    }

    /// Reads the text.
    ///
    /// # Errors
    /// The deserializer's.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        String::deserialize(deserializer).map(Secret::new)
    }

    /// The same for a secret that may be absent.
    pub mod option {
        use serde::{Deserialize, Deserializer, Serialize, Serializer};

        use super::Secret;

        /// Writes the text, or none.
        ///
        /// # Errors
        /// The serializer's.
        pub fn serialize<S: Serializer>(
            secret: &Option<Secret>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            secret.as_ref().map(Secret::expose).serialize(serializer)
        }

        /// Reads the text, or none.
        ///
        /// # Errors
        /// The deserializer's.
        pub fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Secret>, D::Error> {
            Option::<String>::deserialize(deserializer).map(|text| text.map(Secret::new))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_as_stars() {
        let secret = Secret::new("s3cr3t".into());
        assert_eq!(
            format!("{secret} {secret:?} {:?}", Some(&secret)),
            "*** *** Some(***)"
        );
        assert_eq!(secret.expose(), "s3cr3t");
    }

    #[test]
    fn random_secrets_differ_and_fit_a_url() {
        let (a, b) = (Secret::random(), Secret::random());
        assert!(a != b && a.digest() != b.digest());
        // 32 bytes are 43 characters of unpadded base 64.
        assert_eq!(a.expose().len(), 43);
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        assert!(a.expose().chars().all(fits));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_that_refuses_dumps_is_not_dumpable() {
        refuse_dumps();
        let behavior = rustix::process::dumpable_behavior().unwrap();
        assert_eq!(behavior, rustix::process::DumpableBehavior::NotDumpable);
        assert_eq!(rustix::process::getrlimit(Resource::Core).current, Some(0));
    }
}
