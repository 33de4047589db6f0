//! Arguments that fit and arguments that do not, each with its place.

use std::sync::LazyLock;

use wasmtime::component::Val;

use super::super::fixture::{EVERYTHING, schema_with};
use super::super::{Function, Schema};
use super::ArgumentCode::{self, *};

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| schema_with(EVERYTHING));

fn function(name: &str) -> &'static Function {
    SCHEMA.function("odd", name).unwrap()
}

/// Valid arguments of `take`, with one of them replaced.
fn take(name: &str, json: &str) -> String {
    let all = [
        ("number", "1"),
        ("float", "0.5"),
        ("single", "\"é\""),
        ("moment", "\"2026-11-23T09:30:00Z\""),
        ("price", "\"29.99\""),
        ("document", "{\"a\": [1]}"),
        ("bytes", "\"AAH/\""),
        ("methods", "[\"get\", \"delete_all\"]"),
        ("pair", "[\"a\", 2]"),
        ("state", "\"sold_out\""),
        ("done", "{\"ok\": 7}"),
        ("money", "{\"amount\": \"1\", \"currency\": \"EUR\"}"),
    ];
    let members = all.map(|(key, value)| {
        let value = if key == name { json } else { value };
        format!("\"{key}\": {value}")
    });
    format!("{{{}}}", members.join(", "))
}

fn refused(name: &str, json: &str) -> (String, ArgumentCode, String) {
    match function(name).lower(json.as_bytes()) {
        Err(error) => (error.pointer, error.code, error.message),
        Ok(values) => panic!("{json} was taken: {values:?}"),
    }
}

fn text(text: &str) -> Val {
    Val::String(text.to_owned())
}

#[test]
fn every_type_is_read_into_its_value() {
    let values = function("take").lower(take("", "").as_bytes()).unwrap();
    let money = Val::Record(vec![
        ("amount".into(), text("1")),
        ("currency".into(), text("EUR")),
    ]);
    let expected = [
        Val::U8(1),
        Val::Float32(0.5),
        Val::Char('é'),
        Val::S64(1_795_426_200_000),
        text("29.99"),
        text("{\"a\": [1]}"),
        Val::List(vec![Val::U8(0), Val::U8(1), Val::U8(255)]),
        Val::Flags(vec!["get".into(), "delete-all".into()]),
        Val::Tuple(vec![text("a"), Val::U8(2)]),
        Val::Enum("sold-out".into()),
        Val::Result(Ok(Some(Box::new(Val::U32(7))))),
        money,
    ];
    assert_eq!(values, expected);
}

#[test]
fn a_value_has_several_forms_where_json_has_them() {
    for (name, json, expected) in [
        ("number", "255", Val::U8(255)),
        ("number", "2.0", Val::U8(2)),
        ("number", "1e2", Val::U8(100)),
        ("number", "-0", Val::U8(0)),
        ("float", "3", Val::Float32(3.0)),
        ("float", "-1", Val::Float32(-1.0)),
        (
            "moment",
            "\"2026-11-23T10:30:00.5+01:00\"",
            Val::S64(1_795_426_200_500),
        ),
        ("document", "null", text("null")),
        ("document", "\"\\u00e9\"", text("\"\\u00e9\"")),
        ("bytes", "\"\"", Val::List(vec![])),
        ("methods", "[]", Val::Flags(vec![])),
        ("done", "{\"error\": null}", Val::Result(Err(None))),
        ("single", "\"\\ud83d\\ude00\"", Val::Char('😀')),
    ] {
        let values = function("take").lower(take(name, json).as_bytes());
        let values = values.unwrap_or_else(|error| panic!("{name} {json}: {error}"));
        assert!(values.contains(&expected), "{name} {json}: {values:?}");
    }
}

