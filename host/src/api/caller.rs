//! Who is asking.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::problem::{Problem, ProblemKind};
use crate::accounts::ResolveError;
use crate::host::Host;
use crate::model::{Account, ApiKey, KeyScope, UserId};

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Whoever reaches the socket or the store by the files' permissions.
    Operator,
    /// Whoever has this key.
    Key(Arc<ApiKey>),
}

impl Caller {
    /// By which it is known again: nobody else has this name.
    pub fn name(&self) -> &str {
        match self {
            Self::Operator => "operator",
            Self::Key(key) => key.id.as_str(),
        }
    }

    /// Whose things alone it reaches; `None` for an operator.
    pub fn user(&self) -> Option<&UserId> {
        match self {
            Self::Operator => None,
            Self::Key(key) => key.user.as_ref(),
        }
    }

    /// Whose things are meant: the caller's own user's, or, for an operator, whose he asks for
    /// (`None`: everybody's).
    ///
    /// # Errors
    /// A user's key asks for another user's things.
    pub fn whose(&self, asked: Option<UserId>) -> Result<Option<UserId>, Problem> {
        match (self.user(), asked) {
            (None, asked) => Ok(asked),
            (Some(own), Some(asked)) if *own != asked => Err(Problem::new(
                ProblemKind::NotAllowed,
                format_args!("this key is {own}'s and reaches nothing of {asked}'s"),
            )),
            (Some(own), _) => Ok(Some(own.clone())),
        }
    }

    /// The account of this id or alias, among those that it reaches: all others are unknown, so that
    /// nobody learns which there are.
    ///
    /// # Errors
    /// There is none.
    pub fn account(&self, host: &Host, text: &str) -> Result<Account, ResolveError> {
        host.accounts.named(self.user(), text)
    }

    /// Whether it may do this.
    ///
    /// # Errors
    /// The key lacks the scope, which the problem names.
    pub fn demand(&self, needed: &KeyScope) -> Result<(), Problem> {
        match self {
            Self::Key(key) if !key.may(needed) => Err(Problem::new(
                ProblemKind::NotAllowed,
                format_args!("this key has not the scope {needed}"),
            )
            .remedy(format_args!(
                "make a key that has it: stoflow key create --scope {needed}"
            ))),
            _ => Ok(()),
        }
    }

    /// Whether it is an operator.
    ///
    /// # Errors
    /// It is a user's key.
    pub fn demand_operator(&self) -> Result<(), Problem> {
        match self.user() {
            None => Ok(()),
            Some(user) => Err(Problem::new(
                ProblemKind::NotAllowed,
                format_args!("this is for operators; this key is {user}'s"),
            )
            .remedy("use an operator's key: stoflow key create --admin")),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(unauthenticated)
    }
}

/// Nobody said who is asking.
pub(super) fn unauthenticated() -> Problem {
    Problem::new(ProblemKind::Unauthenticated, "nobody says who is asking")
        .remedy("send a key: Authorization: Bearer sk_…; one is made by stoflow key create")
}
