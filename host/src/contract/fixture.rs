//! Components for tests, made from WIT text: types as a toolchain would leave them, no code.

use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve, WorldId};

use super::Schema;
use super::docs::host_package;

/// The six interfaces that a plugin must have, as small as they can be.
pub(crate) const PLUGIN: &str = "
    interface plugin { describe: func() -> string; }
    interface auth {} interface publish {} interface listings {} interface orders {}
    interface poll {}
    world marketplace {
        export plugin; export auth; export publish; export listings; export orders; export poll;
    }";

/// A component of a world of a WIT package.
pub(crate) fn component(wit: &str, world: &str) -> Vec<u8> {
    let mut resolve = Resolve::new();
    let package = resolve.push_source("test.wit", wit).unwrap();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    encoded(&resolve, world)
}

/// A component of the host's own contract, with every interface that it has.
pub(crate) fn storefront() -> Vec<u8> {
    let (resolve, package) = host_package().unwrap();
    let world = resolve.select_world(&[package], Some("storefront"));
    encoded(&resolve, world.unwrap())
}

fn encoded(resolve: &Resolve, world: WorldId) -> Vec<u8> {
    let abi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);
    let mut module = dummy_module(resolve, world, abi);
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8).unwrap();
    let mut encoder = ComponentEncoder::default().module(&module).unwrap();
    encoder.encode().unwrap()
}

/// A plugin that exports `interface odd { … }` besides.
pub(crate) fn plugin_with(odd: &str) -> Vec<u8> {
    let wit = format!(
        "package stoflow:marketplace@0.1.0;
        interface types {{
            type decimal = string; type timestamp = s64; type json = string; type cursor = string;
        }}
        interface odd {{ use types.{{decimal, timestamp, json, cursor}}; {odd} }}
        {PLUGIN}
        world test {{ include marketplace; export odd; }}"
    );
    component(&wit, "test")
}

/// Its schema.
pub(crate) fn schema_with(odd: &str) -> Schema {
    Schema::decode(&plugin_with(odd)).unwrap()
}

/// What [`EVERYTHING`] declares.
pub(crate) const EVERYTHING: &str = "
    flags methods { get, post, delete-all }
    enum state { draft, sold-out, unknown }
    record money { amount: decimal, currency: string }
    record page { cursor: option<cursor>, limit: option<u32>, all: bool, ids: list<string> }
    record violation { path: string, message: string }
    variant text { plain(string), html(string), none, limit(option<u32>) }
    variant error { not-found(string), invalid(list<violation>), gone }
    record item { id: string, created-at: timestamp, price: option<money>, state: state }
    record everything {
        bool-value: bool, u8-value: u8, u16-value: u16, u32-value: u32, u64-value: u64,
        s8-value: s8, s16-value: s16, s32-value: s32, s64-value: s64,
        f32-value: f32, f64-value: f64, char-value: char, string-value: string,
        decimal-value: decimal, timestamp-value: timestamp, json-value: json, bytes: list<u8>,
        numbers: list<s32>, pair: tuple<string, u8>, maybe: option<string>, state: state,
        methods: methods, text: text, done: result<u32, string>, half: result<_, string>,
        empty: result, money: money, items: list<item>, page: page, extension: option<json>,
    }
    echo: func(value: everything) -> everything;
    take-page: func(page: page, dry-run: bool);
    take-text: func(text: text) -> result<_, error>;
    take: func(number: u8, float: f32, single: char, moment: timestamp, price: decimal,
        document: json, bytes: list<u8>, methods: methods, pair: tuple<string, u8>,
        state: state, done: result<u32>, money: money);
    items: func(state: option<state>) -> result<list<item>, error>;
    ratio: func() -> f64;
    nothing: func();
    ";
