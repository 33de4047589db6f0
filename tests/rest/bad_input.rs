//! What a route cannot take: each is told what is wrong and where, and nothing is called.

use axum::body::Body;
use http::{Request, StatusCode, header};
use serde_json::{Value, json};
use stoflow_host::api::{Caller, Problem, ProblemKind};

use super::asked::{Asked, encoded, exchange};
use crate::market::{Market, paths};

async fn get(market: &Market, target: &str) -> Result<Value, Problem> {
    Asked::get(target).send(&market.stage).await
}

fn asked(method: &'static str, target: &str, body: Option<(&str, &str)>) -> Asked {
    Asked {
        method,
        target: target.to_owned(),
        body: body.map(|(media_type, text)| (media_type.to_owned(), text.as_bytes().to_vec())),
    }
}

async fn post(market: &Market, target: &str, json: &str) -> Result<Value, Problem> {
    let body = Some(("application/json", json));
    asked("POST", target, body).send(&market.stage).await
}

#[tokio::test]
async fn a_parameter_that_there_is_not_is_named_with_what_is_near() {
    let market = Market::new().await;
    for (target, path, words) in [
        ("listings/draft?limt=2", "/limt", "did you mean limit?"),
        ("listings/draft?page.limt=2", "/page.limt", "no parameter"),
        ("listings/draft?state=active", "/state", "the path says it"),
        ("listings/7?id=8", "/id", "the path says it"),
        ("orders?acount=x", "/acount", "did you mean account?"),
        (
            "shop?verbose=1",
            "/verbose",
            "there are user, account, site",
        ),
        (
            "taxonomy/search?query=mug&limit=3&a~b/c=1",
            "/a~0b~1c",
            "no parameter",
        ),
    ] {
        let problem = get(&market, &format!("/api/etsy/{target}")).await;
        let problem = problem.unwrap_err();
        assert_eq!(problem.kind(), ProblemKind::InvalidArguments, "{target}");
        assert_eq!(paths(&problem), [path], "{target}");
        let message = &problem.violations[0].message;
        assert!(message.contains(words), "{target}: {message}");
    }
    let problem = post(&market, "/api/etsy/listings/7/pause?listing_id=8", "{}").await;
    let problem = problem.unwrap_err();
    assert!(
        problem.violations[0]
            .message
            .contains("members of the body")
    );
    assert_eq!(market.operations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_parameter_that_cannot_be_so_is_named_and_so_are_all_others() {
    let market = Market::new().await;
    let target = "/api/etsy/orders?paid=perhaps&limit=-1&created_after=yesterday&nonsense=1";
    let problem = get(&market, target).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::InvalidArguments);
    assert_eq!(
        paths(&problem),
        [
            "/filter/paid",
            "/page/limit",
            "/filter/created_after",
            "/nonsense"
        ]
    );
    for (target, path, words) in [
        ("listings/draft?limit=2&limit=3", "/page/limit", "twice"),
        (
            "listings/draft?limit=2&page.limit=3",
            "/page/limit",
            "twice",
        ),
        ("listings/draft?page=2", "/page", "JSON object"),
        ("policies?kind=shiping", "/kind", "did you mean shipping?"),
        ("policies/shiping/schema", "/kind", "did you mean shipping?"),
        ("taxonomy/search?query=mug", "/limit", "missing"),
    ] {
        let problem = get(&market, &format!("/api/etsy/{target}")).await;
        let problem = problem.unwrap_err();
        assert_eq!(problem.kind(), ProblemKind::InvalidArguments, "{target}");
        assert_eq!(paths(&problem), [path], "{target}");
        let message = &problem.violations[0].message;
        assert!(message.contains(words), "{target}: {message}");
    }
    assert_eq!(market.operations(), Vec::<String>::new());
}

#[tokio::test]
async fn for_whom_a_call_is_cannot_be_said_twice_or_wrongly() {
    let market = Market::new().await;
    for (query, kind) in [
        ("user=u1&user=u2", ProblemKind::BadRequest),
        ("account=a&account=a", ProblemKind::BadRequest),
        ("user=a%2Fb", ProblemKind::BadRequest),
        ("account=%FF", ProblemKind::BadRequest),
        ("account=nobody", ProblemKind::UnknownAccount),
        ("user=u2", ProblemKind::AccountNeeded),
        ("site=mars", ProblemKind::BadRequest),
    ] {
        let problem = get(&market, &format!("/api/etsy/shop?{query}")).await;
        assert_eq!(problem.unwrap_err().kind(), kind, "{query}");
    }
    assert_eq!(market.operations(), Vec::<String>::new());
}

#[tokio::test]
async fn an_odd_id_is_one_id_and_reaches_nothing_else() {
    let market = Market::new().await;
    let listing = market.listing("k", "mug", "active").await;
    for id in [
        "7/inventory",
        "..",
        ".",
        "../../shop",
        "a%2Fb",
        "%",
        "100%",
        "7?limit=1",
        "7#x",
        "7 8",
        "'; --",
        "é",
        "\u{1F9E5}",
        "active/",
        "-1",
        "9223372036854775808",
        &format!("{listing}/"),
        &format!("0{listing}"),
        &"9".repeat(2_000),
    ] {
        for below in ["", "/inventory"] {
            let target = format!("/api/etsy/listings/{}{below}", encoded(id));
            let problem = get(&market, &target).await.unwrap_err();
            // A number that is none of a listing's is refused in Etsy's words.
            let unknown = [ProblemKind::NotFound, ProblemKind::Rejected];
            assert!(unknown.contains(&problem.kind()), "{target}: {problem:?}");
        }
    }
    for (segment, words) in [
        ("%00", "control character"),
        ("7%00", "control character"),
        ("%0A", "control"),
    ] {
        let problem = get(&market, &format!("/api/etsy/listings/{segment}"))
            .await
            .unwrap_err();
        assert_eq!(problem.kind(), ProblemKind::InvalidArguments, "{segment}");
        assert_eq!(paths(&problem), ["/id"]);
        assert!(problem.violations[0].message.contains(words));
    }
    let problem = get(&market, "/api/etsy/listings/%FF").await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::BadRequest);
    // Dots that are not escaped are a path of their own for many clients, and an id for the host.
    let problem = get(&market, "/api/etsy/listings/../shop")
        .await
        .unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::NoRoute);
}

