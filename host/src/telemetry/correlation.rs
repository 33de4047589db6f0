//! The id of what is being done: given where a request comes in, found again wherever a call is made of
//! it, so that reply, log and problem name the same one and no function on the way hands it on.

use std::future::Future;

use tracing::{Instrument, Span};

use crate::model::CallId;

tokio::task_local! {
    static CURRENT: CallId;
}

/// Does something under this id.
pub async fn within<T>(id: CallId, work: impl Future<Output = T>) -> T {
    CURRENT.scope(id, work).await
}

/// The id of what this task does; `None` for what nobody asked for.
pub fn current() -> Option<CallId> {
    CURRENT.try_with(CallId::clone).ok()
}

/// The same work for a task of its own, which would know neither the id nor the span.
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let (id, span) = (current(), Span::current());
    async move {
        match id {
            Some(id) => within(id, work).await,
            None => work.await,
        }
    }
    .instrument(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_of_its_own_does_not_know_the_id_unless_it_is_carried() {
        let id: CallId = "front-7".parse().unwrap();
        assert_eq!(current(), None);
        let (alone, with) = within(id.clone(), async {
            let alone = tokio::spawn(async { current() });
            let with = tokio::spawn(carried(async { current() }));
            (alone.await.unwrap(), with.await.unwrap())
        })
        .await;
        assert_eq!((alone, with), (None, Some(id)));
    }
}
