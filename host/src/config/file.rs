//! `stoflow.toml` as a whole: read at the start, changed by commands one plugin at a time.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use toml_edit::{DocumentMut, Item, Table};

use super::change::{PluginChange, apply};
use super::fault::{ConfigError, Fault};
use super::read::{Set, faulty, read};
use super::{ConsentConfig, Layers, LogConfig, PluginConfig, ServerConfig, Shown};
use crate::directory;
use crate::model::{Grant, PluginId};

/// The file's name in the data directory.
const FILE_NAME: &str = "stoflow.toml";

/// The operator's configuration, as it was last read or written.
#[derive(Debug)]
pub struct Config {
    path: PathBuf,
    layers: Layers,
    set: RwLock<Set>,
    /// One writer at a time: a change reads the file again, edits it and puts it in place.
    writing: Mutex<()>,
}

impl Config {
    /// Reads `stoflow.toml` in the data directory, and lays over it what is set outside; where there
    /// is no file, it sets nothing.
    ///
    /// # Errors
    /// All that is wrong, each with its place.
    pub fn load(data_dir: &Path, layers: &Layers) -> Result<Self, ConfigError> {
        let path = data_dir.join(FILE_NAME);
        let set = read(&path, &read_text(&path)?, layers)?;
        Ok(Self {
            path,
            layers: layers.clone(),
            set: RwLock::new(set),
            writing: Mutex::new(()),
        })
    }

    /// The file, for errors that name it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is set for a plugin; all unset where nothing is.
    pub fn plugin(&self, id: &PluginId) -> Arc<PluginConfig> {
        let set = self.set.read().unwrap_or_else(PoisonError::into_inner);
        set.plugins.get(id).cloned().unwrap_or_default()
    }

    /// What is set for the log.
    pub fn log(&self) -> LogConfig {
        let set = self.set.read().unwrap_or_else(PoisonError::into_inner);
        set.log.clone()
    }

    /// Every setting in force, with where it comes from; secrets are stars.
    pub fn shown(&self) -> Arc<[Shown]> {
        let set = self.set.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&set.shown)
    }

    /// What does nothing as it stands.
    pub fn warnings(&self) -> Arc<[Fault]> {
        let set = self.set.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&set.warnings)
    }

    /// What is set for consents.
    pub fn consent(&self) -> Arc<ConsentConfig> {
        let set = self.set.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&set.consent)
    }

    /// What is set for `stoflow serve`.
    pub fn server(&self) -> Arc<ServerConfig> {
        let set = self.set.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&set.server)
    }

    /// Changes what is set for a plugin, in the file and here.
    pub fn change(&self, id: &PluginId, change: &PluginChange) -> Result<(), ConfigError> {
        let twice = [
            (
                "client_secret",
                change.client_secret.is_some() && change.client_secret_file.is_some(),
            ),
            (
                "webhook_secrets",
                change.webhook_secrets.is_some() && change.webhook_secrets_file.is_some(),
            ),
        ];
        if let Some((place, _)) = twice.into_iter().find(|(_, twice)| *twice) {
            return Err(ConfigError::one(
                place,
                "give the secret or the file that holds it, not both",
            ));
        }
        self.edit(id, |table| apply(table, change))
    }

    /// Writes down what a plugin is allowed.
    pub fn grant(&self, id: &PluginId, grant: &Grant) -> Result<(), ConfigError> {
        let written = toml_edit::ser::to_document(grant)
            .map_err(|error| ConfigError::one("grant", error.to_string()))?;
        let granted = unfolded(written.as_table());
        self.edit(id, |table| {
            table.insert("grant", Item::Table(granted));
        })
    }

    /// Forgets all that is set for a plugin.
    pub fn remove(&self, id: &PluginId) -> Result<(), ConfigError> {
        self.edit_plugins(|plugins| {
            plugins.remove(id.as_str());
            Ok(())
        })
    }

    fn edit(&self, id: &PluginId, edit: impl FnOnce(&mut Table)) -> Result<(), ConfigError> {
        self.edit_plugins(|plugins| {
            let item = plugins
                .entry(id.as_str())
                .or_insert_with(|| Item::Table(Table::new()));
            let table = as_table(item).ok_or_else(|| self.no_table(&format!("plugins.{id}")))?;
            edit(table);
            Ok(())
        })
    }

    fn no_table(&self, key: &str) -> ConfigError {
        ConfigError::one(format!("{}: {key}", self.path.display()), "is no table")
    }

    fn edit_plugins(
        &self,
        edit: impl FnOnce(&mut Table) -> Result<(), ConfigError>,
    ) -> Result<(), ConfigError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let text = read_text(&self.path)?;
        let mut document = text
            .parse::<DocumentMut>()
            .map_err(|error| faulty(&self.path, &text, error.span(), error.message()))?;
        let plugins = document.entry("plugins").or_insert_with(|| {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        });
        edit(as_table(plugins).ok_or_else(|| self.no_table("plugins"))?)?;
        let text = document.to_string();
        let set = read(&self.path, &text, &self.layers)?;
        // Readable by its owner alone: it may hold the app's secret.
        directory::replace(&self.path, text.as_bytes()).map_err(|source| ConfigError::Io {
            path: self.path.clone(),
            source,
        })?;
        *self.set.write().unwrap_or_else(PoisonError::into_inner) = set;
        Ok(())
    }
}

