//! Consent in a seller's browser: the page that asks, the way back to a backend, and what a person
//! reads when nothing comes of it. Over real HTTP, with a browser that keeps cookies.

#![cfg(test)]

use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, StatusCode, header};
use jiff::SignedDuration;
use serde_json::{Value, json};
use stoflow_host::api::Problem;
use stoflow_host::clock::Clock;
use stoflow_sandbox::{Fault, FaultKind, NewSeller, Options, Sandbox};
use url::Url;

use crate::browser::{Browser, Shown};
use crate::market::configure;
use crate::stage::Stage;

const APP: &str = "https://app.example";

/// A host whose callback is served where the sandbox sends browsers.
struct Site {
    stage: Stage,
    sandbox: Sandbox,
    clock: Clock,
    /// `http://127.0.0.1:PORT`.
    origin: String,
}

impl Site {
    async fn open() -> Self {
        let clock = Clock::default();
        let stage = Stage::with(|options| {
            options.clock = clock.clone();
            let consent = format!("[consent]\nreturn_origins = [{APP:?}]\n");
            std::fs::write(options.data_dir.join("stoflow.toml"), consent).unwrap();
        });
        stage.install("plugins/etsy").await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let router = stage.router.clone();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let redirect_uri = format!("{origin}/api/etsy/oauth/callback");
        let options = Options {
            per_second: 0,
            per_day: 0,
            redirect_uris: vec![redirect_uri.clone()],
            ..Options::default()
        };
        let sandbox = Sandbox::start(options).await.unwrap();
        configure(&stage, &sandbox).await;
        let change = json!({ "redirect_uri": redirect_uri });
        stage
            .post("/api/plugins/etsy/configuration", change)
            .await
            .unwrap();
        Self {
            stage,
            sandbox,
            clock,
            origin,
        }
    }

    /// Begins a consent; the address of the marketplace's page.
    async fn begin(&self, body: Value) -> String {
        let begun = self.stage.post("/api/etsy/oauth/connect", body).await;
        begun.unwrap()["url"].as_str().unwrap().to_owned()
    }

    /// What `u1`'s seller brings to the host who presses a button of the marketplace's.
    async fn consent(&self, browser: &mut Browser, decision: &str) -> Shown {
        let url = self.begin(json!({ "user": "u1" })).await;
        browser.follow(&format!("{url}&{decision}")).await
    }

    async fn complete(&self, body: Value) -> Result<Value, Problem> {
        self.stage.post("/api/etsy/oauth/complete", body).await
    }

    fn accounts(&self) -> usize {
        self.stage.host.accounts.list(None).unwrap().len()
    }
}

#[tokio::test]
async fn the_person_in_the_browser_is_told_whose_shop_becomes_whose_and_connects_it() {
    let site = Site::open().await;
    let mut browser = Browser::new();
    let page = site.consent(&mut browser, "auto=1").await;
    page.is_page(
        200,
        &[
            "Connect the shop “Vieux Paris” to the Stoflow user “u1”?",
            "press Cancel",
        ],
    );
    let cookie = page.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(
        cookie.ends_with("; Max-Age=600; HttpOnly; SameSite=Strict"),
        "{cookie}"
    );
    assert!(
        !cookie.contains("Path") && !cookie.contains("Domain"),
        "{cookie}"
    );
    assert_eq!(site.accounts(), 0);
    let done = browser.press(&page, "connect").await;
    done.is_page(200, &["“Vieux Paris” is connected", "user “u1”"]);
    assert_eq!(site.accounts(), 1);
    // Pressing it again, or opening the address again, does nothing more.
    let again = browser.press(&page, "connect").await;
    again.is_page(409, &["used already"]);
    browser
        .press(&page, "cancel")
        .await
        .is_page(409, &["used already"]);
    browser
        .get(page.url.as_str())
        .await
        .is_page(409, &["used already"]);
    assert_eq!(site.accounts(), 1);
    site.stage
        .call("etsy", "shop.get", json!({}))
        .await
        .unwrap();
    // The same shop again is a renewal, and says so.
    let page = site.consent(&mut browser, "auto=1").await;
    page.is_page(
        200,
        &[
            "Renew the connection of the shop “Vieux Paris”",
            ">Renew</button>",
        ],
    );
    browser
        .press(&page, "connect")
        .await
        .is_page(200, &["is connected"]);
    assert_eq!(site.accounts(), 1);
}

