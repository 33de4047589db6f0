//! Which versions are installed and which one is active. A version's component lies in a file named
//! by its digest; what the host knows of it is a record of the store.

use std::collections::HashMap;
use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task;

use crate::config::{Config, ConfigError};
use crate::locks::NamedLocks;
use crate::model::{Description, OAuth2Provider, PluginId};
use crate::runtime::{Digest, Doors, LinkedPlugin, LoadError, Runtime};
use crate::store::{Commit, Key, Record, Store, StoreError};

/// One installed version.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Installed {
    /// What it says of itself.
    pub description: Description,
    /// Where sellers consent; `None` for a plugin that needs none.
    pub provider: Option<OAuth2Provider>,
    /// SHA-256 of its file.
    pub sha256: String,
    /// Of its file.
    pub bytes: u64,
    /// When.
    pub installed_at: Timestamp,
}

impl Record for Installed {
    const KIND: &'static str = "plugin_version";
}

/// Which version of a plugin is active.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Active {
    pub(super) version: semver::Version,
}

impl Record for Active {
    const KIND: &'static str = "plugin_active";
}

/// The active version, ready to be called. Whoever holds it is not disturbed by a swap.
#[derive(Debug)]
pub struct ActivePlugin {
    /// What is known of it.
    pub installed: Installed,
    /// The component.
    pub linked: LinkedPlugin,
}

/// Why a plugin is not there or cannot be.
#[derive(Debug, thiserror::Error)]
pub enum PluginsError {
    /// None of that id is installed.
    #[error("no plugin {id} is installed{}", .known)]
    Unknown {
        /// As asked for.
        id: String,
        /// What is, as the end of the sentence.
        known: String,
    },
    /// It is installed, and none of its versions is active.
    #[error(
        "plugin {id} has no active version: approve what it asks for by installing it again with --grant asked"
    )]
    Inactive {
        /// The plugin.
        id: PluginId,
    },
    /// The file is no plugin that can run here.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It says something of itself that cannot be.
    #[error("the plugin describes itself wrongly: {0}")]
    Description(String),
    /// That version is installed, with another content.
    #[error(
        "{id} {version} is installed with another content; raise its version, or replace it with --replace"
    )]
    Exists {
        /// The plugin.
        id: PluginId,
        /// The version.
        version: semver::Version,
    },
    /// It asks for what is not granted, and nobody has said yes.
    #[error("{id} {version} asks for what is not granted; say yes with --grant asked")]
    NotGranted {
        /// The plugin.
        id: PluginId,
        /// The version.
        version: semver::Version,
    },
    /// Accounts use it.
    #[error("{accounts} account(s) of {id} are connected; disconnect them first")]
    InUse {
        /// The plugin.
        id: PluginId,
        /// How many.
        accounts: usize,
    },
    /// Its file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Its file is not what was installed.
    #[error("{path} is not the component that was installed; install it again")]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The catalogue.
#[derive(Debug)]
pub struct Plugins {
    pub(super) store: Store,
    pub(super) config: Arc<Config>,
    pub(super) runtime: Arc<Runtime>,
    pub(super) doors: Doors,
    /// `publish.create` of one account, one at a time.
    pub(super) one_at_a_time: NamedLocks,
    directory: PathBuf,
    loaded: Mutex<HashMap<PluginId, Arc<ActivePlugin>>>,
}

