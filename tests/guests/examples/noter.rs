//! Asks the host what it is told to, one after the other, and returns the answers as the error's text:
//! `listings.get` with a JSON list of `current`, `site`, `setting NAME`, `load KEY`, `save KEY JSON`,
//! `clear KEY`, `claimed NAME`, `report STEP DONE TOTAL`.

use serde_json::{Value, json};
use stoflow_plugin_sdk::plugin::{self, Description, Setting, Site};
use stoflow_plugin_sdk::types::{Error, Listing};
use stoflow_plugin_sdk::{Listings, Plugin, context, export, journal};

struct Noter;

impl Plugin for Noter {
    fn describe() -> Description {
        let site = |id: &str| Site {
            id: id.into(),
            name: id.into(),
            currency: "EUR".into(),
            locales: vec!["de".into()],
        };
        let setting = |name: &str, default: Option<&str>, per_account: bool| Setting {
            name: name.into(),
            summary: name.into(),
            default: default.map(str::to_owned),
            per_account,
        };
        Description {
            sites: vec![site("DE"), site("FR")],
            settings: vec![
                setting("own", Some("the plugin's"), true),
                setting("shared", Some("the plugin's"), false),
                setting("bare", None, true),
            ],
            ..plugin::describe("noter", "Noter", "0.1.0")
        }
    }
}

impl Listings for Noter {
    fn get(id: String) -> Result<Listing, Error> {
        let asked: Vec<String> =
            serde_json::from_str(&id).map_err(|error| Error::Unexpected(error.to_string()))?;
        let answers: Vec<Value> = asked.iter().map(|asked| answer(asked)).collect();
        Err(Error::NotFound(Value::from(answers).to_string()))
    }
}

fn answer(asked: &str) -> Value {
    let mut words = asked.splitn(3, ' ');
    let (what, first) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let rest = words.next().unwrap_or("");
    match what {
        "current" => match context::current() {
            Some(account) => json!([account.id, account.shop_id, account.name, account.extension]),
            None => Value::Null,
        },
        "site" => json!(context::site()),
        "setting" => json!(context::setting(first)),
        "load" => json!(journal::load(first)),
        "save" => {
            journal::save(first, rest);
            Value::Null
        }
        "clear" => {
            journal::clear(first);
            Value::Null
        }
        "claimed" => json!(journal::claimed(first)),
        "report" => {
            let numbers: Vec<u32> = rest.split(' ').filter_map(|n| n.parse().ok()).collect();
            journal::report(first, numbers[0], numbers[1]);
            Value::Null
        }
        other => json!(format!("{other}?")),
    }
}

export!(Noter: Listings);
