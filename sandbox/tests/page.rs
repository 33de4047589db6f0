//! The page: everything as text, one script, and buttons that lead somewhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use stoflow_sandbox::{Fault, FaultKind, Purchase};

use crate::harness::World;

async fn page(world: &World) -> (String, String) {
    let reply = world.http.get(world.sandbox.url()).send().await.unwrap();
    assert_eq!(reply.status(), 200);
    let policy = reply.headers()["content-security-policy"].to_str().unwrap();
    let policy = policy.to_owned();
    (reply.text().await.unwrap(), policy)
}

/// What stands between two marks, each time that they occur.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    let parts = text.split(start).skip(1);
    parts.map(|part| part.split(end).next().unwrap()).collect()
}

#[tokio::test]
async fn orders_faults_and_refusals_are_shown_as_text() {
    let world = World::start().await;
    let id = world.active(&[("title", "Mug <b>bold</b>")]).await;
    let mut purchase = Purchase::of(id);
    purchase.buyer.name = "<script>alert(1)</script>".to_owned();
    let receipt = world.sandbox.buy(&purchase).unwrap();
    let mut fault = Fault::new(FaultKind::Unavailable).on("getMe");
    fault.path = Some("/<i>".to_owned());
    world.sandbox.inject(fault).unwrap();
    world.create(&[("tags", "bad!")]).await.expect(400);
    world.get("/v3/application/<u>").await.expect(404);
    let (page, _) = page(&world).await;
    for shown in [
        &receipt.to_string(),
        "&lt;script&gt;alert(1)&lt;/script&gt;, FR",
        "1 × Mug &lt;b&gt;bold",
        "<code>503</code> for getMe /&lt;i&gt;",
        "/tags/0: contains invalid characters",
        " ms<td",
        "value=cancel",
    ] {
        assert!(page.contains(shown), "{shown} is not in {page}");
    }
    for markup in ["<script>alert", "<b>bold", "/<i>", "<u>"] {
        assert!(!page.contains(markup), "{markup}");
    }
}

#[tokio::test]
async fn only_the_pages_own_script_may_run() {
    let world = World::start().await;
    let (page, policy) = page(&world).await;
    let scripts = between(&page, "<script>", "</script>");
    assert_eq!(scripts.len(), 1);
    let hash = STANDARD.encode(Sha256::digest(scripts[0]));
    assert!(
        policy.contains(&format!("script-src 'sha256-{hash}';")),
        "{policy}"
    );
    assert!(policy.starts_with("default-src 'none';"));
    assert!(!page.contains(" onclick") && !page.contains("javascript:"));
}

#[tokio::test]
async fn every_button_leads_to_an_endpoint_that_takes_what_it_sends() {
    let world = World::start().await;
    let id = world
        .active(&[("should_auto_renew", "true"), ("quantity", "50")])
        .await;
    world.sandbox.buy(&Purchase::of(id)).unwrap();
    let (page, _) = page(&world).await;
    let mut forms = between(&page, "<form ", "</form>");
    assert!(forms.len() >= 10, "{}", forms.len());
    // Beginning anew comes last, and what is cancelled has no money left to give back.
    forms.sort_by_key(|form| {
        (
            form.contains("data-post=reset"),
            form.contains("value=cancel"),
        )
    });
    for form in forms {
        let path = form.split("data-post=").nth(1).unwrap();
        let path = path.split([' ', '>']).next().unwrap();
        let delete = form.contains("data-method=DELETE");
        let method = if delete { Method::DELETE } else { Method::POST };
        let body = if delete { Value::Null } else { sent(form) };
        let answer = world.control(method, path, &body).await;
        assert_eq!(
            answer.status,
            200,
            "{path} {body}: {}",
            String::from_utf8_lossy(&answer.body)
        );
    }
    assert_eq!(world.sandbox.sellers().len(), 3);
}

/// What the page's script makes of a form that somebody filled in as it stands.
fn sent(form: &str) -> Value {
    let mut body = Map::new();
    for field in
        between(form, "<input ", ">")
            .into_iter()
            .chain(between(form, "<select ", "</select>"))
    {
        let attribute = |name: &str| {
            let rest = field.split(&format!("{name}=")).nth(1)?;
            rest.split([' ', '>', '<']).next().map(str::to_owned)
        };
        let name = attribute("name").unwrap();
        let value = match attribute("value") {
            _ if field.contains("type=checkbox") => json!(field.contains("checked")),
            _ if name == "amount" => json!("1.00"),
            _ if field.contains("datetime-local") => json!("2030-01-01T00:00:00Z"),
            None => continue,
            Some(value) if field.contains("data-as=number") => json!(value.parse::<i64>().unwrap()),
            Some(value) => json!(value),
        };
        match name.strip_prefix("items.0.") {
            Some(name) => {
                let items = body.entry("items").or_insert(json!([{}]));
                items[0][name] = value;
            }
            None => {
                body.insert(name, value);
            }
        }
    }
    body.into()
}
