//! The parts of a plugin's table that say how much is asked of its marketplace, and how often.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::model::{Quota, QuotaWindow};

/// A day, in seconds.
const DAY_SECONDS: u32 = 24 * 60 * 60;

/// The most that the operator lets a plugin ask, however much its marketplace allows: the rest is for
/// other programs of the same app.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimits {
    /// Requests a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_second: Option<NonZeroU32>,
    /// Requests a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_day: Option<NonZeroU32>,
}

impl RateLimits {
    /// The one that is about a quota's window.
    pub fn of(&self, quota: &Quota) -> Option<NonZeroU32> {
        match quota.window {
            QuotaWindow::Sliding(1) => self.per_second,
            QuotaWindow::Sliding(DAY_SECONDS) | QuotaWindow::Day(_) => self.per_day,
            QuotaWindow::Sliding(_) => None,
        }
    }

    /// Whether none is set.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a day's requests are fewer than a second's.
    pub(super) fn contradict(&self) -> bool {
        matches!((self.per_second, self.per_day), (Some(second), Some(day)) if day < second)
    }
}

/// How often a marketplace is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Polling {
    /// Minutes between looks for new orders.
    pub orders_minutes: NonZeroU32,
    /// Minutes between looks at listings.
    pub listings_minutes: NonZeroU32,
    /// From how many pieces down a stock is low.
    pub low_stock_quantity: u32,
}

impl Default for Polling {
    fn default() -> Self {
        let minutes = |minutes| NonZeroU32::new(minutes).unwrap_or(NonZeroU32::MIN);
        Self {
            orders_minutes: minutes(5),
            listings_minutes: minutes(15),
            low_stock_quantity: 5,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::QuotaScope;

    #[test]
    fn a_limit_is_about_the_quota_of_its_window() {
        let limits = RateLimits {
            per_second: NonZeroU32::new(2),
            per_day: NonZeroU32::new(100),
        };
        let of = |window| {
            limits.of(&Quota {
                name: "any".into(),
                scope: QuotaScope::App,
                window,
                limit: 10,
                limit_header: None,
                remaining_header: None,
            })
        };
        assert_eq!(of(QuotaWindow::Sliding(1)), NonZeroU32::new(2));
        assert_eq!(of(QuotaWindow::Sliding(86_400)), NonZeroU32::new(100));
        assert_eq!(of(QuotaWindow::Day("UTC".into())), NonZeroU32::new(100));
        assert_eq!(of(QuotaWindow::Sliding(60)), None);
        assert!(!limits.contradict());
        assert!(
            RateLimits {
                per_day: NonZeroU32::MIN.into(),
                ..limits
            }
            .contradict()
        );
    }
}
