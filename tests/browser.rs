//! A seller's browser: it keeps cookies, goes where it is sent, and presses buttons.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use url::Url;

/// A browser without scripts: it keeps cookies by origin and folder, and presses buttons.
pub struct Browser {
    pub client: reqwest::Client,
    pub cookies: Vec<(String, String)>,
}

/// A page that it shows.
#[derive(Debug)]
pub struct Shown {
    pub url: Url,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub html: String,
}

impl Browser {
    pub fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(Duration::from_secs(30))
            .build();
        Self {
            client: client.unwrap(),
            cookies: Vec::new(),
        }
    }

    /// Opens an address, and the one where that leads, which is the host's.
    pub async fn follow(&mut self, url: &str) -> Shown {
        let page = self.get(url).await;
        self.get(page.location()).await
    }

    pub async fn get(&mut self, url: &str) -> Shown {
        self.send(self.client.get(url)).await
    }

    /// Presses a button of the form that a page has.
    pub async fn press(&mut self, page: &Shown, decision: &str) -> Shown {
        let action = page.between("action=", ">");
        let id = page.between("name=consent value=\"", "\"");
        assert!(
            page.html
                .contains(&format!("name=decision value={decision}>"))
        );
        let form = [("consent", id), ("decision", decision)];
        let url = page.url.join(action).unwrap();
        self.send(self.client.post(url).form(&form)).await
    }

    pub async fn send(&mut self, request: reqwest::RequestBuilder) -> Shown {
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(n, v)| format!("{n}={v}"))
            .collect();
        let request = request.header(header::COOKIE, cookies.join("; "));
        let response = request.send().await.unwrap();
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
        Shown {
            url: response.url().clone(),
            status: response.status(),
            headers: response.headers().clone(),
            html: response.text().await.unwrap(),
        }
    }
}

impl Shown {
    pub fn location(&self) -> &str {
        let location = self.headers.get(header::LOCATION);
        let location = location.unwrap_or_else(|| panic!("{}: {}", self.status, self.html));
        location.to_str().unwrap()
    }

    pub fn between(&self, before: &str, after: &str) -> &str {
        let rest = self.html.split(before).nth(1);
        let rest = rest.unwrap_or_else(|| panic!("{before} is not in {}", self.html));
        rest.split(after).next().unwrap()
    }

    /// A whole page for a person, which no cache keeps and no other site shows or learns of.
    pub fn is_page(&self, status: u16, words: &[&str]) {
        assert_eq!(self.status, status, "{}", self.html);
        let header = |name: &str| self.headers[name].to_str().unwrap();
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("referrer-policy"), "no-referrer");
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        for word in words {
            assert!(self.html.contains(word), "{word:?} is not in {}", self.html);
        }
        assert!(!self.html.contains("<script"));
        // Nor words that only programmers know.
        let text = self.html.split("<main>").nth(1).unwrap().to_lowercase();
        let text = text.split("<form").next().unwrap();
        for word in ["oauth", "token", "redirect", "callback", " state", "null"] {
            assert!(!text.contains(word), "{word:?} is in {text}");
        }
    }
}
