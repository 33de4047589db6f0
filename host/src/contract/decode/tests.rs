//! What is a plugin, and every way not to be one.

use wasmtime::component::Val;

use super::super::docs::host_package;
use super::super::fixture::{PLUGIN, component, plugin_with, schema_with, storefront};
use super::super::{NamedShape, Outcome, Schema, ValueShape};
use super::SchemaError;
use crate::model;

fn refused(component: &[u8]) -> SchemaError {
    Schema::decode(component).unwrap_err()
}

#[test]
fn the_whole_contract_is_read_with_its_docs_and_its_named_texts() {
    let schema = Schema::decode(&storefront()).unwrap();
    let names: Vec<&str> = schema
        .interfaces()
        .iter()
        .map(|i| i.shape().name.as_str())
        .collect();
    for name in [
        "plugin", "auth", "publish", "listings", "orders", "poll", "shop", "policies", "taxonomy",
        "webhooks",
    ] {
        assert!(
            names.contains(&name) && schema.has(name),
            "{name}: {names:?}"
        );
    }
    let list = schema.function("listings", "list").unwrap();
    assert_eq!(list.export(), "stoflow:marketplace/listings@0.1.0");
    assert!(list.shape().docs.ends_with("`state` is `none` for all."));
    assert_eq!(list.result_count(), 1);
    let field = |ty: &str, field: &str| {
        let NamedShape::Record { fields } = &schema.shape().types[ty].kind else {
            panic!("{ty} is no record")
        };
        fields.iter().find(|f| f.name == field).unwrap().clone()
    };
    assert_eq!(field("types.money", "amount").value, ValueShape::Decimal);
    assert_eq!(
        field("types.order", "created-at").value,
        ValueShape::Timestamp
    );
    assert_eq!(
        field("publish.listing-rules", "extension-schema").value,
        ValueShape::Json
    );
    assert_eq!(field("webhooks.request", "body").value, ValueShape::Bytes);
    assert!(field("types.image", "source").docs.contains("`https:` URL"));
    let reading = serde_json::to_string(schema.shape()).unwrap();
    assert_eq!(
        &serde_json::from_str::<super::Shape>(&reading).unwrap(),
        schema.shape()
    );
}

#[test]
fn docs_come_from_the_section_that_the_build_appends() {
    let mut resolve = wit_parser::Resolve::new();
    let package = resolve
        .push_source(
            "mine.wit",
            "package acme:coupons@1.0.0;
            /// Reductions that a seller gives.
            interface coupons {
                /// Gives one.
                create: func() -> coupon;
                /// One reduction.
                record coupon { /// What the buyer types.
                    code: string }
            }",
        )
        .unwrap();
    let section = wit_component::encode(&resolve, package).unwrap();
    // Without docs, as a toolchain leaves it.
    let wit = format!(
        "package stoflow:marketplace@0.1.0;
        {PLUGIN}
        world test {{ include marketplace; export acme:coupons/coupons@1.0.0; }}
        package acme:coupons@1.0.0 {{
            interface coupons {{ record coupon {{ code: string }} create: func() -> coupon; }}
        }}"
    );
    let mut plugin = component(&wit, "test");
    append_section(&mut plugin, "stoflow:wit", &section);
    let schema = Schema::decode(&plugin).unwrap();
    let create = schema.function("coupons", "create").unwrap();
    assert_eq!(create.export(), "acme:coupons/coupons@1.0.0");
    assert_eq!(create.shape().docs, "Gives one.");
    let interface = schema.shape().interface("coupons").unwrap();
    assert_eq!(interface.docs, "Reductions that a seller gives.");
    let coupon = &schema.shape().types["acme:coupons/coupons.coupon"];
    assert_eq!(coupon.docs, "One reduction.");
    let NamedShape::Record { fields } = &coupon.kind else {
        panic!("no record")
    };
    assert_eq!(fields[0].docs, "What the buyer types.");
}