#[tokio::test]
async fn who_presses_cancel_connects_nothing() {
    let site = Site::open().await;
    let mut browser = Browser::new();
    let page = site.consent(&mut browser, "auto=1").await;
    let done = browser.press(&page, "cancel").await;
    done.is_page(200, &["Nothing was connected", "in your settings there"]);
    browser
        .press(&page, "connect")
        .await
        .is_page(409, &["used already"]);
    assert_eq!(site.accounts(), 0);
}

#[tokio::test]
async fn a_question_is_answered_by_the_browser_that_was_asked() {
    let site = Site::open().await;
    let (mut seller, mut other) = (Browser::new(), Browser::new());
    let page = site.consent(&mut seller, "auto=1").await;
    for decision in ["connect", "cancel"] {
        let refused = other.press(&page, decision).await;
        refused.is_page(403, &["belongs somewhere else", "another browser"]);
    }
    // A cookie of another consent is none of this one.
    let others = site.consent(&mut other, "auto=1").await;
    let refused = other.press(&page, "connect").await;
    refused.is_page(403, &["another browser"]);
    assert_eq!(site.accounts(), 0);
    seller
        .press(&page, "connect")
        .await
        .is_page(200, &["is connected"]);
    other
        .press(&others, "cancel")
        .await
        .is_page(200, &["Nothing was connected"]);
}

#[tokio::test]
async fn what_a_page_of_the_host_began_comes_back_to_the_same_browser() {
    let site = Site::open().await;
    let request = Request::builder()
        .method(Method::POST)
        .uri("/api/etsy/oauth/connect")
        .header(header::CONTENT_TYPE, "application/json")
        .header("sec-fetch-site", "same-origin")
        .extension(stoflow_host::api::Caller::Operator)
        .body(json!({ "user": "u1" }).to_string().into())
        .unwrap();
    let begun = site.stage.send(request).await;
    let cookie = begun.headers()[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.ends_with("; HttpOnly; SameSite=Lax"), "{cookie}");
    let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
    let own = (name.to_owned(), value.to_owned());
    let body = axum::body::to_bytes(begun.into_body(), 1 << 20)
        .await
        .unwrap();
    let begun: Value = serde_json::from_slice(&body).unwrap();
    let url = format!("{}&auto=1", begun["url"].as_str().unwrap());
    let (mut victim, mut own_browser) = (Browser::new(), Browser::new());
    own_browser.cookies.push(own);
    let page = victim.get(&url).await;
    let refused = victim.get(page.location()).await;
    refused.is_page(403, &["another browser", "close this page"]);
    // Nothing was used up by it.
    let page = own_browser.get(page.location()).await;
    page.is_page(200, &["Connect the shop “Vieux Paris”"]);
}

#[tokio::test]
async fn a_backend_finishes_what_it_began_for_the_user_for_whom_it_began() {
    let site = Site::open().await;
    let mut browser = Browser::new();
    let wanted = json!({ "user": "u1", "return_to": format!("{APP}/shops?tab=2") });
    let mut sent_back = async || {
        let url = site.begin(wanted.clone()).await;
        let sent = browser.follow(&format!("{url}&auto=1")).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER);
        assert_eq!(sent.headers["referrer-policy"], "no-referrer");
        assert_eq!(sent.headers["cache-control"], "no-store");
        let location = sent.location();
        let id = location.strip_prefix(&format!("{APP}/shops?tab=2&consent="));
        id.unwrap_or_else(|| panic!("{location}")).to_owned()
    };
    let id = sent_back().await;
    // Nobody else than a caller with a key: the browser can do nothing with it.
    let complete = format!("{}/api/etsy/oauth/complete", site.origin);
    let mut thief = Browser::new();
    let body = json!({ "user": "u1", "consent": id });
    let refused = thief.send(thief.client.post(complete).json(&body)).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let confirm = format!("{}/api/etsy/oauth/confirm", site.origin);
    let form = [("consent", id.as_str()), ("decision", "connect")];
    let refused = thief.send(thief.client.post(confirm).form(&form)).await;
    refused.is_page(403, &["belongs somewhere else"]);
    assert_eq!(site.accounts(), 0);
    let done = site.complete(body.clone()).await.unwrap();
    assert_eq!(done["account"]["identity"]["name"], "Vieux Paris");
    let again = site.complete(body).await.unwrap_err();
    assert_eq!(again.type_uri, "/problems/consent-used");
    // A link that was sent to somebody else comes back in that person's session.
    let id = sent_back().await;
    let stranger = json!({ "user": "u2", "consent": id });
    let refused = site.complete(stranger).await.unwrap_err();
    assert_eq!(refused.type_uri, "/problems/consent-foreign");
    let own = json!({ "user": "u1", "consent": id });
    let refused = site.complete(own).await.unwrap_err();
    assert_eq!(refused.type_uri, "/problems/consent-used");
    // And a backend may say no.
    let id = sent_back().await;
    let no = json!({ "user": "u1", "consent": id, "decision": "cancel" });
    let done = site.complete(no).await.unwrap();
    assert!(done["account"].is_null() && done["done"].as_str().unwrap().starts_with("Nothing"));
    assert_eq!(site.accounts(), 1);
}

