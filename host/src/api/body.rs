//! A request's JSON body, whose mistakes are problems like all others.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use super::problem::{Problem, ProblemKind};

/// A body of this form.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let read = Json::<T>::from_request(request, state).await;
        read.map(|Json(body)| Self(body)).map_err(refused)
    }
}

/// serde's errors name the field and what is wrong with it, and quote at most a wrong id.
#[expect(clippy::needless_pass_by_value, reason = "it is a map_err argument")]
fn refused(rejection: JsonRejection) -> Problem {
    Problem::new(ProblemKind::BadRequest, rejection.body_text())
}