impl Plugins {
    /// The catalogue in this store; component files lie below `data_dir`.
    pub fn open(
        store: Store,
        config: Arc<Config>,
        runtime: Arc<Runtime>,
        doors: Doors,
        data_dir: &Path,
    ) -> Result<Self, PluginsError> {
        let directory = data_dir.join("plugins");
        match DirBuilder::new().mode(0o700).create(&directory) {
            Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
                return Err(PluginsError::File {
                    path: directory,
                    source,
                });
            }
            _ => {}
        }
        let one_at_a_time = NamedLocks::default();
        Ok(Self {
            store,
            config,
            runtime,
            doors,
            one_at_a_time,
            directory,
            loaded: Mutex::default(),
        })
    }

    /// All installed versions, and whether each is active.
    pub fn list(&self) -> Result<Vec<(Installed, bool)>, PluginsError> {
        let mut versions = Vec::new();
        for (_, installed) in self.store.scan::<Installed>(&Key::root())? {
            let active = self.active_version(&installed.description.id)?;
            let is_active = active.as_ref() == Some(&installed.description.version);
            versions.push((installed, is_active));
        }
        Ok(versions)
    }

    /// The active version, loaded if it is not yet.
    pub fn active(&self, id: &PluginId) -> Result<Arc<ActivePlugin>, PluginsError> {
        if let Some(loaded) = self.loaded().get(id) {
            return Ok(Arc::clone(loaded));
        }
        let installed = self.active_installed(id)?;
        let linked = self.load(&self.read_component(&installed)?)?;
        let active = Arc::new(ActivePlugin { installed, linked });
        self.loaded().insert(id.clone(), Arc::clone(&active));
        Ok(active)
    }

    /// Loads a component. The first time takes as long as compiling does, and this thread's other
    /// tasks go on elsewhere meanwhile.
    pub(super) fn load(&self, component: &[u8]) -> Result<LinkedPlugin, LoadError> {
        let load = || self.runtime.load(component);
        match Handle::try_current().map(|handle| handle.runtime_flavor()) {
            Ok(RuntimeFlavor::MultiThread) => task::block_in_place(load),
            _ => load(),
        }
    }

    /// From here on nobody waits for a plugin to be compiled.
    pub fn stop_compiling(&self) {
        self.runtime.stop_compiling();
    }

    /// What is known of the active version, without loading it.
    pub fn active_installed(&self, id: &PluginId) -> Result<Installed, PluginsError> {
        let Some(version) = self.active_version(id)? else {
            let versions = self.store.scan::<Installed>(&Key::of([id.as_str()]))?;
            return Err(if versions.is_empty() {
                self.unknown(id.as_str())?
            } else {
                PluginsError::Inactive { id: id.clone() }
            });
        };
        let installed = self.store.get::<Installed>(&version_key(id, &version))?;
        installed.ok_or_else(|| PluginsError::Inactive { id: id.clone() })
    }

    /// Removes all versions of a plugin, with what is set for it.
    pub async fn remove(&self, id: &PluginId) -> Result<Vec<Installed>, PluginsError> {
        let versions = self.store.scan::<Installed>(&Key::of([id.as_str()]))?;
        if versions.is_empty() {
            return Err(self.unknown(id.as_str())?);
        }
        let mut commit = Commit::new().delete::<Active>(&plugin_key(id));
        for (key, _) in &versions {
            commit = commit.delete::<Installed>(key);
        }
        self.store.commit(commit).await?;
        self.loaded().remove(id);
        self.config.remove(id)?;
        self.doors.gateway.forget_plugin(id);
        let removed: Vec<_> = versions
            .into_iter()
            .map(|(_, installed)| installed)
            .collect();
        for installed in &removed {
            let path = self.component_path(&installed.sha256);
            if let Err(source) = fs::remove_file(&path) {
                tracing::warn!(path = %path.display(), error = %source, "a removed plugin's file stays");
            }
        }
        Ok(removed)
    }

    /// Writes a version down and makes it the active one, where `activate` says so.
    pub(super) async fn enter(
        &self,
        component: &[u8],
        installed: Installed,
        linked: Option<LinkedPlugin>,
    ) -> Result<(), PluginsError> {
        let id = installed.description.id.clone();
        self.write_component(&installed.sha256, component)?;
        let version = installed.description.version.clone();
        let mut commit = Commit::new().put(&version_key(&id, &version), &installed);
        if linked.is_some() {
            commit = commit.put(&plugin_key(&id), &Active { version });
        }
        self.store.commit(commit).await?;
        if let Some(linked) = linked {
            self.loaded()
                .insert(id, Arc::new(ActivePlugin { installed, linked }));
        }
        Ok(())
    }

    pub(super) fn active_version(
        &self,
        id: &PluginId,
    ) -> Result<Option<semver::Version>, PluginsError> {
        Ok(self
            .store
            .get::<Active>(&plugin_key(id))?
            .map(|active| active.version))
    }

    /// The error for a plugin that is not there, with those that are.
    pub(crate) fn unknown(&self, id: &str) -> Result<PluginsError, PluginsError> {
        let mut known: Vec<_> = self
            .store
            .scan::<Active>(&Key::root())?
            .into_iter()
            .map(|(id, _)| id.to_string())
            .collect();
        known.sort_unstable();
        let known = match known.as_slice() {
            [] => ": install one with stoflow plugin install FILE".into(),
            ids => format!("; there is {}", ids.join(", ")),
        };
        Ok(PluginsError::Unknown {
            id: id.to_owned(),
            known,
        })
    }

    fn loaded(&self) -> std::sync::MutexGuard<'_, HashMap<PluginId, Arc<ActivePlugin>>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn component_path(&self, sha256: &str) -> PathBuf {
        self.directory.join(format!("{sha256}.wasm"))
    }

    fn read_component(&self, installed: &Installed) -> Result<Vec<u8>, PluginsError> {
        let path = self.component_path(&installed.sha256);
        let bytes = fs::read(&path).map_err(|source| PluginsError::File {
            path: path.clone(),
            source,
        })?;
        if Digest::of(&bytes).to_string() != installed.sha256 {
            return Err(PluginsError::Changed { path });
        }
        Ok(bytes)
    }

    /// On disk, as a whole, before any record names it.
    fn write_component(&self, sha256: &str, bytes: &[u8]) -> Result<(), PluginsError> {
        let path = self.component_path(sha256);
        let next = path.with_extension("next");
        let written = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&next)
            .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&next, &path))
            .and_then(|()| fs::File::open(&self.directory)?.sync_all());
        written.map_err(|source| PluginsError::File { path, source })
    }
}

/// The record's key of one version.
pub(super) fn version_key(id: &PluginId, version: &semver::Version) -> Key {
    Key::of([id.as_str(), &version.to_string()])
}

fn plugin_key(id: &PluginId) -> Key {
    Key::of([id.as_str()])
}
