//! Etsy's JSON of what a listing can have besides images: videos and questions to the buyer.

use serde_json::{Value, json};

use super::render::currency;
use crate::market::Market;
use crate::market::listing::{Listing, Question, StoredVideo};
use crate::market::money::Currency;
use crate::page::VIDEO_PREFIX;

/// All videos of a listing, in order.
pub(crate) fn videos(market: &Market, listing: &Listing, base_url: &str) -> Vec<Value> {
    let stored = listing.videos.iter().filter_map(|id| market.videos.get(id));
    stored.map(|it| video(it, base_url)).collect()
}

/// The document's `ListingVideo`. Nothing here decodes videos: their measures are 0, their thumbnail
/// is their own address.
pub(crate) fn video(video: &StoredVideo, base_url: &str) -> Value {
    let url = format!("{base_url}{VIDEO_PREFIX}{}", video.id);
    json!({
        "video_id": video.id,
        "height": 0,
        "width": 0,
        "thumbnail_url": url,
        "video_url": url,
        "video_state": "active",
    })
}

/// The document's `ListingPersonalization`.
pub(crate) fn personalization(market: &Market, listing: &Listing) -> Value {
    let currency = currency(market, listing.shop_id);
    let questions = listing.questions.iter().map(|it| question(it, currency));
    json!({ "personalization_questions": questions.collect::<Vec<_>>() })
}

fn question(question: &Question, currency: Currency) -> Value {
    let option = |(id, label): &(i64, String)| json!({ "option_id": id, "label": label });
    let options: Vec<Value> = question.options.iter().map(option).collect();
    json!({
        "question_id": question.id,
        "question_text": question.text,
        "instructions": question.instructions,
        "question_type": question.kind,
        "required": question.required,
        "max_allowed_characters": question.characters,
        "max_allowed_files": question.files,
        "add_on_price": question.add_on_price.map(|price| currency.money(price)),
        "options": Some(options).filter(|options| !options.is_empty()),
    })
}
