//! JSON to values and back, also through a component that runs: what goes in comes out.

mod echo;
mod values;

use std::sync::LazyLock;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng};
use serde_json::{Value, json};
use stoflow_host::contract::{LiftError, Outcome, Returned};
use wasmtime::component::Val;
use wit_component::StringEncoding;

use crate::stage::rounds;
use echo::{Echo, Running};

const ENCODINGS: [StringEncoding; 3] = [
    StringEncoding::UTF8,
    StringEncoding::UTF16,
    StringEncoding::CompactUTF16,
];

static ECHOES: LazyLock<[Echo; 3]> = LazyLock::new(|| ENCODINGS.map(Echo::new));

fn lifted(outcome: Outcome) -> Value {
    match outcome {
        Outcome::Ok(json) => serde_json::from_slice(&json).unwrap(),
        Outcome::Err(json) => panic!("{}", String::from_utf8_lossy(&json)),
    }
}

/// What the host wrote from the component's memory.
fn written(returned: wasmtime::Result<Returned>) -> Value {
    match returned.unwrap() {
        Returned::Written(outcome) => lifted(outcome),
        Returned::Values(values) => panic!("{values:?}"),
    }
}

/// A value of the type of `echo`.
fn any_value(echo: &Echo, random: &mut StdRng) -> Value {
    let value = &echo.function("echo").shape().params[0].value;
    values::any(echo.schema.shape(), value, random)
}

#[test]
fn any_value_that_goes_in_comes_out_as_it_was() {
    let echo = &ECHOES[0];
    let function = echo.function("echo");
    let mut random = StdRng::seed_from_u64(1);
    for _ in 0..rounds("MAPPING", 2_000) {
        let value = any_value(echo, &mut random);
        let arguments = json!({ "value": value }).to_string();
        let values = function
            .lower(arguments.as_bytes())
            .unwrap_or_else(|e| panic!("{e}\n{arguments}"));
        assert_eq!(
            lifted(function.lift(&values).unwrap()),
            value,
            "{arguments}"
        );
    }
}

#[tokio::test]
async fn a_component_takes_the_values_and_gives_them_back() {
    let mut random = StdRng::seed_from_u64(2);
    for encoding in ENCODINGS {
        let echo = Echo::new(encoding);
        let (function, last) = (echo.function("echo"), echo.function("last"));
        let mut running = echo.start().await;
        for _ in 0..rounds("MAPPING", 2_000) / 20 {
            let value = any_value(&echo, &mut random);
            let arguments = json!({ "value": value }).to_string();
            let values = function.lower(arguments.as_bytes()).unwrap();
            let Ok(Returned::Values(results)) = running.call(function, values).await else {
                panic!("more than the registers hold goes by dynamic values")
            };
            let lifted = lifted(function.lift(&results).unwrap());
            assert_eq!(lifted, value, "{arguments}");
            assert_eq!(written(running.call(last, vec![]).await), value);
        }
    }
}

#[tokio::test]
async fn arguments_that_fit_into_registers_arrive_as_they_were() {
    let mut random = StdRng::seed_from_u64(4);
    for encoding in ENCODINGS {
        let echo = Echo::new(encoding);
        let mut running = echo.start().await;
        for _ in 0..rounds("MAPPING", 2_000) / 10 {
            for name in ["numbers", "texts"] {
                let function = echo.function(name);
                let result = function.shape().result.as_ref().unwrap();
                let value = values::any(echo.schema.shape(), result, &mut random);
                let values = function.lower(value.to_string().as_bytes()).unwrap();
                let dynamic = running.values(function, &values).await.unwrap();
                assert_eq!(lifted(function.lift(&dynamic).unwrap()), value);
                assert_eq!(written(running.call(function, values).await), value);
            }
        }
    }
}

/// Whatever lies in a plugin's memory: both ways of reading it come to the same reply, or both to none.
#[tokio::test]
async fn memory_that_holds_anything_is_read_as_wasmtime_reads_it() {
    let mut random = StdRng::seed_from_u64(5);
    let (mut written, mut broken, mut unread) = (0, 0, 0);
    let rounds = 0..rounds("MAPPING", 2_000) / 4;
    for (_, echo) in rounds.zip(ECHOES.iter().cycle()) {
        let value = any_value(echo, &mut random);
        let pokes: Vec<_> = (0..random.random_range(1..4))
            .map(|_| (random.random_range(0..600_u32), random.random::<u8>()))
            .collect();
        let last = echo.function("last");
        // What fails may not be entered again: each way has an instance of its own.
        let values = poked(echo, &value, &pokes).await.values(last, &[]).await;
        let direct = poked(echo, &value, &pokes).await.call(last, vec![]).await;
        match (values.map(|values| last.lift(&values)), direct) {
            (Ok(Ok(by_values)), Ok(Returned::Written(direct))) => {
                assert_eq!(by_values, direct, "{value} {pokes:?}");
                written += 1;
            }
            (Ok(Err(by_values)), Err(direct)) => {
                let direct = direct.downcast::<LiftError>().unwrap();
                assert_eq!(by_values, direct, "{value} {pokes:?}");
                broken += 1;
            }
            // Values are all read before the first is written.
            (Err(_), Err(_)) => unread += 1,
            other => panic!("{other:?} {value} {pokes:?}"),
        }
    }
    assert!(
        written > 0 && broken > 0 && unread > 0,
        "{written} {broken} {unread}"
    );
}

/// An instance that holds a value with some of its bytes changed.
async fn poked(echo: &Echo, value: &Value, pokes: &[(u32, u8)]) -> Running {
    let mut running = echo.start().await;
    let function = echo.function("echo");
    let arguments = json!({ "value": value }).to_string();
    let values = function.lower(arguments.as_bytes()).unwrap();
    running.values(function, &values).await.unwrap();
    for (at, byte) in pokes {
        let values = [Val::U32(*at), Val::U8(*byte)];
        let poke = echo.function("poke");
        running.values(poke, &values).await.unwrap();
    }
    running
}

#[test]
fn what_is_broken_anywhere_in_a_value_is_refused_and_nothing_panics() {
    let echo = &ECHOES[0];
    let function = echo.function("echo");
    let mut random = StdRng::seed_from_u64(3);
    for _ in 0..rounds("MAPPING", 2_000) / 4 {
        let mut value = any_value(echo, &mut random);
        let pointer = values::break_one(&mut value, &mut random);
        let arguments = json!({ "value": value }).to_string();
        let error = function.lower(arguments.as_bytes()).expect_err(&arguments);
        let at = format!("/value{pointer}");
        // A broken case is reported at the variant, a broken member at its record or itself.
        assert!(at.starts_with(&error.pointer), "{at}: {error}\n{arguments}");
        assert!(error.pointer.starts_with("/value"), "{error}");
    }
}