#[tokio::test]
async fn a_backend_is_told_what_went_wrong_by_the_problem_it_is() {
    let site = Site::open().await;
    let mut browser = Browser::new();
    let wanted = json!({ "user": "u1", "return_to": format!("{APP}/shops") });
    let url = site.begin(wanted.clone()).await;
    let page = browser.get(&format!("{url}&decision=deny")).await;
    for problem in ["consent-denied", "consent-used"] {
        let sent = browser.get(page.location()).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER);
        assert_eq!(sent.location(), format!("{APP}/shops?error={problem}"));
    }
    let url = site.begin(wanted.clone()).await;
    site.sandbox
        .inject(Fault::new(FaultKind::Html).on("token"))
        .unwrap();
    let sent = browser.follow(&format!("{url}&auto=1")).await;
    assert_eq!(sent.location(), format!("{APP}/shops?error=unavailable"));
    let url = site.begin(wanted).await;
    site.clock.jump(SignedDuration::from_secs(601));
    let sent = browser.follow(&format!("{url}&auto=1")).await;
    assert_eq!(
        sent.location(),
        format!("{APP}/shops?error=consent-expired")
    );
}

#[tokio::test]
async fn no_browser_is_sent_where_the_operator_has_not_said() {
    let site = Site::open().await;
    let connect = async |return_to: &str| {
        let body = json!({ "user": "u1", "return_to": return_to });
        let begun = site.stage.post("/api/etsy/oauth/connect", body).await;
        begun.unwrap_err()
    };
    for return_to in [
        "https://app.example.evil/",
        "https://evil.example/?https://app.example",
        "https://app.example:444/",
        "http://app.example/",
    ] {
        let refused = connect(return_to).await;
        assert_eq!(refused.type_uri, "/problems/not-granted", "{return_to}");
        let remedy = refused.remedy.unwrap();
        let origin = Url::parse(return_to)
            .unwrap()
            .origin()
            .ascii_serialization();
        assert!(
            remedy.contains(&format!("return_origins = [{origin:?}]")),
            "{remedy}"
        );
        assert!(remedy.contains("stoflow.toml"), "{remedy}");
    }
    for return_to in [
        "//evil.example",
        "/shops",
        "javascript:alert(1)",
        "https://app.example@evil.example/",
        "https://app.example/?consent=forged",
    ] {
        let refused = connect(return_to).await;
        assert_eq!(refused.type_uri, "/problems/bad-request", "{return_to}");
    }
    assert!(site.sandbox.requests().is_empty());
}

#[tokio::test]
async fn a_shop_s_name_is_text_and_nothing_else() {
    let site = Site::open().await;
    let name = "<script>alert(1)</script>\"'&<b>";
    let seller = NewSeller {
        shop_name: name.into(),
        ..NewSeller::default()
    };
    let seller = site.sandbox.add_seller(&seller).unwrap();
    let mut browser = Browser::new();
    let decision = format!("auto=1&user={}", seller.user_id);
    let page = site.consent(&mut browser, &decision).await;
    let written = "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;&lt;b&gt;";
    page.is_page(
        200,
        &[&format!(
            "Connect the shop “{written}” to the Stoflow user “u1”?"
        )],
    );
    let done = browser.press(&page, "connect").await;
    done.is_page(200, &[&format!("<h1>“{written}” is connected</h1>")]);
}

