//! Codes and tokens that were handed out, and which of them still hold.
//!
//! Etsy rotates refresh tokens and does not say when the old one dies. Both answers are played here,
//! because a client that keeps the old token by accident works under one and loses the account under
//! the other.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::Ids;
use crate::options::Rotation;

/// How long an authorization code lives, in seconds.
const CODE_SECONDS: i64 = 60;
/// How long a refresh token lives, in seconds: 90 days.
const REFRESH_SECONDS: i64 = 90 * 86_400;

/// An access token and the refresh token that came with it.
#[derive(Clone, Serialize)]
pub struct TokenPair {
    /// The bearer token, `<user_id>.<opaque>`.
    pub access_token: String,
    /// The refresh token, of the same form.
    pub refresh_token: String,
    /// How long the access token lives, in seconds.
    pub expires_in: u32,
}

impl fmt::Debug for TokenPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenPair")
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

/// Who a token speaks for, and what it may do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Caller {
    pub(crate) user_id: i64,
    pub(crate) scopes: Vec<String>,
}

/// What a seller agreed to, waiting to be exchanged.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Code {
    pub(crate) caller: Caller,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: String,
    expires: i64,
    used: bool,
}

/// A token of either kind.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    caller: Caller,
    expires: i64,
    revoked: bool,
    /// Which issue it came from.
    pair: u64,
}

/// One issue of two tokens.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Issue {
    access: String,
    refresh: String,
    /// The refresh token that this issue replaced.
    replaced: Option<String>,
}

/// All codes and tokens.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Grants {
    codes: BTreeMap<String, Code>,
    access: BTreeMap<String, Token>,
    refresh: BTreeMap<String, Token>,
    issues: BTreeMap<u64, Issue>,
    /// How many of the next issues are revoked as soon as they are made.
    revoke_next: u32,
}

impl Grants {
    /// A single-use code for what a seller agreed to.
    pub(crate) fn new_code(
        &mut self,
        ids: &mut Ids,
        caller: Caller,
        redirect_uri: &str,
        challenge: &str,
        now: i64,
    ) -> String {
        let text = ids.opaque(43);
        let code = Code {
            caller,
            redirect_uri: redirect_uri.to_owned(),
            challenge: challenge.to_owned(),
            expires: now + CODE_SECONDS,
            used: false,
        };
        self.codes.insert(text.clone(), code);
        text
    }

