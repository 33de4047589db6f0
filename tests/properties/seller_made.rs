//! Listings that a seller made by other means: this plugin has written none of their fields, and
//! some of them it would refuse to write.

use serde_json::{Value, json};
use stoflow_sandbox::{CLIENT_ID, CLIENT_SECRET};

use super::is_written_back;
use crate::market::Market;
use crate::seed::{Dice, seed};
use crate::stage::rounds;

/// What the first shop of a sandbox begins with.
const SHIPPING: &str = "60001";
const READINESS: i64 = 70_001;

const STATES: &[&str] = &["draft", "active", "edit", "sold_out", "expired", "marooned"];

/// A seller's own client.
struct Client {
    http: reqwest::Client,
    base: String,
    shop: i64,
    token: String,
}

impl Client {
    fn of(market: &Market) -> Self {
        let seller = market.sandbox.sellers()[0];
        let tokens = market.sandbox.issue_tokens(seller.user_id, &[]).unwrap();
        Self {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            base: format!("{}/v3/application", market.sandbox.url()),
            shop: seller.shop_id,
            token: tokens.access_token,
        }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Value {
        let key = format!("{CLIENT_ID}:{CLIENT_SECRET}");
        let request = request.header("x-api-key", key).bearer_auth(&self.token);
        let reply = request.send().await.unwrap();
        let (status, body) = (reply.status(), reply.bytes().await.unwrap());
        let text = String::from_utf8_lossy(&body);
        assert!(status.is_success(), "{status}: {text}");
        serde_json::from_slice(&body).unwrap_or_default()
    }

    async fn listing(&self, dice: &mut Dice) -> i64 {
        let is_digital = dice.one_in(4);
        let url = format!("{}/shops/{}/listings", self.base, self.shop);
        let form = fields(dice, is_digital);
        let made = self.send(self.http.post(url).form(&form)).await;
        let id = made["listing_id"].as_i64().unwrap();
        if !is_digital {
            let url = format!("{}/listings/{id}/inventory", self.base);
            let body = inventory(dice);
            self.send(self.http.put(url).json(&body)).await;
        }
        if dice.one_in(3) {
            let url = format!(
                "{}/shops/{}/listings/{id}/properties/46",
                self.base, self.shop
            );
            let form = [("value_ids", "37"), ("values", "Wedding")];
            self.send(self.http.put(url).form(&form)).await;
        }
        id
    }
}

fn fields(dice: &mut Dice, is_digital: bool) -> Vec<(&'static str, String)> {
    const TITLES: &[&str] = &[
        "Mug, blue",
        "  Mug & saucer  ",
        "O'Connell's \"mug\"",
        "כוס חרס",
        "ﬁne – 5=6",
    ];
    const TEXTS: &[&str] = &[
        "Thrown by hand.",
        "  Line one\r\nline two & <b>bold</b>\r\n\r\n",
        "🎁 e\u{301}",
        "\u{202b}מעיל\u{202c}",
    ];
    const TAGS: &[&str] = &["mug", "Mug,Été,l'hiver", "a-b,© 2020", "שלום,日本"];
    let title = *dice.one_of::<&str>(TITLES);
    let mut form = vec![
        ("quantity", dice.within(1..900).to_string()),
        ("title", title.to_owned()),
        ("description", (*dice.one_of::<&str>(TEXTS)).to_owned()),
        (
            "price",
            format!("{}.{:02}", dice.within(1..900), dice.within(0..100)),
        ),
        ("who_made", "i_did".to_owned()),
        ("when_made", "2010_2019".to_owned()),
        ("is_supply", dice.one_in(2).to_string()),
        ("taxonomy_id", "944".to_owned()),
    ];
    if dice.one_in(2) {
        form.push(("tags", (*dice.one_of::<&str>(TAGS)).to_owned()));
    }
    if is_digital {
        form.push(("type", "download".to_owned()));
        return form;
    }
    form.push(("shipping_profile_id", SHIPPING.to_owned()));
    form.push(("readiness_state_id", READINESS.to_string()));
    if dice.one_in(2) {
        form.push(("item_weight", "0.375".to_owned()));
        form.push(("item_weight_unit", (*dice.one_of(&["oz", "kg"])).to_owned()));
    }
    if dice.one_in(3) {
        // One side of three, and inches by their long name.
        form.push(("item_length", "12.5".to_owned()));
        form.push(("item_dimensions_unit", "inches".to_owned()));
    }
    form
}

/// One to six products over up to two axes, of which anything may vary by anything.
fn inventory(dice: &mut Dice) -> Value {
    let axes: &[(i64, &str, &[&str])] = match dice.within(0..4) {
        0 => &[],
        1 => &[(513, "Glaze", &["Blue", "לבן", "a/b 1\""])],
        2 => &[(200, "Primary color", &["Blue", "Red"])],
        _ => &[
            (200, "Colour", &["Blue", "Red"]),
            (513, "Taille ", &["S", " L "]),
        ],
    };
    let mut combinations: Vec<Vec<Value>> = vec![Vec::new()];
    for (id, name, values) in axes {
        let with = |before: &Vec<Value>| {
            let one = |text: &&str| {
                let mut after = before.clone();
                let value = json!({ "property_id": id, "property_name": name, "value_ids": [], "values": [text] });
                after.push(value);
                after
            };
            values.iter().map(one).collect::<Vec<_>>()
        };
        combinations = combinations.iter().flat_map(with).collect();
    }
    let all: Vec<i64> = axes.iter().map(|(id, _, _)| *id).collect();
    let by = |varies: bool| if varies { all.clone() } else { Vec::new() };
    // With one stock or one price for all, all say the same.
    let (prices, stocks, skus) = (dice.one_in(2), dice.one_in(2), dice.one_in(2));
    let mut products = Vec::new();
    for (place, values) in combinations.into_iter().enumerate() {
        let place = place as u64;
        let price = 5.5 + if prices { place as f64 } else { 0.0 };
        let quantity = 3 + if stocks { place } else { 0 };
        let sku = if skus {
            format!(" SKU {place} ")
        } else {
            String::new()
        };
        products.push(json!({
            "sku": sku,
            "property_values": values,
            "offerings": [{
                "price": price,
                "quantity": quantity,
                "is_enabled": place == 0 || !dice.one_in(3),
                "readiness_state_id": READINESS,
            }],
        }));
    }
    json!({
        "products": products,
        "price_on_property": by(prices),
        "quantity_on_property": by(stocks),
        "sku_on_property": by(skus),
        "readiness_state_on_property": [],
    })
}

#[tokio::test]
async fn what_a_seller_made_elsewhere_is_written_back_without_a_change() {
    let rounds = rounds("PRODUCTS", 12);
    let seed = seed("listings made elsewhere", rounds);
    let market = Market::new().await;
    let client = Client::of(&market);
    for round in 0..rounds {
        let mut dice = Dice::of(seed, round.into());
        let id = client.listing(&mut dice).await;
        let state = *dice.one_of::<&str>(STATES);
        if state != "draft" {
            market.sandbox.set_listing_state(id, state).unwrap();
        }
        is_written_back(&market, &id.to_string()).await;
    }
}
