use super::*;

const FORM: &str = "application/x-www-form-urlencoded";

/// The differences of a request whose method, path and credentials are right.
fn of(operation: &str, query: &str, content_type: &str, body: &str) -> Vec<String> {
    let known = &Table::get().operations[operation];
    let path = known
        .path
        .split('/')
        .map(|segment| match segment.starts_with('{') {
            true => "7",
            false => segment,
        });
    let path = path.collect::<Vec<_>>().join("/");
    let headers = [
        ("X-Api-Key", "key:secret"),
        ("Authorization", "Bearer 1.token"),
        ("Content-Type", content_type),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    request_differences(
        operation,
        &known.method,
        &path,
        query,
        &headers,
        body.as_bytes(),
    )
}

#[test]
fn the_address_and_the_credentials_are_compared() {
    let right = [("x-api-key".to_owned(), "k:s".to_owned())];
    let of = |method: &str, path: &str, headers: &[(String, String)]| {
        request_differences("getListing", method, path, "", headers, b"")
    };
    let path = "/v3/application/listings/7";
    assert_eq!(of("GET", path, &right), Vec::<String>::new());
    assert_eq!(of("PUT", path, &right), ["the method is GET"]);
    assert_eq!(of("GET", path, &[]), ["the header x-api-key is missing"]);
    for path in [
        "/v3/application/listings/0",
        "/v3/application/listings/x",
        "/v3/application/listing/7",
        "/listings/7",
    ] {
        assert_eq!(of("GET", path, &right).len(), 1, "{path}");
    }
    let me = request_differences("getMe", "GET", "/v3/application/users/me", "", &right, b"");
    assert_eq!(me, ["the header authorization has no bearer token"]);
    assert_eq!(
        request_differences("getMug", "GET", "", "", &[], b"").len(),
        1
    );
}

#[test]
fn queries_are_compared_by_name_type_range_and_enum() {
    let query = |query: &str| of("getListingsByShop", query, "", "");
    assert_eq!(
        query("state=draft&limit=100&offset=0&includes=Images,Shop"),
        Vec::<String>::new()
    );
    for wrong in [
        "state=sold",
        "limit=101",
        "limit=ten",
        "offset=-1",
        "colour=red",
        "includes=Pictures",
        "limit=1&limit=2",
    ] {
        assert_eq!(query(wrong).len(), 1, "{wrong}");
    }
    let batch = of("getListingsByListingIds", "", "", "");
    assert_eq!(batch, ["listing_ids: the query needs it"]);
}

#[test]
fn forms_are_compared_by_name_type_and_what_is_required() {
    let form = |body: &str| of("updateListing", "", FORM, body);
    assert_eq!(
        form("tags=a,b&is_supply=true&image_ids=3,1&ecgt_garan_years=2"),
        Vec::<String>::new()
    );
    for wrong in [
        "tags=",
        "image_ids=1,x",
        "is_supply=yes",
        "item_weight=heavy",
        "who_made=me",
        "featured_rank=1",
        "tags=a&tags=b",
    ] {
        assert_eq!(form(wrong).len(), 1, "{wrong}");
    }
    let section = |body: &str| of("createShopSection", "", FORM, body);
    assert_eq!(section("title=Mugs"), Vec::<String>::new());
    assert_eq!(section(""), ["/title: it is required"]);
    assert_eq!(of("updateListing", "", "application/json", "{}").len(), 1);
    assert_eq!(of("getListing", "", FORM, "a=b"), ["it takes no body"]);
}

#[test]
fn json_is_compared_to_its_depth() {
    let put = |body: &str| of("updateListingInventory", "", "application/json", body);
    let offering = r#"{"price":5.5,"quantity":1,"is_enabled":true,"readiness_state_id":null}"#;
    let product = |offering: &str, more: &str| {
        format!(r#"{{"products":[{{"offerings":[{offering}]{more}}}]}}"#)
    };
    assert_eq!(put(&product(offering, "")), Vec::<String>::new());
    for (offering, more, place) in [
        (offering, r#","product_id":1"#, "/products/0/product_id"),
        (
            &offering.replace("5.5", r#""5.5""#),
            "",
            "/products/0/offerings/0/price",
        ),
        (
            &offering.replace("true", "null"),
            "",
            "/products/0/offerings/0/is_enabled",
        ),
        (
            &offering.replace(r#","quantity":1"#, r#""#),
            "",
            "/products/0/offerings/0/quantity",
        ),
    ] {
        let found = put(&product(offering, more));
        assert!(
            matches!(found.as_slice(), [one] if one.starts_with(place)),
            "{place}: {found:?}"
        );
    }
    assert_eq!(put("{}"), ["/products: it is required"]);
    assert_eq!(put("[]"), ["the body is no object"]);
    assert_eq!(put("{").len(), 1);
}

#[test]
fn parts_are_compared_and_a_file_has_a_name() {
    let upload = |body: &str| {
        let body = body.replace('\n', "\r\n");
        of(
            "uploadListingImage",
            "",
            "multipart/form-data; boundary=xy",
            &body,
        )
    };
    let part = |head: &str, content: &str| {
        format!("--xy\nContent-Disposition: form-data; {head}\n\n{content}\n")
    };
    let image = part("name=\"image\"; filename=\"a.jpg\"", "bytes");
    let rank = |content: &str| part("name=\"rank\"", content);
    let of = |parts: &[&str]| upload(&format!("{}--xy--\n", parts.concat()));
    assert_eq!(of(&[&image, &rank("1")]), Vec::<String>::new());
    for parts in [
        [image.as_str(), &rank("first")],
        [&image, &rank("-1")],
        [&image, &part("name=\"colour\"", "red")],
        [&image, &image],
        [&part("name=\"image\"", "bytes"), ""],
        [&image, &part("name=\"rank\"; filename=\"r\"", "1")],
    ] {
        assert_eq!(of(&parts).len(), 1, "{parts:?}");
    }
    assert_eq!(upload(&image).len(), 1, "it does not end");
}

#[test]
fn an_era_has_the_name_of_any_year() {
    let form = |when_made: &str| of("updateListing", "", FORM, &format!("when_made={when_made}"));
    assert_eq!(form("2020_2027"), Vec::<String>::new());
    assert_eq!(form("2031_2027").len(), 1);
}
