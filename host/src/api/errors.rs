//! From the host's errors, a plugin's own and the gateway's refusals to problems: which of them a
//! person sees, and what to do.

use serde::Deserialize;
use serde_json::json;

use super::problem::{Problem, ProblemKind, Violation};
use crate::accounts::{ResolveError, TokenError};
use crate::config::ConfigError;
use crate::consent::BeginError;
use crate::contract::{ArgumentCode, NameError};
use crate::gateway::{Refusal, RefusalKind};
use crate::model::CallId;
use crate::plugins::{PluginsError, Rejected};
use crate::runtime::{CallError, CompilerError, Finished, LoadError, Outcome};
use crate::store::StoreError;

/// `types.error` of the contract, as far as this host knows it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PluginError {
    Unauthorized(String),
    Forbidden(String),
    NotFound(String),
    Invalid(Vec<Violation>),
    Conflict(String),
    Precondition(Vec<Violation>),
    RateLimited(Option<u32>),
    Unavailable(String),
    Uncertain(String),
    Rejected(Rejection),
    Unexpected(String),
    Unsupported(String),
}

#[derive(Debug, Deserialize)]
struct Rejection {
    status: u16,
    #[serde(default)]
    code: Option<String>,
    message: String,
}

/// What came of a call: its result as JSON, or a problem.
pub(super) fn finished(done: Finished, call: &CallId, function: &str) -> Result<Vec<u8>, Problem> {
    let Finished {
        outcome, refusal, ..
    } = done;
    let mut problem = match outcome {
        Ok(Outcome::Ok(json)) => return Ok(json),
        // What the gateway refused is the cause of whatever the plugin made of it.
        Ok(Outcome::Err(json)) => match refusal.as_ref().and_then(refused) {
            Some(problem) => problem,
            None => plugin_error(&json, function),
        },
        Err(error) => match (refusal.as_ref().and_then(refused), &error) {
            (Some(problem), CallError::Trap(_)) => problem,
            _ => call_error(&error),
        },
    };
    problem.correlation_id = Some(call.to_string());
    if problem.kind() == ProblemKind::Unavailable && problem.remedy.is_none() {
        // The plugin knows that nobody answered, the gateway what to look at.
        problem.remedy = refusal.and_then(|refusal| some(refusal.remedy));
    }
    Err(problem)
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn plugin_error(json: &[u8], function: &str) -> Problem {
    let Ok(error) = serde_json::from_slice::<PluginError>(json) else {
        // A case that the contract gained after this host was built.
        let mut problem = Problem::new(
            ProblemKind::Unexpected,
            "the plugin answered with an error that this host does not know",
        );
        problem.marketplace = serde_json::from_slice(json).ok();
        return problem;
    };
    match error {
        PluginError::Unauthorized(text) => Problem::new(ProblemKind::ConsentNeeded, text),
        PluginError::Forbidden(text) => Problem::new(ProblemKind::Forbidden, text),
        PluginError::NotFound(text) => Problem::new(ProblemKind::NotFound, text),
        PluginError::Invalid(violations) => invalid(violations, function),
        PluginError::Conflict(text) => Problem::new(ProblemKind::Conflict, text),
        PluginError::Precondition(violations) => {
            let mut problem = Problem::new(
                ProblemKind::Precondition,
                "the account lacks something that has to be set up on the marketplace first",
            );
            problem.violations = violations;
            problem
        }
        PluginError::RateLimited(seconds) => {
            let mut problem = Problem::new(
                ProblemKind::RateLimited,
                "the marketplace allows no more requests now",
            );
            problem.retry_after = seconds;
            problem
        }
        PluginError::Unavailable(text) => Problem::new(ProblemKind::Unavailable, text),
        PluginError::Uncertain(text) => Problem::new(ProblemKind::Uncertain, text)
            .remedy("the same command again looks first, and finishes what was begun"),
        PluginError::Rejected(rejection) => {
            let mut problem = Problem::new(
                ProblemKind::Rejected,
                format_args!("the marketplace refuses the request: {}", rejection.message),
            );
            problem.marketplace = Some(json!({
                "status": rejection.status, "code": rejection.code, "message": rejection.message,
            }));
            problem
        }
        PluginError::Unexpected(text) => Problem::new(ProblemKind::Unexpected, text),
        PluginError::Unsupported(text) => Problem::new(ProblemKind::Unsupported, text),
    }
}

fn invalid(violations: Vec<Violation>, function: &str) -> Problem {
    let count = violations.len();
    let what = if function.starts_with("publish.") {
        "the product breaks"
    } else {
        "what was sent breaks"
    };
    let mut problem = Problem::new(
        ProblemKind::Invalid,
        format_args!("{what} {count} of the marketplace's rules; nothing was changed"),
    );
    problem.violations = violations;
    problem
}

/// `None` for a refusal that says no more than the plugin's own error.
fn refused(refusal: &Refusal) -> Option<Problem> {
    let kind = match refusal.kind {
        RefusalKind::NoNetwork
        | RefusalKind::Method
        | RefusalKind::Url
        | RefusalKind::RequestHeaders
        | RefusalKind::NotGranted
        | RefusalKind::Address => ProblemKind::NotGranted,
        RefusalKind::NeedsConsent => ProblemKind::ConsentNeeded,
        RefusalKind::Credential | RefusalKind::Unsupported => ProblemKind::Configuration,
        // The marketplace itself was asked: the plugin knows better what it means.
        _ => return None,
    };
    let mut problem = Problem::new(kind, refusal);
    problem.remedy = some(refusal.remedy.clone());
    Some(problem)
}

impl From<CallError> for Problem {
    fn from(error: CallError) -> Self {
        call_error(&error)
    }
}

fn call_error(error: &CallError) -> Problem {
    match error {
        CallError::Arguments(argument) if argument.code == ArgumentCode::Syntax => {
            Problem::new(ProblemKind::BadRequest, argument)
        }
        CallError::Arguments(argument) => {
            let mut problem = Problem::new(
                ProblemKind::InvalidArguments,
                "the arguments do not fit the function; nothing was called",
            );
            problem.violations.push(Violation {
                path: argument.pointer.clone(),
                code: argument.code.as_str().to_owned(),
                message: argument.message.clone(),
            });
            problem
        }
        CallError::Busy => Problem::new(ProblemKind::Unavailable, error),
        CallError::Computing | CallError::Timeout(_) | CallError::Stuck(_) => {
            Problem::new(ProblemKind::PluginTimeout, error)
        }
        CallError::Host(_) => Problem::new(ProblemKind::Internal, error),
        _ => Problem::new(ProblemKind::PluginFailed, error),
    }
}

impl From<PluginsError> for Problem {
    fn from(error: PluginsError) -> Self {
        let kind = match &error {
            PluginsError::Unknown { .. } => ProblemKind::UnknownPlugin,
            PluginsError::Load(LoadError::Compiler(CompilerError::Stopped)) => {
                ProblemKind::Unavailable
            }
            PluginsError::Load(LoadError::Compiler(_)) => ProblemKind::Internal,
            PluginsError::Load(_) | PluginsError::Description(_) => ProblemKind::InvalidPlugin,
            PluginsError::NotGranted { .. } | PluginsError::Inactive { .. } => {
                ProblemKind::NotGranted
            }
            PluginsError::Exists { .. } | PluginsError::InUse { .. } => ProblemKind::Conflict,
            PluginsError::Config(_) => ProblemKind::Configuration,
            PluginsError::File { .. } | PluginsError::Changed { .. } | PluginsError::Store(_) => {
                ProblemKind::Internal
            }
        };
        Self::new(kind, error)
    }
}

impl From<Rejected> for Problem {
    fn from(rejected: Rejected) -> Self {
        match rejected {
            Rejected::Plugin(error) => error.into(),
            Rejected::Name(error) => error.into(),
            Rejected::NeedsAccount { .. } => Self::new(ProblemKind::AccountNeeded, rejected),
            Rejected::Site { .. } => Self::new(ProblemKind::BadRequest, rejected),
        }
    }
}

impl From<NameError> for Problem {
    fn from(error: NameError) -> Self {
        Self::new(ProblemKind::UnknownFunction, error)
    }
}

impl From<ResolveError> for Problem {
    fn from(error: ResolveError) -> Self {
        let kind = match &error {
            ResolveError::None { .. } | ResolveError::Several { .. } => ProblemKind::AccountNeeded,
            ResolveError::Unknown { .. }
            | ResolveError::Disconnected { .. }
            | ResolveError::Form(_) => ProblemKind::UnknownAccount,
            ResolveError::Store(_) => ProblemKind::Internal,
        };
        Self::new(kind, error)
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        let (kind, remedy) = match &error {
            TokenError::NeedsConsent(_) => (
                ProblemKind::ConsentNeeded,
                "connect the account again: stoflow account connect",
            ),
            TokenError::Unavailable(_) => (
                ProblemKind::Unavailable,
                "try again later; the account stays connected",
            ),
            TokenError::Misconfigured(_) => {
                (ProblemKind::Configuration, "stoflow plugin configure")
            }
            TokenError::ClockWrong(_) => (
                ProblemKind::Configuration,
                "set this machine's clock; the account stays connected",
            ),
            TokenError::Unknown(_) => (ProblemKind::UnknownAccount, "stoflow account list"),
        };
        Self::new(kind, error).remedy(remedy)
    }
}

impl From<BeginError> for Problem {
    fn from(error: BeginError) -> Self {
        let kind = match &error {
            BeginError::Misconfigured(_) => ProblemKind::Configuration,
            BeginError::Store(_) => ProblemKind::Internal,
        };
        Self::new(kind, error)
    }
}

impl From<ConfigError> for Problem {
    fn from(error: ConfigError) -> Self {
        Self::new(ProblemKind::Configuration, error)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Damaged { .. } => Self::new(ProblemKind::Damaged, error).remedy(
                "put the directory back from a copy, or import an export where no store is: stoflow store import",
            ),
            StoreError::Exists { .. } => Self::new(ProblemKind::Conflict, error),
            _ => Self::new(ProblemKind::Internal, error),
        }
    }
}
