//! A page that reflects every header it received, in the disguises that a leak can wear.
//!
//! A host that keeps tokens from its plugins must scrub replies too; this is what it is tried on. The
//! same value appears as is, in base64, percent-encoded, inside gzip, cut over two chunks, in an
//! error's text and in a redirect's address.

use std::io::Write;

use axum::http::header::CONTENT_ENCODING;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value, json};

use crate::reply::{Refusal, Reply};

/// A reflection: a reply, or for `split` chunks that are flushed apart.
pub(crate) enum Echo {
    Whole(Reply),
    Split(Vec<Bytes>),
}

/// Reflects `headers` as the query's `as` says; `plain` without one.
pub(crate) fn answer(headers: &HeaderMap, query: &str) -> Result<Echo, Refusal> {
    let disguise = url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "as")
        .map_or_else(|| "plain".to_owned(), |(_, value)| value.into_owned());
    let plain = reflect(headers, str::to_owned);
    Ok(Echo::Whole(match disguise.as_str() {
        "plain" => Reply::ok(&plain),
        "base64" => Reply::ok(&reflect(headers, |value| STANDARD.encode(value))),
        "percent" => Reply::ok(&reflect(headers, percent)),
        "gzip" => gzip(&plain)?,
        "split" => return Ok(Echo::Split(split(&plain.to_string()))),
        "error" => Reply::json(
            StatusCode::BAD_REQUEST,
            &json!({ "error": format!("The headers {plain} are not acceptable") }),
        ),
        "redirect" => {
            let values: Vec<String> = pairs(headers)
                .map(|(name, value)| format!("{name}={}", percent_unless_token(&value)))
                .collect();
            Reply::redirect(&format!(
                "/v3/application/sandbox-echo?{}",
                values.join("&")
            ))
        }
        other => {
            return Err(Refusal::bad(format!(
                "as={other} is unknown: plain, base64, percent, gzip, split, error, redirect"
            )));
        }
    }))
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (String, String)> {
    headers.iter().map(|(name, value)| {
        (
            name.to_string(),
            String::from_utf8_lossy(value.as_bytes()).into_owned(),
        )
    })
}

fn reflect(headers: &HeaderMap, disguise: impl Fn(&str) -> String) -> Value {
    let headers: Map<String, Value> = pairs(headers)
        .map(|(name, value)| (name, disguise(&value).into()))
        .collect();
    json!({ "headers": headers })
}

/// Every byte as `%XX`, so that no byte of the value is itself.
fn percent(value: &str) -> String {
    value.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// What an address needs escaped, and nothing else: tokens and secrets stay readable.
fn percent_unless_token(value: &str) -> String {
    let escape = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'~' | b'-' | b':' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    value.bytes().map(escape).collect()
}

fn gzip(value: &Value) -> Result<Reply, Refusal> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let bytes = encoder
        .write_all(value.to_string().as_bytes())
        .and_then(|()| encoder.finish())
        .map_err(|error| Refusal::server_error(error.to_string()))?;
    Ok(Reply::typed(StatusCode::OK, "application/json", bytes).with(CONTENT_ENCODING, "gzip"))
}

/// Cut in the middle of every value, where a search chunk by chunk would miss it.
fn split(text: &str) -> Vec<Bytes> {
    /// Shorter than any secret.
    const VALUE_MIN: usize = 8;
    let mut chunks = Vec::new();
    let mut chunk = String::new();
    for (index, part) in text.split('"').enumerate() {
        if index > 0 {
            chunk.push('"');
        }
        let half = (0..=part.len() / 2)
            .rev()
            .find(|at| part.is_char_boundary(*at))
            .unwrap_or(0);
        let (before, after) = part.split_at(half);
        chunk.push_str(before);
        if part.len() >= VALUE_MIN {
            chunks.push(Bytes::from(std::mem::take(&mut chunk)));
        }
        chunk.push_str(after);
    }
    chunks.push(Bytes::from(chunk));
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers() -> HeaderMap {
        let value = "Bearer 2001.abcdefghijklmnopqrstuvwxyz".parse().unwrap();
        HeaderMap::from_iter([(axum::http::header::AUTHORIZATION, value)])
    }

    #[test]
    fn no_disguise_leaves_the_value_as_it_was_but_plain_ones() {
        for disguise in ["base64", "percent", "gzip"] {
            let Echo::Whole(reply) = answer(&headers(), &format!("as={disguise}")).unwrap() else {
                panic!("{disguise} is split");
            };
            let text = String::from_utf8_lossy(&reply.body);
            assert!(!text.contains("abcdefgh"), "{disguise}: {text}");
        }
    }

    #[test]
    fn the_split_goes_through_every_value() {
        let Echo::Split(chunks) = answer(&headers(), "as=split").unwrap() else {
            panic!("not split");
        };
        assert!(
            chunks
                .iter()
                .any(|chunk| chunk.ends_with(b"Bearer 2001.abcdefg")),
            "{chunks:?}"
        );
        let Echo::Whole(plain) = answer(&headers(), "").unwrap() else {
            panic!("split")
        };
        assert_eq!(chunks.concat(), plain.body);
    }

    #[test]
    fn an_unknown_disguise_is_refused() {
        assert!(answer(&headers(), "as=rot13").is_err());
    }
}
