//! The host: builds the parts in order and holds them. It decides nothing.

mod stopping;
mod upkeep;

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::accounts::Accounts;
use crate::clock::Clock;
use crate::config::{Config, ConfigError, Layers};
use crate::consent::Consent;
use crate::events::Events;
use crate::files::Files;
use crate::gateway::{Gateway, Replies, Scrub};
use crate::idempotency::Idempotency;
use crate::keys::Keys;
use crate::operations::Operations;
use crate::plugins::{Plugins, PluginsError};
use crate::runtime::{Compiler, Doors, Journal, Runtime, RuntimeError};
use crate::store::{
    self, Imported, MasterKey, MasterKeySource, Rotated, Store, StoreError, rotate_master_key,
};
use crate::transport::Transport;
use crate::webhooks::{Carriers, Webhooks};
pub use stopping::Stopping;
pub use upkeep::Upkeep;

/// With what a host is built.
#[derive(Debug, Clone)]
pub struct Options {
    /// Everything that is kept lies below it.
    pub data_dir: PathBuf,
    /// Where compiled code is kept; `None` for `compiled` in the data directory.
    pub compiled_dir: Option<PathBuf>,
    /// The program that compiles; `None` to compile in this process.
    pub compiler: Option<Compiler>,
    /// Whether replies are searched for secrets. Off only in the test that shows that it matters.
    pub scrub: Scrub,
    /// By which tokens and consents live; the system's, unless a test lets it jump.
    pub clock: Clock,
    /// What is set outside `stoflow.toml`.
    pub layers: Layers,
    /// How long to wait for another process that has the data directory.
    pub lock_wait: Duration,
}

impl Options {
    /// The usual ones.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            compiled_dir: None,
            compiler: None,
            scrub: Scrub::On,
            clock: Clock::default(),
            layers: Layers::default(),
            lock_wait: store::LOCK_WAIT,
        }
    }
}

