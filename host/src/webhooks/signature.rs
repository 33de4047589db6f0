//! Standard Webhooks: what was signed, by whom, and when. Pure: it takes the time as an argument.
//!
//! Signed is `id.timestamp.body`, with HMAC-SHA-256 and the base64 of the secret as the key; the
//! header lists signatures with their version, because a secret that is being replaced signs beside
//! its successor.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use http::HeaderMap;
use jiff::Timestamp;
use sha2::Sha256;

use crate::config::WebhookSecret;

const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";

/// What begins a signature of this kind; others (`v1a`, by a public key) are passed over.
const VERSION: &str = "v1,";

/// How far the time that was signed may be from now, either way (Standard Webhooks, "Verifying
/// signatures": a reference's own tolerance is five minutes).
const TOLERANCE_SECONDS: i64 = 5 * 60;

/// The longest id: it is kept.
const ID_CHARS_MAX: usize = 256;

/// The most signatures that are looked at: one for each secret of a rotation, several times over.
const SIGNATURES_MAX: usize = 16;

/// A push with its signatures, not checked yet.
#[derive(Debug)]
pub(super) struct Signed<'a> {
    /// The same whenever it is sent again.
    pub(super) id: &'a str,
    timestamp: &'a str,
    seconds: i64,
    signatures: &'a str,
    body: &'a [u8],
}

/// Why a push is not believed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It is from another time: so many seconds ago, or ahead where negative.
    Time { seconds: i64 },
    /// No secret has made any of its signatures.
    Signature,
}