#[tokio::test]
async fn a_body_that_is_no_object_of_arguments_is_refused() {
    let market = Market::new().await;
    let deep = format!(
        r#"{{"title": {}{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let bad = ProblemKind::BadRequest;
    let misfit = ProblemKind::InvalidArguments;
    for (json, kind, path) in [
        ("{", bad, ""),
        (r#"{"title": "a",}"#, bad, ""),
        (r#"{"title": "a"} x"#, bad, ""),
        ("title=a", bad, ""),
        ("[]", misfit, ""),
        ("null", misfit, ""),
        ("{}", misfit, "/title"),
        (r#"{"titel": "a"}"#, misfit, "/titel"),
        (r#"{"title": 7}"#, misfit, "/title"),
        (r#"{"title": "a", "title": "b"}"#, misfit, "/title"),
        (r#"{"title": "a", "": 1}"#, misfit, "/"),
        (&deep, misfit, "/title"),
    ] {
        let problem = post(&market, "/api/etsy/shop/sections", json).await;
        let problem = problem.unwrap_err();
        let short: String = json.chars().take(60).collect();
        assert_eq!(problem.kind(), kind, "{short}: {problem:?}");
        let found = paths(&problem);
        assert_eq!(found.first().copied().unwrap_or_default(), path, "{short}");
    }
    let problem = post(
        &market,
        "/api/etsy/listings/7/activate",
        r#"{"listing_id": "8"}"#,
    )
    .await;
    let problem = problem.unwrap_err();
    assert_eq!(paths(&problem), ["/listing_id"]);
    assert!(problem.violations[0].message.contains("the path says it"));
    let problem = post(
        &market,
        "/api/etsy/shipping/profiles",
        r#"{"kind": "returns"}"#,
    )
    .await;
    assert!(
        problem.unwrap_err().violations[0]
            .message
            .contains("the path says it")
    );
    assert_eq!(market.operations(), Vec::<String>::new());
}

#[tokio::test]
async fn bytes_that_are_no_text_are_refused() {
    let market = Market::new().await;
    let request = Request::post("/api/etsy/shop/sections")
        .header(header::CONTENT_TYPE, "application/json")
        .extension(Caller::Operator)
        .body(Body::from(&b"{\"title\": \"\xff\"}"[..]))
        .unwrap();
    let (status, _, problem) = exchange(&market.stage, request).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{problem}");
    assert!(
        problem["title"].as_str().unwrap().contains("UTF-8"),
        "{problem}"
    );
}

#[tokio::test]
async fn a_body_of_another_media_type_or_coding_is_refused() {
    let market = Market::new().await;
    let target = "/api/etsy/shop/sections";
    for media_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/xml",
        "json",
    ] {
        let body = Some((media_type, r#"{"title": "a"}"#));
        let (status, _, problem) = asked("POST", target, body).exchange(&market.stage).await;
        assert_eq!(
            status,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "{media_type}: {problem}"
        );
    }
    let request = Request::post(target)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONTENT_ENCODING, "gzip")
        .extension(Caller::Operator)
        .body(Body::from("{}"))
        .unwrap();
    let (status, headers, problem) = exchange(&market.stage, request).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{problem}");
    assert_eq!(headers[header::ACCEPT_ENCODING], "identity");
    for media_type in [
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/problem+json",
    ] {
        let body = Some((media_type, r#"{"title": ""}"#));
        let problem = asked("POST", target, body)
            .send(&market.stage)
            .await
            .unwrap_err();
        assert_eq!(problem.kind(), ProblemKind::Invalid, "{media_type}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let market = Market::new().await;
    let title = "x".repeat(9 << 20);
    let json = json!({ "title": title }).to_string();
    let body = Some(("application/json", json.as_str()));
    let asked = asked("POST", "/api/etsy/shop/sections", body);
    let (status, _, problem) = asked.exchange(&market.stage).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(
        problem["title"].as_str().unwrap().contains("8 MiB"),
        "{problem}"
    );
    assert_eq!(market.operations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_body_where_nobody_reads_one_is_refused() {
    let market = Market::new().await;
    for (method, target) in [
        ("GET", "/api/etsy/shop"),
        ("DELETE", "/api/etsy/products/delete?listing_id=7"),
    ] {
        let body = Some(("application/json", r#"{"listing_id": "8"}"#));
        let problem = asked(method, target, body).send(&market.stage).await;
        let problem = problem.unwrap_err();
        assert_eq!(problem.kind(), ProblemKind::BadRequest, "{method}");
        assert!(problem.remedy.unwrap().contains("query"));
    }
    assert_eq!(market.operations(), Vec::<String>::new());
}

#[tokio::test]
async fn what_a_plugin_lacks_is_said_as_call_says_it() {
    let market = Market::new().await;
    market.stage.install("guests/constant").await.unwrap();
    let problem = get(&market, "/api/constant/taxonomy/nodes")
        .await
        .unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::UnknownFunction);
    let called = market
        .stage
        .call("constant", "taxonomy.nodes", json!({}))
        .await;
    assert_eq!(problem.title, called.unwrap_err().title);
    for plugin in ["nobody", "Etsy", "..", "%00"] {
        let problem = get(&market, &format!("/api/{plugin}/shop")).await;
        assert_eq!(
            problem.unwrap_err().kind(),
            ProblemKind::UnknownPlugin,
            "{plugin}"
        );
    }
    let (status, ..) = asked("PATCH", "/api/etsy/shop", None)
        .exchange(&market.stage)
        .await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
}
