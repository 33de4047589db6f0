//! A component that gives back what it is given, written by hand.

use std::sync::Arc;

use stoflow_host::contract::{Function, Returned, Schema};
use wasmtime::component::{Component, Func, Instance, Linker, Val};
use wasmtime::{Config, Engine, Store};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// With more than 16 flat values a record is handed over, and back, as a pointer: the function
/// `echo` is the identity, and `last` gives back what it got last. What `numbers` and `texts` get comes
/// in registers, and goes back in memory. `poke` changes a byte of it.
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
        record counted {
            a: bool, b: u8, c: s8, d: u16, e: s16, f: u32, g: s32, h: u64, i: s64,
            j: f32, k: f64, l: char,
        }
        record worded {
            text: string, state: state, maybe: option<string>, money: money,
            pair: tuple<string, u8>, limit: option<u64>,
        }
        echo: func(value: everything) -> everything;
        last: func() -> everything;
        poke: func(at: u32, byte: u8);
        numbers: func(a: bool, b: u8, c: s8, d: u16, e: s16, f: u32, g: s32, h: u64, i: s64,
            j: f32, k: f64, l: char) -> counted;
        texts: func(text: string, state: state, maybe: option<string>, money: money,
            pair: tuple<string, u8>, limit: option<u64>) -> worded;
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
    (global $last (mut i32) (i32.const 0))
    (func $realloc (export "cabi_realloc") (param $old i32) (param $size i32) (param $align i32)
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
        (memory.copy (local.get $at) (local.get $old)
            (select (local.get $size) (local.get $new)
                (i32.lt_u (local.get $size) (local.get $new))))
        (local.get $at))
    (func $room (param $bytes i32) (result i32)
        (call $realloc (i32.const 0) (i32.const 0) (i32.const 8) (local.get $bytes)))
    (func (export "stoflow:marketplace/plugin@0.1.0#describe") (result i32) (i32.const 7))
    (func (export "stoflow:marketplace/odd@0.1.0#echo") (param $value i32) (result i32)
        (global.set $last (local.get $value))
        (local.get $value))
    (func (export "stoflow:marketplace/odd@0.1.0#last") (result i32) (global.get $last))
    (func (export "stoflow:marketplace/odd@0.1.0#poke") (param $at i32) (param $byte i32)
        (i32.store8 (i32.add (global.get $last) (local.get $at)) (local.get $byte)))
    (func (export "stoflow:marketplace/odd@0.1.0#numbers")
        (param $a i32) (param $b i32) (param $c i32) (param $d i32) (param $e i32) (param $f i32)
        (param $g i32) (param $h i64) (param $i i64) (param $j f32) (param $k f64) (param $l i32)
        (result i32)
        (local $at i32)
        (local.set $at (call $room (i32.const 56)))
        (i32.store8 offset=0 (local.get $at) (local.get $a))
        (i32.store8 offset=1 (local.get $at) (local.get $b))
        (i32.store8 offset=2 (local.get $at) (local.get $c))
        (i32.store16 offset=4 (local.get $at) (local.get $d))
        (i32.store16 offset=6 (local.get $at) (local.get $e))
        (i32.store offset=8 (local.get $at) (local.get $f))
        (i32.store offset=12 (local.get $at) (local.get $g))
        (i64.store offset=16 (local.get $at) (local.get $h))
        (i64.store offset=24 (local.get $at) (local.get $i))
        (f32.store offset=32 (local.get $at) (local.get $j))
        (f64.store offset=40 (local.get $at) (local.get $k))
        (i32.store offset=48 (local.get $at) (local.get $l))
        (local.get $at))
    (func (export "stoflow:marketplace/odd@0.1.0#texts")
        (param $text i32) (param $text-length i32) (param $state i32)
        (param $is-some i32) (param $maybe i32) (param $maybe-length i32)
        (param $amount i32) (param $amount-length i32)
        (param $currency i32) (param $currency-length i32)
        (param $pair i32) (param $pair-length i32) (param $number i32)
        (param $is-limited i32) (param $limit i64)
        (result i32)
        (local $at i32)
        (local.set $at (call $room (i32.const 72)))
        (i32.store offset=0 (local.get $at) (local.get $text))
        (i32.store offset=4 (local.get $at) (local.get $text-length))
        (i32.store8 offset=8 (local.get $at) (local.get $state))
        (i32.store8 offset=12 (local.get $at) (local.get $is-some))
        (i32.store offset=16 (local.get $at) (local.get $maybe))
        (i32.store offset=20 (local.get $at) (local.get $maybe-length))
        (i32.store offset=24 (local.get $at) (local.get $amount))
        (i32.store offset=28 (local.get $at) (local.get $amount-length))
        (i32.store offset=32 (local.get $at) (local.get $currency))
        (i32.store offset=36 (local.get $at) (local.get $currency-length))
        (i32.store offset=40 (local.get $at) (local.get $pair))
        (i32.store offset=44 (local.get $at) (local.get $pair-length))
        (i32.store8 offset=48 (local.get $at) (local.get $number))
        (i32.store8 offset=56 (local.get $at) (local.get $is-limited))
        (i64.store offset=64 (local.get $at) (local.get $limit))
        (local.get $at)))"#;

