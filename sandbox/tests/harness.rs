//! A sandbox, a seller's token, and requests in one line.

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::multipart::{Form, Part};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use stoflow_sandbox::{CLIENT_ID, CLIENT_SECRET, Options, Sandbox, Seller, conformance};

/// The taxonomy node of the examples: mugs.
pub(crate) const MUGS: i64 = 944;
/// A node whose listings have sizes: women's coats.
pub(crate) const COATS: i64 = 409;
/// When the sandbox's clock begins.
pub(crate) const NOW: i64 = 1_795_608_000;
/// The things that the first seller's shop begins with.
pub(crate) const READINESS: i64 = 70_001;
pub(crate) const POLICY: i64 = 80_001;
pub(crate) const SECTION: i64 = 90_001;

/// A sandbox and one of its sellers.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) http: Client,
    pub(crate) seller: Seller,
    pub(crate) token: String,
}

/// A reply, read whole.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The text of `{"error": …}`.
    pub(crate) fn error(&self) -> String {
        self.json()["error"]
            .as_str()
            .expect("an error's text")
            .to_owned()
    }

    /// Path and type of the first violation in a bare array.
    pub(crate) fn violation(&self) -> (String, String) {
        let first = self.json()[0].clone();
        let text = |name: &str| first[name].as_str().expect("a violation").to_owned();
        (text("path"), text("type"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("a header's text"))
    }

    /// The reply, if it has this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(
            self.status,
            status,
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        self
    }
}

/// Options without limits, so that tests of other things do not meet them.
pub(crate) fn unlimited() -> Options {
    Options {
        per_second: 0,
        per_day: 0,
        // In the year whose names for eras the tests use: 2026-11-25 12:00 UTC.
        start: Some(NOW),
        ..Options::default()
    }
}

/// A client that follows no redirect.
pub(crate) fn client() -> Client {
    // Whoever comes second finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .redirect(Policy::none())
        .timeout(Duration::from_secs(20))
        .build()
        .expect("a client")
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(unlimited()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let sandbox = Sandbox::start(options).await.expect("a sandbox");
        let seller = sandbox.sellers()[0];
        let tokens = sandbox.issue_tokens(seller.user_id, &[]).expect("tokens");
        Self {
            sandbox,
            http: client(),
            seller,
            token: tokens.access_token,
        }
    }

    /// The same sandbox as its `index`-th seller.
    pub(crate) fn signed_in_as(mut self, index: usize) -> Self {
        self.seller = self.sandbox.sellers()[index];
        self.token = self
            .sandbox
            .issue_tokens(self.seller.user_id, &[])
            .expect("tokens")
            .access_token;
        self
    }

    /// `/v3/application/shops/{own shop}/…`
    pub(crate) fn shop(&self, rest: &str) -> String {
        format!("/v3/application/shops/{}{rest}", self.seller.shop_id)
    }

    /// `/v3/application/shops/{own shop}/listings/{id}/…`
    pub(crate) fn listing(&self, id: i64, rest: &str) -> String {
        self.shop(&format!("/listings/{id}{rest}"))
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.sandbox.url()))
            .header("x-api-key", format!("{CLIENT_ID}:{CLIENT_SECRET}"))
            .bearer_auth(&self.token)
    }

    /// Sends a request and holds its reply against the table.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        let reply = request.send().await.expect("a reply");
        let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
        let body = reply.bytes().await.expect("a body").to_vec();
        let record = self.sandbox.requests().pop().expect("a record");
        assert_eq!(record.status, status, "the history says something else");
        let operation = record.operation.unwrap_or_default();
        if !["", "token", "connect", "echo"].contains(&operation.as_str()) {
            let differences = conformance::differences(&operation, status, &body);
            assert!(
                differences.is_empty(),
                "{operation} {status}: {differences:#?}"
            );
        }
        Answer {
            status,
            headers,
            body,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn form(&self, method: Method, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(self.request(method, path).form(fields)).await
    }

    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.form(Method::POST, path, fields).await
    }

    pub(crate) async fn patch(&self, listing: i64, fields: &[(&str, &str)]) -> Answer {
        self.form(Method::PATCH, &self.listing(listing, ""), fields)
            .await
    }

    pub(crate) async fn put_json(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    pub(crate) async fn put_inventory(&self, listing: i64, body: &Value) -> Answer {
        self.put_json(
            &format!("/v3/application/listings/{listing}/inventory"),
            body,
        )
        .await
    }

    pub(crate) async fn upload(&self, path: &str, form: Form) -> Answer {
        self.send(self.request(Method::POST, path).multipart(form))
            .await
    }

    /// Creates a draft of the usual fields, those of `other` instead or on top.
    pub(crate) async fn create(&self, other: &[(&str, &str)]) -> Answer {
        self.post(&self.shop("/listings"), &draft(other)).await
    }

    /// A draft's id.
    pub(crate) async fn draft(&self, other: &[(&str, &str)]) -> i64 {
        self.create(other).await.expect(201).json()["listing_id"]
            .as_i64()
            .expect("an id")
    }

    /// Uploads an image and answers its id.
    pub(crate) async fn image(&self, listing: i64, rank: &str) -> i64 {
        let form = Form::new()
            .part("image", file(jpeg(1), "photo.jpg"))
            .text("rank", rank.to_owned());
        let answer = self
            .upload(&self.listing(listing, "/images"), form)
            .await
            .expect(201);
        answer.json()["listing_image_id"].as_i64().expect("an id")
    }

    /// A listing that buyers see.
    pub(crate) async fn active(&self, other: &[(&str, &str)]) -> i64 {
        let id = self.draft(other).await;
        self.image(id, "1").await;
        self.patch(id, &[("state", "active")]).await.expect(200);
        id
    }

    /// The listing as its owner reads it.
    pub(crate) async fn read(&self, listing: i64) -> Value {
        self.get(&format!(
            "/v3/application/listings/{listing}?includes=Images"
        ))
        .await
        .expect(200)
        .json()
    }

    /// A control endpoint, which is no operation.
    pub(crate) async fn control(&self, method: Method, path: &str, body: &Value) -> Answer {
        let url = format!("{}/sandbox/{path}", self.sandbox.url());
        let reply = self
            .http
            .request(method, url)
            .json(body)
            .send()
            .await
            .expect("a reply");
        let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
        Answer {
            status,
            headers,
            body: reply.bytes().await.expect("a body").to_vec(),
        }
    }
}

