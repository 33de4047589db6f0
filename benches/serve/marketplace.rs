//! The marketplace of the race: the page that the sandbox answered, from memory.
//!
//! The sandbox takes 4 ms to make the page, more than any Rust route does to convert it: both would be
//! as fast as the sandbox, and the ratio one. What is asked for is looked at, so that a server that asks
//! for something else, or not at all, is no winner.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{StatusCode, header};
use stoflow_benches::aside;
use stoflow_sandbox::RequestRecord;

/// A marketplace that has one page.
pub struct Marketplace {
    pub address: SocketAddr,
    shelf: Arc<Shelf>,
}

struct Shelf {
    page: Bytes,
    /// Path and query.
    target: String,
    /// The seller's token.
    authorization: String,
    served: AtomicU64,
}

impl Marketplace {
    /// Serves it on a thread of its own, to whoever asks as the plugin did.
    pub async fn start(page: Bytes, record: &RequestRecord) -> Self {
        let shelf = Arc::new(Shelf {
            page,
            target: format!("{}?{}", record.path, record.query),
            authorization: header_of(record, "authorization"),
            served: AtomicU64::new(0),
        });
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&shelf));
        let address = aside("marketplace", |sender| async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            axum::serve(listener, router).await.unwrap();
        });
        let address = address.await;
        Self { address, shelf }
    }

    /// How many pages it has served.
    pub fn served(&self) -> u64 {
        self.shelf.served.load(Ordering::Relaxed)
    }
}

async fn answer(State(shelf): State<Arc<Shelf>>, request: Request) -> Response {
    let authorization = request.headers().get(header::AUTHORIZATION);
    let target = request.uri().path_and_query();
    if target.is_none_or(|target| target.as_str() != shelf.target) {
        let asked = format!("{:?} is asked for, not {}", target, shelf.target);
        return (StatusCode::NOT_FOUND, asked).into_response();
    }
    if authorization.is_none_or(|value| value != shelf.authorization.as_str()) {
        return (StatusCode::UNAUTHORIZED, "another token").into_response();
    }
    shelf.served.fetch_add(1, Ordering::Relaxed);
    let json = [(header::CONTENT_TYPE, "application/json")];
    (json, shelf.page.clone()).into_response()
}

/// What a request said under this name.
pub fn header_of(record: &RequestRecord, name: &str) -> String {
    let found = record.headers.iter().find(|(found, _)| found == name);
    found.map(|(_, value)| value.clone()).unwrap()
}
