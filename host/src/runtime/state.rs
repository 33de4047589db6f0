//! What lives as long as one call: its limits, its resources, its log, for whom it is. Thrown away
//! with the call's store, so that nothing passes from one account to another.

use std::sync::Arc;

use tokio::sync::mpsc::Sender;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::Progress;
use super::assets::Assets;
use super::context::Subject;
use super::fetch::Fetched;
use super::http::Hooks;
use super::journal::{HeldKey, Journal};
use super::limits::{HEADER_BYTES_MAX, Limiter, RANDOM_BYTES_MAX, RESOURCES_MAX};
use super::log::PluginLog;
use crate::gateway::{CallContext, Gateway};
use crate::transport::Transport;

/// What every call's imports reach through.
#[derive(Debug, Clone)]
pub struct Doors {
    /// To marketplaces.
    pub gateway: Arc<Gateway>,
    /// To the pictures that a product names by URL.
    pub transport: Transport,
    /// To what earlier calls left.
    pub journal: Journal,
}

/// The data of a call's store.
pub(super) struct CallState {
    pub(super) limiter: Limiter,
    pub(super) ticks: u32,
    pub(super) log: PluginLog,
    pub(super) subject: Subject,
    pub(super) doors: Doors,
    pub(super) http: CallContext,
    pub(super) held_key: Option<HeldKey>,
    pub(super) assets: Assets,
    pub(super) fetched: Fetched,
    pub(super) progress: Option<Sender<Progress>>,
    pub(super) table: ResourceTable,
    wasi: WasiCtx,
    wasi_http: WasiHttpCtx,
    hooks: Hooks,
}

impl CallState {
    pub(super) fn new(
        doors: Doors,
        subject: Subject,
        http: CallContext,
        assets: Assets,
        fetched: Fetched,
        progress: Option<Sender<Progress>>,
    ) -> Self {
        let log = PluginLog::default();
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES_MAX);
        let mut wasi_http = WasiHttpCtx::new();
        wasi_http.set_field_size_limit(HEADER_BYTES_MAX);
        let hooks = Hooks::new(Arc::clone(&doors.gateway), http.clone());
        Self {
            limiter: Limiter::default(),
            ticks: 0,
            wasi: wasi(&log),
            log,
            subject,
            doors,
            http,
            held_key: None,
            assets,
            fetched,
            progress,
            table,
            wasi_http,
            hooks,
        }
    }
}

impl Drop for CallState {
    /// Whatever ended the call: what it said last is what one wants to know of a call that hung.
    fn drop(&mut self) {
        self.log.finish();
    }
}

/// An ordinary WASI program with nothing behind it but clocks, random and a log: no directory, no
/// socket, no environment, no argument.
fn wasi(log: &PluginLog) -> WasiCtx {
    WasiCtx::builder()
        .stdout(log.clone())
        .stderr(log.clone())
        .max_random_size(RANDOM_BYTES_MAX)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .allow_blocking_current_thread(false)
        .build()
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for CallState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.wasi_http,
            table: &mut self.table,
            hooks: &mut self.hooks,
        }
    }
}
