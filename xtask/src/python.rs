//! The Python programs that the tests run, in an environment below `target/`: nothing is installed
//! beside it, and it is made again only when what is wanted has changed.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::command::run;
use crate::paths;

/// Makes it, if it is not there as `tests/python/requirements.txt` wants it.
pub(crate) fn prepare() -> Result<()> {
    let wanted = paths::root().join("tests/python/requirements.txt");
    let text = fs::read(&wanted).with_context(|| wanted.display().to_string())?;
    let home = paths::target().join("python");
    let made = home.join("requirements.txt");
    if fs::read(&made).is_ok_and(|before| before == text) {
        return Ok(());
    }
    println!("Python for the tests: {}", home.display());
    make(&home, &wanted).context(
        "the tests need Python 3 with venv (Debian: apt-get install python3-venv) and, the first \
         time, PyPI",
    )?;
    fs::write(&made, text).with_context(|| made.display().to_string())
}

fn make(home: &Path, wanted: &Path) -> Result<()> {
    let mut venv = Command::new("python3");
    run(venv.args(["-m", "venv", "--clear"]).arg(home))?;
    let mut pip = Command::new(home.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check"]);
    run(pip.arg("--requirement").arg(wanted))
}
