//! Who is asking.

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::problem::{Problem, ProblemKind};

/// Who is asking. There is one kind so far: whoever may read the data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Whoever reaches the store by the file's permissions.
    Operator,
}

impl Caller {
    /// By which it is known again: nobody else has this name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Self>().copied();
        caller
            .ok_or_else(|| Problem::new(ProblemKind::Unauthenticated, "nobody says who is asking"))
    }
}