/// Appends a custom section (WebAssembly core specification, binary format of modules).
fn append_section(component: &mut Vec<u8>, name: &str, data: &[u8]) {
    fn leb128(mut number: usize, out: &mut Vec<u8>) {
        while number >= 0x80 {
            out.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        out.push(number.to_le_bytes()[0]);
    }
    let mut content = Vec::new();
    leb128(name.len(), &mut content);
    content.extend(name.as_bytes());
    content.extend(data);
    component.push(0);
    leb128(content.len(), component);
    component.extend(content);
}

#[test]
fn a_product_is_read_as_the_api_sends_it() {
    let schema = Schema::decode(&storefront()).unwrap();
    let create = schema.function("publish", "create").unwrap();
    assert!(create.facts().one_at_a_time);
    let json = br#"{"key": "p-118", "target": "active", "product": {
        "title": "Wool coat, 1970s, size M",
        "variations": [{"sku": "COAT-1", "price": {"amount": "79.00", "currency": "EUR"},
            "quantity": 1}]}}"#;
    assert_eq!(create.lower(json).unwrap().len(), 3);
    let json = br#"{"key": "p-118", "target": "active", "product": {
        "variations": [{"quantity": 1}, {"price": {"amount": "79,00", "currency": "EUR"}}]}}"#;
    let error = create.lower(json).unwrap_err();
    assert_eq!(error.pointer, "/product/variations/1/price/amount");
}

#[test]
fn a_function_is_found_in_either_form_of_its_name_and_what_is_not_there_is_named() {
    let schema = Schema::decode(&storefront()).unwrap();
    for name in ["get-product", "get_product"] {
        assert_eq!(
            schema.function("listings", name).unwrap().name(),
            "get-product"
        );
    }
    assert_eq!(
        schema
            .function("listing", "get")
            .unwrap_err()
            .to_string()
            .split(';')
            .next(),
        Some("there is no interface `listing`, did you mean `listings`?")
    );
    assert_eq!(
        schema.function("orders", "send").unwrap_err().to_string(),
        "`orders` has no function `send`; it has: list, get, ship"
    );
}

