//! Everything that changes while a sandbox runs, behind one lock.

use std::ops::{Deref, DerefMut};
use std::sync::MutexGuard;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::faults::Faults;
use crate::history::History;
use crate::ids::Ids;
use crate::limits::Limits;
use crate::market::{Market, seed};
use crate::oauth::grants::Grants;
use crate::options::Options;
use crate::webhooks::Webhooks;

/// The sandbox's memory. What of it outlives the process, `saved` says.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Core {
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) market: Market,
    pub(crate) grants: Grants,
    pub(crate) limits: Limits,
    pub(crate) faults: Faults,
    /// What was asked is no state: a sandbox that goes on elsewhere has been asked nothing there.
    #[serde(skip)]
    pub(crate) history: History,
    pub(crate) webhooks: Webhooks,
}

impl Core {
    /// A fresh one, with the sellers that it begins with.
    pub(crate) fn new(options: &Options) -> Self {
        let mut core = Self {
            clock: Clock::new(options),
            ids: Ids::new(options.seed),
            market: Market::default(),
            grants: Grants::default(),
            limits: Limits::default(),
            faults: Faults::default(),
            history: History::default(),
            webhooks: Webhooks::default(),
        };
        let now = core.clock.now();
        core.market.age(now);
        for seller in seed::sellers() {
            if let Err(reason) = seed::add(&mut core.market, &mut core.ids, &seller, now) {
                tracing::error!(reason, "a seller of the seed was refused");
            }
        }
        core
    }

    /// Moves the clock forward: what is due by then happens.
    pub(crate) fn advance(&mut self, by: Duration) {
        self.clock.advance(by);
        self.market.age(self.clock.now());
    }

    /// Moves the clock forward to a time in seconds since 1970, or says why not.
    pub(crate) fn move_to(&mut self, seconds: i64) -> Result<(), String> {
        self.clock.move_to(seconds)?;
        self.market.age(self.clock.now());
        Ok(())
    }
}

/// The memory in the hands of one who may change it.
pub(crate) struct Memory<'a> {
    core: MutexGuard<'a, Core>,
    bell: &'a Notify,
}

impl<'a> Memory<'a> {
    pub(crate) fn new(core: MutexGuard<'a, Core>, bell: &'a Notify) -> Self {
        Self { core, bell }
    }
}

impl Deref for Memory<'_> {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.core
    }
}

impl DerefMut for Memory<'_> {
    fn deref_mut(&mut self) -> &mut Core {
        &mut self.core
    }
}

impl Drop for Memory<'_> {
    fn drop(&mut self) {
        if self.core.webhooks.is_waiting() {
            self.bell.notify_one();
        }
    }
}
