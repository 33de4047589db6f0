//! What a client wishes of the answer to a call that may take long: to wait for it, to be answered at
//! once, or to see its steps.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};

use super::invocation::wants_events;

/// The longest that a request waits for an operation, whatever is wished.
const WAIT_MAX: Duration = Duration::from_mins(10);

/// What is wished.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Preference {
    /// The steps as they happen.
    pub(super) events: bool,
    /// An answer at once (RFC 7240 §4.1).
    pub(super) at_once: bool,
    /// An answer within so long (RFC 7240 §4.3), at most [`WAIT_MAX`].
    pub(super) wait: Option<Duration>,
}

impl Preference {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut wished = Self {
            events: wants_events(headers),
            ..Self::default()
        };
        for value in headers.get_all("prefer") {
            let text = value.to_str().unwrap_or_default();
            text.split(',').for_each(|one| wished.add(one));
        }
        wished
    }

    /// One preference. What is not known, or makes no sense, is passed over (RFC 7240 §2), and of two
    /// of one name the first holds.
    fn add(&mut self, text: &str) {
        let text = text.split(';').next().unwrap_or_default();
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        let value = value.trim().trim_matches('"');
        match name.trim().to_ascii_lowercase().as_str() {
            "respond-async" => self.at_once = true,
            "wait" if self.wait.is_none() => {
                let seconds = value.parse().ok().map(Duration::from_secs);
                self.wait = seconds.map(|wait| wait.min(WAIT_MAX));
            }
            _ => {}
        }
    }

    /// What of it was kept to, as the answer says it: `None` where nothing was wished.
    pub(super) fn applied(self) -> Option<HeaderValue> {
        match (self.wait, self.at_once) {
            (Some(wait), _) => HeaderValue::from_str(&format!("wait={}", wait.as_secs())).ok(),
            (None, true) => Some(HeaderValue::from_static("respond-async")),
            (None, false) => None,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Preference {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

/// What a client that comes again has seen last (HTML Living Standard §9.2).
pub(super) fn last_event_id(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get("last-event-id")?;
    value.to_str().ok().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&str]) -> Preference {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("prefer", HeaderValue::from_str(value).unwrap());
        }
        Preference::of(&headers)
    }

    #[test]
    fn preferences_are_read_as_the_standard_writes_them() {
        let wait = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(of(&[]), Preference::default());
        assert_eq!(of(&["wait=10"]).wait, wait(10));
        assert_eq!(of(&["Wait = \"10\" ; x=1"]).wait, wait(10));
        assert_eq!(of(&["return=minimal, wait=5", "wait=9"]).wait, wait(5));
        assert_eq!(of(&["wait=86400"]).wait, Some(WAIT_MAX));
        for nonsense in [
            "wait",
            "wait=",
            "wait=-1",
            "wait=1.5",
            "wait=soon",
            "wait=99999999999999999999",
        ] {
            assert_eq!(of(&[nonsense]), Preference::default(), "{nonsense}");
        }
        let both = of(&["respond-async, wait=3"]);
        assert!(both.at_once && both.wait == wait(3));
        assert_eq!(both.applied().unwrap(), "wait=3");
        assert_eq!(of(&["respond-async"]).applied().unwrap(), "respond-async");
        assert_eq!(of(&["handling=lenient"]).applied(), None);
    }
}
