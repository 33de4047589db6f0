//! `cargo xtask test`: plugins, guests, then every test of the workspace.

use anyhow::Result;

use crate::command::{self, cargo};
use crate::{plugins, rounds};

/// Builds what the tests load and runs them.
pub(crate) fn run(long: bool, filter: Option<&str>) -> Result<()> {
    plugins::build()?;
    let environment = rounds::environment(long);
    for (name, value) in &environment {
        println!("{name}={value}");
    }
    let mut test = cargo(&["test", "--workspace", "--exclude", "stoflow-guests"]);
    test.envs(environment);
    if let Some(filter) = filter {
        test.arg(filter);
    }
    command::run(&mut test)
}
