//! Plays the browser: reads the address that `stoflow account connect` prints, goes there, and
//! follows where it is sent. It knows nothing else.

use std::io::{BufRead, BufReader, Read};
use std::process::Child;

use anyhow::{Context, Result, ensure};

/// Goes through consent. `?auto=1` presses the sandbox's button.
pub(super) fn consent(mut connecting: Child) -> Result<()> {
    let stdout = connecting.stdout.take().context("stoflow has no stdout")?;
    let mut lines = BufReader::new(stdout);
    let url = loop {
        let mut line = String::new();
        ensure!(
            lines.read_line(&mut line)? > 0,
            "stoflow stopped before it said where to consent"
        );
        if line.trim_start().starts_with("http") {
            break line.trim().to_owned();
        }
    };
    let page = ureq::get(format!("{url}&auto=1")).call();
    let page = page.with_context(|| "the consent page cannot be read")?;
    ensure!(
        page.status() == 200,
        "the browser ended at a page with status {}",
        page.status()
    );
    let mut rest = String::new();
    lines.read_to_string(&mut rest)?;
    let status = connecting.wait()?;
    ensure!(status.success(), "stoflow account connect failed:\n{rest}");
    Ok(())
}
