//! `stoflow config`, `--env-file` and the flags, as a person meets them.

use std::fs;

use serde_json::Value;

use super::{GRANT, SECRET};
use crate::command_line::Terminal;

#[test]
fn the_settings_are_shown_without_a_store_and_none_is_made() {
    let terminal = Terminal::new();
    let (code, text, errors) = terminal.run(&["config", "show"]);
    assert_eq!(code, 0, "{errors}");
    assert!(
        text.contains("log.filter") && text.contains("default"),
        "{text}"
    );
    let (code, text, errors) = terminal.run(&["config", "check"]);
    assert_eq!(code, 0, "{errors}");
    assert!(text.contains("nothing is wrong"), "{text}");
    assert!(!terminal.data.exists());
}

#[test]
fn secrets_are_stars_on_the_terminal_and_in_json() {
    let terminal = Terminal::new();
    fs::create_dir_all(&terminal.data).unwrap();
    fs::write(terminal.data.join("stoflow.toml"), GRANT).unwrap();
    for arguments in [&["config", "show"][..], &["config", "show", "--json"]] {
        let mut command = terminal.command(arguments);
        let output = command.env("ETSY_API_SECRET", SECRET).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}");
        assert!(
            text.contains("***") && text.contains("ETSY_API_SECRET"),
            "{text}"
        );
        assert!(!text.contains(SECRET), "{text}");
    }
}

#[test]
fn a_part_of_them_is_shown_by_its_key() {
    let terminal = Terminal::new();
    let (code, text, _) = terminal.run(&["config", "show", "log", "--json", "--log", "debug"]);
    assert_eq!(code, 0);
    let shown: Value = serde_json::from_str(&text).unwrap();
    let settings = shown["settings"].as_array().unwrap();
    assert_eq!(settings.len(), 2);
    assert_eq!(settings[0]["value"], "debug");
    assert_eq!(settings[0]["set_by"], "flag");
    assert_eq!(settings[0]["place"], "--log");
    terminal.fails(
        &["config", "show", "lg"],
        2,
        &["there is no setting \"lg\""],
    );
}

#[test]
fn everything_wrong_is_listed_and_the_exit_code_says_so() {
    let terminal = Terminal::new();
    fs::create_dir_all(&terminal.data).unwrap();
    let file = "[plugins.etsy]\nclient_id = 1\n\n[log]\nformat = \"xml\"\n";
    fs::write(terminal.data.join("stoflow.toml"), file).unwrap();
    let words = [
        "2 settings cannot be used",
        "stoflow.toml:2",
        "stoflow.toml:5",
    ];
    terminal.fails(&["config", "check"], 6, &words);
    terminal.fails(&["plugin", "list"], 6, &words);
}

#[test]
fn what_does_nothing_is_found_by_a_check_and_stops_nothing_else() {
    let terminal = Terminal::new();
    fs::create_dir_all(&terminal.data).unwrap();
    let file = format!(
        "[log]\nfilter = \"a=loud\"\n[plugins.etsy]\nscopes_left_out = [\"listings_x\"]\n\
         origins = {{ \"https://api.etsi.com\" = \"http://127.0.0.1:1\" }}\n{GRANT}"
    );
    fs::write(terminal.data.join("stoflow.toml"), file).unwrap();
    terminal.fails(
        &["config", "check"],
        6,
        &[
            "stoflow.toml:2",
            "filter is not understood",
            "stoflow.toml:4: plugins.etsy.scopes_left_out",
            "stoflow.toml:5: plugins.etsy.origins.\"https://api.etsi.com\"",
            "https://api.etsy.com",
        ],
    );
    let (code, _, errors) = terminal.run(&["config", "show"]);
    assert_eq!(code, 0, "{errors}");
}

#[test]
fn an_unknown_variable_fails_every_command_that_would_use_it() {
    let terminal = Terminal::new();
    for arguments in [&["config", "check"][..], &["plugin", "list"]] {
        let mut command = terminal.command(arguments);
        let output = command.env("STOFLOW_LOGFORMAT", "json").output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(6), "{errors}");
        assert!(
            errors.contains("STOFLOW_LOGFORMAT") && errors.contains("STOFLOW_LOG_FORMAT is one"),
            "{errors}"
        );
    }
}

#[test]
fn a_file_of_variables_is_read_where_it_is_named_and_nowhere_else() {
    let terminal = Terminal::new();
    let folder = terminal.folder.path();
    let file = folder.join(".env");
    fs::write(
        &file,
        "STOFLOW_LOG__FILTER=debug\nSTOFLOW_DATA_DIR=/nowhere\n",
    )
    .unwrap();
    let filter = |command: &mut std::process::Command| {
        let output = command.current_dir(folder).output().unwrap();
        let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
        shown["settings"][0].clone()
    };
    let arguments = ["config", "show", "log.filter", "--json"];
    let unread = filter(&mut terminal.command(&arguments));
    assert_eq!(unread["set_by"], "default");
    let by_variable = filter(terminal.command(&arguments).env("STOFLOW_ENV_FILE", ".env"));
    assert_eq!(by_variable["value"], "debug");
    assert_eq!(by_variable["place"], ".env:1: STOFLOW_LOG__FILTER");
    let mut flagged = arguments.to_vec();
    flagged.extend(["--env-file", file.to_str().unwrap()]);
    let by_flag = filter(&mut terminal.command(&flagged));
    assert_eq!(by_flag["set_by"], "env_file");
    terminal.fails(
        &["config", "check", "--env-file", "/nowhere/.env"],
        6,
        &["/nowhere/.env"],
    );
}

#[test]
fn the_data_directory_and_the_master_key_may_stand_in_the_file_of_variables() {
    let terminal = Terminal::new();
    let folder = terminal.folder.path();
    let data = folder.join("elsewhere");
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let text = format!(
        "STOFLOW_DATA_DIR={}\nSTOFLOW_MASTER_KEY={key}\n",
        data.display()
    );
    let file = folder.join("variables");
    fs::write(&file, text).unwrap();
    let mut command = terminal.command(&["plugin", "list", "--env-file", file.to_str().unwrap()]);
    let output = command.env_remove("STOFLOW_DATA_DIR").output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert!(data.join("store").is_dir());
    assert!(!data.join("master.key").exists());
}

#[test]
fn the_log_is_written_as_it_is_set() {
    let terminal = Terminal::new();
    let (_, _, errors) =
        terminal.run(&["plugin", "list", "--log", "debug", "--log-format", "json"]);
    for line in errors.lines() {
        let object: Value = serde_json::from_str(line).unwrap();
        assert!(
            object["timestamp"].is_string() && object["level"].is_string(),
            "{line}"
        );
    }
    assert!(errors.contains("master key"), "{errors}");
    let terminal = Terminal::new();
    let mut command = terminal.command(&["plugin", "list"]);
    let output = command.env("STOFLOW_LOG", "warn").output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    let first = errors.lines().next().unwrap();
    assert!(first.contains("WARN") && first.starts_with("20"), "{first}");
}
