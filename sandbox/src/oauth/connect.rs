//! The consent page, `/oauth/connect`.
//!
//! What is wrong with the application itself (an unknown key, a redirect URI that is not registered to
//! the letter) is told on a page and never by a redirect, because the address cannot be trusted. Every
//! other mistake goes back to the application, as OAuth has it.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use url::Url;

use super::grants::{Caller, Grants};
use crate::html::escape;
use crate::ids::Ids;
use crate::market::Market;
use crate::options::Options;
use crate::reply::{Refusal, Reply};

/// The parameters that the form carries from the link to the decision.
const CARRIED: [&str; 7] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
];

/// What answering needs.
pub(crate) struct Consent<'a> {
    pub(crate) market: &'a Market,
    pub(crate) grants: &'a mut Grants,
    pub(crate) ids: &'a mut Ids,
    pub(crate) options: &'a Options,
    pub(crate) now: i64,
}

/// What an application asks a seller for.
struct Asked<'a> {
    redirect_uri: &'a str,
    state: &'a str,
    scopes: Vec<String>,
    challenge: &'a str,
}

impl Consent<'_> {
    /// Answers the link (`pairs` from the query) or the form (`pairs` from the body).
    pub(crate) fn answer(&mut self, pairs: &str) -> Result<Reply, Refusal> {
        let fields: BTreeMap<String, String> = url::form_urlencoded::parse(pairs.as_bytes())
            .into_owned()
            .collect();
        let field = |name: &str| fields.get(name).map_or("", String::as_str);
        let redirect_uri = self.check_application(field("client_id"), field("redirect_uri"))?;
        let asked = match ask(&fields, redirect_uri) {
            Ok(asked) => asked,
            Err((error, description)) => {
                let back = back_with_error(redirect_uri, field("state"), error, description);
                tracing::info!(error, description, "consent refused");
                return Ok(back);
            }
        };
        let pressed = if field("auto") == "1" {
            "allow"
        } else {
            field("decision")
        };
        match pressed {
            "allow" => self.allow(&asked, field("user")),
            "deny" => {
                let description = "The user denied your app permission";
                Ok(back_with_error(
                    redirect_uri,
                    asked.state,
                    "access_denied",
                    description,
                ))
            }
            _ => Ok(self.page(&fields, &asked)),
        }
    }

    /// The registered redirect URI, if application and address are known.
    fn check_application<'a>(&self, client_id: &str, uri: &'a str) -> Result<&'a str, Refusal> {
        if client_id != self.options.client_id {
            let text = "The application's keystring (client_id) is not known here.";
            return Err(error_page(
                text,
                &format!("client_id {client_id:?} is not registered"),
            ));
        }
        if !self
            .options
            .redirect_uris
            .iter()
            .any(|registered| registered == uri)
        {
            let registered = self.options.redirect_uris.join(" ");
            let reason = format!("redirect_uri {uri:?} is none of: {registered}");
            let text = "The redirect_uri is not one that the application registered. It must be the same to the letter.";
            return Err(error_page(text, &reason));
        }
        Ok(uri)
    }

    /// Makes the code and sends the browser back with it.
    fn allow(&mut self, asked: &Asked<'_>, user: &str) -> Result<Reply, Refusal> {
        let seller = match user {
            "" => self.market.shops.values().next(),
            named => self.market.seller(named),
        };
        let Some(seller) = seller else {
            let text = "There is no such seller in this sandbox.";
            return Err(error_page(text, &format!("no seller {user:?}")));
        };
        let caller = Caller {
            user_id: seller.user_id,
            scopes: asked.scopes.clone(),
        };
        let code = self.grants.new_code(
            self.ids,
            caller,
            asked.redirect_uri,
            asked.challenge,
            self.now,
        );
        Ok(back(
            asked.redirect_uri,
            &[("code", &code), ("state", asked.state)],
        ))
    }

    fn page(&self, fields: &BTreeMap<String, String>, asked: &Asked<'_>) -> Reply {
        let mut hidden = String::new();
        for name in CARRIED {
            let value = escape(fields.get(name).map_or("", String::as_str));
            hidden.push_str(&format!(
                "<input type=hidden name={name} value=\"{value}\">\n"
            ));
        }
        let wanted = fields.get("user").and_then(|user| self.market.seller(user));
        let mut sellers = String::new();
        for shop in self.market.shops.values() {
            let selected = wanted.is_some_and(|wanted| wanted.id == shop.id);
            let mark = if selected { " selected" } else { "" };
            let name = escape(&shop.name);
            sellers.push_str(&format!(
                "<option value={}{mark}>{name}</option>\n",
                shop.user_id
            ));
        }
        let scopes: String = asked
            .scopes
            .iter()
            .map(|scope| format!("<li><code>{}</code>", escape(scope)))
            .collect();
        let text = format!(
            include_str!("connect.html"),
            application = escape(&self.options.client_id),
            redirect_uri = escape(asked.redirect_uri),
            hidden = hidden,
            sellers = sellers,
            scopes = scopes,
        );
        Reply::html(StatusCode::OK, text)
            .with(CACHE_CONTROL, "no-store")
            .with(
                CONTENT_SECURITY_POLICY,
                "default-src 'none'; style-src 'unsafe-inline'",
            )
    }
}