    /// Takes a code out of use, or says why it is worth nothing.
    pub(crate) fn take_code(&mut self, text: &str, now: i64) -> Result<Code, &'static str> {
        let code = self.codes.get_mut(text).ok_or("code is invalid")?;
        if code.used {
            return Err("code has been used previously");
        }
        if code.expires <= now {
            return Err("code is expired");
        }
        code.used = true;
        Ok(code.clone())
    }

    /// Makes a pair of tokens.
    pub(crate) fn issue(
        &mut self,
        ids: &mut Ids,
        caller: &Caller,
        seconds: u32,
        replaced: Option<&str>,
        now: i64,
    ) -> TokenPair {
        let pair = u64::try_from(self.issues.len()).unwrap_or(u64::MAX);
        let mut opaque = || format!("{}.{}", caller.user_id, ids.opaque(80));
        let tokens = TokenPair {
            access_token: opaque(),
            refresh_token: opaque(),
            expires_in: seconds,
        };
        let revoked = self.revoke_next > 0;
        self.revoke_next = self.revoke_next.saturating_sub(1);
        let token = |expires: i64| Token {
            caller: caller.clone(),
            expires: now + expires,
            revoked,
            pair,
        };
        self.access
            .insert(tokens.access_token.clone(), token(i64::from(seconds)));
        self.refresh
            .insert(tokens.refresh_token.clone(), token(REFRESH_SECONDS));
        let issue = Issue {
            access: tokens.access_token.clone(),
            refresh: tokens.refresh_token.clone(),
            replaced: replaced.map(str::to_owned),
        };
        self.issues.insert(pair, issue);
        tokens
    }

    /// Who an access token speaks for, or what is wrong with it. Its use ends what it replaced.
    pub(crate) fn authenticate(&mut self, text: &str, now: i64) -> Result<Caller, &'static str> {
        let token = self.access.get(text).ok_or("access token is invalid")?;
        if token.revoked {
            return Err("access token is revoked");
        }
        if token.expires <= now {
            return Err("access token is expired");
        }
        let (caller, pair) = (token.caller.clone(), token.pair);
        self.end_replaced(pair);
        Ok(caller)
    }

    /// The scopes of an access token, whoever asks.
    pub(crate) fn scopes(&self, text: &str, now: i64) -> Option<&[String]> {
        let token = self.access.get(text)?;
        (!token.revoked && token.expires > now).then_some(token.caller.scopes.as_slice())
    }

    /// Exchanges a refresh token for a new pair, or says what is wrong with it.
    pub(crate) fn refresh(
        &mut self,
        ids: &mut Ids,
        text: &str,
        seconds: u32,
        rotation: Rotation,
        now: i64,
    ) -> Result<TokenPair, &'static str> {
        let token = self
            .refresh
            .get_mut(text)
            .ok_or("refresh_token is invalid")?;
        if token.revoked {
            return Err("refresh_token is revoked");
        }
        if token.expires <= now {
            return Err("refresh_token is expired");
        }
        token.revoked = rotation == Rotation::AtOnce;
        let (caller, pair) = (token.caller.clone(), token.pair);
        self.end_replaced(pair);
        Ok(self.issue(ids, &caller, seconds, Some(text), now))
    }

    /// The next `count` pairs are worthless from the beginning.
    pub(crate) fn revoke_next(&mut self, count: u32) {
        self.revoke_next = self.revoke_next.saturating_add(count);
    }

    /// Ends an access token and the refresh token that came with it, as a changed password does.
    pub(crate) fn revoke(&mut self, access: &str) {
        let Some(pair) = self.access.get(access).map(|token| token.pair) else {
            return;
        };
        let Some(issue) = self.issues.get(&pair) else {
            return;
        };
        let tokens = [
            self.access.get_mut(&issue.access),
            self.refresh.get_mut(&issue.refresh),
        ];
        for token in tokens.into_iter().flatten() {
            token.revoked = true;
        }
    }

    /// Lets every access token expire, and with `refresh` every refresh token too.
    pub(crate) fn expire(&mut self, refresh: bool, now: i64) -> usize {
        let refresh_tokens = self.refresh.values_mut().filter(|_| refresh);
        let mut count = 0;
        for token in self.access.values_mut().chain(refresh_tokens) {
            if token.expires > now {
                token.expires = now;
                count += 1;
            }
        }
        count
    }

    /// How many access and refresh tokens hold now.
    pub(crate) fn counts(&self, now: i64) -> (usize, usize) {
        let holds = |token: &&Token| !token.revoked && token.expires > now;
        (
            self.access.values().filter(holds).count(),
            self.refresh.values().filter(holds).count(),
        )
    }

    /// Ends the refresh token that an issue replaced.
    fn end_replaced(&mut self, pair: u64) {
        let replaced = self
            .issues
            .get_mut(&pair)
            .and_then(|issue| issue.replaced.take());
        if let Some(token) = replaced.and_then(|text| self.refresh.get_mut(&text)) {
            token.revoked = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller() -> Caller {
        Caller {
            user_id: 2001,
            scopes: vec!["shops_r".to_owned()],
        }
    }

    #[test]
    fn at_once_ends_the_old_refresh_token_immediately() {
        let (mut grants, mut ids) = (Grants::default(), Ids::new(1));
        let first = grants.issue(&mut ids, &caller(), 3600, None, 0);
        let mut refresh = |text: &str| grants.refresh(&mut ids, text, 3600, Rotation::AtOnce, 1);
        let second = refresh(&first.refresh_token).unwrap();
        assert_eq!(
            refresh(&first.refresh_token).unwrap_err(),
            "refresh_token is revoked"
        );
        refresh(&second.refresh_token).unwrap();
    }

    #[test]
    fn on_use_ends_it_when_a_new_token_is_used() {
        let (mut grants, mut ids) = (Grants::default(), Ids::new(1));
        let first = grants.issue(&mut ids, &caller(), 3600, None, 0);
        let mut refresh = |grants: &mut Grants, text: &str| {
            grants.refresh(&mut ids, text, 3600, Rotation::OnUse, 1)
        };
        refresh(&mut grants, &first.refresh_token).unwrap();
        let second = refresh(&mut grants, &first.refresh_token).unwrap();
        grants.authenticate(&second.access_token, 2).unwrap();
        let error = refresh(&mut grants, &first.refresh_token).unwrap_err();
        assert_eq!(error, "refresh_token is revoked");
    }

    #[test]
    fn codes_hold_once_and_for_a_minute() {
        let (mut grants, mut ids) = (Grants::default(), Ids::new(1));
        let code = grants.new_code(&mut ids, caller(), "http://localhost", "c", 0);
        grants.take_code(&code, 59).unwrap();
        assert!(
            grants
                .take_code(&code, 59)
                .is_err_and(|error| error.contains("used"))
        );
        let late = grants.new_code(&mut ids, caller(), "http://localhost", "c", 0);
        assert!(
            grants
                .take_code(&late, 60)
                .is_err_and(|error| error.contains("expired"))
        );
    }

    #[test]
    fn a_pair_does_not_show_its_tokens() {
        let pair = Grants::default().issue(&mut Ids::new(1), &caller(), 3600, None, 0);
        assert!(!format!("{pair:?}").contains("2001."));
    }
}
