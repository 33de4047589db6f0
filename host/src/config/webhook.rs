//! The secrets by which a marketplace's pushes are known to be genuine: several while one takes the
//! place of another.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::fault::Fault;
use super::resolve::{PlaceOf, beside, read_secret};
use crate::secret::Secret;

/// What a secret begins with where it is shown to people; it may be left out.
const PREFIX: &str = "whsec_";

/// A key's length, bytes (Standard Webhooks, "Signature scheme": 24 to 64).
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// One secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSecret(Secret);

impl WebhookSecret {
    /// `None` for a text that is no secret.
    pub fn parse(text: &str) -> Option<Self> {
        let key = text.strip_prefix(PREFIX).unwrap_or(text);
        let secret = Self(Secret::new(key.to_owned()));
        KEY_BYTES.contains(&secret.key().len()).then_some(secret)
    }

    /// What it signs with; empty where it is no base64.
    pub fn key(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(STANDARD.decode(self.0.expose()).unwrap_or_default())
    }
}

/// Those of a text or of the file that is named instead, with white space between them.
pub(super) fn secrets(
    text: Option<&str>,
    file: Option<&Path>,
    place: PlaceOf<'_>,
) -> Result<Vec<WebhookSecret>, Fault> {
    let (key, text) = match (text, file) {
        (Some(_), Some(_)) => return Err(beside("webhook_secrets", place)),
        (Some(text), None) => ("webhook_secrets", Secret::new(text.to_owned())),
        (None, Some(file)) => {
            let key = "webhook_secrets_file";
            (key, read_secret(file, key, place)?)
        }
        (None, None) => return Ok(Vec::new()),
    };
    let secrets = text.expose().split_whitespace().enumerate();
    let secrets = secrets.map(|(index, text)| {
        WebhookSecret::parse(text).ok_or_else(|| {
            let message = format!(
                "number {} is no secret of a webhook: {PREFIX} and 24 to 64 bytes in base64",
                index + 1
            );
            Fault::new(place(key), message)
        })
    });
    secrets.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    fn read(text: &str) -> Result<Vec<WebhookSecret>, String> {
        let place = |key: &str| key.to_owned();
        secrets(Some(text), None, &place).map_err(|fault| fault.message)
    }

    #[test]
    fn several_stand_in_one_text_and_each_has_its_prefix_or_not() {
        let bare = TEXT.strip_prefix(PREFIX).unwrap();
        let two = read(&format!("{TEXT}\n  {bare}")).unwrap();
        assert_eq!(two[0], two[1]);
        assert_eq!((two.len(), two[0].key().len()), (2, 24));
        assert_eq!(format!("{:?}", two[0]), "WebhookSecret(***)");
        assert_eq!(read(" "), Ok(Vec::new()));
    }

    #[test]
    fn what_is_none_is_named_by_its_number_and_not_shown() {
        for wrong in [
            "whsec_",
            "whsec_short",
            "c2hvcnQ=",
            "whsec_!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!",
        ] {
            let error = read(&format!("{TEXT} {wrong}")).unwrap_err();
            assert!(
                error.contains("number 2") && !error.contains("whsec_short"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_file_may_hold_them() {
        let place = |key: &str| key.to_owned();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets");
        assert!(secrets(None, Some(&path), &place).is_err());
        std::fs::write(&path, format!("{TEXT}\n{TEXT}\n")).unwrap();
        assert_eq!(secrets(None, Some(&path), &place).unwrap().len(), 2);
        assert!(secrets(Some(TEXT), Some(&path), &place).is_err());
    }
}
