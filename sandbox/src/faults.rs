//! Faults on demand: what goes wrong at Etsy once a month, now.
//!
//! A fault is queued, matched against requests, and used up. The kinds that happen after the work was
//! done (`500-after`, `cut`, `slow-after`, …) are the ones that make a client create things twice.

use serde::{Deserialize, Serialize};

use crate::table::Table;

/// Names of what is no operation of the table and can still fail.
pub(crate) const TOKEN: &str = "token";
/// The consent page.
pub(crate) const CONNECT: &str = "connect";
/// The page that reflects headers.
pub(crate) const ECHO: &str = "echo";

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// Does what was asked, then answers 500.
    #[serde(rename = "500-after")]
    ErrorAfter,
    /// Answers 500 and does nothing.
    #[serde(rename = "500-before")]
    ErrorBefore,
    /// Answers 503 and does nothing, as Etsy documents it for shipping profiles and the taxonomy.
    #[serde(rename = "503")]
    Unavailable,
    /// Answers 429 and does nothing.
    #[serde(rename = "429")]
    RateLimited,
    /// Waits `ms`, then does it and answers.
    Slow,
    /// Does it, waits `ms`, then answers.
    SlowAfter,
    /// Does it, and closes the connection in the middle of the reply's body.
    Cut,
    /// Closes the connection without a reply and does nothing.
    CutBefore,
    /// Answers 502 with a gateway's HTML page and does nothing.
    Html,
    /// Does it, and answers with the right status and no body.
    Empty,
    /// The next pair of tokens that is handed out is revoked at once.
    RevokeNextToken,
    /// The token of the request is revoked, with its refresh token, before it is looked at.
    RevokeToken,
    /// Does nothing and answers 200 with the request's headers, as `sandbox-echo` does.
    Echo,
}

impl FaultKind {
    /// Every kind, and what it does in a few words.
    pub(crate) const ALL: [(Self, &'static str); 13] = [
        (Self::ErrorAfter, "500 after the work was done"),
        (Self::ErrorBefore, "500, nothing done"),
        (Self::Unavailable, "503, nothing done"),
        (Self::RateLimited, "429, nothing done"),
        (Self::Slow, "waits, then works"),
        (Self::SlowAfter, "works, then waits"),
        (Self::Cut, "reply cut in the middle"),
        (Self::CutBefore, "connection cut, nothing done"),
        (Self::Html, "a gateway's page, nothing done"),
        (Self::Empty, "works, reply without a body"),
        (Self::RevokeNextToken, "the next tokens are revoked"),
        (Self::RevokeToken, "the request's token is revoked"),
        (Self::Echo, "the request's headers back"),
    ];

    /// The name in JSON.
    pub(crate) fn name(self) -> String {
        let name = serde_json::to_value(self).unwrap_or_default();
        name.as_str().unwrap_or_default().to_owned()
    }
}

/// A fault in the queue.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// Only for this operationId, or `token`, `connect`, `echo`.
    #[serde(default)]
    pub operation: Option<String>,
    /// Only for this method.
    #[serde(default)]
    pub method: Option<String>,
    /// Only for paths that begin so.
    #[serde(default)]
    pub path: Option<String>,
    /// How many matching requests it hits.
    #[serde(default = "once")]
    pub times: u32,
    /// How many matching requests pass before it hits one.
    #[serde(default)]
    pub skip: u32,
    /// Seconds for the `retry-after` of a 429; none for no header.
    #[serde(default)]
    pub retry_after: Option<u32>,
    /// How long a slow one waits, in milliseconds.
    #[serde(default = "one_second")]
    pub ms: u64,
}

fn once() -> u32 {
    1
}

fn one_second() -> u64 {
    1000
}

impl Fault {
    /// A fault that hits the next request, whatever it is.
    #[must_use]
    pub fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            operation: None,
            method: None,
            path: None,
            times: once(),
            skip: 0,
            retry_after: None,
            ms: one_second(),
        }
    }

    /// The same fault for one operation only.
    #[must_use]
    pub fn on(mut self, operation: &str) -> Self {
        self.operation = Some(operation.to_owned());
        self
    }

    /// The same fault for so many requests.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// The same fault after so many matching requests passed.
    #[must_use]
    pub fn skip(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }

    /// The same fault with another wait.
    #[must_use]
    pub fn ms(mut self, ms: u64) -> Self {
        self.ms = ms;
        self
    }

    fn matches(&self, operation: Option<&str>, method: &str, path: &str) -> bool {
        self.operation
            .as_deref()
            .is_none_or(|wanted| Some(wanted) == operation)
            && self
                .method
                .as_deref()
                .is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self
                .path
                .as_deref()
                .is_none_or(|wanted| path.starts_with(wanted))
    }
}

/// The faults that wait.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Faults {
    queue: Vec<Fault>,
}

impl Faults {
    /// Queues a fault, or says why it could never hit anything.
    pub(crate) fn add(&mut self, fault: Fault) -> Result<(), String> {
        if let Some(operation) = &fault.operation {
            let known = Table::get().operations.contains_key(operation)
                || [TOKEN, CONNECT, ECHO].contains(&operation.as_str());
            if !known {
                return Err(format!("there is no operation \"{operation}\""));
            }
        }
        if fault.times == 0 {
            return Err("times is 0: the fault would never happen".to_owned());
        }
        self.queue.push(fault);
        Ok(())
    }

    pub(crate) fn clear(&mut self) {
        self.queue.clear();
    }

    pub(crate) fn queued(&self) -> &[Fault] {
        &self.queue
    }

    /// The fault that hits a request, used up by one.
    pub(crate) fn take(
        &mut self,
        operation: Option<&str>,
        method: &str,
        path: &str,
    ) -> Option<Fault> {
        let mut hit = None;
        for fault in &mut self.queue {
            if !fault.matches(operation, method, path) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            fault.times -= 1;
            hit = Some(fault.clone());
            break;
        }
        self.queue.retain(|fault| fault.times > 0);
        hit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_what_it_matches_as_often_as_it_says() {
        let mut faults = Faults::default();
        faults
            .add(
                Fault::new(FaultKind::ErrorAfter)
                    .on("ping")
                    .times(2)
                    .skip(1),
            )
            .unwrap();
        let mut hit = |operation: &str| faults.take(Some(operation), "GET", "/").is_some();
        assert!(!hit("getMe"));
        assert_eq!(
            [hit("ping"), hit("ping"), hit("ping"), hit("ping")],
            [false, true, true, false]
        );
    }

    #[test]
    fn refuses_a_fault_that_could_never_happen() {
        let mut faults = Faults::default();
        assert!(
            faults
                .add(Fault::new(FaultKind::Cut).on("createListing"))
                .is_err()
        );
        assert!(faults.add(Fault::new(FaultKind::Cut).times(0)).is_err());
    }

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<String> =
            FaultKind::ALL.iter().map(|(kind, _)| kind.name()).collect();
        assert_eq!(names.len(), FaultKind::ALL.len());
        assert!(names.contains("500-after") && names.contains("revoke-next-token"));
    }

    #[test]
    fn is_read_from_json_by_its_name() {
        let fault: Fault =
            serde_json::from_str(r#"{"kind":"500-after","operation":"ping"}"#).unwrap();
        assert_eq!((fault.kind, fault.times), (FaultKind::ErrorAfter, 1));
        assert!(serde_json::from_str::<Fault>(r#"{"kind":"cut","time":2}"#).is_err());
    }
}
