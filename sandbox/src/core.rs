//! Everything that changes while a sandbox runs, behind one lock.

use std::ops::{Deref, DerefMut};
use std::sync::MutexGuard;

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

/// The sandbox's memory. Nothing of it outlives the process.
pub(crate) struct Core {
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) market: Market,
    pub(crate) grants: Grants,
    pub(crate) limits: Limits,
    pub(crate) faults: Faults,
    pub(crate) history: History,
    pub(crate) webhooks: Webhooks,
}

impl Core {
    /// A fresh one, with the sellers that it begins with.
    pub(crate) fn new(options: &Options) -> Self {
        let mut core = Self {
            clock: Clock::default(),
            ids: Ids::new(options.seed),
            market: Market::default(),
            grants: Grants::default(),
            limits: Limits::default(),
            faults: Faults::default(),
            history: History::default(),
            webhooks: Webhooks::default(),
        };
        let now = core.clock.now();
        for seller in seed::sellers() {
            if let Err(reason) = seed::add(&mut core.market, &mut core.ids, &seller, now) {
                tracing::error!(reason, "a seller of the seed was refused");
            }
        }
        core
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
