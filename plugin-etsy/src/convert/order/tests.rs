//! Receipts as Etsy writes them, and as it should not.

use super::*;
use stoflow_plugin_sdk::types::PaymentState;

const RECEIPT: &str = r#"{"receipt_id":9007199254740993,"receipt_type":0,"seller_user_id":5,
    "seller_email":"seller@example.com","buyer_user_id":77,"buyer_email":"nora@example.com",
    "name":"Nora O&#39;Connell","first_line":"12 rue de l&#39;&eacute;t&eacute;","second_line":"","city":"Paris","state":null,
    "zip":"75010","status":"paid","formatted_address":"Nora O&#39;Connell\n75010 Paris","country_iso":"FR",
    "payment_method":"cc","payment_email":"pays@example.com","message_from_seller":null,
    "message_from_buyer":"Fold it &amp; ring twice","is_paid":true,"is_shipped":false,
    "create_timestamp":1700000000,"created_timestamp":1700000000,"update_timestamp":1700000100,
    "updated_timestamp":1700000100,"is_gift":false,"gift_message":"","gift_sender":"",
    "grandtotal":{"amount":4150,"divisor":100,"currency_code":"EUR"},
    "subtotal":{"amount":3500,"divisor":100,"currency_code":"EUR"},
    "total_price":{"amount":3700,"divisor":100,"currency_code":"EUR"},
    "total_shipping_cost":{"amount":500,"divisor":100,"currency_code":"EUR"},
    "total_tax_cost":{"amount":150,"divisor":100,"currency_code":"EUR"},
    "total_vat_cost":{"amount":0,"divisor":100,"currency_code":"EUR"},
    "discount_amt":{"amount":200,"divisor":100,"currency_code":"EUR"},
    "shipments":[],"refunds":[],
    "transactions":[
      {"transaction_id":18446744073709551615,"title":"Mug &quot;Blue&quot;","description":"long","quantity":2,
       "is_digital":false,"listing_id":17,"product_id":18,"sku":"MUG","expected_ship_date":1700500000,
       "price":{"amount":1850,"divisor":100,"currency_code":"EUR"},"receipt_id":9007199254740993,
       "variations":[
         {"property_id":200,"value_id":2,"formatted_name":"Colour","formatted_value":"Bleu d&#39;eau"},
         {"property_id":54,"value_id":null,"formatted_name":"Personalization","formatted_value":"For &lt;Mom&gt;"},
         {"property_id":54,"formatted_name":"Which day?","formatted_value":"Monday","question_id":3}]},
      {"transaction_id":2,"title":"Pattern","quantity":1,"is_digital":true,"listing_id":null,
       "price":{"amount":0,"divisor":100,"currency_code":"EUR"},"expected_ship_date":null}]}"#;

fn read(json: &str) -> Order {
    order(&Object::parse(json.as_bytes()).unwrap()).unwrap()
}

/// The receipt with one member replaced.
fn with(from: &str, to: &str) -> Order {
    assert!(RECEIPT.contains(from), "{from}");
    read(&RECEIPT.replacen(from, to, 1))
}

fn money(amount: &str) -> Money {
    Money {
        amount: amount.into(),
        currency: "EUR".into(),
    }
}

#[test]
fn a_receipt_is_read_whole() {
    let order = read(RECEIPT);
    assert_eq!(order.id, "9007199254740993");
    assert_eq!(
        (order.payment, order.fulfillment, order.cancellation),
        (
            PaymentState::Paid,
            FulfillmentState::Unshipped,
            CancellationState::None
        )
    );
    assert_eq!(order.status_text, "paid");
    assert_eq!(order.buyer.name.as_deref(), Some("Nora O'Connell"));
    assert_eq!(order.buyer.email.as_deref(), Some("nora@example.com"));
    assert_eq!(order.buyer.id.as_deref(), Some("77"));
    let amounts = [
        &order.subtotal,
        &order.discount,
        &order.shipping,
        &order.tax,
        &order.total,
    ];
    assert_eq!(
        amounts.map(|money| money.amount.as_str()),
        ["37.00", "2.00", "5.00", "1.50", "41.50"]
    );
    assert_eq!(order.refunded, None);
    assert_eq!(order.shipments, Some(Vec::new()));
    assert_eq!(order.note.as_deref(), Some("Fold it & ring twice"));
    assert_eq!(order.gift_message, None);
    assert_eq!(order.created_at, 1_700_000_000_000);
    assert_eq!(order.updated_at, 1_700_000_100_000);
    assert_eq!(order.ship_by, Some(1_700_500_000_000));
}

#[test]
fn an_address_is_text_without_entities() {
    let address = read(RECEIPT).ship_to.unwrap();
    assert_eq!(address.name.as_deref(), Some("Nora O'Connell"));
    assert_eq!(address.lines, ["12 rue de l'été"]);
    assert_eq!(
        (address.city.as_deref(), address.postal_code.as_deref()),
        (Some("Paris"), Some("75010"))
    );
    assert_eq!((address.region, address.phone), (None, None));
    assert_eq!(address.country.as_deref(), Some("FR"));
    assert_eq!(
        address.formatted.as_deref(),
        Some("Nora O'Connell\n75010 Paris")
    );
    assert_eq!(
        with("\"country_iso\":\"FR\"", "\"country_iso\":\"France\"")
            .ship_to
            .unwrap()
            .country,
        None
    );
}

