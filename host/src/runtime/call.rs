//! One call: a store with its limits, an instance, arguments in, a reply out, and everything thrown
//! away. A trap, a limit or a timeout is this call's error and nobody else's.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::sync::SemaphorePermit;
use tokio::sync::mpsc::Sender;
use wasmtime::component::{Instance, Val};
use wasmtime::{Error, Store, StoreContextMut, Trap, UpdateDeadline};

use super::assets::Assets;
use super::context::Subject;
use super::fetch::Fetched;
use super::limits::{self, HANDLES_MAX, HOSTCALL_FUEL, LimitReached, SLOT_TIME, TICK, TICKS_MAX};
use super::linked::LinkedPlugin;
use super::state::{CallState, Doors};
use super::{Progress, Runtime};
use crate::contract::{ArgumentError, Function, LiftError, REPLY_BYTES_MAX, Returned};
use crate::gateway::{CallContext, CallRecord, Refusal, Spent};
use crate::store::StoreError;

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
    /// Who hears of its steps. Steps that come faster than they are heard are left out.
    pub progress: Option<Sender<Progress>>,
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
    /// Where that time went.
    pub phases: Phases,
}

impl Finished {
    /// How it ended, in a word.
    pub fn name(&self) -> &'static str {
        match &self.outcome {
            Ok(Outcome::Ok(_)) => "ok",
            Ok(Outcome::Err(_)) => "error",
            Err(CallError::Arguments(_)) => "arguments",
            Err(CallError::Missing { .. }) => "missing",
            Err(CallError::Busy) => "busy",
            Err(CallError::Computing) => "computing",
            Err(CallError::Timeout(_)) => "timeout",
            Err(CallError::Stuck(_)) => "stuck",
            Err(CallError::Limit(_)) => "limit",
            Err(CallError::Trap(_)) => "trap",
            Err(CallError::Reply(_)) => "reply",
            Err(CallError::Host(_)) => "host",
        }
    }
}

/// Where the time of a call went, as far as it came.
#[derive(Debug, Clone, Copy, Default)]
pub struct Phases {
    /// Reading the arguments from JSON.
    pub arguments: Duration,
    /// The store with its limits, and the instance.
    pub instance: Duration,
    /// The function itself, with what it waited for.
    pub function: Duration,
    /// Giving the instance back.
    pub release: Duration,
    /// Writing the reply as JSON.
    pub reply: Duration,
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
    Reply(LiftError),
    /// The host failed; the call may be tried again.
    #[error("the host failed during the call: {0}")]
    Host(String),
}

impl From<LiftError> for CallError {
    fn from(error: LiftError) -> Self {
        match error {
            LiftError::TooLong => {
                let most = format!("{} MiB", REPLY_BYTES_MAX >> 20);
                LimitReached::new("a reply", most).into()
            }
            broken => Self::Reply(broken),
        }
    }
}

/// Ends a call whose computing has no end.
#[derive(Debug, thiserror::Error)]
#[error("the time for computing is used up")]
struct ComputingEnded;

impl Runtime {
    /// Calls a function in an instance of its own. Its time begins when it has a place to run in.
    pub async fn call(
        &self,
        plugin: &LinkedPlugin,
        function: &Function,
        arguments: &[u8],
        call: Call,
    ) -> Finished {
        let started = Instant::now();
        let record = Arc::clone(&call.http.record);
        let mut phases = Phases::default();
        let running = self.outcome(plugin, function, arguments, call, &mut phases);
        let running = AssertUnwindSafe(running);
        let outcome = running.catch_unwind().await.unwrap_or_else(|_panic| {
            Err(CallError::Host("a panic, which the log describes".into()))
        });
        Finished {
            outcome,
            refusal: record.refusal(),
            spent: record.spent(),
            elapsed: started.elapsed(),
            phases,
        }
    }

    async fn outcome(
        &self,
        plugin: &LinkedPlugin,
        function: &Function,
        arguments: &[u8],
        mut call: Call,
        phases: &mut Phases,
    ) -> Result<Outcome, CallError> {
        let mut laps = Laps::start();
        let arguments = Arc::new(function.lower(arguments)?);
        phases.arguments = laps.lap();
        let _slot = self.slot().await?;
        let time = call.time;
        let record = Arc::clone(&call.http.record);
        record.active();
        call.http.deadline = tokio::time::Instant::now() + time.total;
        let running = self.run(plugin, function, arguments, call, phases);
        within(time, &record, running).await
    }

