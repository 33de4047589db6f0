//! Parcels as sellers tell of them, and as they should not.

use super::*;
use crate::convert::order::order;
use stoflow_plugin_sdk::orders::Tracking as Told;

fn request(tracking: Option<(&str, &str)>) -> ShipmentRequest {
    ShipmentRequest {
        tracking: tracking.map(|(carrier, code)| Told {
            carrier: carrier.into(),
            code: code.into(),
        }),
        shipped_at: None,
        note_to_buyer: None,
        lines: Vec::new(),
        extension: None,
    }
}

fn wrong(request: &ShipmentRequest) -> Vec<String> {
    match Parcel::read(request) {
        Err(Error::Invalid(violations)) => violations
            .iter()
            .map(|wrong| format!("{} {}", wrong.path, wrong.code))
            .collect(),
        other => panic!("{other:?}"),
    }
}

fn body(request: &ShipmentRequest) -> String {
    serde_json::to_string(&Parcel::read(request).unwrap().body).unwrap()
}

fn sold(json: &str) -> Order {
    let json = format!(r#"{{"receipt_id":5,{json}}}"#);
    order(&Object::parse(json.as_bytes()).unwrap()).unwrap()
}

#[test]
fn a_parcel_is_told_of_with_a_code_that_is_text() {
    let mut parcel = request(Some(("USPS", " 0094 ")));
    parcel.note_to_buyer = Some("Soon & safe".into());
    parcel.shipped_at = Some(1_798_761_599_999);
    parcel.extension =
        Some(r#"{"send_bcc":true,"weight":"1.50","length":12.0,"incoterm":null,"customs_data":[{"HS_code":"1"}]}"#.into());
    let expected = r#"{"carrier_name":"usps","customs_data":[{"HS_code":"1"}],"length":12.0,"note_to_buyer":"Soon & safe","send_bcc":true,"ship_date":"2026-12-31","tracking_code":"0094","weight":1.50}"#;
    assert_eq!(body(&parcel), expected);
    assert_eq!(body(&request(None)), "{}");
}

#[test]
fn what_is_wrong_is_named_by_its_place() {
    assert_eq!(
        wrong(&request(Some((" ", "")))),
        [
            "/shipment/tracking/code required",
            "/shipment/tracking/carrier required"
        ]
    );
    let mut odd = request(None);
    odd.shipped_at = Some(i64::MIN);
    odd.extension = Some(
        r#"{"weight":"heavy","send_bcc":"perhaps","customs_data":{},"mail_class":[],"a/b":1}"#
            .into(),
    );
    assert_eq!(
        wrong(&odd),
        [
            "/shipment/shipped_at out-of-range",
            "/shipment/extension/weight wrong-type",
            "/shipment/extension/send_bcc wrong-type",
            "/shipment/extension/customs_data wrong-type",
            "/shipment/extension/mail_class wrong-type",
            "/shipment/extension/a~1b unknown-member",
        ]
    );
    odd = request(None);
    odd.extension = Some("[]".into());
    assert_eq!(wrong(&odd), ["/shipment/extension not-an-object"]);
}

#[test]
fn a_carrier_that_etsy_does_not_know_is_said() {
    let parcel = Parcel::read(&request(Some(("Uncle Bob", "7")))).unwrap();
    let [warning] = parcel.warnings.as_slice() else {
        panic!("{:?}", parcel.warnings)
    };
    assert_eq!(warning.code, "unknown-carrier");
    assert_eq!(
        body(&request(Some(("Uncle Bob", "7")))),
        r#"{"carrier_name":"other","tracking_code":"7"}"#
    );
}

#[test]
fn a_parcel_is_known_again_by_its_code() {
    let order = sold(
        r#""is_shipped":true,"shipments":[{"carrier_name":"U.S. Postal Service","tracking_code":"94 00-ab"}]"#,
    );
    let same = Parcel::read(&request(Some(("ups", "9400AB")))).unwrap();
    assert!(same.is_told(&order));
    let codes: Vec<String> = same.known(&order).into_iter().map(|it| it.code).collect();
    assert_eq!(codes, ["already-told", "other-carrier"]);
    let named = Parcel::read(&request(Some(("USPS", "9400ab")))).unwrap();
    let codes: Vec<String> = named.known(&order).into_iter().map(|it| it.code).collect();
    assert_eq!(codes, ["already-told"]);
    let other = Parcel::read(&request(Some(("usps", "9400AC")))).unwrap();
    assert!(!other.is_told(&order));
    assert_ne!(same.key("5"), other.key("5"));
    let spaced = Parcel::read(&request(Some(("usps", "94 00 ab")))).unwrap();
    assert_eq!(same.key("5"), spaced.key("5"));
    assert_ne!(same.key("5"), same.key("6"));
}

#[test]
fn a_parcel_without_a_code_is_known_by_the_order_being_sent() {
    let parcel = Parcel::read(&request(None)).unwrap();
    assert!(parcel.is_told(&sold(r#""is_shipped":true"#)));
    assert!(!parcel.is_told(&sold(r#""is_shipped":false"#)));
    assert!(!parcel.is_told(&sold(r#""is_shipped":null"#)));
}

#[test]
fn only_the_whole_order_is_sent() {
    let order = sold(
        r#""transactions":[{"transaction_id":1,"quantity":2},{"transaction_id":2,"quantity":1},
        {"transaction_id":3,"quantity":1,"is_digital":true}]"#,
    );
    let digital = ["3".to_owned()];
    let lines = |lines: &[(&str, u32)]| -> Vec<LineQuantity> {
        let line = |(id, quantity): &(&str, u32)| LineQuantity {
            line_id: (*id).to_owned(),
            quantity: *quantity,
        };
        lines.iter().map(line).collect()
    };
    for whole in [
        lines(&[]),
        lines(&[("1", 2), ("2", 1)]),
        lines(&[("2", 1), ("1", 1), ("1", 1), ("3", 1)]),
    ] {
        assert_eq!(check_lines(&whole, &order, &digital), Ok(()));
    }
    for part in [lines(&[("1", 2)]), lines(&[("1", 1), ("2", 1)])] {
        let refused = check_lines(&part, &order, &digital);
        assert!(matches!(refused, Err(Error::Unsupported(_))), "{refused:?}");
    }
    let Err(Error::Invalid(violations)) =
        check_lines(&lines(&[("9", 1), ("1", 0), ("2", 2)]), &order, &digital)
    else {
        panic!()
    };
    let paths: Vec<&str> = violations.iter().map(|wrong| wrong.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/shipment/lines/0/line_id",
            "/shipment/lines/1/quantity",
            "/shipment/lines/2/quantity"
        ]
    );
}

#[test]
fn etsys_words_come_with_the_place_that_they_are_about() {
    let said = |message: &str| refused(Error::rejected(400, None, message));
    let needed = said("A tracking number is required");
    assert_eq!(
        needed,
        Error::invalid(
            "/shipment/tracking",
            "refused",
            "A tracking number is required"
        )
    );
    assert_eq!(
        said("Invalid carrier_name 'x'"),
        Error::invalid(
            "/shipment/tracking/carrier",
            "refused",
            "Invalid carrier_name 'x'"
        )
    );
    let other = Error::rejected(400, None, "Receipt 5 is not paid");
    assert_eq!(refused(other.clone()), other);
    let path = |path: &str| refused(Error::invalid(path, "c", "m"));
    for (etsys, ours) in [
        (
            "/product/extension/tracking_code",
            "/shipment/tracking/code",
        ),
        ("/product/extension/ship_date", "/shipment/shipped_at"),
        ("/product/extension/weight", "/shipment/extension/weight"),
        ("/product", "/shipment"),
    ] {
        assert_eq!(path(etsys), Error::invalid(ours, "c", "m"));
    }
}
