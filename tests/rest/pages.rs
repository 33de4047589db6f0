//! Lists that page: the next page's address is in the header `Link`.

use http::header;
use serde_json::{Value, json};

use super::asked::Asked;
use crate::market::Market;
use crate::request_counts::drafts;

/// A page's items and the address of the next one.
async fn page(market: &Market, target: &str) -> (Vec<Value>, Option<String>) {
    let (status, headers, body) = Asked::get(target).exchange(&market.stage).await;
    assert_eq!(status, 200, "{target}: {body}");
    let link = headers.get(header::LINK).map(|link| {
        let link = link.to_str().unwrap();
        let target = link.strip_prefix('<').unwrap();
        let target = target.strip_suffix(">; rel=\"next\"");
        target.unwrap_or_else(|| panic!("{link}")).to_owned()
    });
    assert_eq!(link.is_some(), body["next"].is_string(), "{body}");
    (body["items"].as_array().unwrap().clone(), link)
}

#[tokio::test]
async fn a_list_is_read_whole_by_its_links() {
    let market = Market::new().await;
    drafts(&market, 5).await;
    for first in [
        format!(
            "/api/etsy/listings/draft?limit=2&account={}&user=u1",
            market.account
        ),
        "/api/etsy/listings/draft?page.limit=2".to_owned(),
    ] {
        let (mut ids, mut next, mut pages) = (Vec::new(), Some(first), 0);
        while let Some(target) = next {
            let (items, link) = page(&market, &target).await;
            ids.extend(items.iter().map(|item| item["id"].to_string()));
            assert!(
                link.iter()
                    .all(|it| it.starts_with("/api/etsy/listings/draft?"))
            );
            next = link;
            pages += 1;
        }
        ids.sort();
        ids.dedup();
        assert_eq!((ids.len(), pages), (5, 3), "each once, in three pages");
    }
}

#[tokio::test]
async fn a_link_keeps_for_whom_and_what_was_asked() {
    let market = Market::new().await;
    drafts(&market, 3).await;
    let first = format!(
        "/api/etsy/listings/draft?page.limit=1&user=u1&account={}",
        market.account
    );
    let (_, link) = page(&market, &first).await;
    let link = link.unwrap();
    assert!(link.starts_with(&format!("{first}&cursor=")), "{link}");
    let (_, second) = page(&market, &link).await;
    let second = second.unwrap();
    assert_eq!(second.matches("cursor=").count(), 1, "{second}");
    assert_ne!(link, second);
}

#[tokio::test]
async fn what_does_not_page_has_no_link() {
    let market = Market::new().await;
    for target in ["/api/etsy/shop/sections", "/api/etsy/listings/expired"] {
        let (status, headers, _) = Asked::get(target).exchange(&market.stage).await;
        assert_eq!(status, 200);
        assert!(!headers.contains_key(header::LINK), "{target}");
    }
    let called = market.stage.call("etsy", "listings.list", json!({}));
    assert!(called.await.unwrap()["items"].is_array());
}
