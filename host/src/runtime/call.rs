//! One call: a store with its limits, an instance, arguments in, a reply out, and everything thrown
//! away. A trap, a limit or a timeout is this call's error and nobody else's.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::sync::mpsc::UnboundedSender;
use wasmtime::component::Val;
use wasmtime::{Error, Store, StoreContextMut, Trap, UpdateDeadline};

use super::assets::Assets;
use super::context::Subject;
use super::fetch::Fetched;
use super::limits::{
    self, HANDLES_MAX, HOSTCALL_FUEL, LimitReached, OUTPUT_BYTES_MAX, SLOT_TIME, TICK, TICKS_MAX,
};
use super::linked::LinkedPlugin;
use super::state::{CallState, Doors};
use super::{Progress, Runtime};
use crate::contract::{ArgumentError, Function, LiftError};
use crate::gateway::{CallContext, Refusal, Spent};

pub use crate::contract::Outcome;

/// How often a call that makes no progress is looked at.
const WATCH: Duration = Duration::from_millis(250);

/// What a call is made with, besides its arguments.
pub struct Call {
    /// Through which its imports reach.
    pub doors: Doors,
    /// For whom it is.
    pub subject: Subject,
    /// What the gateway knows of it.
    pub http: CallContext,
    /// The files given with it.
    pub assets: Assets,
    /// Who hears of its steps.
    pub progress: Option<UnboundedSender<Progress>>,
    /// How long it may take.
    pub time: TimeLimit,
}

/// How long a call may take, with its waits.
#[derive(Debug, Clone, Copy)]
pub struct TimeLimit {
    /// In all.
    pub total: Duration,
    /// Without hearing from the marketplace or reporting a step.
    pub idle: Duration,
}

/// What came of a call.
#[derive(Debug)]
pub struct Finished {
    /// The function's own answer, or why there is none.
    pub outcome: Result<Outcome, CallError>,
    /// The first request that the gateway refused, whatever the plugin made of it.
    pub refusal: Option<Refusal>,
    /// What it took from the marketplace.
    pub spent: Spent,
    /// How long it took.
    pub elapsed: Duration,
}

/// Why a function gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The arguments do not fit the function; nothing was called.
    #[error(transparent)]
    Arguments(#[from] ArgumentError),
    /// The component has no such function, though its schema says so.
    #[error("the component does not export {interface}.{function}")]
    Missing {
        /// The interface.
        interface: String,
        /// The function.
        function: String,
    },
    /// All places are taken.
    #[error("{} calls are running; none ended within {} s", super::limits::CALLS_MAX, SLOT_TIME.as_secs())]
    Busy,
    /// It computed for too long.
    #[error("the plugin computed for {} s without an end", (TICK * TICKS_MAX).as_secs())]
    Computing,
    /// It took too long, with its waits.
    #[error("the call took longer than {} s", .0.as_secs())]
    Timeout(Duration),
    /// It was stuck.
    #[error("the operation made no progress for {} s", .0.as_secs())]
    Stuck(Duration),
    /// It ran into a limit.
    #[error(transparent)]
    Limit(#[from] LimitReached),
    /// It stopped by itself: a panic, an impossible instruction, a stack too deep.
    #[error("the plugin stopped: {0}")]
    Trap(String),
    /// What it returned cannot be written as JSON.
    #[error("the plugin returned what its contract does not allow: {0}")]
    Reply(#[from] LiftError),
    /// The host failed; the call may be tried again.
    #[error("the host failed during the call: {0}")]
    Host(String),
}

/// Ends a call whose computing has no end.
#[derive(Debug, thiserror::Error)]
#[error("the time for computing is used up")]
struct ComputingEnded;

impl Runtime {
    /// Calls a function in an instance of its own.
    pub async fn call(
        &self,
        plugin: &LinkedPlugin,
        function: &Function,
        arguments: &[u8],
        call: Call,
    ) -> Finished {
        let started = Instant::now();
        let (http, time) = (call.http.clone(), call.time);
        let running = AssertUnwindSafe(self.run(plugin, function, arguments, call)).catch_unwind();
        let outcome = tokio::select! {
            outcome = tokio::time::timeout(time.total, running) => match outcome {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_panic)) => Err(CallError::Host("a panic, which the log describes".into())),
                Err(_elapsed) => Err(CallError::Timeout(time.total)),
            },
            idle = stuck(&http, time.idle) => Err(CallError::Stuck(idle)),
        };
        Finished {
            outcome,
            refusal: http.record.refusal(),
            spent: http.record.spent(),
            elapsed: started.elapsed(),
        }
    }

    async fn run(
        &self,
        plugin: &LinkedPlugin,
        function: &Function,
        arguments: &[u8],
        call: Call,
    ) -> Result<Outcome, CallError> {
        let arguments = Arc::new(function.lower(arguments)?);
        let slot = tokio::time::timeout(SLOT_TIME, self.slots.acquire()).await;
        let Ok(Ok(_slot)) = slot else {
            return Err(CallError::Busy);
        };
        let mut store = self.store(call, Arc::clone(&arguments));
        let results = invoke(&mut store, plugin, function, &arguments).await;
        store.data().log.finish();
        let outcome = function.lift(&results?)?;
        let bytes = match &outcome {
            Outcome::Ok(bytes) | Outcome::Err(bytes) => bytes.len(),
        };
        if bytes > OUTPUT_BYTES_MAX {
            let most = format!("{} MiB", OUTPUT_BYTES_MAX >> 20);
            return Err(LimitReached::new("a reply", most).into());
        }
        Ok(outcome)
    }

    fn store(&self, call: Call, arguments: Arc<Vec<Val>>) -> Store<CallState> {
        let state = CallState::new(
            call.doors,
            call.subject,
            call.http,
            call.assets,
            Fetched::new(arguments),
            call.progress,
        );
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(HOSTCALL_FUEL);
        store.set_max_component_handles(HANDLES_MAX);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(tick);
        store
    }
}

