//! Making the contract's errors, so that each says what was wrong, where, and what to do.

use crate::types::{Error, Rejection, Violation};

impl Error {
    /// This marketplace or plugin has no such operation.
    #[must_use]
    pub fn unsupported(operation: &str) -> Self {
        Self::Unsupported(format!("this plugin does not serve {operation}"))
    }

    /// One thing wrong with what the caller sent; `path` is a JSON Pointer into the function's
    /// arguments.
    #[must_use]
    pub fn invalid(path: &str, code: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![violation(path, code, message)])
    }

    /// The account lacks something that a person sets up on the marketplace.
    #[must_use]
    pub fn precondition(path: &str, code: &str, message: impl Into<String>) -> Self {
        Self::Precondition(vec![violation(path, code, message)])
    }

    /// The marketplace said no in its own words.
    #[must_use]
    pub fn rejected(status: u16, code: Option<String>, message: impl Into<String>) -> Self {
        Self::Rejected(Rejection {
            status,
            code,
            message: message.into(),
        })
    }

    /// The message of an error of one message; of one with violations, the first.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Unauthorized(text)
            | Self::Forbidden(text)
            | Self::NotFound(text)
            | Self::Conflict(text)
            | Self::Unavailable(text)
            | Self::Uncertain(text)
            | Self::Unexpected(text)
            | Self::Unsupported(text) => text,
            Self::Rejected(rejection) => &rejection.message,
            Self::Invalid(violations) | Self::Precondition(violations) => violations
                .first()
                .map_or("", |violation| &violation.message),
            Self::RateLimited(_) => "too many requests",
        }
    }
}

/// One thing wrong with what the caller sent.
#[must_use]
pub fn violation(path: &str, code: &str, message: impl Into<String>) -> Violation {
    Violation {
        path: path.to_owned(),
        code: code.to_owned(),
        message: message.into(),
    }
}

/// Gathers everything that is wrong, so that a person corrects it at one go.
///
/// ```
/// use stoflow_plugin_sdk::Violations;
///
/// let mut violations = Violations::default();
/// violations.add("/product/title", "required", "a listing needs a title");
/// assert!(violations.into_result().is_err());
/// ```
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// Adds one; `path` is a JSON Pointer into the function's arguments.
    pub fn add(&mut self, path: impl AsRef<str>, code: &str, message: impl Into<String>) {
        self.0.push(violation(path.as_ref(), code, message));
    }

    /// Whether nothing was wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was gathered.
    #[must_use]
    pub fn as_slice(&self) -> &[Violation] {
        &self.0
    }

    /// Success where nothing was wrong.
    ///
    /// # Errors
    ///
    /// `invalid` with all that was gathered.
    pub fn into_result(self) -> Result<(), Error> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(self.0))
        }
    }
}