#[tokio::test]
async fn whatever_goes_wrong_is_said_in_words_that_a_seller_understands() {
    let site = Site::open().await;
    site.stage.install("guests/caller").await.unwrap();
    let mut browser = Browser::new();
    let callback = format!("{}/api/etsy/oauth/callback", site.origin);
    for (query, status, words) in [
        ("", 400, "no answer from Etsy"),
        ("?code=c&state=forged", 403, "Nobody here waits"),
        ("?code=c&state=a&state=b", 400, "no answer from Etsy"),
        ("?code=c&error=e&state=a", 400, "no answer from Etsy"),
        ("?state=a", 400, "no answer from Etsy"),
    ] {
        let page = browser.get(&format!("{callback}{query}")).await;
        page.is_page(status, &[words, "Nothing was connected."]);
    }
    let page = site.consent(&mut browser, "decision=deny").await;
    page.is_page(403, &["You did not allow it", "Etsy says: The user denied"]);
    // The answer of one marketplace brought to the callback of another one, and then where it belongs.
    let url = site.begin(json!({ "user": "u1" })).await;
    let sent = browser.get(&format!("{url}&auto=1")).await;
    let elsewhere = sent.location().replace("/etsy/", "/caller/");
    let page = browser.get(&elsewhere).await;
    page.is_page(403, &["another marketplace"]);
    let nowhere = sent.location().replace("/etsy/", "/nothing/");
    let page = browser.get(&nowhere).await;
    page.is_page(404, &["no such marketplace"]);
    // Whoever only looks ahead uses nothing up.
    let looked = browser.send(browser.client.head(sent.location())).await;
    assert_eq!(looked.status, StatusCode::METHOD_NOT_ALLOWED);
    let page = browser.get(sent.location()).await;
    page.is_page(200, &["Connect the shop “Vieux Paris”"]);
    // Too late, by the host's clock and by the marketplace's.
    let url = site.begin(json!({ "user": "u1" })).await;
    let sent = browser.get(&format!("{url}&auto=1")).await;
    site.clock.jump(SignedDuration::from_secs(601));
    let late = browser.get(sent.location()).await;
    late.is_page(400, &["longer than ten minutes"]);
    browser
        .press(&page, "connect")
        .await
        .is_page(400, &["longer than ten minutes"]);
    let url = site.begin(json!({ "user": "u1" })).await;
    let sent = browser.get(&format!("{url}&auto=1")).await;
    site.sandbox.advance(Duration::from_secs(120));
    let page = browser.get(sent.location()).await;
    page.is_page(400, &["Etsy took its answer back"]);
    let code = sent.location().split("code=").nth(1).unwrap();
    assert!(!page.html.contains(code.split('&').next().unwrap()));
    // The marketplace in trouble, at either of the two requests.
    for (operation, status, words) in [
        ("token", 503, "Etsy cannot be reached at the moment"),
        ("getMe", 503, "Etsy cannot be reached at the moment"),
    ] {
        let fault = Fault::new(FaultKind::Html).on(operation).times(10);
        site.sandbox.inject(fault).unwrap();
        let page = site.consent(&mut browser, "auto=1").await;
        page.is_page(status, &[words, "Nothing was connected."]);
        site.sandbox.clear_faults();
    }
    // A form that is none.
    let confirm = format!("{}/api/etsy/oauth/confirm", site.origin);
    for form in [
        vec![("consent", "x"), ("decision", "perhaps")],
        vec![("decision", "connect")],
        vec![("consent", "x"), ("consent", "y"), ("decision", "connect")],
    ] {
        let page = browser
            .send(browser.client.post(&confirm).form(&form))
            .await;
        page.is_page(400, &["Nothing was connected."]);
    }
    let huge = "x".repeat(1 << 20);
    let form = [("consent", huge.as_str()), ("decision", "connect")];
    let page = browser
        .send(browser.client.post(&confirm).form(&form))
        .await;
    page.is_page(400, &["Nothing was connected."]);
    assert_eq!(site.accounts(), 0);
}

