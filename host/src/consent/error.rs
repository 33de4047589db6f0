//! Why a consent led to no account, in words for the person who gave it and for the API.

use crate::model::AccountId;
use crate::store::StoreError;

/// Why a consent cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// The operator has to set or grant something; what.
    #[error("{0}")]
    Misconfigured(String),
    /// It could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a consent did not end in an account.
#[derive(Debug, thiserror::Error)]
pub enum ConsentError {
    /// What came back is not what a marketplace sends.
    #[error("this is not the address that a consent ends at: {0}")]
    Form(&'static str),
    /// Nobody began it here.
    #[error("nobody began this consent here; begin again")]
    UnknownState,
    /// It was begun too long ago.
    #[error("this consent was begun more than ten minutes ago; begin again")]
    Expired,
    /// It has been used: a second use is a mistake or an attack.
    #[error("this consent has been used already; begin again if the account is not connected")]
    Replayed,
    /// It came back to another place, for another marketplace or to another person than it was
    /// begun for.
    #[error("this consent was begun for another {0}; begin again")]
    Mismatch(&'static str),
    /// The seller said no.
    #[error("the seller did not consent{}", after(.0))]
    Denied(String),
    /// The marketplace said no before it asked the seller.
    #[error("the marketplace refuses the consent: {0}")]
    Refused(String),
    /// The token endpoint does not take the code.
    #[error("the marketplace does not take the code that it gave: {0}; begin again")]
    CodeRefused(String),
    /// The operator has to change something.
    #[error("{0}")]
    Misconfigured(String),
    /// The marketplace cannot be reached, or does not make sense; the code is used up.
    #[error("{0}; begin again")]
    Unavailable(String),
    /// The marketplace does not say who consented. Why is the source.
    #[error("the marketplace gave a token, but not whose it is; nothing was kept")]
    Identify(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Another seller consented than the one whose account was to be renewed.
    #[error(
        "{account} is {expected}, but {consented} consented; nothing was changed, and the new \
         consent was given back"
    )]
    OtherSeller {
        /// The account.
        account: AccountId,
        /// Whose it is.
        expected: String,
        /// Who consented.
        consented: String,
    },
    /// The account that was to be renewed was disconnected meanwhile.
    #[error("there is no account {0} any more; the consent was given back")]
    AccountGone(AccountId),
    /// The account could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn after(words: &str) -> String {
    if words.is_empty() {
        String::new()
    } else {
        format!(": {words}")
    }
}
