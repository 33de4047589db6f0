//! What a browser brings back from a marketplace: the query of the redirect, read strictly.

use url::{Url, form_urlencoded};

use super::ConsentError;
use crate::secret::Secret;

/// A redirect back, RFC 6749 §4.1.2.
pub(super) struct Callback {
    /// The whole address, where that is what was given.
    pub(super) url: Option<Url>,
    pub(super) state: Secret,
    pub(super) answer: Answer,
}

/// What the marketplace says.
pub(super) enum Answer {
    Code(Secret),
    Error { code: String, description: String },
}

impl Callback {
    /// Reads a whole address, as a person pastes it, or its query.
    pub(super) fn read(text: &str) -> Result<Self, ConsentError> {
        let text = text.trim();
        let url = Url::parse(text).ok().filter(|url| url.has_host());
        let query = match &url {
            Some(url) => url.query().unwrap_or_default(),
            None => text.split_once('?').map_or(text, |(_, query)| query),
        };
        let state = parameter(query, "state")?;
        let state = Secret::new(state.ok_or(ConsentError::Form("it has no state"))?);
        let answer = match (parameter(query, "code")?, parameter(query, "error")?) {
            (Some(code), None) => Answer::Code(Secret::new(code)),
            (None, Some(code)) => Answer::Error {
                code,
                description: parameter(query, "error_description")?.unwrap_or_default(),
            },
            (Some(_), Some(_)) => return Err(ConsentError::Form("it has a code and an error")),
            (None, None) => return Err(ConsentError::Form("it has neither a code nor an error")),
        };
        Ok(Self { url, state, answer })
    }
}

/// A parameter that may stand there once: of two, which one counts would be a matter of taste.
fn parameter(query: &str, name: &str) -> Result<Option<String>, ConsentError> {
    let pairs = form_urlencoded::parse(query.as_bytes());
    let mut values = pairs.filter(|(key, _)| key == name).map(|(_, value)| value);
    let value = values.next().filter(|value| !value.is_empty());
    if values.next().is_some() {
        return Err(ConsentError::Form("a parameter stands in it twice"));
    }
    Ok(value.map(String::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_and_its_query_say_the_same() {
        for text in [
            "http://localhost:3000/etsy/callback?code=c%2B1&state=s",
            " /etsy/callback?code=c%2B1&state=s\n",
            "?state=s&code=c%2B1",
            "code=c%2B1&state=s",
        ] {
            let callback = Callback::read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(callback.state.expose(), "s");
            assert!(matches!(callback.answer, Answer::Code(code) if code.expose() == "c+1"));
        }
    }

    #[test]
    fn what_is_no_answer_of_a_marketplace_is_refused_with_the_reason() {
        for (text, why) in [
            ("", "no state"),
            ("code=c", "no state"),
            ("state=s", "neither"),
            ("state=s&code=", "neither"),
            ("state=s&code=c&error=e", "a code and an error"),
            ("state=s&state=t&code=c", "twice"),
            ("https://localhost/#code=c&state=s", "no state"),
        ] {
            let error = Callback::read(text).err().map(|error| error.to_string());
            assert!(
                error.as_ref().is_some_and(|error| error.contains(why)),
                "{text}: {error:?}"
            );
        }
    }
}
