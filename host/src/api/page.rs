//! Pages for a seller's browser: one question or one message, readable without scripts.
//!
//! They show texts that come from outside — a shop's name, a marketplace's words — to a person who
//! is about to say yes. So everything that is put in is escaped, nothing is fetched, nothing runs, no
//! other site can frame the page or learn its address, and no cache keeps it.

use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue, StatusCode, header};
use sha2::{Digest as _, Sha256};

const STYLE: &str = "\
body { font: 17px/1.55 system-ui, sans-serif; max-width: 34rem; margin: 12vh auto 2rem; padding: 0 1.2rem; color: #1f2328; background: #fff; }
h1 { font-size: 1.5rem; line-height: 1.3; margin: 0 0 1rem; overflow-wrap: anywhere; }
p { margin: 0 0 .8rem; overflow-wrap: anywhere; }
form { margin-top: 1.6rem; display: flex; gap: .8rem; flex-wrap: wrap; }
button { font: inherit; padding: .55rem 1.6rem; border-radius: .5rem; border: 1px solid #1f2328; background: transparent; color: inherit; cursor: pointer; }
button.yes { background: #1f5fbf; border-color: #1f5fbf; color: #fff; }
button:focus-visible { outline: 3px solid #f0a020; outline-offset: 2px; }
footer { margin-top: 2.4rem; font-size: .85rem; opacity: .7; }
@media (prefers-color-scheme: dark) { body { color: #e6e8eb; background: #16181b; } button { border-color: #e6e8eb; } button.yes { background: #6ea3f0; border-color: #6ea3f0; color: #10151c; } }
";

/// A page.
#[derive(Debug, Clone)]
pub struct Page {
    status: StatusCode,
    heading: String,
    paragraphs: Vec<String>,
    question: Option<Question>,
}

/// What a page asks: a form that is posted to a path beside the page's own.
#[derive(Debug, Clone)]
struct Question {
    action: &'static str,
    hidden: (&'static str, String),
    yes: Button,
    no: Button,
}

/// What a button says, and what its pressing sends as `decision`.
#[derive(Debug, Clone)]
pub(super) struct Button {
    pub(super) text: &'static str,
    pub(super) decision: &'static str,
}

impl Page {
    /// A page that says this.
    pub fn new(heading: impl Into<String>) -> Self {
        Self {
            status: StatusCode::OK,
            heading: heading.into(),
            paragraphs: Vec::new(),
            question: None,
        }
    }

    /// With one paragraph more.
    #[must_use]
    pub fn says(mut self, text: impl Into<String>) -> Self {
        self.paragraphs.push(text.into());
        self
    }

    /// With each of these.
    #[must_use]
    pub(super) fn says_all(mut self, texts: impl IntoIterator<Item = String>) -> Self {
        self.paragraphs.extend(texts);
        self
    }

    /// With another status than 200.
    #[must_use]
    pub(super) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// With a form of two buttons.
    #[must_use]
    pub(super) fn asks(
        mut self,
        action: &'static str,
        hidden: (&'static str, String),
        yes: Button,
        no: Button,
    ) -> Self {
        self.question = Some(Question {
            action,
            hidden,
            yes,
            no,
        });
        self
    }

    /// The document.
    pub fn html(&self) -> String {
        let heading = escape(&self.heading);
        let mut body = format!("<h1>{heading}</h1>\n");
        for text in &self.paragraphs {
            body.push_str(&format!("<p>{}</p>\n", escape(text)));
        }
        if let Some(question) = &self.question {
            body.push_str(&question.html());
        }
        format!(
            "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n\
             <meta name=viewport content=\"width=device-width, initial-scale=1\">\n\
             <title>{heading} · Stoflow</title>\n<style>{STYLE}</style>\n\
             <main>\n{body}</main>\n<footer>Stoflow</footer>\n</html>\n"
        )
    }

    /// The headers that it goes out with.
    pub fn headers() -> [(HeaderName, String); 6] {
        safe_headers(STYLE)
    }
}

/// The headers of a page with this style: it is what it is, fetches and runs nothing, and is kept by
/// nobody.
pub(super) fn safe_headers(style: &str) -> [(HeaderName, String); 6] {
    let style = STANDARD.encode(Sha256::digest(style));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; \
         frame-ancestors 'none'; base-uri 'none'"
    );
    [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::X_FRAME_OPTIONS, "DENY".to_owned()),
    ]
}

impl Question {
    fn html(&self) -> String {
        let (name, value) = (self.hidden.0, escape(&self.hidden.1));
        let button = |class: &str, button: &Button| {
            format!(
                "<button{class} name=decision value={}>{}</button>\n",
                button.decision, button.text
            )
        };
        format!(
            "<form method=post action={}>\n<input type=hidden name={name} value=\"{value}\">\n{}{}</form>\n",
            self.action,
            button(" class=yes", &self.yes),
            button("", &self.no),
        )
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.html()).into_response();
        for (name, value) in Self::headers() {
            // All of them are printable ASCII.
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// A text as it stands between tags and in quoted attributes, without what would steer the lines
/// around it.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Unicode's explicit bidirectional formatting characters (UAX #9 §2).
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {}
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_is_text_wherever_it_stands() {
        let hostile = "</title><script>alert('\"1\"')</script>&amp;\u{202e}\u{1b}";
        let yes = Button {
            text: "Yes",
            decision: "connect",
        };
        let page = Page::new(hostile)
            .says(hostile)
            .asks("confirm", ("consent", hostile.into()), yes.clone(), yes)
            .html();
        let written =
            "&lt;/title&gt;&lt;script&gt;alert(&#39;&quot;1&quot;&#39;)&lt;/script&gt;&amp;amp; ";
        assert_eq!(page.matches(written).count(), 4, "{page}");
        assert!(
            !page.contains("<script") && !page.contains('\u{202e}'),
            "{page}"
        );
    }

    #[test]
    fn the_page_is_readable_by_nobody_else_and_runs_nothing() {
        let response = Page::new("x")
            .status(StatusCode::BAD_REQUEST)
            .into_response();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("referrer-policy"), "no-referrer");
        let policy = header("content-security-policy");
        for part in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(
            !policy.contains("script-src") && !policy.contains("unsafe"),
            "{policy}"
        );
    }
}