impl<'a> Signed<'a> {
    /// What the headers say.
    pub(super) fn of(headers: &'a HeaderMap, body: &'a [u8]) -> Result<Self, &'static str> {
        let header = |name: &str| {
            let mut values = headers.get_all(name).iter();
            let value = values.next()?.to_str().ok()?;
            // Two that differ: nobody knows which was signed.
            values.next().is_none().then_some(value)
        };
        let id = header(ID).filter(|id| !id.is_empty() && id.len() <= ID_CHARS_MAX);
        let timestamp = header(TIMESTAMP).filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        let seconds = timestamp.and_then(|text| text.parse().ok());
        Ok(Self {
            id: id.ok_or("it has no webhook-id")?,
            timestamp: timestamp.ok_or("it has no webhook-timestamp in seconds")?,
            seconds: seconds.ok_or("it has no webhook-timestamp in seconds")?,
            signatures: header(SIGNATURE).ok_or("it has no webhook-signature")?,
            body,
        })
    }

    /// Whether one of the secrets has signed it, about now.
    pub(super) fn check(&self, secrets: &[WebhookSecret], now: Timestamp) -> Result<(), Doubt> {
        // The signature first: to whom has none, the host's clock is nothing.
        if !secrets.iter().any(|secret| self.is_signed_with(secret)) {
            return Err(Doubt::Signature);
        }
        let seconds = now.as_second().saturating_sub(self.seconds);
        if seconds.saturating_abs() > TOLERANCE_SECONDS {
            return Err(Doubt::Time { seconds });
        }
        Ok(())
    }

    fn is_signed_with(&self, secret: &WebhookSecret) -> bool {
        let Ok(mut signing) = Hmac::<Sha256>::new_from_slice(&secret.key()) else {
            return false;
        };
        for part in [self.id.as_bytes(), b".", self.timestamp.as_bytes(), b"."] {
            signing.update(part);
        }
        signing.update(self.body);
        let signatures = self.signatures.split_whitespace().take(SIGNATURES_MAX);
        let mut signatures = signatures.filter_map(|text| text.strip_prefix(VERSION));
        signatures.any(|text| {
            let signature = STANDARD.decode(text).unwrap_or_default();
            // Compared in constant time.
            signing.clone().verify_slice(&signature).is_ok()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of the Standard Webhooks libraries.
    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const PUSH_ID: &str = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
    const SECONDS: i64 = 1_649_367_553;
    const BODY: &[u8] = br#"{"email":"test@example.com","username":"test_user"}"#;
    const SIGNED: &str = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";
    const OTHER: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn headers(id: &str, timestamp: &str, signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ID, id.parse().unwrap());
        headers.insert(TIMESTAMP, timestamp.parse().unwrap());
        headers.insert(SIGNATURE, signature.parse().unwrap());
        headers
    }

    fn secrets(texts: &[&str]) -> Vec<WebhookSecret> {
        let secrets = texts.iter().map(|text| WebhookSecret::parse(text).unwrap());
        secrets.collect()
    }

    fn check(headers: &HeaderMap, body: &[u8], texts: &[&str], ago: i64) -> Result<(), Doubt> {
        let now = Timestamp::from_second(SECONDS + ago).unwrap();
        Signed::of(headers, body)
            .unwrap()
            .check(&secrets(texts), now)
    }

    fn known() -> HeaderMap {
        headers(PUSH_ID, &SECONDS.to_string(), SIGNED)
    }

    #[test]
    fn the_standards_example_is_genuine() {
        let bare = SECRET.strip_prefix("whsec_").unwrap();
        for texts in [&[SECRET][..], &[bare], &[OTHER, SECRET]] {
            assert_eq!(check(&known(), BODY, texts, 0), Ok(()));
        }
        let several = format!("v1a,AAAA v1,AAAA v2,xx v1,!! {SIGNED} v1,");
        let several = headers(PUSH_ID, &SECONDS.to_string(), &several);
        assert_eq!(check(&several, BODY, &[SECRET], 0), Ok(()));
    }

    #[test]
    fn what_was_changed_or_signed_by_another_is_not() {
        let doubt = Err(Doubt::Signature);
        assert_eq!(check(&known(), BODY, &[OTHER], 0), doubt);
        assert_eq!(check(&known(), BODY, &[], 0), doubt);
        assert_eq!(check(&known(), b"{}", &[SECRET], 0), doubt);
        let seconds = SECONDS.to_string();
        let later = (SECONDS + 1).to_string();
        for changed in [
            headers("msg_1", &seconds, SIGNED),
            headers(PUSH_ID, &later, SIGNED),
            headers(PUSH_ID, &seconds, &SIGNED.replace("v1,", "v2,")),
            headers(PUSH_ID, &seconds, &SIGNED.replace("v1,", "")),
            headers(PUSH_ID, &seconds, "v1,"),
            headers(PUSH_ID, &seconds, &SIGNED[..20]),
            headers(
                PUSH_ID,
                &seconds,
                &SIGNED.replace(" ", ",")[..SIGNED.len() - 4],
            ),
        ] {
            assert_eq!(check(&changed, BODY, &[SECRET], 0), doubt, "{changed:?}");
        }
    }

    #[test]
    fn another_time_than_about_now_is_doubted() {
        for (ago, genuine) in [(300, true), (-300, true), (301, false), (-301, false)] {
            let expected = if genuine {
                Ok(())
            } else {
                Err(Doubt::Time { seconds: ago })
            };
            assert_eq!(check(&known(), BODY, &[SECRET], ago), expected);
        }
    }

    #[test]
    fn without_its_headers_it_is_no_push() {
        for name in [ID, TIMESTAMP, SIGNATURE] {
            let mut without = known();
            without.remove(name);
            assert!(Signed::of(&without, BODY).unwrap_err().contains(name));
            let mut twice = known();
            twice.append(name, "1649367553".parse().unwrap());
            assert!(Signed::of(&twice, BODY).is_err(), "{name} twice");
        }
        for timestamp in ["", "-1", "1e9", "99999999999999999999", " 1"] {
            let headers = headers(PUSH_ID, timestamp, SIGNED);
            assert!(Signed::of(&headers, BODY).is_err(), "{timestamp:?}");
        }
        let long = "x".repeat(ID_CHARS_MAX + 1);
        assert!(Signed::of(&headers(&long, "1", SIGNED), BODY).is_err());
        assert!(Signed::of(&headers("", "1", SIGNED), BODY).is_err());
        let latest = headers(PUSH_ID, &i64::MAX.to_string(), SIGNED);
        assert_eq!(check(&latest, BODY, &[SECRET], 0), Err(Doubt::Signature));
    }
}
