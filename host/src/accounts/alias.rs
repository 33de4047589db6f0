//! Which account is meant: by its id, by `user/plugin/shop`, or because there is only one.

use super::{Accounts, Tombstone};
use crate::model::{Account, AccountId, PluginId, UserId};
use crate::store::StoreError;

/// Why no account is meant.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// None is connected.
    #[error("{} no account on {plugin}: connect one with stoflow account connect {plugin} --user {}", has(.user), .user.as_ref().map_or("USER", UserId::as_str))]
    None {
        /// Whose; `None` where anybody's would do.
        user: Option<UserId>,
        /// Where.
        plugin: PluginId,
    },
    /// There are some, but not this one.
    #[error("there is no account {wanted}; {}", there_are(.choices))]
    Unknown {
        /// What was asked for.
        wanted: String,
        /// What there is, by alias and id.
        choices: Vec<String>,
    },
    /// Several may be meant.
    #[error("{wanted} may be one of {}: name one with --account", .choices.join(", "))]
    Several {
        /// What was asked for.
        wanted: String,
        /// Which, by alias and id.
        choices: Vec<String>,
    },
    /// There was one, and it was disconnected.
    #[error("the account {id} on {} is disconnected since {:.0}: {}", .tombstone.plugin, .tombstone.since, .tombstone.why)]
    Disconnected {
        /// Its id.
        id: AccountId,
        /// What is left of it.
        tombstone: Tombstone,
    },
    /// The text is neither an account's id nor an alias.
    #[error("{0:?} is not an account: write acc_… or user/plugin/shop")]
    Form(String),
    /// The accounts cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn there_are(choices: &[String]) -> String {
    match choices {
        [] => "there is none".to_owned(),
        choices => format!("there are {}", choices.join(", ")),
    }
}

fn has(user: &Option<UserId>) -> String {
    user.as_ref()
        .map_or_else(|| "there is".to_owned(), |user| format!("{user} has"))
}

/// What people may type for an account: `u1/etsy/vieux-paris`.
pub fn alias(account: &Account) -> String {
    format!(
        "{}/{}/{}",
        account.user,
        account.plugin,
        slug(&account.identity.name)
    )
}

impl Accounts {
    /// The account of a user on a marketplace that `which` names (an id, an alias, the shop's name
    /// or its short form, the shop's or the seller's id); without it, the only one there is.
    /// Without a user, among everybody's.
    ///
    /// # Errors
    /// None, or several: they are listed.
    pub fn resolve(
        &self,
        user: Option<&UserId>,
        plugin: &PluginId,
        which: Option<&str>,
    ) -> Result<Account, ResolveError> {
        // Of thousands, the others need not be read.
        if let Some(id) = which.and_then(|which| which.parse().ok())
            && let Some(account) = self.get(&id)?
            && account.plugin == *plugin
            && user.is_none_or(|user| *user == account.user)
        {
            return Ok(account);
        }
        let mut accounts = self.list(user)?;
        accounts.retain(|account| account.plugin == *plugin);
        if accounts.is_empty() {
            return Err(ResolveError::None {
                user: user.cloned(),
                plugin: plugin.clone(),
            });
        }
        if let ([account], None) = (accounts.as_slice(), which) {
            return Ok(account.clone());
        }
        let all = choices(&accounts);
        let owner = user.map_or("*", UserId::as_str);
        let wanted = match which {
            None => format!("{owner}/{plugin}"),
            Some(which) => format!("{owner}/{plugin}/{which}"),
        };
        if let Some(which) = which {
            accounts.retain(|account| is_named(account, which));
        }
        let found = choices(&accounts);
        match (accounts.pop(), accounts.len()) {
            (Some(account), 0) => Ok(account),
            (Some(_), _) => Err(ResolveError::Several {
                wanted,
                choices: found,
            }),
            (None, _) => Err(ResolveError::Unknown {
                wanted,
                choices: all,
            }),
        }
    }

    /// The account that a text names by itself: `acc_…`, `user/plugin/shop`, or `user/plugin`
    /// where there is only one. For a user, another's is as unknown as one that never was, and so is
    /// one that was disconnected: nobody remembers whose it was.
    ///
    /// # Errors
    /// As [`Accounts::resolve`], or the text is neither.
    pub fn named(&self, whose: Option<&UserId>, text: &str) -> Result<Account, ResolveError> {
        let is_his = |owner: &UserId| whose.is_none_or(|user| user == owner);
        let unknown = || match self.list(whose) {
            Ok(accounts) => ResolveError::Unknown {
                wanted: text.chars().take(200).collect(),
                choices: choices(&accounts),
            },
            Err(error) => ResolveError::Store(error),
        };
        if let Ok(id) = text.parse::<AccountId>() {
            let found = self.get(&id)?;
            if let Some(account) = found.filter(|account| is_his(&account.user)) {
                return Ok(account);
            }
            return Err(match self.tombstone(&id)? {
                Some(tombstone) if whose.is_none() => ResolveError::Disconnected { id, tombstone },
                _ => unknown(),
            });
        }
        let form = || ResolveError::Form(text.chars().take(200).collect());
        let mut parts = text.splitn(3, '/');
        let (Some(user), Some(plugin), shop) = (parts.next(), parts.next(), parts.next()) else {
            return Err(form());
        };
        let user: UserId = user.parse().map_err(|_| form())?;
        let plugin: PluginId = plugin.parse().map_err(|_| form())?;
        if !is_his(&user) {
            return Err(unknown());
        }
        self.resolve(Some(&user), &plugin, shop)
    }
}

fn is_named(account: &Account, which: &str) -> bool {
    let identity = &account.identity;
    let ids = [account.id.as_str(), identity.id.as_str()];
    ids.contains(&which)
        || alias(account) == which
        || identity.shop_id.as_deref() == Some(which)
        || slug(&identity.name) == slug(which)
}

fn choices(accounts: &[Account]) -> Vec<String> {
    let choices = accounts.iter();
    choices
        .map(|account| format!("{} ({})", alias(account), account.id))
        .collect()
}

/// A name as it is typed: lower-case letters and digits of any script, hyphens between.
fn slug(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shop_is_typed_in_lower_case_with_hyphens() {
        for (name, typed) in [
            ("Vieux Paris", "vieux-paris"),
            ("VieuxParis", "vieuxparis"),
            ("  Café – Brocante! ", "café-brocante"),
            ("a/b", "a-b"),
        ] {
            assert_eq!(slug(name), typed);
            assert_eq!(slug(typed), typed);
        }
    }
}
