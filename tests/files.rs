//! Files that are uploaded before the request that names them: kept for a day, found by their user alone,
//! and no larger nor more than may be.

use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::json;
use stoflow_host::api::{Caller, ProblemKind};
use stoflow_host::clock::Clock;
use stoflow_host::runtime::ASSET_BYTES_MAX;

use crate::asking::{Answer, ask, key_of};
use crate::market::{Market, USER, example, examples};
use crate::stage::Stage;

fn seller(user: &str) -> Caller {
    key_of(user, &["listings:write"])
}

async fn upload(stage: &Stage, caller: &Caller, name: &str, content: Vec<u8>) -> Answer {
    ask(stage, Method::POST, &format!("/api/files?name={name}"))
        .by(caller)
        .bytes("application/octet-stream", content)
        .answer()
        .await
}

fn picture() -> Vec<u8> {
    std::fs::read(examples().join("coat-front.jpg")).unwrap()
}

#[tokio::test]
async fn an_uploaded_picture_is_named_by_its_id_and_published() {
    let market = Market::new().await;
    let caller = seller(USER);
    let uploaded = upload(&market.stage, &caller, "front.jpg", picture()).await;
    assert_eq!(uploaded.status, StatusCode::CREATED, "{}", uploaded.text());
    let file = uploaded.json();
    assert_eq!(
        (&file["name"], &file["media_type"]),
        (&json!("front.jpg"), &json!("image/jpeg"))
    );
    assert_eq!(file["bytes"], picture().len());
    let place = uploaded.header("location").to_owned();
    let shown = ask(&market.stage, Method::GET, &place)
        .by(&caller)
        .answer()
        .await;
    assert_eq!(shown.json(), file);
    let mut product = example("mug");
    product["images"] = json!([{ "source": format!("asset:{}", file["file"].as_str().unwrap()) }]);
    let done = ask(&market.stage, Method::POST, "/api/etsy/products/publish")
        .by(&caller)
        .header("prefer", "wait=60")
        .json(&json!({ "key": "mug", "product": product, "target": "active" }))
        .answer()
        .await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    let listings = market.listings();
    assert_eq!(listings[0]["images"].as_array().unwrap().len(), 1);
    // It is there for the next product too, until it is deleted.
    let deleted = ask(&market.stage, Method::DELETE, &place)
        .by(&caller)
        .answer()
        .await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    let gone = ask(&market.stage, Method::GET, &place)
        .by(&caller)
        .answer()
        .await;
    assert_eq!(gone.problem().kind(), ProblemKind::UnknownFile);
    let left = std::fs::read_dir(market.stage.data.path().join("files")).unwrap();
    assert_eq!(left.count(), 0);
}

#[tokio::test]
async fn another_users_file_and_one_that_is_not_there_are_told_alike_with_where_they_are_named() {
    let market = Market::new().await;
    let theirs = upload(&market.stage, &seller("u2"), "x", picture())
        .await
        .json();
    let theirs = theirs["file"].as_str().unwrap().to_owned();
    let nobodys = "file_aaaaaaaaaaaaaaaaaaaaaaaaaa";
    for id in [theirs.as_str(), nobodys, "file_", "file_../../etc/passwd"] {
        let mut product = example("mug");
        product["images"] = json!([{ "source": format!("asset:{id}") }]);
        let refused = ask(&market.stage, Method::POST, "/api/etsy/products/publish")
            .by(&seller(USER))
            .json(&json!({ "key": "mug", "product": product, "target": "active" }))
            .answer()
            .await
            .problem();
        assert_eq!(refused.kind(), ProblemKind::UnknownFile, "{id}");
        assert_eq!(refused.violations[0].path, "/product/images/0/source");
        assert_eq!(refused.title, format!("there is no file {id}"));
    }
    let path = format!("/api/files/{theirs}");
    for method in [Method::GET, Method::DELETE] {
        let hidden = ask(&market.stage, method, &path)
            .by(&seller(USER))
            .answer()
            .await;
        assert_eq!(hidden.problem().kind(), ProblemKind::UnknownFile);
    }
    let still = ask(&market.stage, Method::GET, &path)
        .by(&seller("u2"))
        .answer()
        .await;
    assert_eq!(still.status, StatusCode::OK);
    assert!(market.listings().is_empty());
    assert!(market.sandbox.requests().is_empty());
}

#[tokio::test]
async fn a_file_too_large_or_empty_is_refused_and_nothing_of_it_is_left() {
    let stage = Stage::new();
    let large = vec![0; usize::try_from(ASSET_BYTES_MAX).unwrap() + 1];
    let refused = upload(&stage, &Caller::Operator, "large", large).await;
    assert_eq!(
        refused.status,
        StatusCode::PAYLOAD_TOO_LARGE,
        "{}",
        refused.text()
    );
    assert_eq!(refused.problem().kind(), ProblemKind::TooLarge);
    let empty = upload(&stage, &Caller::Operator, "empty", Vec::new()).await;
    assert_eq!(empty.problem().kind(), ProblemKind::BadRequest);
    let unscoped = key_of(USER, &["orders:read"]);
    let refused = upload(&stage, &unscoped, "x", vec![1]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let left = std::fs::read_dir(stage.data.path().join("files")).unwrap();
    assert_eq!(left.count(), 0);
}

#[tokio::test]
async fn a_file_is_gone_after_a_day_and_what_no_record_names_at_the_next_start() {
    let clock = Clock::default();
    let moved = clock.clone();
    let stage = Stage::with(|options| options.clock = moved);
    let old = upload(&stage, &Caller::Operator, "old", vec![1]).await;
    clock.jump(SignedDuration::from_hours(23));
    let young = upload(&stage, &Caller::Operator, "young", vec![2]).await;
    clock.jump(SignedDuration::from_hours(2));
    stage.host.files.sweep().await.unwrap();
    let gone = stage.get(old.header("location")).await.unwrap_err();
    assert_eq!(gone.kind(), ProblemKind::UnknownFile);
    stage.get(young.header("location")).await.unwrap();
    // As a crash leaves it that came between the file and its record.
    let folder = stage.data.path().join("files");
    std::fs::write(folder.join("file_left"), b"half").unwrap();
    stage.host.files.sweep().await.unwrap();
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
    stoflow_host::api::resume(&stage.host).await.unwrap();
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
}
