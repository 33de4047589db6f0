//! What plugins return, and what they must not.

use std::sync::LazyLock;

use wasmtime::component::Val;

use super::super::fixture::{EVERYTHING, schema_with};
use super::super::{Function, Schema};
use super::{LiftError, Outcome, REPLY_BYTES_MAX};

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| schema_with(EVERYTHING));

fn function(name: &str) -> &'static Function {
    SCHEMA.function("odd", name).unwrap()
}

fn text(text: &str) -> Val {
    Val::String(text.to_owned())
}

fn boxed(value: Val) -> Option<Box<Val>> {
    Some(Box::new(value))
}

fn item(created_at: i64, price: Option<&str>) -> Val {
    let price = price.map(|amount| {
        Box::new(Val::Record(vec![
            ("amount".into(), text(amount)),
            ("currency".into(), text("EUR")),
        ]))
    });
    Val::Record(vec![
        ("id".into(), text("1")),
        ("created-at".into(), Val::S64(created_at)),
        ("price".into(), Val::Option(price)),
        ("state".into(), Val::Enum("sold-out".into())),
    ])
}

fn items(items: Vec<Val>) -> [Val; 1] {
    [Val::Result(Ok(boxed(Val::List(items))))]
}

fn ok(name: &str, results: &[Val]) -> String {
    match function(name).lift(results) {
        Ok(Outcome::Ok(json)) => String::from_utf8(json).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn error(name: &str, results: &[Val]) -> String {
    match function(name).lift(results) {
        Ok(Outcome::Err(json)) => String::from_utf8(json).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn refused(name: &str, results: &[Val]) -> (String, String) {
    match function(name).lift(results) {
        Err(LiftError::Broken { pointer, message }) => (pointer, message),
        other => panic!("{other:?}"),
    }
}

/// `echo`'s value with one field replaced.
fn everything(field: &str, value: Val) -> [Val; 1] {
    let json = r#"{"value": {
        "u8_value": 1, "u16_value": 1, "u32_value": 1, "u64_value": 1, "s8_value": 1,
        "s16_value": 1, "s32_value": 1, "s64_value": 1, "f32_value": 1, "f64_value": 1,
        "char_value": "a", "string_value": "a", "decimal_value": "1",
        "timestamp_value": "2026-11-23T09:30:00Z", "json_value": {}, "pair": ["a", 1],
        "state": "draft", "methods": [], "text": "none", "done": {"ok": 1},
        "half": {"ok": null}, "empty": {"ok": null}, "money": {"amount": "1", "currency": "EUR"}
    }}"#;
    let mut values = function("echo").lower(json.as_bytes()).unwrap();
    let Some(Val::Record(mut fields)) = values.pop() else {
        panic!("no record")
    };
    let slot = fields.iter_mut().find(|(name, _)| name == field).unwrap();
    slot.1 = value;
    [Val::Record(fields)]
}

#[test]
fn a_reply_is_written_in_snake_case_with_what_is_none_left_out() {
    assert_eq!(
        ok(
            "items",
            &items(vec![item(0, Some("29.99")), item(1_795_426_200_250, None)])
        ),
        r#"[{"id":"1","created_at":"1970-01-01T00:00:00Z","price":{"amount":"29.99","currency":"EUR"},"state":"sold_out"},{"id":"1","created_at":"2026-11-23T09:30:00.25Z","state":"sold_out"}]"#
    );
    assert_eq!(ok("items", &items(vec![])), "[]");
}

#[test]
fn every_type_is_written() {
    for (field, value, json) in [
        ("bool-value", Val::Bool(true), r#""bool_value":true"#),
        (
            "u64-value",
            Val::U64(u64::MAX),
            r#""u64_value":18446744073709551615"#,
        ),
        (
            "s64-value",
            Val::S64(i64::MIN),
            r#""s64_value":-9223372036854775808"#,
        ),
        ("s8-value", Val::S8(-128), r#""s8_value":-128"#),
        ("f32-value", Val::Float32(0.1), r#""f32_value":0.1,"#),
        ("f64-value", Val::Float64(-0.0), r#""f64_value":-0.0"#),
        ("char-value", Val::Char('"'), r#""char_value":"\"""#),
        (
            "string-value",
            text("a\n\"é\u{0}\u{2028}"),
            "\"string_value\":\"a\\n\\\"é\\u0000\u{2028}\"",
        ),
        (
            "json-value",
            text(" { \"a\" : [ 1 ] }\n"),
            r#""json_value":{"a":[1]}"#,
        ),
        (
            "bytes",
            Val::List(vec![Val::U8(0), Val::U8(255)]),
            r#""bytes":"AP8=""#,
        ),
        ("bytes", Val::List(vec![]), r#""bytes":"""#),
        (
            "numbers",
            Val::List(vec![Val::S32(1), Val::S32(-1)]),
            r#""numbers":[1,-1]"#,
        ),
        (
            "pair",
            Val::Tuple(vec![text("a"), Val::U8(1)]),
            r#""pair":["a",1]"#,
        ),
        ("maybe", Val::Option(boxed(text("x"))), r#""maybe":"x""#),
        (
            "methods",
            Val::Flags(vec!["get".into(), "delete-all".into()]),
            r#""methods":["get","delete_all"]"#,
        ),
        (
            "text",
            Val::Variant("none".into(), None),
            r#""text":"none""#,
        ),
        (
            "text",
            Val::Variant("limit".into(), boxed(Val::Option(None))),
            r#""text":{"limit":null}"#,
        ),
        (
            "done",
            Val::Result(Err(boxed(text("no")))),
            r#""done":{"error":"no"}"#,
        ),
        ("half", Val::Result(Ok(None)), r#""half":{"ok":null}"#),
        ("empty", Val::Result(Err(None)), r#""empty":{"error":null}"#),
        (
            "extension",
            Val::Option(boxed(text("null"))),
            r#""extension":null"#,
        ),
    ] {
        let written = ok("echo", &everything(field, value));
        assert!(written.contains(json), "{field}: {written}");
        serde_json::from_str::<serde_json::Value>(&written).unwrap();
    }
}

#[test]
fn a_function_has_one_outcome_or_the_other() {
    assert_eq!(ok("nothing", &[]), "null");
    assert_eq!(ok("take-text", &[Val::Result(Ok(None))]), "null");
    assert_eq!(ok("ratio", &[Val::Float64(0.25)]), "0.25");
    let not_found = Val::Variant("not-found".into(), boxed(text("gone \"1\"")));
    assert_eq!(
        error("items", &[Val::Result(Err(boxed(not_found)))]),
        r#"{"not_found":"gone \"1\""}"#
    );
    let gone = Val::Variant("gone".into(), None);
    assert_eq!(
        error("take-text", &[Val::Result(Err(boxed(gone)))]),
        r#""gone""#
    );
}

#[test]
fn a_value_that_json_cannot_hold_is_named_by_its_place() {
    for (field, value, pointer) in [
        ("f32-value", Val::Float32(f32::NAN), "/f32_value"),
        ("f64-value", Val::Float64(f64::NEG_INFINITY), "/f64_value"),
        ("decimal-value", text("1e3"), "/decimal_value"),
        ("timestamp-value", Val::S64(i64::MAX), "/timestamp_value"),
        ("timestamp-value", Val::S64(i64::MIN), "/timestamp_value"),
        ("json-value", text("{"), "/json_value"),
        ("json-value", text(""), "/json_value"),
        ("json-value", text(&"[".repeat(1_000_000)), "/json_value"),
        ("extension", Val::Option(boxed(text("nope"))), "/extension"),
    ] {
        let (at, message) = refused("echo", &everything(field, value));
        assert_eq!(at, pointer, "{message}");
        assert!(message.len() < 300, "{message}");
    }
    assert_eq!(refused("ratio", &[Val::Float64(f64::NAN)]).0, "");
    let broken = items(vec![item(0, None), item(0, Some("free"))]);
    let error = function("items").lift(&broken).unwrap_err();
    assert_eq!(
        error.to_string(),
        "what the plugin returned breaks the contract at /1/price/amount: \"free\" is no decimal"
    );
}

#[test]
fn a_value_of_another_type_is_an_error_and_no_document() {
    for (name, results) in [
        ("nothing", vec![Val::U8(1)]),
        ("ratio", vec![]),
        ("ratio", vec![Val::Float32(1.0)]),
        ("ratio", vec![Val::Float64(1.0), Val::Float64(1.0)]),
        ("items", vec![Val::List(vec![])]),
        ("items", vec![Val::Result(Ok(None))]),
        ("items", items(vec![Val::Record(vec![])]).to_vec()),
        ("take-text", vec![Val::Result(Ok(boxed(Val::Bool(true))))]),
        (
            "take-text",
            vec![Val::Result(Err(boxed(Val::Variant("new".into(), None))))],
        ),
        (
            "take-text",
            vec![Val::Result(Err(boxed(Val::Variant(
                "not-found".into(),
                None,
            ))))],
        ),
        (
            "echo",
            everything("state", Val::Enum("new".into())).to_vec(),
        ),
        (
            "echo",
            everything("methods", Val::Flags(vec!["new".into()])).to_vec(),
        ),
        (
            "echo",
            everything("pair", Val::Tuple(vec![text("a")])).to_vec(),
        ),
        (
            "echo",
            everything("bytes", Val::List(vec![text("a")])).to_vec(),
        ),
        ("echo", everything("u8-value", Val::U16(1)).to_vec()),
    ] {
        assert!(function(name).lift(&results).is_err(), "{name} {results:?}");
    }
}

#[test]
fn a_reply_without_an_end_is_not_written_to_it() {
    // As a plugin has it whose items all point at one text.
    let long = item(0, Some(&"1".repeat(1 << 20)));
    let error = function("items").lift(&items(vec![long; 40])).unwrap_err();
    assert_eq!(error, LiftError::TooLong);
    assert_eq!(
        error.to_string(),
        format!(
            "what the plugin returned is longer than {} MiB",
            REPLY_BYTES_MAX >> 20
        )
    );
}
