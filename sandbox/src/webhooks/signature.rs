//! Signatures after Standard Webhooks: HMAC-SHA256 over id, time and body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::ids::Ids;

/// What every secret begins with; the rest is its key in base64.
const PREFIX: &str = "whsec_";

/// A new secret, with a key of 24 bytes.
pub(super) fn secret(ids: &mut Ids) -> String {
    format!("{PREFIX}{}", STANDARD.encode(ids.opaque(24)))
}

/// A secret that is not the given one.
pub(super) fn another(secret: &str) -> String {
    format!("{PREFIX}{}", STANDARD.encode(secret))
}

/// The value of `webhook-signature`; none for what is no secret.
pub(super) fn sign(secret: &str, id: &str, timestamp: i64, body: &str) -> Option<String> {
    let key = STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    Some(format!(
        "v1,{}",
        STANDARD.encode(mac.finalize().into_bytes())
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_the_standard_does() {
        // The example of the Standard Webhooks specification.
        let signature = sign(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(
            signature.as_deref(),
            Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        );
        assert_eq!(sign("secret", "msg_1", 1, ""), None);
    }

    #[test]
    fn another_secret_signs_otherwise() {
        let secret = secret(&mut Ids::new(1));
        let other = another(&secret);
        assert!(sign(&other, "msg_1", 1, "{}").is_some());
        assert_ne!(
            sign(&other, "msg_1", 1, "{}"),
            sign(&secret, "msg_1", 1, "{}")
        );
    }
}
