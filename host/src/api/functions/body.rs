//! A body, with what the path says among its members.

use bytes::{Bytes, BytesMut};
use serde_json::{Map, Value};

/// The object of arguments with members behind its own. Nobody reads the body here: what is wrong with it
/// is found, at its line and column, by who reads it for the plugin, and so is a member that is there
/// twice. What does not end as an object does is left as it is, and is no object to him either.
pub(super) fn with(body: &Bytes, members: &Map<String, Value>) -> Bytes {
    let open = body.trim_ascii_end().strip_suffix(b"}");
    let Some(open) = open.filter(|_| !members.is_empty()) else {
        return body.clone();
    };
    let is_empty = open.trim_ascii() == b"{";
    let mut whole = BytesMut::from(open);
    for (index, (name, value)) in members.iter().enumerate() {
        if index > 0 || !is_empty {
            whole.extend_from_slice(b",");
        }
        let name = Value::from(name.as_str());
        whole.extend_from_slice(format!("{name}:{value}").as_bytes());
    }
    whole.extend_from_slice(b"}");
    whole.freeze()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn whole(body: &str) -> String {
        let members = json!({ "id": "a\"b", "state": "draft" });
        let body = Bytes::copy_from_slice(body.as_bytes());
        let whole = with(&body, members.as_object().unwrap());
        String::from_utf8(whole.to_vec()).unwrap()
    }

    #[test]
    fn what_the_path_says_stands_behind_what_the_body_says() {
        for (body, expected) in [
            ("{}", r#"{"id":"a\"b","state":"draft"}"#),
            (" { } \n", r#" { "id":"a\"b","state":"draft"}"#),
            (r#"{"x": {}}"#, r#"{"x": {},"id":"a\"b","state":"draft"}"#),
        ] {
            assert_eq!(whole(body), expected);
            serde_json::from_str::<Value>(expected).unwrap();
        }
        let none = with(&Bytes::from_static(b"{ }"), &Map::new());
        assert_eq!(none, "{ }");
    }

    #[test]
    fn what_was_no_object_becomes_none() {
        for body in [
            "",
            "[]",
            "null",
            "{",
            "}",
            "\"}",
            "[}",
            "{,}",
            r#"{"x": 1,}"#,
            r#"{"x": "}"#,
            r#"{"x": {"y": 1}"#,
            r#"{"x": [1}"#,
            r#"{"x"}"#,
            "{} {}",
            "{}}",
            "\u{feff}{}",
        ] {
            let whole = whole(body);
            let read = serde_json::from_str::<Map<String, Value>>(&whole);
            assert!(read.is_err(), "{body}: {whole}");
        }
    }
}
