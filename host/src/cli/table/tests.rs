//! Replies as they are read, whole.

use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::cell::relative;
use super::{Setting, reply};
use crate::contract::Schema;
use crate::contract::fixture::{EVERYTHING, schema_with, storefront};

static STOREFRONT: LazyLock<Schema> = LazyLock::new(|| Schema::decode(&storefront()).unwrap());
static ODD: LazyLock<Schema> = LazyLock::new(|| schema_with(EVERYTHING));

fn now() -> Timestamp {
    "2026-11-23T09:30:00Z".parse().unwrap()
}

fn shown(interface: &str, function: &str, columns: usize, json: &Value) -> String {
    let schema: &Schema = if interface == "odd" {
        &ODD
    } else {
        &STOREFRONT
    };
    let setting = Setting {
        shape: schema.shape(),
        now: now(),
        columns,
    };
    let function = schema.function(interface, function).unwrap();
    reply(setting, function.shape(), json)
}

fn listing(id: &str, state: &str, title: &str, amount: &str, stock: u32) -> Value {
    json!({
        "id": id, "skus": [], "state": state, "state_text": state, "title": title,
        "description": {"plain": "Long.\nVery long."}, "quantity": stock,
        "price": {"amount": amount, "currency": "EUR"}, "sections": [], "tags": ["wool"],
        "images": [], "updated_at": "2026-11-23T09:28:00Z"
    })
}

#[test]
fn a_page_of_listings_is_a_table_with_its_count() {
    let page = json!({
        "items": [
            listing("1000001", "active", "Wool coat, 1970s, size M", "79.00", 1),
            listing("1000002", "sold_out", "Stoneware mug 茶碗", "8.50", 14),
        ],
        "total": 25, "next": "b 2"
    });
    assert_eq!(
        shown("listings", "list", 100, &page),
        "\
ID        STATE      TITLE                          PRICE   STOCK   UPDATED
1000001   active     Wool coat, 1970s, size M   79.00 EUR       1   2 minutes ago
1000002   sold-out   Stoneware mug 茶碗          8.50 EUR      14   2 minutes ago
2 of 25 · next page: --page.cursor 'b 2'
"
    );
    let batch = json!({"items": [{"stock": {"listing_id": "1", "title": "Mug", "quantity": 4}}],
        "next": "b"});
    assert_eq!(
        shown("poll", "fetch", 80, &batch),
        "stock: listing-id 1 · title Mug · quantity 4\n1 item · next page: --cursor b\n"
    );
    let narrow = shown("listings", "list", 60, &page);
    assert_eq!(
        narrow.lines().nth(1),
        Some("1000001   active     Wool coat,…    79.00 EUR       1")
    );
    assert_eq!(
        shown("listings", "list", 80, &json!({"items": []})),
        "no listings\n"
    );
    let one = json!({"items": [listing("1", "draft", "Mug", "1", 1)], "total": 1});
    assert!(shown("listings", "list", 80, &one).ends_with("\n1 of 1\n"));
}

#[test]
fn one_record_is_a_line_for_each_thing_that_it_says() {
    let mut one = listing("1000001", "active", "Wool coat", "79.00", 1);
    one["images"] = json!([
        {"id": "7", "source": "https://i.example/1.jpg", "alt_text": "front"},
        {"source": "https://i.example/2.jpg"}
    ]);
    one["extension"] = json!({"who_made": "i_did", "shop": {"section": 5}, "none": null});
    assert_eq!(
        shown("listings", "get", 80, &one),
        "\
id           1000001
state        active
state-text   active
title        Wool coat
description  Long.
             Very long.
price        79.00 EUR
quantity     1
tags         wool
images
  ID   SOURCE                    ALT TEXT
  7    https://i.example/1.jpg   front
  –    https://i.example/2.jpg   –
updated-at   2026-11-23 09:28 UTC (2 minutes ago)
extension
  who_made  i_did
  shop
    section  5
  none      –
"
    );
}

#[test]
fn an_answer_for_each_of_several_is_a_line_each() {
    let answers = json!([
        {"ok": []},
        {"error": {"not_found": "listing 2"}},
        {"error": {"invalid": [{"path": "/changes/2/price", "code": "low", "message": "too low"}]}},
        {"ok": [{"code": "paused", "message": "no stock: paused"}]},
        {"error": {"rate_limited": null}}
    ]);
    assert_eq!(
        shown("publish", "set-offers", 80, &answers),
        "\
1  ok
2  error: not found: listing 2
3  error: invalid: /changes/2/price too low
4  ok: no stock: paused
5  error: rate limited
"
    );
}

