//! What a listing can have besides images: videos, questions to the buyer, reviews.

use reqwest::Method;
use reqwest::multipart::Form;
use serde_json::{Value, json};

use crate::harness::{World, file};

/// The beginning of an MP4.
const MP4: &[u8] = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom";

fn video(name: &str) -> Form {
    Form::new()
        .part("video", file(MP4.to_vec(), "a.mp4"))
        .text("name", name.to_owned())
}

fn named(id: &Value) -> Form {
    Form::new().text("video_id", id.to_string())
}

#[tokio::test]
async fn a_listing_has_two_videos_and_a_deleted_one_can_come_back() {
    let world = World::start().await;
    let id = world.active(&[]).await;
    let path = world.listing(id, "/videos");
    let first = world
        .upload(&path, video("turn.mp4"))
        .await
        .expect(201)
        .json();
    world.upload(&path, video("glaze.mp4")).await.expect(201);
    world.upload(&path, video("third.mp4")).await.expect(409);
    let public = format!("/v3/application/listings/{id}/videos");
    assert_eq!(world.get(&public).await.expect(200).json()["count"], 2);
    let one = format!("{public}/{}", first["video_id"]);
    assert_eq!(world.get(&one).await.expect(200).json(), first);
    let bytes = world.http.get(first["video_url"].as_str().unwrap());
    let bytes = bytes.send().await.unwrap().bytes().await.unwrap();
    assert_eq!(bytes.as_ref(), MP4);
    world
        .delete(&format!("{path}/{}", first["video_id"]))
        .await
        .expect(204);
    world.get(&one).await.expect(404);
    world
        .upload(&path, named(&first["video_id"]))
        .await
        .expect(201);
    let listing = format!("/v3/application/listings/{id}?includes=Videos");
    let listing = world.get(&listing).await.expect(200).json();
    assert_eq!(listing["videos"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_video_has_a_name_bytes_of_a_video_and_a_shop() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    let path = world.listing(id, "/videos");
    let unnamed = Form::new().part("video", file(MP4.to_vec(), "a.mp4"));
    world.upload(&path, unnamed).await.expect(400);
    let page = Form::new()
        .part("video", file(b"<html>".to_vec(), "a.mp4"))
        .text("name", "a.mp4");
    world.upload(&path, page).await.expect(400);
    world
        .upload(&path, Form::new().text("name", "a.mp4"))
        .await
        .expect(400);
    world.upload(&path, named(&json!(5))).await.expect(404);
    let own = world.upload(&path, video("a.mp4")).await.expect(201).json();
    let world = world.signed_in_as(1);
    let fields = [
        ("shipping_profile_id", "60002"),
        ("readiness_state_id", "70002"),
    ];
    let other = world.draft(&fields).await;
    let path = world.listing(other, "/videos");
    world
        .upload(&path, named(&own["video_id"]))
        .await
        .expect(404);
}

#[tokio::test]
async fn ten_videos_a_day_are_enough() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    let path = world.listing(id, "/videos");
    for _ in 0..10 {
        let made = world.upload(&path, video("a.mp4")).await.expect(201).json();
        world
            .delete(&format!("{path}/{}", made["video_id"]))
            .await
            .expect(204);
    }
    world.upload(&path, video("a.mp4")).await.expect(429);
    // Access tokens live for an hour; a day later a new one is needed.
    world
        .sandbox
        .advance(std::time::Duration::from_secs(86_400));
    let world = world.signed_in_as(0);
    world.upload(&path, video("a.mp4")).await.expect(201);
}

fn text(question: &str) -> Value {
    json!({ "question_text": question, "question_type": "text_input", "required": false })
}

#[tokio::test]
async fn a_question_is_asked_changed_and_taken_back() {
    let world = World::start().await;
    let id = world.active(&[]).await;
    let path = world.listing(id, "/personalization");
    let public = format!("/v3/application/listings/{id}/personalization");
    let put = async |questions: &[Value], query: &str| {
        let body = json!({ "personalization_questions": questions });
        let request = world.request(Method::POST, &format!("{path}{query}"));
        world.send(request.json(&body)).await
    };
    let none = world.get(&public).await.expect(200).json();
    assert_eq!(none["personalization_questions"], json!([]));
    world.delete(&path).await.expect(404);
    let mut question = text("Which name?");
    question["max_allowed_characters"] = json!(20);
    question["add_on_price"] = json!(2.5);
    let made = put(&[question.clone()], "").await.expect(201).json();
    let made = &made["personalization_questions"][0];
    assert_eq!(
        (
            &made["add_on_price"]["amount"],
            &made["max_allowed_characters"]
        ),
        (&json!(250), &json!(20))
    );
    assert_eq!(world.read(id).await["is_personalizable"], true);
    // The same question keeps its id, another gets another.
    question["question_id"] = made["question_id"].clone();
    let same = put(&[question.clone()], "").await.expect(201).json();
    assert_eq!(&same["personalization_questions"][0], made);
    question["question_text"] = json!("Which date?");
    let changed = put(&[question.clone()], "").await.expect(201).json();
    let changed = &changed["personalization_questions"][0];
    assert_ne!(changed["question_id"], made["question_id"]);
    // The old id is gone with the old question.
    put(&[question], "").await.expect(404);
    world.delete(&path).await.expect(204);
    assert_eq!(world.read(id).await["is_personalizable"], false);
}

#[tokio::test]
async fn several_questions_are_for_callers_that_know_them() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    let path = world.listing(id, "/personalization");
    let put = async |questions: &[Value], query: &str| {
        let body = json!({ "personalization_questions": questions });
        let request = world.request(Method::POST, &format!("{path}{query}"));
        world.send(request.json(&body)).await
    };
    let colour = json!({ "question_text": "Colour?", "question_type": "dropdown", "required": true,
        "options": [{ "label": "Red" }, { "label": "Blue" }] });
    let photo = json!({ "question_text": "Photo?", "question_type": "unlabeled_upload",
        "required": false, "max_allowed_files": 2 });
    let several = "?supports_multiple_personalization_questions=true";
    let all = [text("Name?"), colour.clone(), photo];
    put(&all, "").await.expect(400);
    put(std::slice::from_ref(&colour), "").await.expect(400);
    let made = put(&all, several).await.expect(201).json();
    let options = &made["personalization_questions"][1]["options"];
    assert!(options[0]["option_id"].is_i64() && options[1]["label"] == "Blue");
    // A caller that knows one question only would delete the others without knowing.
    put(&[text("Name?")], "").await.expect(409);
    let six = vec![text("Name?"); 6];
    put(&six, several).await.expect(400);
    put(&[], several).await.expect(400);
    let with = |name: &str, value: Value| {
        let mut question = text("Name?");
        question[name] = value;
        question
    };
    for wrong in [
        text(""),
        text(&"x".repeat(46)),
        with("max_allowed_files", json!(1)),
        with("max_allowed_characters", json!(0)),
        with("options", json!([{ "label": "Red" }])),
        with("add_on_price", json!(0)),
        json!({ "question_text": "Colour?", "question_type": "dropdown", "required": true }),
        json!({ "question_text": "Labels?", "question_type": "labeled_upload", "required": true,
            "max_allowed_files": 2, "options": [{ "label": "Front" }] }),
        json!({ "question_text": "Colour?", "question_type": "dropdown", "required": true,
            "instructions": "Choose", "options": [{ "label": "Red" }] }),
        json!({ "question_text": "Name?", "question_type": "text_input", "required": true,
            "add_on_price": 1 }),
        with("question_type", json!("telepathy")),
    ] {
        put(&[wrong], several).await.expect(400);
    }
}

#[tokio::test]
async fn nobody_reviews_but_what_is_asked_about_must_be_there() {
    let world = World::start().await;
    let id = world.active(&[]).await;
    let of_listing = |id: i64| format!("/v3/application/listings/{id}/reviews");
    assert_eq!(
        world.get(&of_listing(id)).await.expect(200).json()["count"],
        0
    );
    assert_eq!(
        world.get(&world.shop("/reviews")).await.expect(200).json()["count"],
        0
    );
    world.get(&of_listing(5)).await.expect(404);
    world
        .get("/v3/application/shops/5/reviews")
        .await
        .expect(404);
}