#[test]
fn a_line_has_the_price_of_one_piece_its_choices_and_its_answers() {
    let order = read(RECEIPT);
    let [mug, pattern] = order.lines.as_slice() else {
        panic!("{:?}", order.lines)
    };
    assert_eq!(mug.id, "18446744073709551615");
    assert_eq!(mug.title, "Mug \"Blue\"");
    assert_eq!(
        (&mug.unit_price, &mug.subtotal, mug.quantity),
        (&money("18.50"), &money("37.00"), 2)
    );
    assert_eq!(mug.unshipped, Some(2));
    assert_eq!(mug.listing_id.as_deref(), Some("17"));
    assert_eq!(mug.sku.as_deref(), Some("MUG"));
    let [choice] = mug.choices.as_slice() else {
        panic!("{:?}", mug.choices)
    };
    assert_eq!(
        (choice.key.as_deref(), choice.name.as_str()),
        (Some("200"), "Colour")
    );
    assert_eq!(choice.values.first().unwrap().text, "Bleu d'eau");
    assert_eq!(mug.personalization, ["For <Mom>", "Which day?: Monday"]);
    assert_eq!((pattern.unshipped, &pattern.listing_id), (Some(0), &None));
}

#[test]
fn what_has_no_field_travels_and_what_is_private_does_not() {
    let extension = read(RECEIPT).extension.unwrap();
    let document: serde_json::Value = serde_json::from_str(&extension).unwrap();
    assert_eq!(document["payment_method"], "cc");
    assert_eq!(document["subtotal"]["amount"], 3500);
    assert_eq!(document["transactions"][0]["product_id"], 18);
    assert_eq!(
        document["transactions"][0]["transaction_id"],
        "18446744073709551615"
    );
    assert_eq!(document["transactions"][1]["is_digital"], true);
    for absent in [
        "seller@",
        "pays@",
        "description",
        "create_timestamp",
        "address_withheld",
        "first_line",
        "refunds",
        "is_gift",
    ] {
        assert!(!extension.contains(absent), "{absent} in {extension}");
    }
}

