//! `/api/{plugin}/polling`: what can be polled for an account, and a look at once. Nothing runs by itself
//! yet and no place is kept: whoever wants to go on brings the window and the cursor along.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::caller::Caller;
use super::extract::{Body, Path, Query};
use super::form::CallForm;
use super::invocation::{CALL_PROBLEMS, Invocation, Subject};
use super::plugins::plugin_id;
use super::problem::{Problem, ProblemKind, Violation};
use super::route::{Permission, Route};
use crate::contract::nearest;
use crate::host::Host;
use crate::model::{AccountId, PluginId};

/// Polling.
pub(super) fn routes() -> Vec<Route> {
    const TAG: &str = "Polling";
    vec![
        Route::new(
            Method::GET,
            "/api/{plugin}/polling/status",
            Permission::read("polling"),
            (TAG, "Says what can be polled, and whether anything does"),
            status,
        )
        .query::<Subject>()
        .replies::<Polling>(200, "The jobs, with what the plugin says of each.")
        .fails(CALL_PROBLEMS),
        Route::new(
            Method::POST,
            "/api/{plugin}/polling/run",
            Permission::write("polling"),
            (TAG, "Fetches what has happened, now"),
            run,
        )
        .query::<Subject>()
        .body::<Wanted>()
        .replies::<Runs>(200, "What each job has found.")
        .fails(CALL_PROBLEMS),
    ]
}

/// What can be polled.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Polling {
    /// Of which marketplace.
    #[schemars(with = "String")]
    pub plugin: PluginId,
    /// For which account; absent where none is named and there are several, or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub account: Option<AccountId>,
    /// Whether the host runs the jobs by itself.
    pub scheduled: bool,
    /// The jobs.
    pub jobs: Vec<Job>,
}

/// Something that can be polled: `poll.job`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Job {
    /// `orders`.
    pub name: String,
    /// For people.
    pub summary: String,
    /// How it is read.
    pub strategy: Strategy,
    /// Between runs, as the plugin asks for.
    pub interval_seconds: u32,
    /// How far a window reaches back before the last one's end.
    pub overlap_seconds: u32,
    /// The most items that a window can page through, where there is a ceiling.
    #[serde(default)]
    pub window_ceiling: Option<u32>,
    /// Requests that a run takes when nothing has happened, in a shop of 100 listings.
    pub idle_cost: u32,
}

/// `poll.strategy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// What changed in a window of time.
    Window,
    /// Everything that the job is about.
    Sweep,
}

/// Both ends belong to it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// RFC 3339.
    #[schemars(with = "String")]
    pub start: Timestamp,
    /// RFC 3339.
    #[schemars(with = "String")]
    pub end: Timestamp,
}

/// What is to be fetched.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// One job alone; all of them where it is left out.
    #[serde(default)]
    job: Option<String>,
    /// Of a job that is read by windows; where it is left out, what an interval and the overlap reach
    /// back to.
    #[serde(default)]
    window: Option<Window>,
    /// The `next` of the page before, of the same job and window.
    #[serde(default)]
    cursor: Option<String>,
}

/// What was fetched.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Runs {
    /// For which account.
    #[schemars(with = "String")]
    pub account: AccountId,
    /// One for each job.
    pub runs: Vec<Run>,
}

/// One page of one job.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// Which job.
    pub job: String,
    /// What was asked for; absent for a sweep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// What was found: orders, listings, stocks.
    #[serde(default)]
    pub items: Vec<Value>,
    /// Where the next page begins; absent where this is the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// How many the window holds, where the marketplace says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Why nothing could be fetched. A job that was asked for alone fails the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// `poll.batch`.
#[derive(Deserialize)]
struct Batch {
    items: Vec<Value>,
    next: Option<String>,
    total: Option<u64>,
}

/// Whose jobs, asked by whom.
struct Asked<'a> {
    host: &'a Host,
    caller: Caller,
    plugin: PluginId,
    subject: Subject,
}

pub(super) async fn status(
    caller: Caller,
    State(host): State<Arc<Host>>,
    Path(plugin): Path<String>,
    Query(subject): Query<Subject>,
) -> Result<Json<Polling>, Problem> {
    let asked = Asked::new(&host, caller, &plugin, subject)?;
    let (account, jobs) = asked.jobs().await?;
    Ok(Json(Polling {
        plugin: asked.plugin,
        account,
        scheduled: false,
        jobs,
    }))
}

