//! The Python programs that the tests run and the benchmark measures beside, each set of them in an
//! environment below `target/`: nothing is installed beside it, and it is made again only when what is
//! wanted has changed.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::command::run;
use crate::paths;

/// What the tests run, as `tests/python/requirements.txt` wants it.
pub(crate) fn prepare() -> Result<()> {
    environment("python", "tests/python/requirements.txt")
}

/// The service that the host is measured beside, as `benches/fastapi/requirements.txt` wants it.
pub(crate) fn prepare_service() -> Result<()> {
    environment("fastapi", "benches/fastapi/requirements.txt")
}

/// Makes the environment of this name, if it is not there as the file wants it.
fn environment(name: &str, wanted: &str) -> Result<()> {
    let wanted = paths::root().join(wanted);
    let text = fs::read(&wanted).with_context(|| wanted.display().to_string())?;
    let home = paths::target().join(name);
    let made = home.join("requirements.txt");
    if fs::read(&made).is_ok_and(|before| before == text) {
        return Ok(());
    }
    eprintln!("Python below {}", home.display());
    make(&home, &wanted).context(
        "this needs Python 3.10 with venv (Debian: apt-get install python3-venv) and, the first \
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
