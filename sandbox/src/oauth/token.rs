//! The token endpoint, `POST /v3/public/oauth/token`.
//!
//! Errors have OAuth's shape with status 400. The shared secret is not wanted here: it belongs to
//! `x-api-key` alone, and the client proves itself with its PKCE verifier.

use std::collections::BTreeMap;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::grants::{Grants, TokenPair};
use crate::ids::Ids;
use crate::options::Options;
use crate::reply::{Refusal, Reply};

/// Answers a request for tokens.
pub(crate) fn answer(
    grants: &mut Grants,
    ids: &mut Ids,
    options: &Options,
    headers: &HeaderMap,
    body: &Bytes,
    now: i64,
) -> Result<Reply, Refusal> {
    let fields = read_fields(headers, body)?;
    let field = |name: &str| {
        fields
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| invalid_request(&format!("{name} is required")))
    };
    let grant_type = field("grant_type")?;
    if field("client_id")? != options.client_id {
        return Err(refuse("invalid_client", "Invalid API key"));
    }
    let tokens = match grant_type {
        "authorization_code" => {
            let verifier = field("code_verifier")?;
            let redirect_uri = field("redirect_uri")?;
            let code = grants
                .take_code(field("code")?, now)
                .map_err(invalid_grant)?;
            if code.redirect_uri != redirect_uri {
                return Err(invalid_grant("redirect_uri does not match the code's"));
            }
            check_verifier(verifier, &code.challenge)?;
            grants.issue(ids, &code.caller, options.token_seconds, None, now)
        }
        "refresh_token" => {
            let token = field("refresh_token")?;
            grants
                .refresh(ids, token, options.token_seconds, options.rotation, now)
                .map_err(invalid_grant)?
        }
        other => {
            let description = format!("grant_type \"{other}\" is not supported");
            return Err(refuse("unsupported_grant_type", &description));
        }
    };
    Ok(reply(&tokens))
}

/// The PKCE challenge of a verifier.
pub(crate) fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

fn reply(tokens: &TokenPair) -> Reply {
    let body = json!({
        "access_token": tokens.access_token,
        "token_type": "Bearer",
        "expires_in": tokens.expires_in,
        "refresh_token": tokens.refresh_token,
    });
    Reply::ok(&body).with(CACHE_CONTROL, "no-store")
}

/// The fields of a form, or of a JSON body, which Etsy takes here too.
fn read_fields(headers: &HeaderMap, body: &Bytes) -> Result<BTreeMap<String, String>, Refusal> {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let essence = kind
        .split(';')
        .next()
        .unwrap_or("")
        .trim()
        .to_ascii_lowercase();
    match essence.as_str() {
        "application/x-www-form-urlencoded" => {
            Ok(url::form_urlencoded::parse(body).into_owned().collect())
        }
        "application/json" => {
            let value: Value = serde_json::from_slice(body).map_err(|error| {
                invalid_request("the body is not JSON").because(error.to_string())
            })?;
            let fields = value.as_object().into_iter().flatten();
            Ok(fields
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                .collect())
        }
        other => Err(
            invalid_request("the body must be application/x-www-form-urlencoded")
                .because(format!("the body is '{other}'")),
        ),
    }
}

fn check_verifier(verifier: &str, challenge: &str) -> Result<(), Refusal> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
    if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(allowed) {
        return Err(invalid_request(
            "code_verifier must be 43 to 128 characters of A-Z a-z 0-9 . _ ~ -",
        ));
    }
    if challenge_of(verifier) != challenge {
        return Err(invalid_grant(
            "code_verifier does not match the code_challenge",
        ));
    }
    Ok(())
}

fn invalid_grant(description: &str) -> Refusal {
    refuse("invalid_grant", description)
}

fn invalid_request(description: &str) -> Refusal {
    refuse("invalid_request", description)
}

fn refuse(error: &str, description: &str) -> Refusal {
    Refusal::oauth(StatusCode::BAD_REQUEST, error, description)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_etsys_own_example() {
        let challenge = challenge_of("vvkdljkejllufrvbhgeiegrnvufrhvrffnkvcknjvfid");
        assert_eq!(challenge, "DSWlW2Abh-cf8CeLL8-g3hQ2WQyYdKyiu83u_s7nRhI");
    }

    #[test]
    fn a_verifier_is_43_to_128_of_the_allowed_characters() {
        let check = |verifier: &str| check_verifier(verifier, &challenge_of(verifier)).is_ok();
        assert!(check(&"a".repeat(43)) && check(&"~".repeat(128)));
        assert!(!check(&"a".repeat(42)) && !check(&"a".repeat(129)) && !check(&"+".repeat(50)));
    }
}
