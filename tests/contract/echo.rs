//! A component with one function that gives back what it is given, written by hand.

use stoflow_host::contract::Function;
use wasmtime::component::{Component, Instance, Linker, Val};
use wasmtime::{Engine, Store};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// With more than 16 flat values a record is handed over, and back, as a pointer: the function
/// `echo` is the identity.
const WIT: &str = "package stoflow:marketplace@0.1.0;
    interface types {
        type decimal = string; type timestamp = s64; type json = string;
    }
    interface odd {
        use types.{decimal, timestamp, json};
        flags methods { get, post, delete-all }
        enum state { draft, sold-out, unknown }
        record money { amount: decimal, currency: string }
        record page { cursor: option<string>, limit: option<u32>, all: bool, ids: list<string> }
        variant text { plain(string), html(string), none, limit(option<u32>), money(money) }
        record item { id: string, created-at: timestamp, price: option<money>, state: state }
        record everything {
            bool-value: bool, u8-value: u8, u16-value: u16, u32-value: u32, u64-value: u64,
            s8-value: s8, s16-value: s16, s32-value: s32, s64-value: s64,
            f32-value: f32, f64-value: f64, char-value: char, string-value: string,
            decimal-value: decimal, timestamp-value: timestamp, json-value: json,
            bytes: list<u8>, numbers: list<s32>, pair: tuple<string, u8>, maybe: option<string>,
            state: state, methods: methods, text: text, done: result<u32, string>,
            half: result<_, string>, empty: result, money: money, items: list<item>, page: page,
            texts: list<option<text>>, extension: option<json>,
        }
        echo: func(value: everything) -> everything;
    }
    interface plugin { describe: func() -> u32; }
    interface auth {} interface publish {} interface listings {} interface orders {}
    interface poll {}
    world test {
        export plugin; export auth; export publish; export listings; export orders; export poll;
        export odd;
    }";

const CORE: &str = r#"(module
    (memory (export "memory") 1)
    (global $free (mut i32) (i32.const 1024))
    (func (export "cabi_realloc") (param $old i32) (param $size i32) (param $align i32)
        (param $new i32) (result i32)
        (local $at i32)
        (local.set $at (i32.and
            (i32.add (global.get $free) (i32.sub (local.get $align) (i32.const 1)))
            (i32.sub (i32.const 0) (local.get $align))))
        (global.set $free (i32.add (local.get $at) (local.get $new)))
        (block $enough
            (br_if $enough (i32.le_u (global.get $free)
                (i32.mul (memory.size) (i32.const 65536))))
            (drop (memory.grow (i32.const 16))))
        (local.get $at))
    (func (export "stoflow:marketplace/plugin@0.1.0#describe") (result i32) (i32.const 7))
    (func (export "stoflow:marketplace/odd@0.1.0#echo") (param i32) (result i32) (local.get 0)))"#;

/// Its bytes.
pub(super) fn component() -> Vec<u8> {
    let mut resolve = Resolve::new();
    let package = resolve.push_source("test.wit", WIT).unwrap();
    let world = resolve.select_world(&[package], Some("test")).unwrap();
    let mut module = wat::parse_str(CORE).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    let mut encoder = ComponentEncoder::default().module(&module).unwrap();
    encoder.encode().unwrap()
}

/// It, running.
pub(super) struct Running {
    store: Store<()>,
    instance: Instance,
}

impl Running {
    pub(super) fn start(component: &[u8]) -> Self {
        let engine = Engine::default();
        let component = Component::new(&engine, component).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Linker::new(&engine)
            .instantiate(&mut store, &component)
            .unwrap();
        Self { store, instance }
    }

    pub(super) fn call(&mut self, function: &Function, values: &[Val]) -> Vec<Val> {
        let export = self
            .instance
            .get_export_index(&mut self.store, None, function.export())
            .unwrap();
        let export = self
            .instance
            .get_export_index(&mut self.store, Some(&export), function.name())
            .unwrap();
        let func = self.instance.get_func(&mut self.store, export).unwrap();
        let mut results = vec![Val::Bool(false); function.result_count()];
        func.call(&mut self.store, values, &mut results).unwrap();
        results
    }
}
