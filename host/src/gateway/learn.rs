//! The ninth stage: what a reply says about the quotas. Pure: headers in, findings out.

use std::time::{Duration, SystemTime};

use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};

use super::quota::{Counted, Learned, Quotas, Ticket};
use crate::model::Quota;
use crate::transport::retry_after;

/// Where 429 does not say how long.
const WAIT_UNKNOWN: Duration = Duration::from_secs(1);

/// A `Retry-After` above this means a long window, not the second.
const LONG: Duration = Duration::from_secs(60);

/// Takes over what the reply says, and what its `Retry-After` asks for.
pub(super) fn learn(
    quotas: &Quotas,
    counted: &[Counted],
    ticket: &Ticket,
    status: StatusCode,
    headers: &HeaderMap,
    now: SystemTime,
) -> Option<Duration> {
    let learned: Vec<Learned> = counted
        .iter()
        .map(|counted| said(counted.quota.as_ref(), headers))
        .collect();
    quotas.learn(counted, ticket, &learned);
    let asked = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| retry_after(value, now));
    if status == StatusCode::TOO_MANY_REQUESTS
        && let Some(index) = to_close(&learned, asked)
        && let Some(closed) = counted.get(index)
    {
        quotas.close(closed, asked.unwrap_or(WAIT_UNKNOWN));
    }
    asked
}

/// What the headers that a quota names say of it.
fn said(quota: Option<&Quota>, headers: &HeaderMap) -> Learned {
    let number = |name: Option<&String>| {
        let value = headers.get(name?.as_str())?.to_str().ok()?;
        value.trim().parse::<u32>().ok()
    };
    Learned {
        limit: number(quota.and_then(|quota| quota.limit_header.as_ref())),
        remaining: number(quota.and_then(|quota| quota.remaining_header.as_ref())),
    }
}

/// Which of the quotas, the longest window last, a 429 closes: the longest one of which nothing is
/// left, else by how long it asks to wait. A long wait while something is left of the longest window
/// is about this one operation (Etsy allows ten videos of a listing a day) and closes none.
fn to_close(learned: &[Learned], asked: Option<Duration>) -> Option<usize> {
    let used_up = learned
        .iter()
        .rposition(|learned| learned.remaining == Some(0));
    if used_up.is_some() {
        return used_up;
    }
    if asked.is_none_or(|asked| asked <= LONG) {
        return (!learned.is_empty()).then_some(0);
    }
    let longest = learned.len().checked_sub(1)?;
    learned
        .get(longest)
        .filter(|learned| learned.remaining.is_none())
        .map(|_| longest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{QuotaScope, QuotaWindow};

    fn quota(limit_header: Option<&str>, remaining_header: Option<&str>) -> Quota {
        Quota {
            name: "second".into(),
            scope: QuotaScope::App,
            window: QuotaWindow::Sliding(1),
            limit: 10,
            limit_header: limit_header.map(Into::into),
            remaining_header: remaining_header.map(Into::into),
        }
    }

    #[test]
    fn limits_are_read_from_the_headers_that_the_quota_names() {
        let mut headers = HeaderMap::new();
        headers.insert("x-limit-per-second", "150".parse().unwrap());
        headers.insert("x-remaining-this-second", " 149 ".parse().unwrap());
        let quota = quota(Some("X-Limit-Per-Second"), Some("x-remaining-this-second"));
        let learned = said(Some(&quota), &headers);
        assert_eq!(
            learned,
            Learned {
                limit: Some(150),
                remaining: Some(149)
            }
        );
        assert_eq!(said(None, &headers), Learned::default());
        for garbage in ["", "-1", "1.5", "many", "99999999999"] {
            headers.insert("x-limit-per-second", garbage.parse().unwrap());
            assert_eq!(said(Some(&quota), &headers).limit, None, "{garbage}");
        }
        let unnamed = self::quota(Some("not a header name"), None);
        assert_eq!(said(Some(&unnamed), &headers), Learned::default());
    }

    #[test]
    fn a_429_closes_the_window_that_it_is_about() {
        let left = |remaining| Learned {
            limit: None,
            remaining,
        };
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        for (second, day, asked, closed) in [
            (None, None, None, Some(0)),
            (None, None, seconds(1), Some(0)),
            (None, None, seconds(86_400), Some(1)),
            (Some(9), Some(0), seconds(86_400), Some(1)),
            (Some(9), Some(0), None, Some(1)),
            (Some(0), Some(500), None, Some(0)),
            (Some(0), Some(0), None, Some(1)),
            (Some(9), Some(500), seconds(86_400), None),
            (Some(9), Some(500), seconds(2), Some(0)),
        ] {
            let learned = [left(second), left(day)];
            assert_eq!(
                to_close(&learned, asked),
                closed,
                "{second:?} {day:?} {asked:?}"
            );
        }
        assert_eq!(to_close(&[], None), None);
    }
}
