//! What one call leaves for the next, so that an operation of several steps that broke off can be
//! finished instead of done twice.
//!
//! The mistake to avoid is to act first and note it afterwards: save the intent, act, save what
//! came of it. A typed [`Checkpoint`] does the JSON.

pub use crate::bindings::stoflow::marketplace::journal::{claimed, clear, load, report, save};
use crate::types::Error;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;

/// The entry of one key, read once and written as often as there are steps.
///
/// The host gives the key to this call alone until it ends, and allows a call one key.
#[derive(Debug)]
pub struct Checkpoint<T> {
    key: String,
    state: PhantomData<T>,
}

impl<T: Serialize + DeserializeOwned> Checkpoint<T> {
    /// What the last call left under `key`.
    ///
    /// # Errors
    ///
    /// `unexpected`, where the entry cannot be read: going on as if there were none would do the
    /// operation twice.
    pub fn load(key: &str) -> Result<(Self, Option<T>), Error> {
        let entry = Self {
            key: key.to_owned(),
            state: PhantomData,
        };
        let Some(json) = load(key) else {
            return Ok((entry, None));
        };
        match serde_json::from_str(&json) {
            Ok(state) => Ok((entry, Some(state))),
            Err(error) => Err(Error::Unexpected(format!(
                "the journal's entry for {key:?} is not one that this version reads: {error}"
            ))),
        }
    }

    /// Keeps `state`; it is on disk when this returns.
    ///
    /// # Errors
    ///
    /// `unexpected`, where `state` cannot be written as JSON.
    pub fn save(&self, state: &T) -> Result<(), Error> {
        let json = serde_json::to_string(state).map_err(|error| {
            Error::Unexpected(format!("a checkpoint cannot be written as JSON: {error}"))
        })?;
        save(&self.key, &json);
        Ok(())
    }

    /// Forgets the entry.
    pub fn clear(&self) {
        clear(&self.key);
    }
}
