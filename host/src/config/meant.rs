//! Which setting a variable's name means, by the rule that every setting's variable is named by, and which
//! was meant where it means none.

use super::setting::{FORMER, Kind, OTHERS, SETTINGS};
use crate::model::PluginId;

/// What the names of plugins' settings' variables begin with.
const PLUGINS: &str = "STOFLOW_PLUGINS__";

/// A setting that a variable's name means.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Meant {
    pub(super) kind: Kind,
    /// The keys on the way to it.
    pub(super) keys: Vec<String>,
}

/// The setting with this variable, of those that begin with `STOFLOW_`.
pub(super) fn meant(variable: &str) -> Option<Meant> {
    if let Some(rest) = variable.strip_prefix(PLUGINS) {
        let (id, rest) = rest.split_once("__")?;
        let id: PluginId = id.to_ascii_lowercase().replace('_', "-").parse().ok()?;
        if capitals(&id) != variable.get(PLUGINS.len()..PLUGINS.len() + id.as_str().len())? {
            return None;
        }
        return of_plugin(&id, rest);
    }
    let setting = SETTINGS.iter().find(|setting| {
        setting.of_plugin().is_none()
            && (setting.variable().as_deref() == Some(variable) || setting.short == Some(variable))
    })?;
    Some(Meant {
        kind: setting.kind,
        keys: split(setting.key),
    })
}

fn of_plugin(id: &PluginId, rest: &str) -> Option<Meant> {
    for setting in SETTINGS {
        let Some(key) = setting.of_plugin() else {
            continue;
        };
        let name = key.to_ascii_uppercase().replace('.', "__");
        let mut keys = vec!["plugins".to_owned(), id.to_string()];
        keys.extend(split(key));
        if setting.kind != Kind::Map && name == rest {
            return Some(Meant {
                kind: setting.kind,
                keys,
            });
        }
        let entry = rest
            .strip_prefix(&name)
            .and_then(|rest| rest.strip_prefix("__"))
            .filter(|entry| !entry.is_empty() && setting.variable().is_some());
        if let (Kind::Map, Some(entry)) = (setting.kind, entry) {
            keys.push(entry.to_ascii_lowercase());
            return Some(Meant {
                kind: Kind::Text,
                keys,
            });
        }
    }
    None
}

/// The setting that a plugin's short variable means: `API_KEY` of `ETSY_API_KEY`.
pub(super) fn meant_short(id: &PluginId, short: &str) -> Option<Meant> {
    let setting = SETTINGS
        .iter()
        .find(|setting| setting.of_plugin().is_some() && setting.short == Some(short))?;
    Some(Meant {
        kind: setting.kind,
        keys: split(&setting.key_for(Some(id))),
    })
}

/// What a plugin's variables begin with, without the `_`.
pub(super) fn capitals(id: &PluginId) -> String {
    id.as_str().to_ascii_uppercase().replace('-', "_")
}

/// The variable that somebody most likely meant who wrote one that means nothing.
pub(super) fn nearest(variable: &str, plugins: &[PluginId]) -> Option<String> {
    /// Letters that may be wrong, missing, too many or exchanged: with more it is another word.
    const WRONG_MAX: usize = 2;

    let others = OTHERS.iter().map(|(name, _)| (*name).to_owned());
    let settings = SETTINGS.iter().flat_map(|setting| {
        let names = [setting.variable(), setting.short_variable()];
        names.into_iter().flatten().flat_map(|name| {
            if !name.contains("<ID>") {
                return vec![name];
            }
            let filled = plugins.iter().map(|id| name.replace("<ID>", &capitals(id)));
            filled.collect()
        })
    });
    let former = plugins.iter().flat_map(|id| {
        let names = FORMER.iter().map(|(name, ..)| *name);
        names.map(move |name| format!("{}_{name}", capitals(id)))
    });
    others
        .chain(settings)
        .chain(former)
        .map(|name| (strsim::damerau_levenshtein(variable, &name), name))
        .filter(|(wrong, _)| *wrong <= WRONG_MAX)
        .min_by_key(|(wrong, _)| *wrong)
        .map(|(_, name)| name)
}

fn split(key: &str) -> Vec<String> {
    key.split('.').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(meant: Option<Meant>) -> Option<String> {
        meant.map(|meant| meant.keys.join("."))
    }

    #[test]
    fn a_variable_means_one_setting_by_a_rule() {
        for (variable, key) in [
            ("STOFLOW_LOG__FORMAT", Some("log.format")),
            ("STOFLOW_LOG_FORMAT", Some("log.format")),
            ("STOFLOW_LOG", Some("log.filter")),
            (
                "STOFLOW_PLUGINS__ETSY__CLIENT_ID",
                Some("plugins.etsy.client_id"),
            ),
            (
                "STOFLOW_PLUGINS__E_BAY__RATE_LIMITS__PER_DAY",
                Some("plugins.e-bay.rate_limits.per_day"),
            ),
            (
                "STOFLOW_PLUGINS__ETSY__SETTINGS__WHO_MADE",
                Some("plugins.etsy.settings.who_made"),
            ),
            ("STOFLOW_PLUGINS__ETSY__SETTINGS__", None),
            ("STOFLOW_PLUGINS__ETSY__ORIGINS__X", None),
            ("STOFLOW_PLUGINS__etsy__CLIENT_ID", None),
            ("STOFLOW_PLUGINS__ETSY__CLIENTID", None),
            ("STOFLOW_PLUGINS__1__CLIENT_ID", None),
            ("STOFLOW_LOGS", None),
        ] {
            assert_eq!(keys(meant(variable)).as_deref(), key, "{variable}");
        }
        let etsy: PluginId = "etsy".parse().unwrap();
        assert_eq!(
            keys(meant_short(&etsy, "API_KEY")).as_deref(),
            Some("plugins.etsy.client_id")
        );
        assert!(meant_short(&etsy, "API_KEYS").is_none());
    }

    #[test]
    fn no_two_settings_have_one_variable() {
        let mut names = Vec::new();
        for setting in SETTINGS {
            names.extend(setting.variable());
            names.extend(setting.short_variable());
        }
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn a_misspelt_variable_has_a_near_one() {
        let etsy: PluginId = "etsy".parse().unwrap();
        let near = |name: &str| nearest(name, std::slice::from_ref(&etsy));
        assert_eq!(near("ETSY_API_KEEY").as_deref(), Some("ETSY_API_KEY"));
        assert_eq!(near("STOFLOW_DATADIR").as_deref(), Some("STOFLOW_DATA_DIR"));
        assert_eq!(near("STOFLOW_X"), None);
    }
}
