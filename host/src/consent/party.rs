//! Who comes with an answer or a decision, and whether it is the one that it has to be.

use serde::{Deserialize, Serialize};

use crate::model::UserId;
use crate::secret::Secret;

/// Who comes with an answer or a decision.
#[derive(Debug, Clone, Copy)]
pub enum Party<'a> {
    /// A browser, with the cookies that hosts have given it.
    Browser(&'a [Secret]),
    /// A caller of the API.
    Caller {
        /// By the name that it begins consents with.
        name: &'a str,
        /// For whom it acts.
        user: &'a UserId,
    },
}

impl Party<'_> {
    /// Whether a consent for this user is to it as one that nobody began: it is another user's, and not
    /// the party's own mistake about whom it began it for.
    pub(super) fn is_strange_to(self, of: &UserId, began_by: Option<&str>) -> bool {
        match self {
            Self::Browser(_) => false,
            Self::Caller { name, user } => user != of && began_by != Some(name),
        }
    }
}

/// The cookie of one browser, of which the host keeps the digest.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Browser(String);

impl Browser {
    /// The one that is given this cookie.
    pub(super) fn of(cookie: &Secret) -> Self {
        Self(cookie.digest())
    }

    /// Whether it is the one that has these cookies.
    pub(super) fn has_one_of(&self, cookies: &[Secret]) -> bool {
        cookies.iter().any(|cookie| cookie.digest() == self.0)
    }
}

/// Who decides about an offer.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Decider {
    /// The browser that the host showed its question to.
    Browser(Browser),
    /// The caller that began it.
    Caller(String),
}

impl Decider {
    /// The caller that began it.
    pub(super) fn caller(&self) -> Option<&str> {
        match self {
            Self::Browser(_) => None,
            Self::Caller(name) => Some(name),
        }
    }
}