    /// A place to run in: as many calls as the pool has places.
    async fn slot(&self) -> Result<SemaphorePermit<'_>, CallError> {
        match tokio::time::timeout(SLOT_TIME, self.slots.acquire()).await {
            Ok(Ok(slot)) => Ok(slot),
            _ => Err(CallError::Busy),
        }
    }

    async fn run(
        &self,
        plugin: &LinkedPlugin,
        function: &Function,
        arguments: Arc<Vec<Val>>,
        call: Call,
        phases: &mut Phases,
    ) -> Result<Outcome, CallError> {
        let mut laps = Laps::start();
        let mut store = self.store(call, Arc::clone(&arguments));
        let instance = plugin.pre.instantiate_async(&mut store).await;
        let instance = instance.map_err(failure)?;
        phases.instance = laps.lap();
        let returned = invoke(&mut store, &instance, plugin, function, &arguments).await?;
        phases.function = laps.lap();
        drop(store);
        phases.release = laps.lap();
        let outcome = match returned {
            Returned::Written(outcome) => outcome,
            Returned::Values(results) => function.lift(&results)?,
        };
        phases.reply = laps.lap();
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

/// Times one thing after the other.
struct Laps(Instant);

impl Laps {
    fn start() -> Self {
        Self(Instant::now())
    }

    /// Since the last lap.
    fn lap(&mut self) -> Duration {
        let now = Instant::now();
        now.duration_since(std::mem::replace(&mut self.0, now))
    }
}

async fn invoke(
    store: &mut Store<CallState>,
    instance: &Instance,
    plugin: &LinkedPlugin,
    function: &Function,
    arguments: &Arc<Vec<Val>>,
) -> Result<Returned, CallError> {
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
    let returned = function.call(store, callee, arguments).await;
    returned.map_err(failure)
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
    if let Some(reply) = error.downcast_ref::<LiftError>() {
        return reply.clone().into();
    }
    if let Some(store) = error.downcast_ref::<StoreError>() {
        return CallError::Host(store.to_string());
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

/// Runs a call to its end, unless its time ends before.
async fn within<T>(
    time: TimeLimit,
    record: &CallRecord,
    running: impl Future<Output = Result<T, CallError>>,
) -> Result<T, CallError> {
    tokio::select! {
        outcome = tokio::time::timeout(time.total, running) => {
            outcome.unwrap_or(Err(CallError::Timeout(time.total)))
        }
        () = stuck(record, time.idle) => Err(CallError::Stuck(time.idle)),
    }
}

/// Ends when nothing has happened for `idle`.
async fn stuck(record: &CallRecord, idle: Duration) {
    while record.last_activity().elapsed() <= idle {
        tokio::time::sleep(WATCH).await;
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;
    use wasmtime::component::{Component, Linker};

    const CALL: TimeLimit = TimeLimit {
        total: Duration::from_secs(30),
        idle: Duration::from_secs(30),
    };

    const OPERATION: TimeLimit = TimeLimit {
        total: Duration::from_secs(15 * 60),
        idle: Duration::from_secs(90),
    };

    /// How a call without an end ends, and after how many seconds.
    async fn ended(time: TimeLimit, record: &CallRecord) -> (CallError, u64) {
        let began = tokio::time::Instant::now();
        let error = within::<()>(time, record, pending()).await.unwrap_err();
        (error, began.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_waits_ends_after_thirty_seconds() {
        let (error, seconds) = ended(CALL, &CallRecord::default()).await;
        assert!(matches!(error, CallError::Timeout(_)), "{error}");
        assert_eq!(seconds, 30);
    }

    #[tokio::test(start_paused = true)]
    async fn an_operation_without_progress_ends_after_ninety_seconds() {
        let (error, seconds) = ended(OPERATION, &CallRecord::default()).await;
        assert!(matches!(error, CallError::Stuck(_)), "{error}");
        assert_eq!(seconds, 90);
    }

    #[tokio::test(start_paused = true)]
    async fn an_operation_with_progress_ends_after_fifteen_minutes() {
        let record = CallRecord::default();
        let goes_on = async {
            loop {
                tokio::time::sleep(Duration::from_secs(80)).await;
                record.active();
            }
        };
        let (error, seconds) = tokio::select! {
            ended = ended(OPERATION, &record) => ended,
            () = goes_on => unreachable!("it never ends"),
        };
        assert!(matches!(error, CallError::Timeout(_)), "{error}");
        assert_eq!(seconds, 15 * 60);
    }

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_place_to_run_in_is_told_so_and_nothing_else() {
        let runtime = Runtime::new(None, None).unwrap();
        let all = runtime.slots.acquire_many(limits::CALLS_MAX).await.unwrap();
        let began = tokio::time::Instant::now();
        assert!(matches!(runtime.slot().await, Err(CallError::Busy)));
        assert_eq!(began.elapsed(), SLOT_TIME);
        drop(all);
        assert!(runtime.slot().await.is_ok());
    }

    #[test]
    fn a_store_that_fails_is_not_the_plugins_fault() {
        let error = Error::new(StoreError::Failed("the disk is full".into()));
        let error = failure(error);
        assert!(matches!(error, CallError::Host(_)), "{error}");
        assert!(error.to_string().contains("the disk is full"), "{error}");
    }

    /// A component's own resources take no place in the host's table, but handles of the store.
    #[tokio::test]
    async fn handles_of_a_components_own_resources_end_too() {
        let component = r#"(component
            (type $r (resource (rep i32)))
            (core func $new (canon resource.new $r))
            (core module $m
                (import "" "new" (func $new (param i32) (result i32)))
                (func (export "run") (loop (drop (call $new (i32.const 0))) (br 0))))
            (core instance $i
                (instantiate $m (with "" (instance (export "new" (func $new))))))
            (func (export "run") (canon lift (core func $i "run"))))"#;
        let runtime = Runtime::new(None, None).unwrap();
        let bytes = wat::parse_str(component).unwrap();
        let component = Component::from_binary(&runtime.engine, &bytes).unwrap();
        let mut store = Store::new(&runtime.engine, ());
        store.set_max_component_handles(HANDLES_MAX);
        store.set_epoch_deadline(u64::from(TICKS_MAX));
        let linker = Linker::new(&runtime.engine);
        let instance = linker.instantiate_async(&mut store, &component).await;
        let instance = instance.unwrap();
        let run = instance.get_func(&mut store, "run").unwrap();
        let error = run.call_async(&mut store, &[], &mut []).await.unwrap_err();
        let error = failure(error);
        let said = "handles, at most 2000";
        assert!(error.to_string().contains(said), "{error}");
    }
}
