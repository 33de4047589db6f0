//! An account's tokens as they are kept, apart from the account, and when they are still good:
//! arithmetic that takes the time as an argument.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Bearer;
use crate::model::OAuth2Provider;
use crate::secret::{Secret, in_record};
use crate::store::Record;

/// How long a token has to be good for when it is given out: as long as a slow call takes.
const FRESH: SignedDuration = SignedDuration::from_secs(60);
/// A clock that is so far behind the time of issue has jumped, and says nothing about expiry.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);
/// No marketplace's token lives longer; what a reply says beyond it is a mistake.
const LIFE_MAX: SignedDuration = SignedDuration::from_hours(24 * 366 * 10);

/// The tokens of an account.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Token {
    #[serde(with = "in_record")]
    pub(crate) access_token: Secret,
    #[serde(default, with = "in_record::option")]
    pub(crate) refresh_token: Option<Secret>,
    /// Counts up with each new access token: who was refused with an old one need not refresh.
    pub(crate) generation: u64,
    /// When it was asked for.
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    /// When the refresh token dies; `None` without one.
    #[serde(default)]
    pub(crate) refresh_expires_at: Option<Timestamp>,
}

impl Record for Token {
    const KIND: &'static str = "token";
}

/// What a token endpoint has replied, once understood.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Issued {
    #[serde(with = "in_record")]
    pub(crate) access_token: Secret,
    #[serde(default, with = "in_record::option")]
    pub(crate) refresh_token: Option<Secret>,
    pub(crate) expires_in: Option<SignedDuration>,
    pub(crate) refresh_expires_in: Option<SignedDuration>,
    /// What was consented to, where the reply says so.
    pub(crate) scopes: Option<Vec<String>>,
}

impl Token {
    /// The token that follows `previous` from a reply to a request made at `asked_at`.
    pub(crate) fn following(
        previous: Option<&Self>,
        issued: Issued,
        asked_at: Timestamp,
        provider: &OAuth2Provider,
    ) -> Self {
        let seconds = |seconds: u32| SignedDuration::from_secs(i64::from(seconds));
        let after = |life: SignedDuration| {
            let life = life.clamp(SignedDuration::ZERO, LIFE_MAX);
            asked_at.checked_add(life).unwrap_or(Timestamp::MAX)
        };
        let expires_in = issued.expires_in;
        let expires_in = expires_in.unwrap_or_else(|| seconds(provider.access_token_seconds));
        let refresh_life = issued.refresh_expires_in;
        let refresh_life = refresh_life.unwrap_or_else(|| seconds(provider.refresh_token_seconds));
        // A reply without a refresh token leaves the one that is there in force (RFC 6749 §6).
        let kept = previous.filter(|_| issued.refresh_token.is_none());
        let refresh_expires_at = match kept {
            Some(previous) => previous.refresh_expires_at,
            None => issued.refresh_token.as_ref().map(|_| after(refresh_life)),
        };
        let kept = kept.and_then(|previous| previous.refresh_token.clone());
        Self {
            access_token: issued.access_token,
            refresh_token: issued.refresh_token.or(kept),
            generation: previous.map_or(0, |previous| previous.generation) + 1,
            issued_at: asked_at,
            expires_at: after(expires_in),
            refresh_expires_at,
        }
    }

    /// Whether it may be given out: good for a minute more, or for half of a shorter life.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        let life = self.expires_at.duration_since(self.issued_at);
        let needed = FRESH.min(life / 2);
        let clock_is_sound = self.issued_at.duration_since(now) <= CLOCK_TOLERANCE;
        clock_is_sound && self.expires_at.duration_since(now) >= needed
    }

    /// Whether the marketplace still takes it, as far as is known.
    pub(crate) fn is_alive(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }

    pub(crate) fn bearer(&self) -> Bearer {
        Bearer {
            token: self.access_token.clone(),
            generation: self.generation,
        }
    }

    /// Every text of it that must be seen nowhere.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        let mut secrets = vec![self.access_token.clone()];
        secrets.extend(self.refresh_token.clone());
        secrets
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ClientAuthentication, Redirect};

    fn provider() -> OAuth2Provider {
        OAuth2Provider {
            authorize_url: String::new(),
            token_url: String::new(),
            revoke_url: None,
            redirect: Redirect::Url,
            pkce: true,
            client_authentication: ClientAuthentication::None,
            scopes: Vec::new(),
            access_token_seconds: 3600,
            refresh_token_seconds: 7200,
            refresh_token_rotates: true,
            token_limits: Vec::new(),
        }
    }

    fn issued(refresh_token: Option<&str>, expires_in: Option<i64>) -> Issued {
        Issued {
            access_token: Secret::new("access".into()),
            refresh_token: refresh_token.map(|text| Secret::new(text.into())),
            expires_in: expires_in.map(SignedDuration::from_secs),
            refresh_expires_in: None,
            scopes: None,
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    #[test]
    fn a_reply_that_says_no_times_has_the_providers() {
        let token = Token::following(None, issued(Some("r"), None), at(0), &provider());
        assert_eq!((token.generation, token.issued_at), (1, at(0)));
        assert_eq!(token.expires_at, at(3600));
        assert_eq!(token.refresh_expires_at, Some(at(7200)));
    }

    #[test]
    fn a_reply_without_a_refresh_token_keeps_the_one_that_is_there_and_its_end() {
        let first = Token::following(None, issued(Some("r1"), Some(10)), at(0), &provider());
        let kept = Token::following(Some(&first), issued(None, Some(10)), at(100), &provider());
        assert_eq!(kept.refresh_token, Some(Secret::new("r1".into())));
        assert_eq!(kept.refresh_expires_at, Some(at(7200)));
        assert_eq!((kept.generation, kept.expires_at), (2, at(110)));
        let rotated = Token::following(Some(&kept), issued(Some("r2"), None), at(200), &provider());
        assert_eq!(rotated.refresh_token, Some(Secret::new("r2".into())));
        assert_eq!(rotated.refresh_expires_at, Some(at(7400)));
        let none = Token::following(None, issued(None, None), at(0), &provider());
        assert_eq!((none.refresh_token, none.refresh_expires_at), (None, None));
    }

    #[test]
    fn a_token_is_fresh_until_a_minute_before_its_end() {
        let token = Token::following(None, issued(None, Some(3600)), at(0), &provider());
        assert!(token.is_fresh(at(0)) && token.is_fresh(at(3540)));
        assert!(!token.is_fresh(at(3541)) && token.is_alive(at(3541)));
        assert!(!token.is_alive(at(3600)));
    }

    #[test]
    fn a_token_of_a_short_life_is_fresh_for_half_of_it() {
        let token = Token::following(None, issued(None, Some(20)), at(0), &provider());
        assert!(token.is_fresh(at(10)) && !token.is_fresh(at(11)));
    }

    #[test]
    fn a_clock_that_jumped_back_makes_no_token_fresh_and_a_wild_life_is_bounded() {
        let token = Token::following(None, issued(None, Some(i64::MAX)), at(0), &provider());
        assert!(token.is_fresh(at(-200)) && !token.is_fresh(at(-3600)));
        assert!(token.expires_at < at(24 * 3600 * 366 * 11));
        let negative = Token::following(None, issued(None, Some(-5)), at(0), &provider());
        assert_eq!(negative.expires_at, at(0));
    }
}
