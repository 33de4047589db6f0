//! Opens files of the call: `listings.get-many` opens each id as a source, reads it to its end, and
//! answers what it saw as the error's text. `hidden:` stands for `https://`, so that the arguments
//! do not name what is opened; `often:` opens what follows many times; `pieces:` answers how long
//! the pieces are in which it reads, nothing and five bytes being asked for in turn.

use serde_json::{Value, json};
use stoflow_plugin_sdk::assets::{Fault, open};
use stoflow_plugin_sdk::plugin::{self, Description};
use stoflow_plugin_sdk::publish::{Plan, Target};
use stoflow_plugin_sdk::types::{Error, Listing, Product};
use stoflow_plugin_sdk::{Listings, Plugin, Publish, export};

const OFTEN: usize = 5_000;

struct Reader;

impl Plugin for Reader {
    fn describe() -> Description {
        let _ = open("https://pictures.example/at-describe.jpg");
        plugin::describe("reader", "Reader", "0.1.0")
    }
}

impl Listings for Reader {
    fn get_many(ids: Vec<String>) -> Result<Vec<Listing>, Error> {
        let seen: Vec<_> = ids.iter().map(|id| asked(id)).collect();
        Err(Error::Unexpected(Value::from(seen).to_string()))
    }
}

impl Publish for Reader {
    fn preview(product: Product, _: Target) -> Result<Plan, Error> {
        let seen: Vec<_> = product
            .images
            .iter()
            .flatten()
            .map(|image| see(&image.source))
            .collect();
        Err(Error::Unexpected(Value::from(seen).to_string()))
    }
}

fn asked(id: &str) -> Value {
    if let Some(source) = id.strip_prefix("often:") {
        for _ in 1..OFTEN {
            let _ = open(source);
        }
        return see(source);
    }
    if let Some(source) = id.strip_prefix("pieces:") {
        return pieces(source);
    }
    match id.strip_prefix("hidden:") {
        Some(rest) => see(&format!("https://{rest}")),
        None => see(id),
    }
}

fn see(source: &str) -> Value {
    let asset = match open(source) {
        Ok(asset) => asset,
        Err(fault) => return fault_name(fault).into(),
    };
    let mut bytes = 0;
    loop {
        match asset.read(1 << 20) {
            Ok(piece) if piece.is_empty() => break,
            Ok(piece) => bytes += piece.len(),
            Err(fault) => return fault_name(fault).into(),
        }
    }
    json!({ "name": asset.name(), "type": asset.media_type(), "size": asset.size(), "read": bytes })
}

fn pieces(source: &str) -> Value {
    let Ok(asset) = open(source) else {
        return "none".into();
    };
    let read = |max| asset.read(max).map_or(0, |piece| piece.len());
    [0, 5, 0, 5, 5, 5].into_iter().map(read).collect()
}

fn fault_name(fault: Fault) -> &'static str {
    match fault {
        Fault::Missing => "missing",
        Fault::Refused => "refused",
        Fault::Unavailable => "unavailable",
    }
}

export!(Reader: Listings, Publish);