#[test]
fn what_may_be_left_out_is_filled_in() {
    let page = |cursor: Option<&str>, ids: &[&str]| {
        Val::Record(vec![
            (
                "cursor".into(),
                Val::Option(cursor.map(|cursor| Box::new(text(cursor)))),
            ),
            ("limit".into(), Val::Option(None)),
            ("all".into(), Val::Bool(false)),
            (
                "ids".into(),
                Val::List(ids.iter().map(|id| text(id)).collect()),
            ),
        ])
    };
    let empty = vec![page(None, &[]), Val::Bool(false)];
    for json in [
        "{}",
        "",
        " \n",
        "{\"page\": {}}",
        "{\"page\": {\"cursor\": null}}",
    ] {
        assert_eq!(
            function("take-page").lower(json.as_bytes()),
            Ok(empty.clone()),
            "{json}"
        );
    }
    let json = br#"{"dry_run": true, "page": {"ids": ["a"], "cursor": "next"}}"#;
    let given = vec![page(Some("next"), &["a"]), Val::Bool(true)];
    assert_eq!(function("take-page").lower(json), Ok(given));
    assert_eq!(function("nothing").lower(b"{}"), Ok(vec![]));
    assert_eq!(
        function("items").lower(b"{\"state\":null}"),
        Ok(vec![Val::Option(None)])
    );
}