pub(super) async fn run(
    caller: Caller,
    State(host): State<Arc<Host>>,
    Path(plugin): Path<String>,
    Query(subject): Query<Subject>,
    Body(wanted): Body<Wanted>,
) -> Result<Json<Runs>, Problem> {
    let mut asked = Asked::new(&host, caller, &plugin, subject)?;
    let user = asked.caller.whose(asked.subject.user.clone())?;
    let account = asked.subject.account.as_deref();
    let account = host
        .accounts
        .resolve(user.as_ref(), &asked.plugin, account)?;
    // The same one for all jobs, whatever is connected meanwhile.
    asked.subject.account = Some(account.id.to_string());
    let (_, jobs) = asked.jobs().await?;
    let now = host.accounts.now();
    let runs = match wanted.job.as_deref() {
        Some(name) => {
            let job = jobs.iter().find(|job| job.name == name);
            let job = job.ok_or_else(|| no_job(name, &jobs))?;
            vec![asked.fetch(job, wanted.window, wanted.cursor, now).await?]
        }
        None if wanted.window.is_some() || wanted.cursor.is_some() => {
            let title = "a window and a cursor are one job's: name it";
            return Err(Problem::new(ProblemKind::BadRequest, title));
        }
        None => {
            let mut runs = Vec::with_capacity(jobs.len());
            for job in &jobs {
                let run = asked.fetch(job, None, None, now).await;
                runs.push(run.unwrap_or_else(|problem| Run::failed(job, problem)));
            }
            runs
        }
    };
    Ok(Json(Runs {
        account: account.id,
        runs,
    }))
}

impl<'a> Asked<'a> {
    fn new(
        host: &'a Host,
        caller: Caller,
        plugin: &str,
        subject: Subject,
    ) -> Result<Self, Problem> {
        Ok(Self {
            plugin: plugin_id(host, plugin)?,
            host,
            caller,
            subject,
        })
    }

    /// The jobs, and of which account.
    async fn jobs(&self) -> Result<(Option<AccountId>, Vec<Job>), Problem> {
        let call = self.invocation("jobs", &json!({}))?;
        let account = call.account.as_ref().map(|account| account.id.clone());
        let reply = call.run(self.host).await?;
        Ok((account, read(&reply)?))
    }

    /// One page of a job.
    async fn fetch(
        &self,
        job: &Job,
        window: Option<Window>,
        cursor: Option<String>,
        now: Timestamp,
    ) -> Result<Run, Problem> {
        let window = match job.strategy {
            Strategy::Window => Some(window.unwrap_or_else(|| job.window(now))),
            Strategy::Sweep => window,
        };
        let arguments = json!({ "job": job.name, "window": window, "cursor": cursor });
        let reply = self.invocation("fetch", &arguments)?.run(self.host).await?;
        let batch: Batch = read(&reply)?;
        Ok(Run {
            job: job.name.clone(),
            window,
            items: batch.items,
            next: batch.next,
            total: batch.total,
            problem: None,
        })
    }

    fn invocation(&self, function: &str, arguments: &Value) -> Result<Invocation, Problem> {
        let form = CallForm {
            arguments: arguments.to_string().into(),
            ..CallForm::default()
        };
        Invocation::new(
            self.host,
            self.caller.clone(),
            &self.plugin,
            ("poll", function),
            self.subject.clone(),
            form,
        )
    }
}

impl Job {
    /// What a run that is due now would look at.
    fn window(&self, now: Timestamp) -> Window {
        let seconds = i64::from(self.interval_seconds) + i64::from(self.overlap_seconds);
        let start = now.checked_sub(SignedDuration::from_secs(seconds));
        Window {
            start: start.unwrap_or(Timestamp::UNIX_EPOCH),
            end: now,
        }
    }
}

impl Run {
    fn failed(job: &Job, problem: Problem) -> Self {
        Self {
            job: job.name.clone(),
            window: None,
            items: Vec::new(),
            next: None,
            total: None,
            problem: Some(problem),
        }
    }
}

/// What the plugin returned, which its own schema has let through; a later contract may say it
/// otherwise.
fn read<'a, T: Deserialize<'a>>(reply: &'a [u8]) -> Result<T, Problem> {
    serde_json::from_slice(reply).map_err(|error| {
        let title =
            format_args!("the plugin's jobs are not of a form that this host knows: {error}");
        Problem::new(ProblemKind::Unexpected, title)
    })
}

fn no_job(name: &str, jobs: &[Job]) -> Problem {
    let names: Vec<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
    let near = nearest(name, names.iter().copied());
    let near = near.map(|near| format!("did you mean {near}? "));
    let name: String = name.chars().take(80).collect();
    let mut problem = Problem::new(
        ProblemKind::InvalidArguments,
        "the arguments do not fit; nothing was fetched",
    );
    problem.violations.push(Violation {
        path: "/job".to_owned(),
        code: "unknown_name".to_owned(),
        message: format!(
            "there is no job {name:?}; {}there are {}",
            near.unwrap_or_default(),
            names.join(", ")
        ),
    });
    problem
}
