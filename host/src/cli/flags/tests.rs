//! Words that are a call, and words that are none.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::{Call, FlagError, Source, Words, flag_of, parse};
use crate::contract::fixture::{EVERYTHING, schema_with, storefront};
use crate::contract::{FunctionShape, Schema};

static STOREFRONT: LazyLock<Schema> = LazyLock::new(|| Schema::decode(&storefront()).unwrap());
static ODD: LazyLock<Schema> = LazyLock::new(|| schema_with(EVERYTHING));

fn schema(interface: &str) -> &'static Schema {
    if interface == "odd" {
        &ODD
    } else {
        &STOREFRONT
    }
}

fn function(interface: &str, name: &str) -> &'static FunctionShape {
    schema(interface).function(interface, name).unwrap().shape()
}

fn files(source: Source<'_>) -> std::io::Result<Vec<u8>> {
    match source {
        Source::Input => Ok(br#"{"state": "draft", "page": {"limit": 1}}"#.to_vec()),
        Source::File("coat.json") => Ok(br#"{"title": "Wool coat", "tags": ["wool"]}"#.to_vec()),
        Source::File("broken.json") => Ok(b"{\n  \"title\": }".to_vec()),
        Source::File("pixel") => Ok(vec![0, 255]),
        Source::File(_) => Err(std::io::ErrorKind::NotFound.into()),
    }
}

fn words(path: &str, words: &str) -> Result<Words, FlagError> {
    let (interface, name) = path.split_once(' ').unwrap();
    let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
    let shape = schema(interface).shape();
    parse(shape, function(interface, name), &words, &mut files)
}

fn call(path: &str, typed: &str) -> Call {
    match words(path, typed) {
        Ok(Words::Call(call)) => call,
        other => panic!("{typed}: {other:?}"),
    }
}

fn arguments(path: &str, typed: &str) -> Value {
    Value::Object(call(path, typed).arguments)
}

fn refused(path: &str, typed: &str) -> String {
    match words(path, typed) {
        Err(error) => error.to_string(),
        Ok(words) => panic!("{typed}: {words:?}"),
    }
}

#[test]
fn flags_become_the_document_of_arguments() {
    for (path, typed, expected) in [
        ("listings list", "", json!({})),
        (
            "listings list",
            "--state sold-out",
            json!({"state": "sold_out"}),
        ),
        (
            "listings list",
            "--state=sold_out",
            json!({"state": "sold_out"}),
        ),
        (
            "listings list",
            "--page.limit 5 --page.cursor abc",
            json!({"page": {"limit": 5, "cursor": "abc"}}),
        ),
        (
            "orders list",
            "--filter.paid --filter.shipped=false",
            json!({"filter": {"paid": true, "shipped": false}}),
        ),
        (
            "orders list",
            "--filter.created-after 2026-11-23T09:30:00Z",
            json!({"filter": {"created_after": "2026-11-23T09:30:00Z"}}),
        ),
        (
            "listings get-many",
            "--ids 1 --ids 2",
            json!({"ids": ["1", "2"]}),
        ),
        (
            "listings get-many",
            r#"--ids ["1","2"] --ids 3"#,
            json!({"ids": ["1", "2", "3"]}),
        ),
        (
            "listings get-many",
            "--ids [draft]",
            json!({"ids": ["[draft]"]}),
        ),
        (
            "publish create",
            "--key coat-1 --product @coat.json --target active",
            json!({"key": "coat-1", "target": "active", "product": {"title": "Wool coat", "tags": ["wool"]}}),
        ),
        (
            "publish set-offers",
            r#"--changes {"listing_id":"1"} --changes {"listing_id":"2"}"#,
            json!({"changes": [{"listing_id": "1"}, {"listing_id": "2"}]}),
        ),
        (
            "policies create",
            r#"--kind shipping --name Post --data {"price":1}"#,
            json!({"kind": "shipping", "name": "Post", "data": {"price": 1}}),
        ),
        ("odd take-text", "--text none", json!({"text": "none"})),
        (
            "odd take-text",
            r#"--text {"plain":"a"}"#,
            json!({"text": {"plain": "a"}}),
        ),
        (
            "odd take-page",
            "--dry-run --page.all",
            json!({"dry_run": true, "page": {"all": true}}),
        ),
        (
            "odd take-page",
            "--page.limit 7 --page.ids -5",
            json!({"page": {"limit": 7, "ids": ["-5"]}}),
        ),
    ] {
        assert_eq!(arguments(path, typed), expected, "{path} {typed}");
    }
}

#[test]
fn every_kind_of_word_becomes_its_json() {
    let typed = r#"--number 1 --float 1.5 --single é --moment 2026-11-23T09:30:00Z --price 29.99
        --document [1] --bytes @pixel --methods get,delete-all --methods post --pair ["a",1]
        --state sold-out --done {"ok":1} --money.amount 1 --money.currency EUR"#;
    let expected = json!({
        "number": 1, "float": 1.5, "single": "é", "moment": "2026-11-23T09:30:00Z",
        "price": "29.99", "document": [1], "bytes": "AP8=",
        "methods": ["get", "delete_all", "post"], "pair": ["a", 1], "state": "sold_out",
        "done": {"ok": 1}, "money": {"amount": "1", "currency": "EUR"}
    });
    assert_eq!(arguments("odd take", typed), expected);
    let take = ODD.function("odd", "take").unwrap();
    assert!(take.lower(expected.to_string().as_bytes()).is_ok());
}

#[test]
fn what_is_needed_can_be_given_by_its_place() {
    assert_eq!(
        arguments("listings get", "1000001"),
        json!({"id": "1000001"})
    );
    assert_eq!(
        arguments("taxonomy search", "coat 5"),
        json!({"query": "coat", "limit": 5})
    );
    assert_eq!(
        arguments("taxonomy search", "--query coat 5"),
        json!({"query": "coat", "limit": 5})
    );
    assert_eq!(
        arguments("listings get", "-- --odd"),
        json!({"id": "--odd"})
    );
    assert_eq!(
        arguments(
            "orders ship",
            r#"2345 --shipment.tracking {"carrier":"la-poste","code":"6A123"}"#
        ),
        json!({"id": "2345", "shipment": {"tracking": {"carrier": "la-poste", "code": "6A123"}}})
    );
    assert_eq!(
        refused("listings get", "1 2"),
        "`2` is one word too many; without a flag it takes <ID>"
    );
    assert_eq!(
        refused("listings list", "active"),
        "`active` is one word too many; everything is given by flags"
    );
}

#[test]
fn a_flag_changes_what_all_arguments_at_once_say() {
    let typed = "--page.cursor x --args - --state active";
    assert_eq!(
        arguments("listings list", typed),
        json!({"state": "active", "page": {"limit": 1, "cursor": "x"}})
    );
    let typed = "--product.title Coat --key k --target draft --product @coat.json --product.weight.value 1.5";
    assert_eq!(
        arguments("publish create", typed),
        json!({"key": "k", "target": "draft",
            "product": {"title": "Coat", "tags": ["wool"], "weight": {"value": "1.5"}}})
    );
    assert_eq!(
        refused("listings list", r#"--args {"page":1} --page.limit 1"#),
        "--page.limit cannot be set: --page is given as something that has no fields"
    );
}

#[test]
fn the_hosts_own_flags_are_not_arguments() {
    let typed = "--account acc_1 --user u1 --json --args @coat.json";
    let call = call("listings list", typed);
    assert_eq!(call.account.as_deref(), Some("acc_1"));
    assert_eq!(call.user.as_deref(), Some("u1"));
    assert!(call.json);
    assert_eq!(call.files, ["coat.json"]);
    for typed in ["--help", "-h", "1 2 3 --help", "--state draft --help"] {
        assert_eq!(words("listings list", typed).unwrap(), Words::Help);
    }
}

#[test]
fn an_error_names_the_flag_and_says_what_would_do() {
    for (path, typed, message) in [
        (
            "listings list",
            "--stat active",
            "there is no flag --stat; did you mean --state?",
        ),
        (
            "listings list",
            "--page.limits 1",
            "there is no flag --page.limits; did you mean --page.limit?",
        ),
        (
            "listings list",
            "--zzz 1",
            "there is no flag --zzz; --help lists those that there are",
        ),
        (
            "listings list",
            "--state.name x",
            "there is no flag --state.name; did you mean --state?",
        ),
        (
            "publish update",
            "1 --product.titel x",
            "there is no flag --product.titel; did you mean --product.title?",
        ),
        (
            "listings list",
            "--state",
            "--state needs a value: --state <STATE>",
        ),
        (
            "listings list",
            "--page.limit --json",
            "--page.limit needs a value: --page.limit <N>",
        ),
        (
            "listings list",
            "--account",
            "--account needs a value: --account <ACCOUNT>",
        ),
        (
            "listings list",
            "--state sold",
            "--state: `sold` is none of draft, active, paused, sold-out, expired, ended, blocked, unknown, did you mean sold-out?",
        ),
        (
            "listings list",
            "--page.limit many",
            "--page.limit: a whole number (0 to 4294967295) expected, `many` came",
        ),
        (
            "listings list",
            "--page.limit -1",
            "--page.limit: a whole number (0 to 4294967295) expected, `-1` came",
        ),
        (
            "listings list",
            "--state draft --state active",
            "--state is given twice",
        ),
        (
            "listings list",
            "--user a --user b",
            "--user is given twice",
        ),
        ("listings list", "--json=yes", "--json: takes no value"),
        (
            "listings list",
            "--args []",
            "--args: a JSON object expected",
        ),
        (
            "orders list",
            "--filter.paid=maybe",
            "--filter.paid: true or false expected, `maybe` came",
        ),
        ("listings get", "", "missing: --id <ID>"),
        (
            "publish create",
            "",
            "missing: --key <TEXT>, --target <TARGET>",
        ),
        (
            "publish update",
            "1 --product @none.json",
            "--product: cannot read none.json",
        ),
        (
            "publish update",
            "1 --product @broken.json",
            "--product: no JSON in broken.json: expected value at line 2 column 12",
        ),
        (
            "publish update",
            "1 --product coat",
            "--product: no JSON: expected value at line 1 column 1; a file is given as @FILE, and a text in double quotes",
        ),
        (
            "publish update",
            "1 --product []",
            "--product: a JSON object expected",
        ),
        (
            "odd take",
            "--price 29,99",
            "--price: a decimal, such as 29.99, expected, `29,99` came",
        ),
        (
            "odd take",
            "--moment now",
            "--moment: an RFC 3339 time, such as 2026-11-23T09:30:00Z, expected, `now` came",
        ),
        (
            "odd take",
            "--float inf",
            "--float: a number expected, `inf` came",
        ),
        (
            "odd take",
            "--single ab",
            "--single: one character expected, `ab` came",
        ),
        (
            "odd take",
            "--bytes ?",
            "--bytes: base64 expected, or @ and the name of a file",
        ),
        (
            "odd take",
            "--methods get,put",
            "--methods: `put` is none of get, post, delete-all",
        ),
    ] {
        assert_eq!(refused(path, typed), message, "{path} {typed}");
    }
}

#[test]
fn a_place_in_the_arguments_is_named_by_its_flag() {
    assert_eq!(flag_of("/page/limit"), "--page.limit");
    assert_eq!(flag_of("/product/created_at"), "--product.created-at");
    assert_eq!(
        flag_of("/product/variations/0/price"),
        "--product.variations"
    );
}