/// The fields of a draft that is accepted; a field of `other` with the value `-` is left out.
pub(crate) fn draft<'a>(other: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let usual = [
        ("quantity", "5"),
        ("title", "Stoneware mug, blue"),
        ("description", "Thrown by hand."),
        ("price", "18.50"),
        ("who_made", "i_did"),
        ("when_made", "2020_2026"),
        ("is_supply", "false"),
        ("taxonomy_id", "944"),
        ("shipping_profile_id", "60001"),
        ("readiness_state_id", "70001"),
    ];
    let mut fields: Vec<(&str, &str)> = usual
        .into_iter()
        .filter(|(name, _)| !other.iter().any(|(replaced, _)| replaced == name))
        .collect();
    fields.extend(other.iter().filter(|(_, value)| *value != "-"));
    fields
}

/// A JPEG's skeleton of 64 by 32 pixels; `mark` makes its bytes differ.
pub(crate) fn jpeg(mark: u8) -> Vec<u8> {
    let mut bytes =
        b"\xff\xd8\xff\xe0\x00\x04\x00\x00\xff\xc0\x00\x0b\x08\x00\x20\x00\x40\x01\x01\x11\x00"
            .to_vec();
    bytes.extend([0xff, 0xfe, 0x00, 0x03, mark, 0xff, 0xd9]);
    bytes
}

/// A part of a multipart body with a file's name.
pub(crate) fn file(bytes: Vec<u8>, name: &str) -> Part {
    Part::bytes(bytes).file_name(name.to_owned())
}

/// An offering as it is written.
pub(crate) fn offering(price: f64, quantity: i64) -> Value {
    json!({ "price": price, "quantity": quantity, "is_enabled": true, "readiness_state_id": READINESS })
}

/// A product with one value of the custom property 513.
pub(crate) fn custom_product(value: &str, price: f64, quantity: i64) -> Value {
    json!({
        "sku": "",
        "property_values":
            [{ "property_id": 513, "property_name": "Glaze", "value_ids": [], "values": [value] }],
        "offerings": [offering(price, quantity)],
    })
}