#[test]
fn one_interface_more_is_callable_at_once_whoever_made_it() {
    let wit = format!(
        "package stoflow:marketplace@0.1.0;
        interface coupons {{ create: func(code: string) -> result<string, string>; }}
        {PLUGIN}
        world test {{
            include marketplace; export coupons; export extra: interface {{ ping: func(); }}
        }}"
    );
    let schema = Schema::decode(&component(&wit, "test")).unwrap();
    let create = schema.function("coupons", "create").unwrap();
    assert_eq!(
        create.lower(br#"{"code": "A"}"#),
        Ok(vec![Val::String("A".into())])
    );
    assert!(!create.facts().repeatable);
    assert_eq!(schema.function("extra", "ping").unwrap().export(), "extra");
}

#[test]
fn an_interface_of_another_package_is_not_the_contracts_whatever_its_name() {
    let wit = format!(
        "package stoflow:marketplace@0.1.0;
        {PLUGIN}
        world test {{
            include marketplace; export acme:shop/shop@1.0.0; export acme:shop/listings@1.0.0;
        }}
        package acme:shop@1.0.0 {{
            interface shop {{ get: func(); }}
            interface listings {{ get: func(); }}
        }}"
    );
    let schema = Schema::decode(&component(&wit, "test")).unwrap();
    assert!(!schema.has("shop"));
    assert!(schema.has("listings"));
    let get = schema.function("shop", "get").unwrap();
    assert_eq!(get.export(), "acme:shop/shop@1.0.0");
    assert!(!get.facts().repeatable && get.facts().routes.is_empty());
    let get = schema.function("acme:shop/listings", "get").unwrap();
    assert_eq!(get.export(), "acme:shop/listings@1.0.0");
    assert!(schema.function("listings", "get").is_err());
}

#[test]
fn a_plugin_for_two_versions_of_the_contract_is_called_by_the_one_that_is_spoken() {
    let wit = format!(
        "package stoflow:marketplace@0.1.0;
        {PLUGIN}
        world test {{ include marketplace; export stoflow:marketplace/listings@0.2.0; }}
        package stoflow:marketplace@0.2.0 {{ interface listings {{ get-all: func(); }} }}"
    );
    let schema = Schema::decode(&component(&wit, "test")).unwrap();
    assert!(schema.has("listings"));
    assert!(schema.function("listings", "get-all").is_err());
    let later = "stoflow:marketplace/listings@0.2.0";
    assert_eq!(schema.function(later, "get-all").unwrap().export(), later);
}

#[test]
fn a_plugin_goes_on_working_whose_contract_lacks_a_field_a_case_and_a_function() {
    // As it may have been before: `description` without quotas, settings and sites, `credential`
    // without `header`, `poll` without `fetch`.
    let wit = "package stoflow:marketplace@0.1.0;
        interface plugin {
            record description { id: string, name: string, version: string,
                endpoints: list<endpoint> }
            record endpoint { origin: string, path-prefix: string, methods: methods,
                credentials: list<credential> }
            flags methods { get }
            variant credential { user-token, app-token(list<string>) }
            describe: func() -> description;
        }
        interface poll { jobs: func() -> list<string>; }
        interface auth {} interface publish {} interface listings {} interface orders {}
        world marketplace {
            export plugin; export auth; export publish; export listings; export orders;
            export poll;
        }";
    let schema = Schema::decode(&component(wit, "marketplace")).unwrap();
    let text = |text: &str| Val::String(text.to_owned());
    let endpoint = Val::Record(vec![
        ("origin".into(), text("https://example.org")),
        ("path-prefix".into(), text("/")),
        ("methods".into(), Val::Flags(vec!["get".into()])),
        (
            "credentials".into(),
            Val::List(vec![Val::Variant("user-token".into(), None)]),
        ),
    ]);
    let description = Val::Record(vec![
        ("id".into(), text("old")),
        ("name".into(), text("Old")),
        ("version".into(), text("0.0.1")),
        ("endpoints".into(), Val::List(vec![endpoint])),
    ]);
    let describe = schema.function("plugin", "describe").unwrap();
    let Ok(Outcome::Ok(json)) = describe.lift(&[description]) else {
        panic!("not described")
    };
    let read: model::Description = serde_json::from_slice(&json).unwrap();
    assert!(read.settings.is_empty());
    assert_eq!(
        read.endpoints[0].credentials,
        [model::Credential::UserToken]
    );
    assert!(schema.function("poll", "jobs").is_ok());
    let missing = schema.function("poll", "fetch").unwrap_err();
    assert_eq!(
        missing.to_string(),
        "`poll` has no function `fetch`; it has: jobs"
    );
}

#[test]
fn a_file_of_another_kind_is_refused_by_what_it_is() {
    assert_eq!(refused(b""), SchemaError::NotWasm);
    assert_eq!(refused(b"(component)"), SchemaError::NotWasm);
    assert_eq!(
        refused(b"\x7fELF\x02\x01\x01\0\0\0\0\0"),
        SchemaError::NotWasm
    );
    assert_eq!(refused(b"\0asm\x01\0\0\0"), SchemaError::CoreModule);
    let (resolve, package) = host_package().unwrap();
    let wit = wit_component::encode(&resolve, package).unwrap();
    assert_eq!(refused(&wit), SchemaError::WitPackage);
}

#[test]
fn a_damaged_component_is_an_error_wherever_it_is_cut_or_changed() {
    let whole = plugin_with("ping: func();");
    for length in (8..whole.len()).step_by(7) {
        match refused(&whole[..length]) {
            SchemaError::Damaged(_) | SchemaError::AnotherWorld { .. } => {}
            other => panic!("cut at {length}: {other}"),
        }
    }
    for at in 8..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x15;
        let _ = Schema::decode(&changed); // an answer, whichever; no panic
    }
}

