//! An account's tokens as they are kept, apart from the account, and when they are still good:
//! arithmetic that takes the time as an argument.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Bearer, schedule};
use crate::model::{AccountId, OAuth2Provider};
use crate::secret::{Secret, in_record};
use crate::store::Record;

/// No marketplace's token lives longer; what a reply says beyond it is a mistake.
const LIFE_MAX: SignedDuration = SignedDuration::from_hours(24 * 366 * 10);

/// The tokens of an account.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Token {
    #[serde(with = "in_record")]
    pub(crate) access_token: Secret,
    #[serde(default, with = "in_record::option")]
    pub(crate) refresh_token: Option<Secret>,
    /// The refresh token that this one replaced, until the new access token has worked: a
    /// marketplace may not have replaced it in truth, or not yet.
    #[serde(default, with = "in_record::option")]
    pub(crate) replaced_refresh_token: Option<Secret>,
    /// Counts up with each new access token: who was refused with an old one need not refresh.
    pub(crate) generation: u64,
    /// When it was asked for.
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    /// How long a refresh token lives from its issue; `None` without one.
    #[serde(default)]
    pub(crate) refresh_life: Option<SignedDuration>,
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
        // A life of nothing is none that a token can be issued with.
        let expires_in = issued.expires_in.filter(|life| life.is_positive());
        let expires_in = expires_in.unwrap_or_else(|| seconds(provider.access_token_seconds));
        let refresh_life = issued.refresh_expires_in;
        let refresh_life = refresh_life.unwrap_or_else(|| seconds(provider.refresh_token_seconds));
        // A reply without a refresh token leaves the one that is there in force (RFC 6749 §6).
        let kept = previous.filter(|_| issued.refresh_token.is_none());
        let (refresh_life, refresh_expires_at) = match (kept, &issued.refresh_token) {
            (Some(previous), _) => (previous.refresh_life, previous.refresh_expires_at),
            (None, Some(_)) => (Some(refresh_life), Some(after(refresh_life))),
            (None, None) => (None, None),
        };
        let kept = kept.and_then(|previous| previous.refresh_token.clone());
        let replaced = previous.and_then(|previous| previous.refresh_token.clone());
        let replaced = replaced.filter(|old| {
            let new = issued.refresh_token.as_ref();
            new.is_some_and(|new| new != old)
        });
        Self {
            access_token: issued.access_token,
            refresh_token: issued.refresh_token.or(kept),
            replaced_refresh_token: replaced,
            generation: previous.map_or(0, |previous| previous.generation) + 1,
            issued_at: asked_at,
            expires_at: after(expires_in),
            refresh_life,
            refresh_expires_at,
        }
    }

    /// The same access token behind another refresh token: one that came with an access token which
    /// cannot be used.
    pub(crate) fn with_refresh_token(&self, refresh_token: Secret) -> Self {
        let mut next = self.clone();
        next.replaced_refresh_token = next.refresh_token.replace(refresh_token);
        next
    }

    /// How long it lives from its issue.
    pub(crate) fn life(&self) -> SignedDuration {
        self.expires_at.duration_since(self.issued_at)
    }

    /// Whether it may be given out: good for a minute and some seconds more by both clocks, or for
    /// half of a shorter life. `left` is what the clock that never jumps says, where it knows.
    pub(crate) fn is_fresh(
        &self,
        account: &AccountId,
        now: Timestamp,
        left: Option<Duration>,
    ) -> bool {
        let needed = schedule::margin(account, self.generation, self.life());
        let clock_is_sound = self.issued_at.duration_since(now) <= schedule::CLOCK_TOLERANCE;
        let is_left = left.is_none_or(|left| left >= needed.unsigned_abs());
        clock_is_sound && is_left && self.expires_at.duration_since(now) >= needed
    }

    /// Whether the marketplace still takes it, as far as is known: the clock that never jumps knows
    /// better.
    pub(crate) fn is_alive(&self, now: Timestamp, left: Option<Duration>) -> bool {
        left.map_or(now < self.expires_at, |left| !left.is_zero())
    }

    /// When it is refreshed though nobody uses it; `None` where that is of no use, or nobody knows
    /// the life of its refresh token. A clock that has jumped back says nothing: it is due then.
    pub(crate) fn idle_due(&self, account: &AccountId, now: Timestamp) -> Option<Timestamp> {
        self.refresh_token.as_ref()?;
        let due = schedule::idle_due(account, self.issued_at, self.refresh_life?);
        let jumped = self.issued_at.duration_since(now) > schedule::CLOCK_TOLERANCE;
        Some(if jumped { now } else { due })
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
        secrets.extend(self.replaced_refresh_token.clone());
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

    fn account() -> AccountId {
        "acc_aaaaaaaaaaaaaaaa".parse().unwrap()
    }

    fn is_fresh(token: &Token, second: i64) -> bool {
        token.is_fresh(&account(), at(second), None)
    }

    #[test]
    fn the_refresh_token_that_was_replaced_is_kept_beside_the_new_one() {
        let first = Token::following(None, issued(Some("r1"), None), at(0), &provider());
        assert_eq!(first.replaced_refresh_token, None);
        let next = Token::following(Some(&first), issued(Some("r2"), None), at(1), &provider());
        let replaced = next.replaced_refresh_token.clone();
        assert_eq!(replaced, Some(Secret::new("r1".into())));
        assert_eq!(next.secrets().len(), 3);
        // One that stays is not its own predecessor.
        for reply in [Some("r2"), None] {
            let same = Token::following(Some(&next), issued(reply, None), at(2), &provider());
            assert_eq!(same.replaced_refresh_token, None, "{reply:?}");
        }
    }

    #[test]
    fn a_token_is_fresh_until_a_minute_or_two_before_its_end() {
        let token = Token::following(None, issued(None, Some(3600)), at(0), &provider());
        assert!(is_fresh(&token, 0) && is_fresh(&token, 3480));
        assert!(!is_fresh(&token, 3541) && token.is_alive(at(3541), None));
        assert!(!token.is_alive(at(3600), None));
    }

    #[test]
    fn a_token_of_a_short_life_is_fresh_for_half_of_it() {
        let token = Token::following(None, issued(None, Some(20)), at(0), &provider());
        assert!(is_fresh(&token, 10) && !is_fresh(&token, 11));
    }

    #[test]
    fn the_clock_that_never_jumps_ends_a_token_that_the_other_one_calls_good() {
        let token = Token::following(None, issued(None, Some(3600)), at(0), &provider());
        let left = |seconds| Some(Duration::from_secs(seconds));
        assert!(token.is_fresh(&account(), at(0), left(120)));
        assert!(!token.is_fresh(&account(), at(0), left(59)));
        assert!(!token.is_alive(at(0), left(0)));
        assert!(token.is_alive(at(9000), left(1)));
    }

    #[test]
    fn a_clock_that_jumped_back_makes_no_token_fresh_and_a_wild_life_is_bounded() {
        let token = Token::following(None, issued(None, Some(i64::MAX)), at(0), &provider());
        assert!(is_fresh(&token, -200) && !is_fresh(&token, -3600));
        assert!(token.expires_at < at(24 * 3600 * 366 * 11));
    }

    #[test]
    fn a_life_of_nothing_is_the_providers() {
        for life in [-5, 0] {
            let token = Token::following(None, issued(None, Some(life)), at(0), &provider());
            assert_eq!(token.expires_at, at(3600), "{life}");
        }
    }

    #[test]
    fn an_idle_token_is_due_by_its_refresh_tokens_life_or_once_the_clock_has_jumped_back() {
        let token = Token::following(None, issued(Some("r"), None), at(0), &provider());
        let due = token.idle_due(&account(), at(0)).unwrap();
        assert!(due >= at(7200 / 3) && due <= at(7200 * 5 / 12), "{due}");
        assert_eq!(token.idle_due(&account(), at(-3600)), Some(at(-3600)));
        let bare = Token::following(None, issued(None, None), at(0), &provider());
        assert_eq!(bare.idle_due(&account(), at(0)), None);
    }
}