/// Why the host cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The data directory cannot be made or written.
    #[error("the data directory {path} cannot be used: {source}; choose another with --data-dir")]
    DataDir {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no engine.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The catalogue cannot be opened.
    #[error(transparent)]
    Plugins(#[from] PluginsError),
}

/// The parts.
#[derive(Debug)]
pub struct Host {
    /// What the operator set.
    pub config: Arc<Config>,
    /// Records.
    pub store: Store,
    /// Where the key is that they are sealed under.
    master_key: MasterKeySource,
    data_dir: PathBuf,
    /// Accounts and tokens.
    pub accounts: Accounts,
    /// Keys to the API.
    pub keys: Keys,
    /// The door to the marketplaces.
    pub gateway: Arc<Gateway>,
    /// The flow.
    pub consent: Consent,
    /// Installed plugins, and calls of them.
    pub plugins: Plugins,
    /// Files that are kept for a while.
    pub files: Files,
    /// Calls that take long.
    pub operations: Operations,
    /// What has happened.
    pub events: Events,
    /// Requests that may come twice.
    pub idempotency: Idempotency,
    /// What marketplaces push.
    pub webhooks: Arc<Webhooks>,
    /// Whether it is being stopped.
    pub stopping: Stopping,
    /// Whether the active plugins have been made ready.
    ready: AtomicBool,
}

impl Host {
    /// Builds the host on a data directory, which is made where it is missing.
    pub fn open(options: &Options) -> Result<Self, HostError> {
        let data_dir = &options.data_dir;
        make_data_dir(data_dir)?;
        let (store, master, source) = open_store(data_dir, &options.layers, options.lock_wait)?;
        // Behind the store's lock: who waits for it reads what the other process has set.
        let config = Arc::new(Config::load(data_dir, &options.layers)?);
        let transport = Transport::new();
        let events = Events::open(store.clone(), options.clock.clone())?;
        let accounts = Accounts::new(events.clone(), transport.clone(), options.clock.clone());
        let rate = config.server().key_rate();
        let keys = Keys::open(store.clone(), options.clock.clone(), rate)?;
        let mut gateway =
            Gateway::with_scrub(transport.clone(), Arc::new(accounts.clone()), options.scrub);
        if let Some(replies) = open_replies(data_dir, &master, &options.clock) {
            gateway = gateway.keeping(replies);
        }
        let gateway = Arc::new(gateway);
        let compiled = options
            .compiled_dir
            .clone()
            .unwrap_or_else(|| data_dir.join("compiled"));
        let code_key = source
            .is_outside(data_dir)
            .then(|| master.derived("compiled code"));
        let runtime = Arc::new(Runtime::new(
            Some((&compiled, code_key)),
            options.compiler.clone(),
        )?);
        let doors = Doors {
            gateway: Arc::clone(&gateway),
            transport,
            journal: Journal::new(store.clone()),
        };
        let consent = Consent::new(store.clone(), accounts.clone());
        let plugins = Plugins::open(store.clone(), Arc::clone(&config), runtime, doors, data_dir)?;
        let files = Files::open(data_dir, store.clone(), options.clock.clone());
        let files = files.map_err(|source| HostError::DataDir {
            path: data_dir.clone(),
            source,
        })?;
        let operations = Operations::new(store.clone(), files.clone(), options.clock.clone());
        let idempotency = Idempotency::new(store.clone(), options.clock.clone());
        let carriers = Carriers {
            config: Arc::clone(&config),
            accounts: accounts.clone(),
            events: events.clone(),
            operations: operations.clone(),
            idempotency: idempotency.clone(),
        };
        let webhooks = Webhooks::new(store.clone(), options.clock.clone(), carriers);
        let webhooks = Arc::new(webhooks);
        Ok(Self {
            config,
            store,
            master_key: source,
            data_dir: data_dir.clone(),
            accounts,
            keys,
            gateway,
            consent,
            plugins,
            files,
            operations,
            events,
            idempotency,
            webhooks,
            stopping: Stopping::default(),
            ready: AtomicBool::new(false),
        })
    }

    /// Where all is kept.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Replaces the master key, by the one in a file, which is made if it is not there, or by one
    /// beside the store.
    ///
    /// # Errors
    /// See [`rotate_master_key`].
    pub async fn rotate_master_key(&self, to: Option<PathBuf>) -> Result<Rotated, StoreError> {
        rotate_master_key(&self.store, &self.data_dir, &self.master_key, to).await
    }

    /// Makes the store of a data directory that has none from an export. It is no function of an
    /// open host, which has a store.
    ///
    /// # Errors
    /// As [`store::import`], and where there is no master key.
    pub fn import(data_dir: &Path, layers: &Layers, export: &Path) -> Result<Imported, HostError> {
        let variable = |name: &str| layers.variable(name).or_else(|| std::env::var_os(name));
        let master = MasterKey::find_existing(data_dir, variable)?;
        Ok(store::import(data_dir, &master, export)?)
    }

    /// Makes every active plugin ready, so that the first call of one need not wait until it is
    /// compiled. One that cannot be made ready is said where it is called.
    fn plugins_ready(&self) {
        let installed = self.plugins.list().unwrap_or_default();
        for (plugin, _) in installed.iter().filter(|(_, active)| *active) {
            let id = &plugin.description.id;
            if self.stopping.has_begun() {
                return;
            }
            if let Err(error) = self.plugins.active(id) {
                tracing::warn!(plugin = %id, %error, "a plugin cannot be made ready");
            }
        }
        self.ready.store(true, Ordering::Release);
    }

    /// Whether requests should be sent here: the active plugins are ready, the store takes what is
    /// written, and nobody is stopping it.
    ///
    /// # Errors
    /// Why not, for people.
    pub fn readiness(&self) -> Result<(), String> {
        if self.stopping.has_begun() {
            return Err("it is being stopped".to_owned());
        }
        if let Err(error) = self.store.usable() {
            return Err(error.to_string());
        }
        if !self.ready.load(Ordering::Acquire) {
            return Err("its plugins are being made ready".to_owned());
        }
        Ok(())
    }

    /// Writes down that nothing was going on, so that the next start need not look, and gives the
    /// data directory back.
    pub fn close(&self) -> Result<(), StoreError> {
        self.store.close()
    }
}

fn open_store(
    data_dir: &Path,
    layers: &Layers,
    wait: Duration,
) -> Result<(Store, MasterKey, MasterKeySource), StoreError> {
    let variable = |name: &str| layers.variable(name).or_else(|| std::env::var_os(name));
    let find = || MasterKey::find(data_dir, variable);
    let (master, source) = find()?;
    match Store::open_waiting(data_dir, &master, wait) {
        // The process that had the store may have replaced the key while this one waited.
        Err(StoreError::WrongMasterKey { .. }) => {
            let (master, source) = find()?;
            Ok((
                Store::open_waiting(data_dir, &master, wait)?,
                master,
                source,
            ))
        }
        store => Ok((store?, master, source)),
    }
}

/// Replies that are used again. A host without them does the same with more requests.
fn open_replies(data_dir: &Path, master: &MasterKey, clock: &Clock) -> Option<Replies> {
    let directory = data_dir.join("replies");
    match Replies::open(&directory, master.derived("kept replies"), clock.clone()) {
        Ok(replies) => Some(replies),
        Err(error) => {
            tracing::warn!(path = %directory.display(), %error, "no reply is kept");
            None
        }
    }
}

fn make_data_dir(path: &Path) -> Result<(), HostError> {
    let made = DirBuilder::new().mode(0o700).recursive(true).create(path);
    made.map_err(|source| HostError::DataDir {
        path: path.to_owned(),
        source,
    })
}
