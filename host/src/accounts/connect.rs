//! An account comes to be, and is renewed by the same seller's next consent.

use std::time::Instant;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::history::RefreshHistory;
use super::provider::Provider;
use super::refresh::{Refreshing, Reply};
use super::token::{Issued, Token};
use super::{Accounts, account_key};
use crate::events::{EventKind, News};
use crate::model::{Account, AccountId, AccountState, Identity, PluginId, UserId};
use crate::store::{Commit, Key, Record, StoreError};

/// Which account a seller is connected by: one for each user, marketplace and seller.
#[derive(Serialize, Deserialize)]
pub(super) struct Seller {
    pub(super) account: AccountId,
}

impl Record for Seller {
    const KIND: &'static str = "seller";
}

pub(super) fn seller_key(user: &UserId, plugin: &PluginId, identity: &Identity) -> Key {
    Key::of([user.as_str(), plugin.as_str(), identity.id.as_str()])
}

/// What a consent led to.
#[derive(Debug, Clone, PartialEq)]
pub struct Connected {
    /// The account, as it is now.
    pub account: Account,
    /// It was there before; its history is kept.
    pub renewed: bool,
    /// What the operator or the seller should know: scopes that were not consented to.
    pub warnings: Vec<String>,
}

/// Who consented to what, and what was issued for it.
pub(crate) struct Consented {
    pub(crate) user: UserId,
    pub(crate) plugin: PluginId,
    pub(crate) identity: Identity,
    pub(crate) issued: Issued,
    pub(crate) asked_at: Timestamp,
    /// The scopes that were asked for.
    pub(crate) scopes: Vec<String>,
}

impl Accounts {
    /// The account by which a user is connected to a seller.
    pub(crate) fn connecting(
        &self,
        user: &UserId,
        plugin: &PluginId,
        identity: &Identity,
    ) -> Result<Option<AccountId>, StoreError> {
        let seller: Option<Seller> = self.store.get(&seller_key(user, plugin, identity))?;
        Ok(seller.map(|seller| seller.account))
    }

    /// Makes the account of a seller who has consented, or renews the one that is there, together
    /// with the changes of `commit`.
    ///
    /// # Errors
    /// The store's. A conflict is that of `commit`, or another consent of the same seller was
    /// faster, or a setting has changed: nothing was done, and it may be tried again.
    pub(crate) async fn connect(
        &self,
        provider: &Provider<'_>,
        consented: &Consented,
        mut commit: Commit,
    ) -> Result<Connected, StoreError> {
        let seller_key = seller_key(&consented.user, &consented.plugin, &consented.identity);
        let seller: Option<Seller> = self.store.get(&seller_key)?;
        let id = seller
            .as_ref()
            .map_or_else(AccountId::random, |s| s.account.clone());
        let key = account_key(&id);
        // Nobody refreshes the old token meanwhile.
        let _turn = self.turns.take(&id).await;
        let before = self.store.get_with_generation::<Account>(&key)?;
        if seller.is_none() {
            commit = commit.expect_absent::<Seller>(&seller_key);
        }
        commit = match &before {
            Some((_, generation)) => commit.expect_generation::<Account>(&key, *generation),
            None => commit.expect_absent::<Account>(&key),
        };
        let renewed = before.is_some();
        let before = before.map(|(account, _)| account);
        let account = account(id, consented, before, self.clock.now());
        let token = self.token_of(&key, provider, consented)?;
        commit = commit
            .put(
                &seller_key,
                &Seller {
                    account: account.id.clone(),
                },
            )
            .put(&key, &account)
            .put(&key, &token)
            .delete::<RefreshHistory>(&key)
            .delete::<Refreshing>(&key)
            .delete::<Reply>(&key);
        let data = json!({
            "name": account.identity.name,
            "renewed": renewed,
            "missing_scopes": account.missing_scopes,
        });
        let news = News::of(&account, EventKind::AccountConnected, account.since, data);
        self.events.commit(commit, vec![news]).await?;
        self.lives
            .begin(&account.id, &token, self.clock.now(), Instant::now());
        Ok(Connected {
            warnings: narrower(&account.identity, &account.missing_scopes),
            account,
            renewed,
        })
    }

    /// The token that a consent has given, behind the one that there may be.
    fn token_of(
        &self,
        key: &Key,
        provider: &Provider<'_>,
        consented: &Consented,
    ) -> Result<Token, StoreError> {
        let before: Option<Token> = self.store.get(key)?;
        // A new consent never falls back on the old one's refresh token.
        let before = before.map(|token| Token {
            refresh_token: None,
            refresh_expires_at: None,
            ..token
        });
        let issued = consented.issued.clone();
        let asked_at = consented.asked_at;
        Ok(Token::following(
            before.as_ref(),
            issued,
            asked_at,
            provider.granted(),
        ))
    }
}

/// The account as it is after a consent: what is the user's stays, what is the seller's is new.
fn account(
    id: AccountId,
    consented: &Consented,
    before: Option<Account>,
    now: Timestamp,
) -> Account {
    Account {
        id,
        user: consented.user.clone(),
        plugin: consented.plugin.clone(),
        identity: consented.identity.clone(),
        state: AccountState::Connected,
        since: now,
        scopes: consented.granted().clone(),
        missing_scopes: consented.missing(),
        connected_at: before.as_ref().map_or(now, |account| account.connected_at),
        settings: before.map(|account| account.settings).unwrap_or_default(),
    }
}

impl Consented {
    /// What was consented to. A reply that says nothing of it means all (RFC 6749 §5.1).
    fn granted(&self) -> &Vec<String> {
        self.issued.scopes.as_ref().unwrap_or(&self.scopes)
    }

    /// What was asked for and not consented to.
    pub(crate) fn missing(&self) -> Vec<String> {
        let granted = self.granted();
        let missing = self.scopes.iter().filter(|scope| !granted.contains(scope));
        missing.cloned().collect()
    }
}

/// What is said of a consent that is narrower than what was asked for.
pub(crate) fn narrower(identity: &Identity, missing: &[String]) -> Vec<String> {
    if missing.is_empty() {
        return Vec::new();
    }
    vec![format!(
        "{} did not consent to {}: calls that need it will be refused",
        identity.name,
        missing.join(", ")
    )]
}
