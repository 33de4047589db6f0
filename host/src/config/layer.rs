//! What is set outside `stoflow.toml`: variables of the process, a file of variables, flags. Read once
//! at the start, with where each stands, and laid over the file whenever that is read.
//!
//! A file of variables is read only where somebody names it. A `.env` that happens to lie in the
//! working directory is not: who starts the host in a folder of somebody else's would run with that
//! one's app and stand-ins, without a word.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use super::fault::{ConfigError, Fault};
use super::meant::{meant, nearest};
use super::{env_file, setting};
use crate::secret::Secret;

/// The variable that names a file of variables.
const ENV_FILE: &str = "STOFLOW_ENV_FILE";

/// What begins the names of this program's own variables: an unknown one is an error.
const OWN: &str = "STOFLOW_";

/// From the lightest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Layer {
    File,
    EnvFile,
    Environment,
    Flag,
}

/// A variable that is not empty.
#[derive(Clone)]
pub(super) struct Variable {
    pub(super) value: Secret,
    pub(super) layer: Layer,
    /// The name; in front of it, where it stands in a file, file and line.
    pub(super) place: String,
}

/// A flag that is a setting.
#[derive(Clone)]
pub(super) struct Flag {
    pub(super) key: &'static str,
    pub(super) value: Secret,
    pub(super) place: &'static str,
}

/// All that is set outside `stoflow.toml`.
#[derive(Clone, Default)]
pub struct Layers {
    variables: BTreeMap<String, Variable>,
    flags: Vec<Flag>,
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Layers")
    }
}

impl Layers {
    /// The process's variables, and those of the file that the flag `--env-file` or
    /// `STOFLOW_ENV_FILE` names. The process's own weigh more; an empty one is as good as none.
    ///
    /// # Errors
    /// The file cannot be read, or a line of it is no variable; a variable of this program's is no
    /// text, or means nothing.
    pub fn read(
        process: impl IntoIterator<Item = (OsString, OsString)>,
        env_file: Option<&Path>,
    ) -> Result<Self, ConfigError> {
        let (mut layers, mut faults) = (Self::default(), Vec::new());
        for (name, value) in process {
            faults.extend(layers.take(&name, value).err());
        }
        let named = layers.variable(ENV_FILE).map(PathBuf::from);
        if let Some(path) = env_file.map(Path::to_owned).or(named) {
            faults.extend(layers.take_file(&path)?);
        }
        faults.extend(layers.unknown());
        if faults.is_empty() {
            Ok(layers)
        } else {
            Err(ConfigError::Faults(faults))
        }
    }

    /// With a flag that is a setting: `server.listen` by `--listen`.
    pub fn flag(&mut self, key: &'static str, flag: &'static str, value: impl Into<String>) {
        self.flags.push(Flag {
            key,
            value: Secret::new(value.into()),
            place: flag,
        });
    }

    /// The value of a variable, of the process or of the file.
    pub fn variable(&self, name: &str) -> Option<OsString> {
        let variable = self.variables.get(name)?;
        Some(variable.value.expose().into())
    }

    pub(super) fn variables(&self) -> impl Iterator<Item = (&str, &Variable)> {
        let pairs = self.variables.iter();
        pairs.map(|(name, variable)| (name.as_str(), variable))
    }

    pub(super) fn flags(&self) -> &[Flag] {
        &self.flags
    }

    fn take(&mut self, name: &OsStr, value: OsString) -> Result<(), Fault> {
        // A name that is no text is none of ours.
        let Some(name) = name.to_str() else {
            return Ok(());
        };
        let value = match value.into_string() {
            Ok(value) => value,
            Err(_) if name.starts_with(OWN) => {
                return Err(Fault::new(name, "is not UTF-8"));
            }
            // Whose it is shows only once the plugins are known; no setting has such a value.
            Err(_) => return Ok(()),
        };
        if !value.is_empty() {
            let variable = Variable {
                value: Secret::new(value),
                layer: Layer::Environment,
                place: name.to_owned(),
            };
            self.variables.insert(name.to_owned(), variable);
        }
        Ok(())
    }