/// At each tick the call lets others run; after too many it ends.
fn tick(mut store: StoreContextMut<'_, CallState>) -> wasmtime::Result<UpdateDeadline> {
    let state = store.data_mut();
    state.ticks += 1;
    if state.ticks > TICKS_MAX {
        return Err(Error::new(ComputingEnded));
    }
    Ok(UpdateDeadline::YieldCustom(
        1,
        Box::pin(tokio::task::yield_now()),
    ))
}

async fn invoke(
    store: &mut Store<CallState>,
    plugin: &LinkedPlugin,
    function: &Function,
    arguments: &[Val],
) -> Result<Vec<Val>, CallError> {
    let instance = plugin
        .pre
        .instantiate_async(&mut *store)
        .await
        .map_err(failure)?;
    let key = (function.interface().to_owned(), function.name().to_owned());
    let found = plugin
        .exports
        .get(&key)
        .and_then(|index| instance.get_func(&mut *store, index));
    let (interface, name) = key;
    let callee = found.ok_or(CallError::Missing {
        interface,
        function: name,
    })?;
    let mut results = vec![Val::Bool(false); callee.ty(&*store).results().len()];
    callee
        .call_async(&mut *store, arguments, &mut results)
        .await
        .map_err(failure)?;
    Ok(results)
}

/// What an error of wasmtime means to the caller.
fn failure(error: Error) -> CallError {
    tracing::debug!(target: "plugin", "{error:?}");
    if error.is::<ComputingEnded>() {
        return CallError::Computing;
    }
    if let Some(limit) = error.downcast_ref::<LimitReached>() {
        return CallError::Limit(limit.clone());
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => LimitReached::new("stack", "512 KiB").into(),
        Some(trap) => CallError::Trap(trap.to_string()),
        None => {
            let text = error.root_cause().to_string();
            let known = limits::WASMTIME_TEXTS
                .iter()
                .find(|(part, ..)| text.contains(part));
            known.map_or(CallError::Trap(text), |&(_, what, most)| {
                LimitReached::new(what, most).into()
            })
        }
    }
}

/// Ends when nothing has happened for `idle`.
async fn stuck(http: &CallContext, idle: Duration) -> Duration {
    loop {
        tokio::time::sleep(WATCH).await;
        if http.record.last_activity().elapsed() > idle {
            return idle;
        }
    }
}
