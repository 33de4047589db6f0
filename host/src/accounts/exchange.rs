//! A code becomes tokens that belong to no account yet, and such tokens are taken back.
//!
//! A code counts once: a reply that is lost is tokens that nobody knows of. So it is on disk, under
//! a key of the caller's, before it is read.

use super::Accounts;
use super::disconnect::Revocation;
use super::endpoint::Endpoint;
use super::provider::{self, Provider, Refusal};
use super::refresh::Reply;
use super::token::Issued;
use crate::config::PluginConfig;
use crate::secret::Secret;
use crate::store::{Commit, Key, StoreError};

impl Accounts {
    /// The tokens that a code stands for. The reply stays under the key until it is forgotten there
    /// ([`Accounts::without_reply`]).
    pub(crate) async fn exchange(
        &self,
        provider: &Provider<'_>,
        config: &PluginConfig,
        code: &Secret,
        redirect_uri: &str,
        verifier: Option<&Secret>,
        key: &Key,
    ) -> Result<Issued, Refusal> {
        let endpoint = Endpoint::new(&self.transport, config).spooled(&self.store, key.clone());
        provider
            .exchange(&endpoint, code, redirect_uri, verifier)
            .await
    }

    /// The tokens of a reply that is still under a key, if they are some.
    pub(crate) fn replied(
        &self,
        provider: &Provider<'_>,
        key: &Key,
    ) -> Result<Option<Issued>, StoreError> {
        let reply: Option<Reply> = self.store.get(key)?;
        Ok(reply.and_then(|reply| provider.read_kept(&reply.body()).ok()))
    }

    /// The commit, which forgets a reply as well.
    pub(crate) fn without_reply(commit: Commit, key: &Key) -> Commit {
        commit.delete::<Reply>(key)
    }

    /// Takes back tokens that belong to no account, as far as the marketplace can.
    pub(crate) async fn revoke(
        &self,
        provider: &Provider<'_>,
        config: &PluginConfig,
        access: &Secret,
        refresh: Option<&Secret>,
    ) -> Revocation {
        let endpoint = Endpoint::new(&self.transport, config);
        let token = provider::revocable(access, refresh);
        match provider.revoke(&endpoint, token).await {
            None => Revocation::NotOffered,
            Some(Ok(())) => Revocation::Done,
            Some(Err(why)) => Revocation::Failed(why),
        }
    }
}
