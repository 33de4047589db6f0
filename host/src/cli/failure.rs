//! How a command fails: one line, what is wrong in particular, what to do, and an exit code.

use std::fmt;

use crate::api::{Problem, ProblemKind, Violation};
use crate::host::HostError;
use crate::store::StoreError;

/// Why a command failed.
#[derive(Debug)]
pub struct Failure {
    problem: Problem,
    exit_code: u8,
}

impl Failure {
    /// The command itself is wrong.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self {
            problem: Problem::new(ProblemKind::BadRequest, message),
            exit_code: 2,
        }
    }

    /// A problem of a kind, found before the host was asked.
    pub(super) fn of(kind: ProblemKind, message: impl fmt::Display) -> Self {
        Problem::new(kind, message).into()
    }

    /// What does not fit the function's types is named by the flag that said it.
    #[must_use]
    pub(super) fn in_flags(mut self, flag_of: impl Fn(&str) -> String) -> Self {
        if self.problem.kind() == ProblemKind::InvalidArguments {
            for violation in &mut self.problem.violations {
                let flag = flag_of(&violation.path);
                violation.path = format!("{flag} ({})", violation.path);
            }
        }
        self
    }

    /// With all that is wrong.
    pub(super) fn violations(&mut self, all: impl IntoIterator<Item = Violation>) {
        self.problem.violations.extend(all);
    }

    /// With what to do.
    #[must_use]
    pub(super) fn remedy(mut self, remedy: String) -> Self {
        self.problem.remedy = Some(remedy);
        self
    }

    /// A file cannot be read, a port cannot be opened.
    pub fn io(what: impl fmt::Display, error: &std::io::Error) -> Self {
        Self {
            problem: Problem::new(ProblemKind::Internal, format_args!("{what}: {error}")),
            exit_code: 1,
        }
    }

    /// What the API answered is not what this program understands.
    pub fn reply(error: impl fmt::Display) -> Self {
        let message = format_args!("the host's reply cannot be read: {error}");
        Self {
            problem: Problem::new(ProblemKind::Internal, message),
            exit_code: 1,
        }
    }

    /// The process's exit code.
    pub fn exit_code(&self) -> u8 {
        self.exit_code
    }

    /// On stderr.
    pub fn print(&self, colour: bool) {
        let (bold, plain) = if colour {
            ("\x1b[1;31m", "\x1b[0m")
        } else {
            ("", "")
        };
        eprintln!("{bold}error:{plain} {}", self.problem.title);
        self.print_violations();
        if let Some(remedy) = &self.problem.remedy {
            eprintln!("  {remedy}");
        }
        if let Some(seconds) = self.problem.retry_after {
            eprintln!("  try again in {seconds} s");
        }
    }

    fn print_violations(&self) {
        let violations = &self.problem.violations;
        if violations.is_empty() {
            return;
        }
        let width = violations
            .iter()
            .map(|violation| violation.path.chars().count())
            .max()
            .unwrap_or(0);
        eprintln!();
        for violation in violations {
            eprintln!("  {:width$}   {}", violation.path, violation.message);
        }
        eprintln!();
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let exit_code = problem.kind().exit_code();
        Self { problem, exit_code }
    }
}

impl From<HostError> for Failure {
    fn from(error: HostError) -> Self {
        let exit_code = match error {
            HostError::Store(StoreError::Locked { .. }) => 7,
            HostError::Config(error) => return error.into(),
            HostError::Store(error) => return Problem::from(error).into(),
            _ => 1,
        };
        Self {
            problem: Problem::new(ProblemKind::Internal, error),
            exit_code,
        }
    }
}