/// What a person wrote as `{ … }` becomes a table under a heading. `None` for what is no table.
fn as_table(item: &mut Item) -> Option<&mut Table> {
    if item.is_inline_table() {
        let table = std::mem::take(item).into_table().unwrap_or_default();
        *item = Item::Table(table);
    }
    item.as_table_mut()
}

/// The same with its tables under headings of their own, for people to read.
fn unfolded(table: &Table) -> Table {
    let mut unfolded = Table::new();
    for (key, item) in table {
        let item = match item.clone().into_array_of_tables() {
            Ok(tables) => Item::ArrayOfTables(tables),
            Err(item) => item.into_table().map_or_else(|item| item, Item::Table),
        };
        unfolded.insert(key, item);
    }
    unfolded
}

fn read_text(path: &Path) -> Result<String, ConfigError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(source) => Err(ConfigError::Io {
            path: path.to_owned(),
            source,
        }),
    }
}

/// An origin is scheme, host and port, and nothing behind them (RFC 6454 §6.1).
pub(super) fn check_origin(text: &str) -> Result<(), String> {
    let url = url::Url::parse(text).map_err(|error| format!("{text:?} is no origin: {error}"))?;
    let serialized = url.origin().ascii_serialization();
    if matches!(url.scheme(), "http" | "https") && serialized == text {
        Ok(())
    } else {
        Err(format!("{text:?} is no origin; write it as {serialized:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Description;
    use crate::secret::Secret;

    fn etsy() -> PluginId {
        "etsy".parse().unwrap()
    }

    fn written(text: &str) -> (tempfile::TempDir, Result<Config, ConfigError>) {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(FILE_NAME), text).unwrap();
        let config = Config::load(directory.path(), &Layers::default());
        (directory, config)
    }

    #[test]
    fn without_a_file_nothing_is_set() {
        let directory = tempfile::tempdir().unwrap();
        let config = Config::load(directory.path(), &Layers::default()).unwrap();
        assert_eq!(*config.plugin(&etsy()), PluginConfig::default());
    }

    #[test]
    fn a_change_keeps_comments_and_is_read_back() {
        let (directory, config) = written("# mine\n[plugins.etsy]\nclient_id = \"old\" # why\n");
        let config = config.unwrap();
        let change = PluginChange {
            client_id: Some("new".into()),
            client_secret: Some("a-secret-long-enough".into()),
            origins: [(
                "https://api.etsy.com".into(),
                "http://127.0.0.1:7010".into(),
            )]
            .into(),
            settings: [("who_made".into(), "i_did".into())].into(),
            ..PluginChange::default()
        };
        config.change(&etsy(), &change).unwrap();
        let text = fs::read_to_string(directory.path().join(FILE_NAME)).unwrap();
        assert!(text.starts_with("# mine\n"), "{text}");
        let again = Config::load(directory.path(), &Layers::default()).unwrap();
        for config in [config, again] {
            let plugin = config.plugin(&etsy());
            assert_eq!(plugin.client_id.as_deref(), Some("new"));
            assert_eq!(
                plugin.client_secret.as_ref().map(Secret::expose),
                Some("a-secret-long-enough")
            );
            assert_eq!(
                plugin.stand_in("https://api.etsy.com"),
                ("http://127.0.0.1:7010", true)
            );
        }
    }

    #[test]
    fn a_change_reaches_a_plugin_however_its_table_is_written() {
        for text in [
            "plugins = { etsy = { client_id = \"old\", redirect_uri = \"http://localhost/x\" } }\n",
            "[plugins]\netsy = { client_id = \"old\", redirect_uri = \"http://localhost/x\" }\n",
            "plugins.etsy.client_id = \"old\"\nplugins.etsy.redirect_uri = \"http://localhost/x\"\n",
        ] {
            let (directory, config) = written(text);
            let change = PluginChange {
                client_id: Some("new".into()),
                ..PluginChange::default()
            };
            config.unwrap().change(&etsy(), &change).unwrap();
            let plugin = Config::load(directory.path(), &Layers::default())
                .unwrap()
                .plugin(&etsy());
            assert_eq!(plugin.client_id.as_deref(), Some("new"), "{text}");
            assert!(plugin.redirect_uri.is_some(), "{text}");
        }
    }

    #[test]
    fn a_grant_is_read_back_as_it_was_written() {
        let description: Description = serde_json::from_value(serde_json::json!({
            "id": "etsy", "name": "Etsy", "version": "0.1.0",
            "endpoints": [{
                "origin": "https://api.etsy.com", "path_prefix": "/v3/application/",
                "methods": ["get", "post"], "quotas": ["second"],
                "credentials": ["user_token", {"header": {"name": "x-api-key", "template": "{client-id}"}}]
            }],
            "quotas": [{"name": "second", "scope": "app", "window": {"sliding": 1}, "limit": 10}]
        }))
        .unwrap();
        let grant = Grant::asked(&description, None);
        let directory = tempfile::tempdir().unwrap();
        Config::load(directory.path(), &Layers::default())
            .unwrap()
            .grant(&etsy(), &grant)
            .unwrap();
        let again = Config::load(directory.path(), &Layers::default()).unwrap();
        assert_eq!(again.plugin(&etsy()).grant, Some(grant));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let (_directory, config) = written("[plugins.etsy]\nclient_id = 1\n");
        assert!(config.unwrap_err().to_string().contains("stoflow.toml:2:"));
        let (_directory, config) = written("\n[plugins.etsy]\nclientid = \"1\"\n");
        let message = config.unwrap_err().to_string();
        assert!(
            message.contains(":3:") && message.contains("clientid"),
            "{message}"
        );
        let (_directory, config) = written("[plugins.etsy\n");
        assert!(config.unwrap_err().to_string().contains("stoflow.toml:1:"));
    }

    #[test]
    fn a_secret_too_short_to_guard_is_refused_without_being_shown() {
        let (_directory, config) = written("[plugins.etsy]\nclient_secret = \"hunter2\"\n");
        let message = config.unwrap_err().to_string();
        assert!(message.contains("plugins.etsy.client_secret"), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }

    #[test]
    fn an_origin_has_nothing_behind_its_port() {
        let (_directory, config) = written(
            "[plugins.etsy.origins]\n\"https://api.etsy.com\" = \"http://localhost:1/x\"\n",
        );
        let message = config.unwrap_err().to_string();
        assert!(
            message.contains("write it as \"http://localhost:1\""),
            "{message}"
        );
    }

    #[test]
    fn where_browsers_are_sent_back_to_is_read_and_what_is_no_origin_is_named() {
        let (_directory, config) =
            written("[consent]\nreturn_origins = [\"https://app.example\"]\n");
        let config = config.unwrap();
        assert_eq!(config.consent().return_origins, ["https://app.example"]);
        config.change(&etsy(), &PluginChange::default()).unwrap();
        assert_eq!(config.consent().return_origins, ["https://app.example"]);
        for (text, words) in [
            (
                "return_origins = [\"https://app.example/\"]",
                "consent.return_origins",
            ),
            ("return_origins = [\"http://app.example\"]", "not https"),
            ("return_origin = []", "stoflow.toml:2:"),
        ] {
            let (_directory, config) = written(&format!("[consent]\n{text}\n"));
            let message = config.unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
        }
    }

    #[test]
    fn no_two_marketplaces_send_browsers_to_one_address() {
        let (directory, config) =
            written("[plugins.etsy]\nredirect_uri = \"https://stoflow.example/callback?m=etsy\"\n");
        let ebay: PluginId = "ebay".parse().unwrap();
        let change = |uri: &str| PluginChange {
            redirect_uri: Some(uri.to_owned()),
            ..PluginChange::default()
        };
        let config = config.unwrap();
        let refused = config.change(&ebay, &change("https://stoflow.example/callback?m=ebay"));
        let message = refused.unwrap_err().to_string();
        assert!(
            message.contains("redirect_uri") && message.contains("that of ebay"),
            "{message}"
        );
        config
            .change(&ebay, &change("https://stoflow.example/ebay"))
            .unwrap();
        Config::load(directory.path(), &Layers::default()).unwrap();
    }

    #[test]
    fn a_refused_change_leaves_the_file_as_it_was() {
        let (directory, config) = written("[plugins.etsy]\nclient_id = \"old\"\n");
        let change = PluginChange {
            client_secret: Some("short".into()),
            ..Default::default()
        };
        assert!(config.unwrap().change(&etsy(), &change).is_err());
        let text = fs::read_to_string(directory.path().join(FILE_NAME)).unwrap();
        assert_eq!(text, "[plugins.etsy]\nclient_id = \"old\"\n");
    }
}