    fn take_file(&mut self, path: &Path) -> Result<Vec<Fault>, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Io {
            path: path.to_owned(),
            source,
        })?;
        let text = Secret::new(text);
        let file = path.display().to_string();
        let (lines, faults) = env_file::parse(&file, text.expose());
        for line in lines.into_iter().filter(|line| !line.value.is_empty()) {
            let place = format!("{file}:{}: {}", line.number, line.name);
            self.variables.entry(line.name).or_insert(Variable {
                value: Secret::new(line.value),
                layer: Layer::EnvFile,
                place,
            });
        }
        Ok(faults)
    }

    /// Variables of this program's that mean nothing.
    fn unknown(&self) -> Vec<Fault> {
        let own = self.variables().filter(|(name, _)| name.starts_with(OWN));
        let unknown = own.filter(|(name, _)| {
            let is_other = setting::OTHERS.iter().any(|(other, _)| other == name);
            let is_test = setting::TESTS.iter().any(|test| name.starts_with(test));
            !is_other && !is_test && meant(name).is_none()
        });
        unknown
            .map(|(name, variable)| no_setting(name, variable, &[]))
            .collect()
    }
}

/// A variable that means nothing, and which was meant.
pub(super) fn no_setting(
    name: &str,
    variable: &Variable,
    plugins: &[crate::model::PluginId],
) -> Fault {
    let near = nearest(name, plugins);
    let meant = near.map_or_else(
        || "docs/configuration.md names all that there are".to_owned(),
        |near| format!("{near} is one"),
    );
    Fault::new(
        variable.place.clone(),
        format!("is no setting of Stoflow's; {meant}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)], file: Option<&str>) -> Result<Layers, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("variables");
        if let Some(text) = file {
            std::fs::write(&path, text).unwrap();
        }
        let pairs = pairs
            .iter()
            .map(|(name, value)| (name.into(), value.into()));
        let read = Layers::read(pairs, file.map(|_| path.as_path()));
        let folder = folder.path().display().to_string();
        read.map_err(|error| error.to_string().replace(&folder, ""))
    }

    #[test]
    fn the_process_weighs_more_than_the_file_and_an_empty_variable_is_none() {
        let pairs = [("STOFLOW_LOG", "info"), ("ETSY_API_KEY", "")];
        let layers = read(&pairs, Some("STOFLOW_LOG=debug\nETSY_API_KEY=k\n")).unwrap();
        assert_eq!(layers.variable("STOFLOW_LOG"), Some("info".into()));
        assert_eq!(layers.variable("ETSY_API_KEY"), Some("k".into()));
        assert_eq!(layers.variables["ETSY_API_KEY"].layer, Layer::EnvFile);
        assert_eq!(layers.variable("OTHER"), None);
    }

    #[test]
    fn an_unknown_variable_is_named_with_its_place_and_the_near_one() {
        let error = read(&[("STOFLOW_LGO", "x")], None).unwrap_err();
        assert_eq!(
            error,
            "STOFLOW_LGO: is no setting of Stoflow's; STOFLOW_LOG is one"
        );
        let error = read(
            &[("STOFLOW_ZZZ", "a-secret")],
            Some("\nSTOFLOW_SERVER_LISTEN=1\n"),
        )
        .unwrap_err();
        assert!(
            error.contains("/variables:2: STOFLOW_SERVER_LISTEN: is no"),
            "{error}"
        );
        assert!(error.starts_with("2 settings cannot be used"), "{error}");
        assert!(!error.contains("a-secret"), "{error}");
    }

    #[test]
    fn variables_of_the_tests_and_of_other_programs_are_let_be() {
        let pairs = [
            ("STOFLOW_ROUNDS_X", "1"),
            ("PATH", "/bin"),
            ("STOFLOW_DATA_DIR", "/d"),
        ];
        read(&pairs, None).unwrap();
    }

    #[test]
    fn a_file_that_is_named_has_to_be_there() {
        let pairs = [("STOFLOW_ENV_FILE", "/nowhere/.env")];
        let error = read(&pairs, None).unwrap_err();
        assert!(error.starts_with("/nowhere/.env: "), "{error}");
    }
}
