//! Values the same at every run: what is random or is a time is put by something like it, and what is
//! long is cut.

use serde_json::{Map, Value, json};

/// How much of a text an example shows.
const TEXT_CHARS_MAX: usize = 160;
/// How deep objects are shown.
const DEPTH_MAX: usize = 4;
/// How many members of an object within another are shown, and of one deeper than that.
const MEMBERS_MAX: (usize, usize) = (24, 8);

/// What stands for every time: as RFC 3339 has it, and in seconds.
const TIME: (&str, i64) = ("2026-11-26T09:30:00Z", 1_795_685_400);
/// Numbers that are times: some years before and after.
const TIMES: std::ops::Range<i64> = 1_700_000_000..2_000_000_000;

/// Beginnings of ids and secrets, which are random.
const RANDOM: &[&str] = &["acc_", "op_", "file_", "key_", "sk_", "evt_"];

/// The value as it is shown.
pub fn settled(value: Value) -> Value {
    within(value, 0)
}

fn within(value: Value, depth: usize) -> Value {
    match value {
        Value::String(text) => Value::String(settled_text(&text)),
        Value::Array(items) => items
            .into_iter()
            .take(1)
            .map(|item| within(item, depth))
            .collect(),
        Value::Object(members) => object(members, depth + 1),
        Value::Number(number) if number.as_i64().is_some_and(|it| TIMES.contains(&it)) => {
            json!(TIME.1)
        }
        other => other,
    }
}

fn object(members: Map<String, Value>, depth: usize) -> Value {
    if depth > DEPTH_MAX && !members.is_empty() {
        return json!("…");
    }
    let most = match depth {
        1 => members.len(),
        2 => MEMBERS_MAX.0,
        _ => MEMBERS_MAX.1,
    };
    let is_cut = members.len() > most;
    let shown = members.into_iter().take(most);
    let mut shown: Map<String, Value> = shown
        .map(|(name, value)| {
            let value = of_its_name(&name, &value).unwrap_or_else(|| within(value, depth));
            (name, value)
        })
        .collect();
    if is_cut {
        shown.insert("…".to_owned(), json!("…"));
    }
    Value::Object(shown)
}

/// What is another at every run, by its name.
fn of_its_name(name: &str, value: &Value) -> Option<Value> {
    Some(match name {
        "age_seconds" | "used" => json!(42),
        "bytes" | "sled" | "commits.log" | "checkpoint" if value.is_number() => json!(1_000_000),
        // It holds the number of a process, which is as long as it is.
        "lock" if value.is_number() => json!(5),
        // All of `/openapi.json` is in it.
        "paths" | "components" => json!("…"),
        "sha256" | "tail" | "consent" => json!("9f86d081…"),
        "correlation_id" => json!("4ktmz6n2w5q7j3x8b9c1d0f2gh"),
        "url" if value.as_str()?.contains("state=") => {
            json!("https://www.etsy.com/oauth/connect?response_type=code&…")
        }
        _ => return None,
    })
}

/// A text as it is shown.
pub fn settled_text(text: &str) -> String {
    if text.parse::<jiff::Timestamp>().is_ok() {
        return TIME.0.to_owned();
    }
    let mut text = text.to_owned();
    for begins in RANDOM {
        text = without_random(&text, begins);
    }
    for parameter in ["state=", "code="] {
        text = without_random(&text, parameter);
    }
    // So is the tests' data directory.
    let temporary = std::env::temp_dir();
    if let Some((before, rest)) = text.split_once(temporary.to_str().unwrap()) {
        let rest = rest.trim_start_matches('/').split_once('/');
        text = format!(
            "{before}/var/lib/stoflow/{}",
            rest.map_or("", |(_, rest)| rest)
        );
    }
    // The ports are others each time.
    if let Some((before, rest)) = text.split_once("127.0.0.1:") {
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        text = format!("{before}127.0.0.1:8080{rest}");
    }
    match text.char_indices().nth(TEXT_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// `acc_…` for an id that begins so.
fn without_random(text: &str, begins: &str) -> String {
    let mut parts = text.split(begins);
    let mut settled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "-_".contains(c));
        // Ids are longer than any word that only begins alike.
        let is_random = part.len() - rest.len() >= 12;
        settled.push_str(begins);
        settled.push_str(if is_random { "…" } else { part });
        if is_random {
            settled.push_str(rest);
        }
    }
    settled
}