#[test]
fn a_withheld_address_is_named_as_such() {
    let json = RECEIPT
        .replace("\"12 rue de l&#39;&eacute;t&eacute;\"", "null")
        .replace("\"Paris\"", "null")
        .replace("\"75010\"", "null")
        .replace("\"FR\"", "null");
    let formatted = read(&json);
    let address = formatted.ship_to.unwrap();
    assert!(address.lines.is_empty() && address.formatted.is_some());
    assert!(!formatted.extension.unwrap().contains("address_withheld"));
    let withheld = read(&json.replace("\"Nora O&#39;Connell\\n75010 Paris\"", "null"));
    let address = withheld.ship_to.unwrap();
    assert_eq!(
        (address.name.as_deref(), address.formatted, address.country),
        (Some("Nora O'Connell"), None, None)
    );
    assert!(
        withheld
            .extension
            .unwrap()
            .contains(r#""address_withheld":true"#)
    );
}

#[test]
fn files_are_sent_nowhere() {
    let json = RECEIPT.replace("\"is_digital\":false", "\"is_digital\":true");
    let order = read(&json);
    assert_eq!(order.ship_to, None);
    assert!(order.lines.iter().all(|line| line.unshipped == Some(0)));
    let receipt = Object::parse(json.as_bytes()).unwrap();
    assert_eq!(digital_lines(&receipt), ["18446744073709551615", "2"]);
    assert!(!order.extension.unwrap().contains("address_withheld"));
}

#[test]
fn a_gift_is_from_its_sender_to_its_addressee() {
    let gift =
        r#""is_gift":true,"gift_message":"Cadeau d&#39;hiver &amp; more","gift_sender":"Paul""#;
    let order = with(
        r#""is_gift":false,"gift_message":"","gift_sender":"""#,
        gift,
    );
    assert_eq!(order.buyer.name.as_deref(), Some("Paul"));
    assert_eq!(
        order.ship_to.unwrap().name.as_deref(),
        Some("Nora O'Connell")
    );
    assert_eq!(order.gift_message.as_deref(), Some("Cadeau d'hiver & more"));
    let extension = order.extension.unwrap();
    assert!(extension.starts_with(r#"{"is_gift":true,"gift_sender":"Paul""#));
}

#[test]
fn refunds_are_summed_and_travel_with_their_reasons() {
    let refund = |amount: i64| {
        format!(
            r#"{{"amount":{{"amount":{amount},"divisor":100,"currency_code":"EUR"}},"reason":"broken"}}"#
        )
    };
    let refunds = format!("\"refunds\":[{},{}]", refund(500), refund(-150));
    let order = with("\"refunds\":[]", &refunds);
    assert_eq!(order.refunded, Some(money("6.50")));
    assert_eq!(order.payment, PaymentState::PartiallyRefunded);
    assert!(order.extension.unwrap().contains("broken"));
    let all = with(
        "\"refunds\":[]",
        &format!("\"refunds\":[{}]", refund(4_150)),
    );
    assert_eq!(all.payment, PaymentState::Refunded);
}

#[test]
fn a_cancelled_order_has_nothing_left_to_send() {
    let order = with("\"status\":\"paid\"", "\"status\":\"canceled\"");
    assert_eq!(order.cancellation, CancellationState::Cancelled);
    assert!(order.lines.iter().all(|line| line.unshipped == Some(0)));
}

#[test]
fn shipments_are_read_and_their_absence_is_not_none_of_them() {
    let shipments = r#""shipments":[{"receipt_shipping_id":3,"shipment_notification_timestamp":1700000050,
        "carrier_name":"usps","tracking_code":"94 00"},{"receipt_shipping_id":null}]"#;
    let order = with("\"shipments\":[]", shipments);
    let [first, second] = order.shipments.as_deref().unwrap() else {
        panic!()
    };
    assert_eq!(
        (first.carrier.as_deref(), first.tracking_code.as_deref()),
        (Some("usps"), Some("94 00"))
    );
    assert_eq!(first.shipped_at, Some(1_700_000_050_000));
    assert_eq!(
        (&second.id, &second.carrier, second.shipped_at),
        (&None, &None, None)
    );
    assert_eq!(
        with("\"shipments\":[]", "\"shipments\":null").shipments,
        None
    );
}

#[test]
fn money_has_the_digits_of_its_divisor_and_odd_money_is_worked_out() {
    for (divisor, expected) in [("1", "4150"), ("100", "41.50"), ("1000", "4.150")] {
        let from = r#""grandtotal":{"amount":4150,"divisor":100"#;
        let to = format!(r#""grandtotal":{{"amount":4150,"divisor":{divisor}"#);
        assert_eq!(with(from, &to).total.amount, expected);
    }
    let order = with(
        r#"{"amount":4150,"divisor":100,"currency_code":"EUR"}"#,
        r#"{"amount":4150,"divisor":60,"currency_code":"EUR"}"#,
    );
    assert_eq!(order.total, money("41.50"));
    assert!(
        order
            .extension
            .unwrap()
            .contains(r#""grandtotal":{"amount":4150,"divisor":60"#)
    );
}

#[test]
fn an_odd_receipt_is_read_as_far_as_it_goes() {
    let odd = read(
        r#"{"receipt_id":"17","status":7,"is_paid":"1","is_shipped":null,"created_timestamp":"1700000000",
        "grandtotal":"12.50","total_price":null,"transactions":[{"quantity":"3","price":{"amount":"250","divisor":"100",
        "currency_code":"SEK"},"variations":[{"formatted_name":null},7]},null],"shipments":{},"refunds":[{"amount":5}]}"#,
    );
    assert_eq!((odd.id.as_str(), odd.status_text.as_str()), ("17", "7"));
    assert_eq!(odd.payment, PaymentState::Unknown);
    assert_eq!(odd.fulfillment, FulfillmentState::Unknown);
    assert_eq!(odd.cancellation, CancellationState::Unknown);
    assert_eq!(
        (odd.total.amount.as_str(), odd.total.currency.as_str()),
        ("7.50", "SEK")
    );
    let line = odd.lines.first().unwrap();
    assert_eq!((line.id.as_str(), line.quantity), ("line-1", 3));
    assert_eq!((line.unshipped, line.choices.len()), (None, 0));
    assert_eq!(odd.updated_at, odd.created_at);
    for json in [
        "{}",
        r#"{"receipt_id":null}"#,
        r#"{"receipt_id":-1}"#,
        r#"{"receipt_id":"x"}"#,
    ] {
        assert_eq!(order(&Object::parse(json.as_bytes()).unwrap()), None);
    }
    let bare = read(r#"{"receipt_id":1}"#);
    assert_eq!(
        (bare.total.amount.as_str(), bare.total.currency.as_str()),
        ("0", "XXX")
    );
    assert_eq!((bare.created_at, bare.shipments), (0, None));
}

#[test]
fn nulls_everywhere_are_no_trap() {
    let receipt: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(RECEIPT).unwrap();
    for odd in ["null", "[]", "{}", "\"\"", "-1", "1e99", "[null]", "true"] {
        for name in receipt.keys().filter(|name| *name != "receipt_id") {
            let mut receipt = receipt.clone();
            receipt.insert(name.clone(), serde_json::from_str(odd).unwrap());
            let order = read(&serde_json::to_string(&receipt).unwrap());
            let extension = order.extension.unwrap_or_else(|| "{}".to_owned());
            let extension: Result<serde_json::Value, _> = serde_json::from_str(&extension);
            assert!(extension.is_ok(), "{name} {odd}");
        }
    }
}
