//! A provider's own words, made fit to be shown: they come from outside, and some servers quote
//! the token that they refuse.

use crate::secret::Secret;

/// As much as helps a person.
const LENGTH_MAX: usize = 200;
/// Shorter texts would be found where they do not stand.
const SECRET_LENGTH_MIN: usize = 8;

/// Cleans texts of these secrets.
pub(crate) struct Words<'a> {
    secrets: Vec<&'a str>,
}

impl<'a> Words<'a> {
    pub(crate) fn new(secrets: impl Iterator<Item = &'a Secret>) -> Self {
        let secrets = secrets.map(Secret::expose);
        Self {
            secrets: secrets
                .filter(|text| text.len() >= SECRET_LENGTH_MIN)
                .collect(),
        }
    }

    /// The text on one line, without the secrets, of bounded length.
    pub(crate) fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            text = text.replace(secret, "***");
        }
        let visible = text.chars().map(|c| if c.is_control() { ' ' } else { c });
        visible.take(LENGTH_MAX).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_control_characters_go_and_length_is_bounded() {
        let secret = Secret::new("12345678.token".into());
        let words = Words::new([&secret].into_iter());
        let said = format!("the token {} is\nrevoked\u{1b}[31m", secret.expose());
        assert_eq!(words.clean(&said), "the token *** is revoked [31m");
        assert_eq!(words.clean(&"é".repeat(500)).chars().count(), LENGTH_MAX);
    }
}
