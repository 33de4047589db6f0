//! Accounts and their tokens: who is connected to which marketplace, and a token that works.
//!
//! Where a provider's endpoints are and which secrets go there comes from the grant, as data; this
//! module knows no plugin. The mistakes that it prevents are two requests with one refresh token,
//! a token that is used before it is kept, and a connection given up because a server was in
//! trouble.

mod alias;
mod connect;
mod disconnect;
mod endpoint;
mod error;
mod exchange;
mod history;
mod idle;
mod lives;
mod proof;
mod provider;
mod refresh;
mod schedule;
mod skew;
mod status;
mod token;
mod words;

pub use alias::{ResolveError, alias};
pub use connect::Connected;
pub use disconnect::{Revocation, Tombstone};
pub use error::TokenError;
pub use history::{Ended, RefreshHistory, RefreshOutcome};
pub use idle::IdleRefresh;
pub use status::{AccountStatus, TokenStatus};

pub(crate) use connect::{Consented, narrower};
pub(crate) use provider::{Provider, Refusal};
pub(crate) use token::Issued;
pub(crate) use words::Words;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::clock::Clock;
use crate::config::PluginConfig;
use crate::events::Events;
use crate::model::{Account, AccountId, UserId};
use crate::secret::Secret;
use crate::store::{Commit, Key, Record, Store, StoreError};
use crate::transport::Transport;
use lives::Lives;
use proof::Proven;
use refresh::{Turns, Wanted};
use token::Token;

impl Record for Account {
    const KIND: &'static str = "account";
}

/// A token to call with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// What stands behind `Bearer` in the header.
    pub token: Secret,
    /// Counts up with each refresh; 0 for a token that is kept nowhere yet.
    pub generation: u64,
}

impl Bearer {
    /// A token that has just been issued and belongs to no account yet.
    pub fn unkept(token: Secret) -> Self {
        Self {
            token,
            generation: 0,
        }
    }
}

/// All accounts of all users. Clones are handles of the same ones.
#[derive(Clone)]
pub struct Accounts {
    store: Store,
    events: Events,
    transport: Transport,
    clock: Clock,
    turns: Arc<Turns>,
    lives: Arc<Lives>,
    proven: Arc<Proven>,
}

impl Accounts {
    /// The accounts in the store of these events, by which is told what becomes of them, whose tokens
    /// live by a clock.
    pub fn new(events: Events, transport: Transport, clock: Clock) -> Self {
        Self {
            store: events.store().clone(),
            events,
            transport,
            clock,
            turns: Arc::default(),
            lives: Arc::default(),
            proven: Arc::default(),
        }
    }

    /// By which clock tokens live.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What time it is, by the clock that tokens live by.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// An account.
    ///
    /// # Errors
    /// The store's.
    pub fn get(&self, account: &AccountId) -> Result<Option<Account>, StoreError> {
        self.store.get(&account_key(account))
    }

    /// All accounts, or those of one user, in the order of their ids.
    ///
    /// # Errors
    /// The store's.
    pub fn list(&self, user: Option<&UserId>) -> Result<Vec<Account>, StoreError> {
        let Some(user) = user else {
            let all = self.store.scan(&Key::root())?;
            return Ok(all.into_iter().map(|(_, account)| account).collect());
        };
        let mut accounts = Vec::new();
        for (_, seller) in self
            .store
            .scan::<connect::Seller>(&Key::of([user.as_str()]))?
        {
            accounts.extend(self.get(&seller.account)?);
        }
        accounts.sort_by(|a: &Account, b| a.id.cmp(&b.id));
        Ok(accounts)
    }

    /// At most `limit` of all accounts, or of those of one user, in the order of their ids, behind the
    /// account `after`.
    ///
    /// # Errors
    /// The store's.
    pub fn page(
        &self,
        user: Option<&UserId>,
        after: Option<&AccountId>,
        limit: usize,
    ) -> Result<Vec<Account>, StoreError> {
        if user.is_none() {
            let after = after.map(account_key);
            let page = self.store.scan_page(&Key::root(), after.as_ref(), limit)?;
            return Ok(page.into_iter().map(|(_, account)| account).collect());
        }
        // Those of one user lie in the order of the sellers.
        let mut accounts = self.list(user)?;
        accounts.retain(|account| after.is_none_or(|after| account.id > *after));
        accounts.truncate(limit);
        Ok(accounts)
    }