/// Its bytes, with texts in an encoding.
pub(super) fn component(encoding: StringEncoding) -> Vec<u8> {
    let mut resolve = Resolve::new();
    let package = resolve.push_source("test.wit", WIT).unwrap();
    let world = resolve.select_world(&[package], Some("test")).unwrap();
    let mut module = wat::parse_str(CORE).unwrap();
    embed_component_metadata(&mut module, &resolve, world, encoding).unwrap();
    let mut encoder = ComponentEncoder::default().module(&module).unwrap();
    encoder.encode().unwrap()
}

/// It, with its schema.
pub(super) struct Echo {
    pub(super) schema: Schema,
    engine: Engine,
    component: Component,
}

impl Echo {
    pub(super) fn new(encoding: StringEncoding) -> Self {
        let bytes = component(encoding);
        let mut config = Config::new();
        config.concurrency_support(false);
        let engine = Engine::new(&config).unwrap();
        Self {
            schema: Schema::decode(&bytes).unwrap(),
            component: Component::new(&engine, bytes).unwrap(),
            engine,
        }
    }

    pub(super) fn function(&self, name: &str) -> &Function {
        self.schema.function("odd", name).unwrap()
    }

    pub(super) async fn start(&self) -> Running {
        let mut store = Store::new(&self.engine, ());
        let instance = Linker::new(&self.engine)
            .instantiate_async(&mut store, &self.component)
            .await
            .unwrap();
        Running { store, instance }
    }
}

/// It, running.
pub(super) struct Running {
    store: Store<()>,
    instance: Instance,
}

impl Running {
    fn func(&mut self, function: &Function) -> Func {
        let (store, instance) = (&mut self.store, self.instance);
        let interface = instance.get_export_index(&mut *store, None, function.export());
        let export = instance
            .get_export_index(&mut *store, Some(&interface.unwrap()), function.name())
            .unwrap();
        instance.get_func(store, export).unwrap()
    }

    /// Calls it with dynamic values.
    pub(super) async fn values(
        &mut self,
        function: &Function,
        arguments: &[Val],
    ) -> wasmtime::Result<Vec<Val>> {
        let func = self.func(function);
        let mut results = vec![Val::Bool(false); function.result_count()];
        func.call_async(&mut self.store, arguments, &mut results)
            .await?;
        Ok(results)
    }

    /// Calls it as the host does.
    pub(super) async fn call(
        &mut self,
        function: &Function,
        arguments: Vec<Val>,
    ) -> wasmtime::Result<Returned> {
        let func = self.func(function);
        function
            .call(&mut self.store, func, &Arc::new(arguments))
            .await
    }
}