#[test]
fn records_without_chosen_columns_show_what_is_simple_and_said() {
    let nodes = json!([
        {"id": "1", "name": "Clothing", "path": ["Clothing"], "leaf": false},
        {"id": "2", "name": "Coats", "path": ["Clothing", "Coats"], "leaf": true}
    ]);
    assert_eq!(
        shown("taxonomy", "nodes", 80, &nodes),
        "\
ID   NAME       LEAF
1    Clothing   no
2    Coats      yes
"
    );
    assert_eq!(shown("taxonomy", "nodes", 80, &json!([])), "no nodes\n");
    assert_eq!(shown("policies", "list", 80, &json!([])), "no policies\n");
}

#[test]
fn what_returns_nothing_says_that_it_is_done() {
    assert_eq!(shown("publish", "delete", 80, &Value::Null), "Done\n");
    assert_eq!(shown("odd", "nothing", 80, &Value::Null), "Done\n");
}

#[test]
fn every_type_has_words() {
    let value = json!({
        "bool_value": true, "u8_value": 1, "u16_value": 2, "u32_value": 3, "u64_value": 4,
        "s8_value": -1, "s16_value": -2, "s32_value": -3, "s64_value": -4, "f32_value": 0.5,
        "f64_value": 1.25, "char_value": "é", "string_value": "a", "decimal_value": "29.99",
        "timestamp_value": "2026-11-23T09:29:30Z", "json_value": [1, {"a": 2}],
        "bytes": "AP8=", "numbers": [1, 2], "pair": ["a", 1], "state": "sold_out",
        "methods": ["get", "delete_all"], "text": {"limit": 5}, "done": {"ok": 1},
        "half": {"error": "no"}, "empty": {"ok": null},
        "money": {"amount": "1.50", "currency": "EUR"},
        "items": [{"id": "1", "created_at": "2026-11-20T09:30:00Z", "state": "draft"}],
        "page": {"all": false, "ids": []}
    });
    assert_eq!(
        shown("odd", "echo", 80, &value),
        "\
bool-value       yes
u8-value         1
u16-value        2
u32-value        3
u64-value        4
s8-value         -1
s16-value        -2
s32-value        -3
s64-value        -4
f32-value        0.5
f64-value        1.25
char-value       é
string-value     a
decimal-value    29.99
timestamp-value  2026-11-23 09:29 UTC (30 seconds ago)
json-value
  1
  -
    a  2
bytes            2 bytes
numbers          1, 2
pair             a, 1
state            sold-out
methods          get, delete-all
text             limit: 5
done             ok: 1
half             error: no
empty            ok
money            1.50 EUR
items
  ID   CREATED      STATE
  1    3 days ago   draft
page
  all  no
"
    );
}

#[test]
fn a_marketplaces_words_cannot_steer_the_terminal() {
    let evil = "Coat\u{1b}[2J\u{202e}\r\nID 7";
    let page = json!({
        "items": [listing("1", "active", evil, "1\u{7}", 1)], "next": "\u{1b}'x"
    });
    let text = shown("listings", "list", 120, &page);
    let mut one = listing("1", "active", evil, "1", 1);
    one["extension"] = json!({"a\u{1b}\n": "b\u{1b}\u{9b}"});
    let one = shown("listings", "get", 120, &one);
    for text in [text, one] {
        assert!(
            !text.contains(['\u{1b}', '\u{202e}', '\r', '\u{7}', '\u{9b}']),
            "{text:?}"
        );
    }
}

#[test]
fn a_time_is_told_by_its_distance() {
    let told = |time: &str| relative(time.parse().unwrap(), now());
    for (time, words) in [
        ("2026-11-23T09:29:55Z", "now"),
        ("2026-11-23T09:29:30Z", "30 seconds ago"),
        ("2026-11-23T09:29:00Z", "1 minute ago"),
        ("2026-11-23T06:30:00Z", "3 hours ago"),
        ("2026-11-22T09:30:00Z", "1 day ago"),
        ("2026-10-01T00:00:00Z", "2026-10-01"),
        ("2026-11-23T10:30:00Z", "in 1 hour"),
        ("2026-11-30T10:30:00Z", "in 7 days"),
        ("2027-11-30T10:30:00Z", "2027-11-30"),
    ] {
        assert_eq!(told(time), words, "{time}");
    }
}
