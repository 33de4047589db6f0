//! What was asked and what was answered, for tests and for the page.
//!
//! Raw headers are kept, with whatever secrets a client sent: they are what a leak test looks for.
//! They leave over the control endpoint only, never in the log and never on the page.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::faults::FaultKind;
use crate::line::Sent;

/// How many requests are remembered.
const RECORDS_MAX: usize = 10_000;
/// How many bytes of a body are remembered.
pub(crate) const BODY_MAX: usize = 1024 * 1024;

/// One request to the marketplace, answered.
#[derive(Debug, Clone, Serialize)]
pub struct RequestRecord {
    /// Counted from 1 since the start or the last reset.
    pub number: u64,
    /// When it came, by the sandbox's clock, in milliseconds since 1970.
    pub at_ms: i64,
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The query as sent, without the question mark.
    pub query: String,
    /// The operationId, or `token`, `connect`, `echo`; none where the path led nowhere.
    pub operation: Option<String>,
    /// The status of the reply, also where a fault kept it from arriving.
    pub status: u16,
    /// How long the reply took to make, in milliseconds, waits on purpose among them.
    pub ms: u64,
    /// The same in microseconds.
    pub us: u64,
    /// Why it was refused, if it was.
    pub reason: Option<String>,
    /// The fault that hit it.
    pub fault: Option<FaultKind>,
    /// Whose token it carried.
    pub user_id: Option<i64>,
    /// The request's headers as sent.
    pub headers: Vec<(String, String)>,
    /// Bytes of the request's body.
    pub request_bytes: usize,
    /// Bytes of the reply's body.
    pub response_bytes: usize,
    /// When what was asked for was done (a refresh token rotated, say), in microseconds since 1970 by
    /// this machine's clock, which no test advances.
    pub done_us: u64,
    /// When the latest byte of the reply was handed to the connection, by the same clock; none
    /// before the first.
    pub sent_us: Option<u64>,
    /// How many bytes of the reply, its head among them, have been handed to the connection.
    pub sent_bytes: usize,
    /// The request's body where the sandbox keeps bodies, what is not UTF-8 replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_body: Option<String>,
    /// The reply's body where the sandbox keeps bodies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_body: Option<String>,
}

/// The latest requests, oldest first.
#[derive(Debug, Default)]
pub(crate) struct History {
    records: VecDeque<(RequestRecord, Arc<Sent>)>,
    count: u64,
}

impl History {
    /// Remembers a request, and with it what will be sent of its reply.
    pub(crate) fn push(&mut self, mut record: RequestRecord, sent: Arc<Sent>) {
        self.count += 1;
        record.number = self.count;
        if self.records.len() == RECORDS_MAX {
            self.records.pop_front();
        }
        self.records.push_back((record, sent));
    }

    /// The requests, with what has been sent until now.
    pub(crate) fn records(&self) -> impl DoubleEndedIterator<Item = RequestRecord> {
        self.records.iter().map(|(record, sent)| RequestRecord {
            sent_us: sent.at_us(),
            sent_bytes: sent.bytes(),
            ..record.clone()
        })
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// What this machine's clock says, in microseconds since 1970.
pub(crate) fn now_us() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| u64::try_from(now.as_micros()).unwrap_or(u64::MAX))
}

/// A body for the history.
pub(crate) fn shorten(body: &[u8]) -> String {
    String::from_utf8_lossy(body.get(..BODY_MAX).unwrap_or(body)).into_owned()
}
