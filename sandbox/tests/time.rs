//! The sandbox's clock: moved forward only, and what follows from it.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use stoflow_sandbox::Options;

use crate::harness::{NOW, World, unlimited};

const ME: &str = "/v3/application/users/me";
/// 2027-01-01 00:00 UTC.
const NEW_YEAR: i64 = 1_798_761_600;

#[tokio::test]
async fn the_clock_is_moved_by_seconds_or_to_a_time_and_never_back() {
    let world = World::start().await;
    let clock = async |wish| world.control(Method::POST, "clock", &wish).await;
    let moved = clock(json!({ "to": "2027-01-01T00:00:00Z" }))
        .await
        .expect(200);
    assert!((NEW_YEAR..NEW_YEAR + 60).contains(&moved.json()["now"].as_i64().unwrap()));
    let moved = clock(json!({ "seconds": 3600 })).await.expect(200);
    assert!(moved.json()["now"].as_i64().unwrap() >= NEW_YEAR + 3600);
    let back = clock(json!({ "to": "2026-12-31T00:00:00Z" }))
        .await
        .expect(400);
    assert!(back.error().contains("forward only"), "{}", back.error());
    for wrong in [
        json!({}),
        json!({ "seconds": 1, "to": "2028-01-01T00:00:00Z" }),
        json!({ "to": "tomorrow" }),
        json!({ "seconds": -1 }),
        json!({ "to": "2500-01-01T00:00:00Z" }),
    ] {
        clock(wrong).await.expect(400);
    }
    assert!(world.sandbox.move_clock_to(NOW).is_err());
}

#[tokio::test]
async fn eras_have_other_names_from_the_first_of_january_on() {
    let world = World::start().await;
    let recent = world.draft(&[]).await;
    let vintage = world.draft(&[("when_made", "before_2007")]).await;
    let old = world.draft(&[("when_made", "1990s")]).await;
    world
        .create(&[("when_made", "2020_2027")])
        .await
        .expect(400);
    world.sandbox.move_clock_to(NEW_YEAR).unwrap();
    let world = world.signed_in_as(0);
    let refused = world.create(&[]).await.expect(400);
    assert!(refused.error().contains("2020_2027"), "{}", refused.error());
    world
        .create(&[("when_made", "2020_2027")])
        .await
        .expect(201);
    world
        .create(&[("when_made", "before_2008")])
        .await
        .expect(201);
    for (id, era) in [
        (recent, "2020_2027"),
        (vintage, "before_2008"),
        (old, "1990s"),
    ] {
        assert_eq!(world.read(id).await["when_made"], era);
    }
    let making = [("who_made", "i_did"), ("is_supply", "false")];
    let with = |era| [making[0], making[1], ("when_made", era)];
    world.patch(recent, &with("2020_2026")).await.expect(400);
    world.patch(recent, &with("2020_2027")).await.expect(200);
}

#[tokio::test]
async fn listings_expire_and_renew_when_the_clock_is_moved() {
    let world = World::start().await;
    let short = world.active(&[]).await;
    let long = world.active(&[("should_auto_renew", "true")]).await;
    // Eleven months later: the long one was renewed twice.
    world.sandbox.move_clock_to(NOW + 335 * 86_400).unwrap();
    let listings = world.sandbox.state()["listings"].clone();
    let of = |id: i64| {
        let all = listings.as_array().unwrap();
        all.iter()
            .find(|it| it["listing_id"] == id)
            .unwrap()
            .clone()
    };
    assert_eq!(of(short)["state"], "expired");
    assert_eq!(
        (&of(long)["state"], &of(long)["sandbox_fees"]),
        (&json!("active"), &json!(3))
    );
}

#[tokio::test]
async fn a_days_requests_come_back_bucket_by_bucket() {
    let options = Options {
        per_day: 4,
        token_seconds: 7 * 86_400,
        ..unlimited()
    };
    // 12:00: a bucket of two hours begins.
    let world = World::with(options).await;
    let left = async || {
        world
            .get(ME)
            .await
            .expect(200)
            .header("x-remaining-today")
            .to_owned()
    };
    assert_eq!(
        (left().await, left().await),
        ("3".to_owned(), "2".to_owned())
    );
    world.sandbox.advance(Duration::from_secs(5 * 3600));
    assert_eq!(
        (left().await, left().await),
        ("1".to_owned(), "0".to_owned())
    );
    world.get(ME).await.expect(429);
    // The first bucket ends a day after it began; the second, of 16:00, does not.
    world.sandbox.move_clock_to(NOW + 86_400 + 1).unwrap();
    assert_eq!(
        (left().await, left().await),
        ("1".to_owned(), "0".to_owned())
    );
    let refused = world.get(ME).await.expect(429);
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!(wait.abs_diff(4 * 3600) <= 60, "{wait}");
    world.sandbox.advance(Duration::from_secs(wait));
    assert_eq!(left().await, "1");
}

#[tokio::test]
async fn tokens_age_with_the_clock() {
    let world = World::start().await;
    world.sandbox.advance(Duration::from_secs(3500));
    world.get(ME).await.expect(200);
    world.sandbox.advance(Duration::from_secs(100));
    let refused = world.get(ME).await.expect(401);
    assert_eq!(
        refused.json()["error_description"],
        "access token is expired"
    );
}
