//! What the routes of a consent answer to programs.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::accounts::Connected;
use crate::consent::Offered;
use crate::model::{Account, AccountId, Identity, UserId};

/// A consent that has begun: what takes the seller to the marketplace.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct Invitation {
    /// Whose account it will be.
    pub(super) user: UserId,
    /// The marketplace's page, for the seller's browser.
    pub(super) url: String,
    /// Where the browser comes back to: a URL to listen at, or a name that the marketplace knows one by.
    pub(super) redirect_uri: String,
    /// Until when.
    pub(super) expires_at: Timestamp,
}

/// What the marketplace sends the browser back with (RFC 6749 §4.1.2); marketplaces add to it.
#[derive(Debug, JsonSchema)]
#[expect(
    dead_code,
    reason = "it is documentation: the query is read as it came"
)]
pub(in crate::api) struct Callback {
    /// By which the consent is found.
    state: Option<String>,
    /// What the tokens are fetched with.
    code: Option<String>,
    /// Why there is no code.
    error: Option<String>,
    /// The same in the marketplace's words.
    error_description: Option<String>,
}

/// What came of the marketplace's answer, or of the decision.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::api) enum Completed {
    Offer(Offer),
    Connection(Connection),
    Declined(NoConnection),
}

/// A shop that can be connected: somebody decides.
#[derive(Serialize, JsonSchema)]
pub(in crate::api) struct Offer {
    /// By which it is confirmed or cancelled, once.
    consent: String,
    /// Whose account it will be.
    user: UserId,
    /// Who consented.
    identity: Identity,
    /// The account that it renews.
    renews: Option<AccountId>,
    /// What should be known before: scopes that were not consented to.
    warnings: Vec<String>,
    /// Until when.
    expires_at: Timestamp,
}

/// A shop that is connected.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Connected")]
pub(in crate::api) struct Connection {
    /// The account, as it is now.
    account: Account,
    /// It was there before.
    renewed: bool,
    /// What should be known: scopes that were not consented to.
    warnings: Vec<String>,
}

/// An offer that was declined.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct NoConnection {
    /// None.
    account: (),
    /// For people.
    done: String,
}

impl Completed {
    pub(super) fn declined(done: String) -> Self {
        Self::Declined(NoConnection { account: (), done })
    }
}

impl From<Offered> for Completed {
    fn from(offered: Offered) -> Self {
        Self::Offer(Offer {
            consent: offered.id.expose().to_owned(),
            user: offered.user,
            identity: offered.identity,
            renews: offered.renews,
            warnings: offered.warnings,
            expires_at: offered.expires_at,
        })
    }
}

impl From<Connected> for Completed {
    fn from(connected: Connected) -> Self {
        Self::Connection(Connection {
            account: connected.account,
            renewed: connected.renewed,
            warnings: connected.warnings,
        })
    }
}