#[test]
fn a_variant_is_its_case_and_what_it_carries() {
    for (json, expected) in [
        (
            r#"{"text": {"plain": "a"}}"#,
            Val::Variant("plain".into(), Some(Box::new(text("a")))),
        ),
        (r#"{"text": "none"}"#, Val::Variant("none".into(), None)),
        (
            r#"{"text": {"none": null}}"#,
            Val::Variant("none".into(), None),
        ),
        (
            r#"{"text": {"limit": null}}"#,
            Val::Variant("limit".into(), Some(Box::new(Val::Option(None)))),
        ),
    ] {
        assert_eq!(
            function("take-text").lower(json.as_bytes()),
            Ok(vec![expected]),
            "{json}"
        );
    }
}

#[test]
fn what_does_not_fit_is_named_by_its_place() {
    for (name, json, pointer, code) in [
        ("number", "256", "/number", OutOfRange),
        ("number", "-1", "/number", OutOfRange),
        ("number", "18446744073709551616", "/number", OutOfRange),
        ("number", "1.5", "/number", WrongType),
        ("number", "\"1\"", "/number", WrongType),
        ("number", "null", "/number", WrongType),
        ("number", "true", "/number", WrongType),
        ("float", "1e39", "/float", OutOfRange),
        ("float", "\"NaN\"", "/float", WrongType),
        ("single", "\"ab\"", "/single", Malformed),
        ("single", "\"\"", "/single", Malformed),
        ("single", "7", "/single", WrongType),
        ("moment", "\"yesterday\"", "/moment", Malformed),
        ("moment", "1795426200000", "/moment", WrongType),
        ("price", "29.99", "/price", WrongType),
        ("price", "\"29,99\"", "/price", Malformed),
        ("document", "\"\\ud800\"", "/document", Malformed),
        ("bytes", "\"a\"", "/bytes", Malformed),
        ("bytes", "[1, 2]", "/bytes", WrongType),
        ("methods", "\"get\"", "/methods", WrongType),
        ("methods", "[\"get\", \"put\"]", "/methods/1", UnknownName),
        ("methods", "[\"get\", \"get\"]", "/methods/1", Duplicate),
        ("methods", "[1]", "/methods/0", WrongType),
        ("pair", "[\"a\"]", "/pair", WrongType),
        ("pair", "[\"a\", 2, 3]", "/pair", WrongType),
        ("pair", "[\"a\", \"b\"]", "/pair/1", WrongType),
        ("pair", "{}", "/pair", WrongType),
        ("state", "\"sold-out\"", "/state", UnknownName),
        ("state", "[]", "/state", WrongType),
        ("done", "{\"fine\": 1}", "/done", WrongType),
        ("done", "{}", "/done", WrongType),
        ("done", "{\"ok\": 1, \"error\": null}", "/done", WrongType),
        ("done", "{\"ok\": \"1\"}", "/done/ok", WrongType),
        ("done", "{\"error\": 1}", "/done/error", WrongType),
        (
            "money",
            "{\"amount\": \"1\"}",
            "/money/currency",
            MissingField,
        ),
        (
            "money",
            "{\"amount\": \"1\", \"currency\": \"EUR\", \"a/b~\": 1}",
            "/money/a~1b~0",
            UnknownField,
        ),
        (
            "money",
            "{\"amount\": \"1\", \"amount\": \"2\", \"currency\": \"EUR\"}",
            "/money/amount",
            Duplicate,
        ),
        ("money", "\"1 EUR\"", "/money", WrongType),
    ] {
        let (at, is, message) = refused("take", &take(name, json));
        assert_eq!(
            (at.as_str(), is),
            (pointer, code),
            "{name} {json}: {message}"
        );
    }
}

#[test]
fn a_variant_that_is_none_is_named_by_its_place() {
    for (json, pointer, code) in [
        (r#"{"text": {"plain": 1}}"#, "/text/plain", WrongType),
        (r#"{"text": "plain"}"#, "/text", WrongType),
        (r#"{"text": {"none": 1}}"#, "/text/none", WrongType),
        (r#"{"text": "plane"}"#, "/text", UnknownName),
        (r#"{"text": {"plane": 1}}"#, "/text", UnknownName),
        (r#"{"text": {}}"#, "/text", WrongType),
        (
            r#"{"text": {"none": null, "plain": "a"}}"#,
            "/text",
            WrongType,
        ),
        (r#"{"text": []}"#, "/text", WrongType),
        (r#"{"text": null}"#, "/text", WrongType),
        ("[]", "", WrongType),
        ("null", "", WrongType),
        ("{}", "/text", MissingField),
    ] {
        let (at, is, message) = refused("take-text", json);
        assert_eq!((at.as_str(), is), (pointer, code), "{json}: {message}");
    }
}

#[test]
fn no_json_is_named_by_how_far_it_was_read() {
    for (json, pointer) in [
        ("{", ""),
        ("{} {}", ""),
        ("{\"page\": {\"limit\": 1e999}}", "/page/limit"),
        ("{\"page\": {\"ids\": [\"a\", \"\\ud800\"]}}", "/page/ids/1"),
        ("{\"page\": {\"ids\": [\"a\", x]}}", "/page/ids/1"),
        ("{\"page\": {\"cursor\": \"a\nb\"}}", "/page/cursor"),
        ("{\"page\": {\"ids\": [NaN]}}", "/page/ids/0"),
    ] {
        let (at, is, message) = refused("take-page", json);
        assert_eq!((at.as_str(), is), (pointer, Syntax), "{json}: {message}");
    }
    let error = function("take-page")
        .lower(b"{\"page\": \xff}")
        .unwrap_err();
    assert_eq!(error.to_string(), "the arguments: not UTF-8 at byte 9");
}

#[test]
fn depth_without_end_is_refused_and_not_followed() {
    let deep = "[".repeat(1_000_000);
    for (name, json) in [
        ("take-page", format!("{{\"page\": {deep}")),
        ("take-page", deep.clone()),
        (
            "take",
            take("document", &format!("{deep}{}", "]".repeat(1_000_000))),
        ),
    ] {
        assert!(function(name).lower(json.as_bytes()).is_err());
    }
}

#[test]
fn an_error_says_what_was_expected_what_came_and_what_was_meant() {
    for (name, json, message) in [
        (
            "take",
            take("number", "300"),
            "/number: a whole number (0 to 255) expected, 300 came",
        ),
        (
            "take",
            take("price", "12.5"),
            "/price: a decimal as text, such as \"29.99\" expected, the number 12.5 came",
        ),
        (
            "take",
            take("state", "\"sold\""),
            "/state: \"sold\" is none of draft, sold_out, unknown, did you mean sold_out?",
        ),
        (
            "take-page",
            r#"{"page": {"limits": 5}}"#.to_owned(),
            "/page/limits: unknown, did you mean limit?; there are: cursor, limit, all, ids",
        ),
        (
            "nothing",
            r#"{"a": 1}"#.to_owned(),
            "/a: unknown; nothing can be given here",
        ),
        (
            "take-text",
            "{}".to_owned(),
            "/text: missing; one of {\"plain\": …}, {\"html\": …}, \"none\", {\"limit\": …} expected",
        ),
        (
            "take",
            take("money", "{}"),
            "/money/amount: missing; a decimal as text, such as \"29.99\" expected",
        ),
        (
            "take",
            take("money", "[1]"),
            "/money: an object with \"amount\", \"currency\" expected, a list came",
        ),
    ] {
        let error = function(name).lower(json.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn what_an_error_repeats_is_short() {
    let long = "x".repeat(1_000_000);
    for json in [
        format!("{{\"{long}\": 1}}"),
        format!("{{\"text\": \"{long}\"}}"),
        format!("{{\"text\": {{\"{long}\": 1}}}}"),
        format!("{{\"text\": {{\"limit\": \"{long}\"}}}}"),
    ] {
        let (pointer, _, message) = refused("take-text", &json);
        assert!(
            pointer.len() < 200 && message.len() < 300,
            "{pointer} {message}"
        );
    }
}
