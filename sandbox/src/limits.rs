//! Etsy's two limits: so many requests a second, so many in a sliding day.
//!
//! They count for each token's seller, or for the key where a request has no token. The second is
//! looked at first, then the day; the two refusals differ in body and headers, as at Etsy. The day
//! slides over twelve buckets of two hours.

use std::collections::{BTreeMap, VecDeque};

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderName, StatusCode};

use serde::{Deserialize, Serialize};

use crate::encoding;
use crate::reply::{Refusal, Reply};

const BUCKET_MS: i64 = 2 * 3_600_000;
const DAY_MS: i64 = 24 * 3_600_000;

const LIMIT_SECOND: HeaderName = HeaderName::from_static("x-limit-per-second");
const LEFT_SECOND: HeaderName = HeaderName::from_static("x-remaining-this-second");
const LIMIT_DAY: HeaderName = HeaderName::from_static("x-limit-per-day");
const LEFT_DAY: HeaderName = HeaderName::from_static("x-remaining-today");

/// Who a request counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Spender {
    /// The application, for requests without a token.
    Key,
    /// A seller's consent; refreshing the token does not begin a new count.
    User(i64),
}

/// What may be spent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    /// 0 for no limit.
    pub(crate) per_second: u32,
    /// 0 for no limit.
    pub(crate) per_day: u32,
}

/// What is left after a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Left {
    allowance: Allowance,
    this_second: u32,
    today: u32,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spent {
    /// When the requests of the last second came.
    recent: VecDeque<i64>,
    /// Where a bucket begins, and how many requests fell into it.
    buckets: VecDeque<(i64, u32)>,
}

/// What every spender has spent.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    #[serde(with = "encoding::entries")]
    spent: BTreeMap<Spender, Spent>,
}

impl Limits {
    /// Counts a request, or refuses it. `exempt` requests are answered when the day is used up.
    pub(crate) fn spend(
        &mut self,
        spender: Spender,
        allowance: Allowance,
        exempt: bool,
        now_ms: i64,
    ) -> Result<Left, Refusal> {
        let spent = self.spent.entry(spender).or_default();
        spent.forget(now_ms);
        let recent = u32::try_from(spent.recent.len()).unwrap_or(u32::MAX);
        if allowance.per_second > 0 && recent >= allowance.per_second {
            return Err(Refusal::new(
                StatusCode::TOO_MANY_REQUESTS,
                "Exceeded per second rate limit",
            )
            .with(RETRY_AFTER, "1"));
        }
        let today = spent.today();
        if allowance.per_day > 0 && today >= allowance.per_day && !exempt {
            return Err(
                Refusal::new(StatusCode::TOO_MANY_REQUESTS, "Exceeded daily rate limit")
                    .with(RETRY_AFTER, &spent.seconds_until_room(now_ms).to_string())
                    .with(LEFT_DAY, "0"),
            );
        }
        spent.recent.push_back(now_ms);
        spent.count(now_ms);
        Ok(Left {
            allowance,
            this_second: allowance.per_second.saturating_sub(recent + 1),
            today: allowance.per_day.saturating_sub(today.saturating_add(1)),
        })
    }
}

impl Spent {
    fn forget(&mut self, now_ms: i64) {
        while self.recent.front().is_some_and(|at| *at <= now_ms - 1000) {
            self.recent.pop_front();
        }
        while self
            .buckets
            .front()
            .is_some_and(|(begin, _)| *begin <= now_ms - DAY_MS)
        {
            self.buckets.pop_front();
        }
    }

    fn today(&self) -> u32 {
        let counts = self.buckets.iter().map(|(_, count)| *count);
        counts.fold(0, u32::saturating_add)
    }

    fn count(&mut self, now_ms: i64) {
        let begin = now_ms - now_ms.rem_euclid(BUCKET_MS);
        match self.buckets.back_mut() {
            Some((last, count)) if *last == begin => *count = count.saturating_add(1),
            _ => self.buckets.push_back((begin, 1)),
        }
    }

    fn seconds_until_room(&self, now_ms: i64) -> i64 {
        let oldest = self.buckets.front().map_or(now_ms, |(begin, _)| *begin);
        ((oldest + DAY_MS - now_ms) / 1000 + 1).clamp(1, 86_400)
    }
}

impl Left {
    /// The reply with Etsy's limit headers; a limit that is off has none.
    pub(crate) fn announce(self, mut reply: Reply) -> Reply {
        if self.allowance.per_second > 0 {
            reply = reply
                .with(LIMIT_SECOND, &self.allowance.per_second.to_string())
                .with(LEFT_SECOND, &self.this_second.to_string());
        }
        if self.allowance.per_day > 0 {
            reply = reply
                .with(LIMIT_DAY, &self.allowance.per_day.to_string())
                .with(LEFT_DAY, &self.today.to_string());
        }
        reply
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIVE: Allowance = Allowance {
        per_second: 5,
        per_day: 8,
    };

    #[test]
    fn a_second_slides_and_sellers_count_apart() {
        let mut limits = Limits::default();
        for _ in 0..5 {
            limits.spend(Spender::User(1), FIVE, false, 10_000).unwrap();
        }
        let refusal = limits
            .spend(Spender::User(1), FIVE, false, 10_999)
            .unwrap_err();
        assert_eq!(refusal.reason, "Exceeded per second rate limit");
        limits.spend(Spender::User(2), FIVE, false, 10_999).unwrap();
        limits.spend(Spender::User(1), FIVE, false, 11_000).unwrap();
    }

    #[test]
    fn a_day_is_over_when_its_buckets_are() {
        let mut limits = Limits::default();
        for second in 0..8 {
            limits
                .spend(Spender::Key, FIVE, false, second * 1000)
                .unwrap();
        }
        let refusal = limits.spend(Spender::Key, FIVE, false, 9_000).unwrap_err();
        assert_eq!(refusal.reason, "Exceeded daily rate limit");
        limits.spend(Spender::Key, FIVE, true, 9_000).unwrap();
        limits.spend(Spender::Key, FIVE, false, DAY_MS + 1).unwrap();
    }
}
