//! A request as data: it can be compared in a test and shown in a plan before it is sent.

use super::encode::{pairs, percent_encode};
use super::failure::Failure;
use super::multipart::{Multipart, Part};
use super::response::Response;
use super::send_all;
use crate::publish::PlannedRequest;
use serde::Serialize;
use std::fmt;

/// As much of a reply as the host lets through.
const MAX_REPLY: usize = 8 * 1024 * 1024;

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// HEAD
    Head,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
}

impl Method {
    /// Whether it changes nothing by definition.
    #[must_use]
    pub fn is_read(self) -> bool {
        matches!(self, Self::Get | Self::Head)
    }

    /// Its name: `GET`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What a request carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    Empty,
    /// `application/json`, already written.
    Json(String),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, String)>),
    /// `multipart/form-data`.
    Multipart(Multipart),
    /// Any other content type.
    Bytes(String, Vec<u8>),
}

/// A request to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
    pub(crate) max_reply: usize,
    /// Why it cannot be sent; told when it is.
    pub(crate) problem: Option<String>,
}

impl Request {
    /// A request to an `https:` URL. Ids in its path are to be percent-encoded
    /// ([`percent_encode`]) unless they are known to be digits.
    #[must_use]
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self {
            method,
            url: url.into(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Body::Empty,
            max_reply: MAX_REPLY,
            problem: None,
        }
    }

    /// Reads.
    #[must_use]
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::Get, url)
    }

    /// Adds.
    #[must_use]
    pub fn post(url: impl Into<String>) -> Self {
        Self::new(Method::Post, url)
    }

    /// Replaces.
    #[must_use]
    pub fn put(url: impl Into<String>) -> Self {
        Self::new(Method::Put, url)
    }

    /// Changes a part.
    #[must_use]
    pub fn patch(url: impl Into<String>) -> Self {
        Self::new(Method::Patch, url)
    }

    /// Removes.
    #[must_use]
    pub fn delete(url: impl Into<String>) -> Self {
        Self::new(Method::Delete, url)
    }

    /// Adds a parameter to the query, percent-encoded.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// Adds a parameter to the query if there is one.
    #[must_use]
    pub fn query_if(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Adds a header. One that carries a credential is the host's to add, and is removed.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Sends a JSON document.
    #[must_use]
    pub fn json(mut self, document: &impl Serialize) -> Self {
        match serde_json::to_string(document) {
            Ok(text) => self.body = Body::Json(text),
            Err(error) => self.problem = Some(format!("its body cannot be written: {error}")),
        }
        self
    }

    /// Sends a form.
    #[must_use]
    pub fn form<N: Into<String>, V: Into<String>>(
        mut self,
        fields: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let fields = fields
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        self.body = Body::Form(fields.collect());
        self
    }

    /// Sends fields and files.
    #[must_use]
    pub fn multipart(mut self, parts: Multipart) -> Self {
        self.body = Body::Multipart(parts);
        self
    }

    /// Sends bytes of any type.
    #[must_use]
    pub fn bytes(mut self, content_type: &str, bytes: Vec<u8>) -> Self {
        self.body = Body::Bytes(content_type.to_owned(), bytes);
        self
    }

    /// Reads at most so many bytes of the reply's body; a longer one is an error. 8 MiB unless
    /// told.
    #[must_use]
    pub fn max_reply(mut self, bytes: usize) -> Self {
        self.max_reply = bytes;
        self
    }

    /// Sends it and waits for the reply, whatever its status.
    ///
    /// # Errors
    ///
    /// A [`Failure`], which knows whether the request may have happened.
    pub fn send(self) -> Result<Response, Failure> {
        let unanswered = Failure::new(&self, super::FailureKind::Broken, "no reply");
        send_all(vec![self]).pop().unwrap_or(Err(unanswered))
    }

    /// Its method.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    /// Its URL, with the query.
    #[must_use]
    pub fn url(&self) -> String {
        if self.query.is_empty() {
            return self.url.clone();
        }
        let joint = if self.url.contains('?') { '&' } else { '?' };
        format!("{}{joint}{}", self.url, pairs(&self.query))
    }

    /// What follows the origin in its URL: `/v3/ping?a=b`.
    #[must_use]
    pub fn path(&self) -> String {
        let url = self.url();
        let after_scheme = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        match after_scheme.find(['/', '?']) {
            Some(start) => after_scheme.get(start..).unwrap_or("/").to_owned(),
            None => "/".to_owned(),
        }
    }

    /// What it carries.
    #[must_use]
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// Its content type, without a multipart body's boundary; empty where it carries nothing.
    #[must_use]
    pub fn content_type(&self) -> &str {
        match &self.body {
            Body::Empty => "",
            Body::Json(_) => "application/json",
            Body::Form(_) => "application/x-www-form-urlencoded",
            Body::Multipart(_) => "multipart/form-data",
            Body::Bytes(content_type, _) => content_type,
        }
    }

    /// The request as a plan shows it: a file in it stands as its `source`.
    #[must_use]
    pub fn planned(&self) -> PlannedRequest {
        PlannedRequest {
            method: self.method.as_str().to_owned(),
            path: self.path(),
            content_type: self.content_type().to_owned(),
            body: match &self.body {
                Body::Empty => String::new(),
                Body::Json(text) => text.clone(),
                Body::Form(fields) => pairs(fields),
                Body::Multipart(multipart) => shown(multipart),
                Body::Bytes(_, bytes) => String::from_utf8_lossy(bytes).into_owned(),
            },
        }
    }
}

fn shown(multipart: &Multipart) -> String {
    let shown = multipart.parts.iter().map(|part| match part {
        Part::Text { name, value } => format!("{}={}", percent_encode(name), percent_encode(value)),
        Part::File { name, source, .. } => format!("{}={source}", percent_encode(name)),
    });
    shown.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_encoded_and_part_of_the_path() {
        let request = Request::get("https://api.example.com/v3/listings?a=b")
            .query("state", "active")
            .query("q", "a b&c")
            .query_if("none", None::<u8>);
        assert_eq!(request.path(), "/v3/listings?a=b&state=active&q=a%20b%26c");
        assert_eq!(Request::get("https://api.example.com").path(), "/");
    }

    #[test]
    fn a_plan_shows_files_by_their_source() {
        let parts = Multipart::new()
            .text("alt_text", "a b")
            .file("image", "asset:front.jpg");
        let planned = Request::post("https://api.example.com/images")
            .multipart(parts)
            .planned();
        assert_eq!(planned.body, "alt_text=a%20b&image=asset:front.jpg");
        assert_eq!(
            (planned.method.as_str(), planned.path.as_str()),
            ("POST", "/images")
        );
    }

    #[test]
    fn a_native_build_says_that_it_has_no_network() {
        let failure = Request::get("https://api.example.com/").send().unwrap_err();
        assert!(!failure.may_have_happened());
        assert!(failure.to_string().contains("inside a host"));
    }
}