#[test]
fn an_import_that_is_not_given_is_refused_by_name() {
    let wit = format!(
        "package stoflow:marketplace@0.1.0;
        interface context {{ site: func() -> string; }}
        interface listings2 {{ f: func(); }}
        {PLUGIN}
        world test {{ include marketplace; import context; import print: func(); import listings2; }}"
    );
    let error = refused(&component(&wit, "test"));
    let SchemaError::Imports(names) = &error else {
        panic!("{error}")
    };
    let mut names = names.clone();
    names.sort();
    assert_eq!(names, ["print", "stoflow:marketplace/listings2@0.1.0"]);
    assert!(
        error.to_string().contains("no plugin is given: "),
        "{error}"
    );
}

#[test]
fn a_component_of_another_world_is_refused_by_what_it_lacks() {
    let SchemaError::AnotherWorld { missing, exports } = refused(&component(
        "package acme:tool@1.0.0; interface run { run: func(); } world tool { export run; }",
        "tool",
    )) else {
        panic!("another error")
    };
    assert_eq!(missing, super::REQUIRED_INTERFACES);
    assert_eq!(exports, ["acme:tool/run@1.0.0"]);

    let later = format!("package stoflow:marketplace@0.2.0; {PLUGIN}");
    let error = refused(&component(&later, "marketplace")).to_string();
    assert!(error.contains("it exports stoflow:marketplace/"), "{error}");
    assert!(error.contains("@0.2.0"), "{error}");

    let most = format!(
        "package stoflow:marketplace@0.1.0; {PLUGIN} world most {{ export plugin; export auth; }}"
    );
    let SchemaError::AnotherWorld { missing, .. } = refused(&component(&most, "most")) else {
        panic!("another error")
    };
    assert_eq!(missing, ["publish", "listings", "orders", "poll"]);
}

#[test]
fn a_plugin_that_cannot_describe_itself_is_refused() {
    let wit = PLUGIN.replace("describe: func() -> string;", "");
    let wit = format!("package stoflow:marketplace@0.1.0; {wit}");
    assert_eq!(
        refused(&component(&wit, "marketplace")),
        SchemaError::NoDescription
    );
}

#[test]
fn a_type_without_a_form_in_json_is_refused_where_it_stands() {
    for (odd, function, place, what) in [
        (
            "f: func(a: option<option<string>>);",
            "f",
            "the parameter a",
            "an option of an option",
        ),
        (
            "record r { inner: list<option<option<u8>>> } f: func() -> r;",
            "f",
            "`inner` of r",
            "an option of an option",
        ),
        ("resource r { constructor(); }", "r", "it", "a resource"),
        (
            "resource r; f: func(a: borrow<r>);",
            "r",
            "it",
            "a resource",
        ),
        ("f: func() -> stream<u8>;", "f", "the result", "a stream"),
        (
            "f: func(a: list<future<string>>);",
            "f",
            "the parameter a",
            "a future",
        ),
        ("f: async func();", "f", "the function", "async"),
    ] {
        let SchemaError::Unsupported {
            interface,
            function: at,
            place: stands,
            what: is,
        } = refused(&plugin_with(odd))
        else {
            panic!("{odd}: another error")
        };
        assert_eq!(interface, "stoflow:marketplace/odd@0.1.0");
        assert_eq!(
            (at.as_str(), stands.as_str(), is.as_str()),
            (function, place, what),
            "{odd}"
        );
    }
}

#[test]
fn types_without_end_are_refused() {
    let deep = format!("f: func(a: {}u16{});", "list<".repeat(40), ">".repeat(40));
    assert!(matches!(
        refused(&plugin_with(&deep)),
        SchemaError::TooLarge(_)
    ));
    let mut wide = "type t0 = tuple<u8, u16>;".to_owned();
    for level in 1..10 {
        let below = level - 1;
        wide += &format!("type t{level} = tuple<t{below}, t{below}, t{below}>;");
    }
    wide += "f: func(a: list<t9>);";
    let error = refused(&plugin_with(&wide));
    assert!(matches!(error, SchemaError::TooLarge(_)), "{error}");
}

#[test]
fn the_same_name_in_two_interfaces_is_two_types() {
    let schema = schema_with("record description { odd: bool } f: func(a: description);");
    assert!(schema.shape().types.contains_key("odd.description"));
}