/// What the application asks for, or the OAuth error and its description.
fn ask<'a>(
    fields: &'a BTreeMap<String, String>,
    redirect_uri: &'a str,
) -> Result<Asked<'a>, (&'static str, &'static str)> {
    let field = |name: &str| fields.get(name).map_or("", String::as_str);
    if field("state").is_empty() {
        return Err(("invalid_request", "state is required"));
    }
    if field("response_type") != "code" {
        return Err(("unsupported_response_type", "response_type must be code"));
    }
    let scopes: Vec<String> = field("scope")
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    if scopes.is_empty() {
        return Err(("invalid_scope", "scope is required"));
    }
    if !scopes.iter().all(|scope| super::is_scope(scope)) {
        return Err(("invalid_scope", "a requested scope does not exist"));
    }
    if field("code_challenge_method") != "S256" {
        return Err(("invalid_request", "code_challenge_method must be S256"));
    }
    let challenge = field("code_challenge");
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if challenge.len() != 43 || !challenge.bytes().all(allowed) {
        return Err((
            "invalid_request",
            "code_challenge must be a SHA-256 in base64url without padding",
        ));
    }
    Ok(Asked {
        redirect_uri,
        state: field("state"),
        scopes,
        challenge,
    })
}

fn back_with_error(redirect_uri: &str, state: &str, error: &str, description: &str) -> Reply {
    let mut pairs = vec![("error", error), ("error_description", description)];
    if !state.is_empty() {
        pairs.push(("state", state));
    }
    back(redirect_uri, &pairs)
}

/// A redirect to the application with more parameters in its query.
fn back(redirect_uri: &str, pairs: &[(&str, &str)]) -> Reply {
    let location = match Url::parse(redirect_uri) {
        Ok(mut location) => {
            location.query_pairs_mut().extend_pairs(pairs);
            location.to_string()
        }
        // A registered address that is no URL can only come from a test of exactly that.
        Err(_) => redirect_uri.to_owned(),
    };
    Reply::redirect(&location).with(CACHE_CONTROL, "no-store")
}

fn error_page(text: &str, reason: &str) -> Refusal {
    let page = format!(
        "<!doctype html><meta charset=utf-8><title>Etsy stand-in: error</title>\n\
         <h1>The request could not be completed</h1>\n<p>{}</p>\n<p><small>{}</small></p>\n",
        escape(text),
        escape(reason)
    );
    Refusal {
        reply: Reply::html(StatusCode::BAD_REQUEST, page),
        reason: reason.to_owned(),
    }
}