    /// Sets, or with `None` unsets, an account's own values of settings: all of them or none.
    ///
    /// # Errors
    /// The store's; `Ok(None)` without such an account.
    pub async fn set(
        &self,
        account: &AccountId,
        values: &BTreeMap<String, Option<String>>,
    ) -> Result<Option<Account>, StoreError> {
        let key = account_key(account);
        loop {
            let found = self.store.get_with_generation::<Account>(&key)?;
            let Some((mut account, generation)) = found else {
                return Ok(None);
            };
            for (name, value) in values {
                match value {
                    Some(value) => account.settings.insert(name.clone(), value.clone()),
                    None => account.settings.remove(name),
                };
            }
            let commit = Commit::new()
                .expect_generation::<Account>(&key, generation)
                .put(&key, &account);
            match self.store.commit(commit).await {
                // A refresh or a consent has changed it meanwhile.
                Err(StoreError::Conflict { .. }) => {}
                done => return done.map(|()| Some(account)),
            }
        }
    }

    /// A token of an account that is good for at least a minute (or half of its life, if that is
    /// shorter): the one that is kept, else a new one, which is asked for once, however many wait.
    ///
    /// A token is never given out past its end by the clock that does not jump, where that is known:
    /// of tokens that were issued in this process. After a start, the times in the records hold.
    ///
    /// # Errors
    /// See [`TokenError`]. While the marketplace is in trouble, the old token is given as long as
    /// it lives, and the marketplace is asked again after growing waits only.
    pub async fn bearer(
        &self,
        account: &AccountId,
        config: &PluginConfig,
    ) -> Result<Bearer, TokenError> {
        self.token(account, config, Wanted::Fresh).await
    }

    /// A token of an account after the marketplace has refused the one of generation `refused`:
    /// refreshes only if that is still the one that is kept.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub async fn refreshed(
        &self,
        account: &AccountId,
        config: &PluginConfig,
        refused: u64,
    ) -> Result<Bearer, TokenError> {
        self.token(account, config, Wanted::OtherThan(refused))
            .await
    }

    /// A new token of an account, whether the one that is kept is good or not, and whatever went
    /// wrong before: a person has asked for it. An account that needed consent and whose refresh
    /// token is taken after all is connected again: its refusal was the marketplace's mistake.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub async fn refresh(
        &self,
        account: &AccountId,
        config: &PluginConfig,
    ) -> Result<Bearer, TokenError> {
        let (_, token, _) = self.kept(account)?;
        self.token(account, config, Wanted::NowOtherThan(token.generation))
            .await
    }

    /// Every text that replies to this account's requests must not show: its tokens and the app's
    /// secret.
    ///
    /// # Errors
    /// The store's.
    pub fn secrets(
        &self,
        account: &AccountId,
        config: &PluginConfig,
    ) -> Result<Vec<Secret>, StoreError> {
        let token: Option<Token> = self.store.get(&account_key(account))?;
        let mut secrets = token.map_or_else(Vec::new, |token| token.secrets());
        secrets.extend(config.client_secret.clone());
        Ok(secrets)
    }

    /// An account, its token, and the generation of the token's record.
    fn kept(&self, id: &AccountId) -> Result<(Account, Token, u64), TokenError> {
        let store = |error: StoreError| TokenError::store(&error);
        let account = self.get(id).map_err(store)?;
        let account = account.ok_or_else(|| TokenError::Unknown(id.clone()))?;
        let token = self
            .store
            .get_with_generation(&account_key(id))
            .map_err(store)?;
        let (token, written) =
            token.ok_or_else(|| TokenError::NeedsConsent("no token of it is kept".to_owned()))?;
        Ok((account, token, written))
    }
}

impl std::fmt::Debug for Accounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Accounts")
    }
}

/// Under which every record of an account lies that there is one of.
fn account_key(account: &AccountId) -> Key {
    Key::of([account.as_str()])
}
