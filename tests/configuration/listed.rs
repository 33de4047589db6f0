//! The list of settings beside what is read, what is documented, and the examples.

use std::fs;
use std::path::Path;

use serde_json::Value;
use stoflow_host::config::{FORMER, Kind, OTHERS, SETTINGS, SetBy, Setting};

use super::{GRANT, Setup, shown};

/// The keys that a table of the file takes, as its own error names them.
fn taken(table: &str) -> Vec<String> {
    let file = format!("{table}no_such_key = 1\n");
    let setup = Setup {
        file: &file,
        ..Setup::default()
    };
    let faults = setup.faults().join("\n");
    let (_, names) = faults
        .split_once("expected ")
        .unwrap_or_else(|| panic!("{table}: {faults}"));
    let names = names.split('`').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}

#[test]
fn the_list_of_settings_has_every_key_that_the_file_takes_and_no_other() {
    let mut keys = Vec::new();
    for table in taken("") {
        if table == "plugins" {
            continue;
        }
        let all = taken(&format!("[{table}]\n"));
        keys.extend(all.into_iter().map(|key| format!("{table}.{key}")));
    }
    for key in taken("[plugins.etsy]\n") {
        match key.as_str() {
            // Written by the host, when the operator grants what a plugin asks for.
            "grant" => {}
            "rate_limits" | "polling" => {
                let all = taken(&format!("[plugins.etsy.{key}]\n"));
                keys.extend(
                    all.into_iter()
                        .map(|name| format!("plugins.*.{key}.{name}")),
                );
            }
            _ => keys.push(format!("plugins.*.{key}")),
        }
    }
    let mut listed: Vec<_> = SETTINGS
        .iter()
        .map(|setting| setting.key.to_owned())
        .collect();
    keys.sort();
    listed.sort();
    assert_eq!(keys, listed);
}

#[test]
fn the_defaults_are_those_that_the_list_says() {
    let setup = Setup {
        file: "[plugins.etsy]\n",
        ..Setup::default()
    };
    let config = setup.load().unwrap();
    for setting in SETTINGS.iter().filter(|setting| setting.kind != Kind::Map) {
        let shown = shown(&config, &setting.key.replace('*', "etsy"));
        let text = match shown.value {
            Value::Null => String::new(),
            Value::String(text) => text,
            Value::Array(list) if list.is_empty() => String::new(),
            other => other.to_string(),
        };
        assert_eq!(text, setting.default, "{}", setting.key);
        assert_eq!(shown.set_by, SetBy::Default, "{}", setting.key);
    }
}

fn text(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A setting's row in docs/configuration.md.
fn row(setting: &Setting) -> String {
    let code = |text: String| format!("`{text}`");
    let variables: Vec<String> = [setting.variable(), setting.short_variable()]
        .into_iter()
        .flatten()
        .map(code)
        .collect();
    let variables = if variables.is_empty() {
        "–".to_owned()
    } else {
        variables.join(", ")
    };
    let default = match setting.default {
        "" => "–".to_owned(),
        default => code(default.to_owned()),
    };
    let key = setting.key.replace('*', "<id>");
    format!("| `{key}` | {variables} | {default} | {} |", setting.says)
}

#[test]
fn every_setting_and_variable_is_documented_as_it_is() {
    let page = text("docs/configuration.md");
    let mut rows: Vec<String> = SETTINGS.iter().map(row).collect();
    rows.extend(FORMER.iter().map(|(name, key, says)| {
        format!(
            "| `<ID>_{name}` | `{}` | {says} |",
            key.replace('*', "<id>")
        )
    }));
    rows.extend(
        OTHERS
            .iter()
            .map(|(name, says)| format!("| `{name}` | {says} |")),
    );
    let missing: Vec<&String> = rows
        .iter()
        .filter(|row| !page.lines().any(|line| line == *row))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/configuration.md lacks:\n{missing:#?}"
    );
    let written = page.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(
        written,
        rows.len(),
        "docs/configuration.md has rows of nothing"
    );
}

#[test]
fn the_example_of_variables_has_every_one_and_each_is_understood() {
    let example = text(".env.example");
    let written: Vec<&str> = example
        .lines()
        .filter_map(|line| line.trim_start_matches('#').trim_start().split_once('='))
        .map(|(name, _)| name)
        .filter(|name| !name.contains(' '))
        .collect();
    let etsy = |name: String| {
        name.replace("<ID>", "ETSY")
            .replace("<NAME>", "WHO_MADE")
            .replace("<SCOPE>", "LISTINGS_D")
    };
    let mut names: Vec<String> = SETTINGS
        .iter()
        .filter_map(|setting| setting.short_variable().or_else(|| setting.variable()))
        .collect();
    names.extend(FORMER.iter().map(|(name, ..)| format!("<ID>_{name}")));
    names.extend(OTHERS.iter().map(|(name, _)| (*name).to_owned()));
    let mut names: Vec<String> = names.into_iter().map(etsy).collect();
    let mut sorted = written.clone();
    sorted.sort_unstable();
    names.sort();
    assert_eq!(sorted, names);
    // As it is, it sets nothing; with its lines uncommented, nothing of it is unknown.
    let all: String = written
        .iter()
        .map(|name| {
            let line = example
                .lines()
                .find(|line| line.contains(&format!("{name}=")));
            format!("{}\n", line.unwrap().trim_start_matches('#').trim_start())
        })
        .filter(|line| !line.starts_with("STOFLOW_ENV_FILE") && !line.contains("_FILE="))
        .collect();
    let setup = Setup {
        file: GRANT,
        env_file: Some(&all),
        ..Setup::default()
    };
    assert_eq!(setup.faults(), Vec::<String>::new());
    let setup = Setup {
        file: GRANT,
        env_file: Some(&example),
        ..Setup::default()
    };
    let config = setup.load().unwrap();
    let set = config.shown();
    assert!(set.iter().all(|shown| shown.set_by == SetBy::Default));
}

#[test]
fn the_example_of_the_file_can_be_used_as_it_is() {
    let setup = Setup {
        file: &text("deploy/stoflow.toml.example"),
        ..Setup::default()
    };
    assert_eq!(setup.faults(), Vec::<String>::new());
}
