//! The native route as a process: this binary again, told by its environment where to listen and how the
//! plugin asked.

use std::env;
use std::net::SocketAddr;

use http::{HeaderMap, HeaderName, HeaderValue};
use stoflow_benches::Native;

/// Where it listens; only the native process has it.
pub const LISTEN: &str = "BENCH_NATIVE_LISTEN";
/// The marketplace's origin, path and headers, as JSON: what a FastAPI service is told, too.
pub const ORIGIN: &str = "MARKETPLACE";
pub const PATH: &str = "MARKETPLACE_PATH";
pub const HEADERS: &str = "MARKETPLACE_HEADERS";

/// Whether this process is to be the native one, and on which address.
pub fn asked_for() -> Option<SocketAddr> {
    env::var(LISTEN).ok().map(|text| text.parse().unwrap())
}

/// Serves the route until it is killed.
pub fn serve(address: SocketAddr) {
    let told = |name: &str| env::var(name).unwrap();
    let headers: Vec<(String, String)> = serde_json::from_str::<serde_json::Value>(&told(HEADERS))
        .unwrap()
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect();
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| {
            let name: HeaderName = name.parse().unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        })
        .collect();
    let native = Native::new(told(ORIGIN), told(PATH), headers);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        axum::serve(listener, native.router()).await.unwrap();
    });
}
