//! JSON to values and back, also through a component that runs: what goes in comes out.

mod echo;
mod values;

use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use stoflow_host::contract::{Function, Outcome, Schema};

use crate::stage::rounds;

fn lifted(outcome: Outcome) -> Value {
    match outcome {
        Outcome::Ok(json) => serde_json::from_slice(&json).unwrap(),
        Outcome::Err(json) => panic!("{}", String::from_utf8_lossy(&json)),
    }
}

fn echo(schema: &Schema) -> &Function {
    schema.function("odd", "echo").unwrap()
}

#[test]
fn any_value_that_goes_in_comes_out_as_it_was() {
    let schema = Schema::decode(&echo::component()).unwrap();
    let function = echo(&schema);
    let mut random = StdRng::seed_from_u64(1);
    for _ in 0..rounds("MAPPING", 2_000) {
        let value = values::any(
            schema.shape(),
            &function.shape().params[0].value,
            &mut random,
        );
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

#[test]
fn a_component_takes_the_values_and_gives_them_back() {
    let component = echo::component();
    let schema = Schema::decode(&component).unwrap();
    let function = echo(&schema);
    let mut running = echo::Running::start(&component);
    let mut random = StdRng::seed_from_u64(2);
    for _ in 0..rounds("MAPPING", 2_000) / 10 {
        let value = values::any(
            schema.shape(),
            &function.shape().params[0].value,
            &mut random,
        );
        let arguments = json!({ "value": value }).to_string();
        let values = function.lower(arguments.as_bytes()).unwrap();
        let results = running.call(function, &values);
        assert_eq!(
            lifted(function.lift(&results).unwrap()),
            value,
            "{arguments}"
        );
    }
}

#[test]
fn what_is_broken_anywhere_in_a_value_is_refused_and_nothing_panics() {
    let schema = Schema::decode(&echo::component()).unwrap();
    let function = echo(&schema);
    let mut random = StdRng::seed_from_u64(3);
    for _ in 0..rounds("MAPPING", 2_000) / 4 {
        let mut value = values::any(
            schema.shape(),
            &function.shape().params[0].value,
            &mut random,
        );
        let pointer = values::break_one(&mut value, &mut random);
        let arguments = json!({ "value": value }).to_string();
        let error = function.lower(arguments.as_bytes()).expect_err(&arguments);
        let at = format!("/value{pointer}");
        // A broken case is reported at the variant, a broken member at its record or itself.
        assert!(at.starts_with(&error.pointer), "{at}: {error}\n{arguments}");
        assert!(error.pointer.starts_with("/value"), "{error}");
    }
}