#[tokio::test]
async fn an_account_is_renewed_in_the_browser_by_its_own_seller_only() {
    let site = Site::open().await;
    let other = NewSeller {
        shop_name: "Another Shop".into(),
        ..NewSeller::default()
    };
    let other = site.sandbox.add_seller(&other).unwrap();
    let mut browser = Browser::new();
    let page = site.consent(&mut browser, "auto=1").await;
    browser
        .press(&page, "connect")
        .await
        .is_page(200, &["is connected"]);
    let account = site.stage.host.accounts.list(None).unwrap().remove(0);
    let url = site.begin(json!({ "account": account.id })).await;
    let page = browser
        .follow(&format!("{url}&auto=1&user={}", other.user_id))
        .await;
    page.is_page(
        409,
        &["That was another shop", "Vieux Paris", "Another Shop"],
    );
    let accounts = site.stage.host.accounts.list(None).unwrap();
    assert_eq!(accounts, std::slice::from_ref(&account));
    let url = site
        .begin(json!({ "account": "u1/etsy/vieux-paris" }))
        .await;
    let page = browser.follow(&format!("{url}&auto=1")).await;
    page.is_page(200, &["Renew the connection of the shop “Vieux Paris”"]);
    // Where a seller has taken the consent back, the remedy names the account.
    site.sandbox
        .inject(Fault::new(FaultKind::RevokeToken).on("getShop"))
        .unwrap();
    let refused = site.stage.call("etsy", "shop.get", json!({})).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.type_uri, "/problems/consent-needed");
    let remedy = format!("stoflow account connect etsy --account {}", account.id);
    assert_eq!(refused.remedy, Some(remedy));
    browser
        .press(&page, "connect")
        .await
        .is_page(200, &["is connected"]);
    site.stage
        .call("etsy", "shop.get", json!({}))
        .await
        .unwrap();
    // Whose it is, is not asked twice; a user who is another one is a mistake.
    for (body, words) in [
        (json!({}), "for whom"),
        (json!({ "user": "a b" }), "the user id \"a b\" is not valid"),
        (json!({ "user": "u1", "retrun_to": "x" }), "retrun_to"),
        (
            json!({ "user": "u2", "account": account.id }),
            "belongs to u1",
        ),
    ] {
        let refused = site.stage.post("/api/etsy/oauth/connect", body).await;
        let refused = refused.unwrap_err();
        let violations = refused.violations.iter().map(|it| it.message.as_str());
        let told: Vec<&str> = violations.chain([refused.title.as_str()]).collect();
        assert!(told.join("; ").contains(words), "{told:?}");
        let kinds = ["/problems/bad-request", "/problems/invalid-arguments"];
        assert!(kinds.contains(&refused.type_uri.as_str()), "{refused:?}");
    }
}

#[tokio::test]
async fn a_browser_that_goes_away_takes_no_tokens_along() {
    let site = Site::open().await;
    let url = site.begin(json!({ "user": "u1" })).await;
    let mut browser = Browser::new();
    let sent = browser.get(&format!("{url}&auto=1")).await;
    let slow = Fault::new(FaultKind::SlowAfter).on("token").ms(500);
    site.sandbox.inject(slow).unwrap();
    let asked = site.sandbox.begun();
    let callback = tokio::spawn(browser.client.get(sent.location()).send());
    until(|| site.sandbox.begun() > asked).await;
    callback.abort();
    assert!(callback.await.unwrap_err().is_cancelled());
    // The offer is made all the same, and given back when nobody has taken it.
    let host = Arc::clone(&site.stage.host);
    // Its ten minutes begin when it is known whose it is.
    until(|| crate::offers::counts(&host.store) == (1, 1)).await;
    site.clock.jump(SignedDuration::from_secs(601));
    site.begin(json!({ "user": "u1" })).await;
    assert_eq!(crate::offers::counts(&host.store), (0, 0));
}

/// Waits, for a bounded time, until something is so.
async fn until(is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting)
        .await
        .unwrap();
}
