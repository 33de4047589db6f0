//! The demo's programs: a sandbox that runs, a data directory of its own, and `stoflow` on it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::paths;

/// The sandbox's first shop.
pub(super) const SHOP: &str = "Vieux Paris";

/// The sandbox's own documented credentials.
const CLIENT_ID: &str = "sandboxkeystring000000001";
const CLIENT_SECRET: &str = "sandbox-shared-secret";

/// A running sandbox. It ends with the demo.
pub(super) struct Sandbox {
    child: Child,
    url: String,
    // Kept open: a program whose stdout is closed stops at its next line.
    _stdout: BufReader<ChildStdout>,
}

impl Sandbox {
    fn start(program: &Path, redirect_uri: &str) -> Result<Self> {
        let mut child = Command::new(program)
            .args([
                "--log",
                "warn",
                "--per-second",
                "100",
                "--port",
                "0",
                "--seed",
                "1",
                "--redirect-uri",
                redirect_uri,
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        let stdout = child.stdout.take().context("the sandbox has no stdout")?;
        let mut stdout = BufReader::new(stdout);
        let url = loop {
            let mut line = String::new();
            ensure!(
                stdout.read_line(&mut line)? > 0,
                "the sandbox stopped before it said its address"
            );
            if let Some(start) = line.find("http://") {
                let rest = line.get(start..).unwrap_or_default();
                break rest
                    .split_whitespace()
                    .next()
                    .unwrap_or_default()
                    .trim_end_matches(['/', ',', '.'])
                    .to_owned();
            }
        };
        Ok(Self {
            child,
            url,
            _stdout: stdout,
        })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Everything the demo runs with.
pub(super) struct Stage {
    pub(super) sandbox: Sandbox,
    pub(super) plugin: PathBuf,
    pub(super) data: PathBuf,
    pub(super) program: PathBuf,
    redirect_uri: String,
}

impl Stage {
    /// Fresh data; compiled code is kept from demo to demo.
    pub(super) fn set() -> Result<Self> {
        let folder = paths::target().join("demo");
        let data = folder.join("data");
        if data.exists() {
            fs::remove_dir_all(&data)?;
        }
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("secret.txt"), CLIENT_SECRET)?;
        let programs = paths::target().join("debug");
        // A port that is free now: the consent's callback is listened for there.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let redirect_uri = format!("http://localhost:{port}/etsy/callback");
        let sandbox = Sandbox::start(&programs.join("stoflow-sandbox"), &redirect_uri)?;
        let plugin = paths::plugins().join("etsy.wasm");
        Ok(Self {
            sandbox,
            plugin,
            data,
            program: programs.join("stoflow"),
            redirect_uri,
        })
    }

    pub(super) fn configure(&self) -> Result<()> {
        let secret = paths::target()
            .join("demo/secret.txt")
            .to_string_lossy()
            .into_owned();
        let stand_in = |origin: &str| format!("{origin}={}", self.sandbox.url());
        let (api, www) = (
            stand_in("https://api.etsy.com"),
            stand_in("https://www.etsy.com"),
        );
        let arguments = [
            "plugin",
            "configure",
            "etsy",
            "--client-id",
            CLIENT_ID,
            "--client-secret-file",
            &secret,
            "--redirect-uri",
            &self.redirect_uri,
            "--origin",
            &api,
            "--origin",
            &www,
        ];
        self.run(&arguments).map(drop)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .current_dir(paths::root())
            .env("STOFLOW_DATA_DIR", &self.data)
            .env(
                "STOFLOW_COMPILED_DIR",
                paths::target().join("demo/compiled"),
            )
            .stdin(Stdio::null());
        command
    }

    /// Runs `stoflow` and demands success.
    pub(super) fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = self.command(arguments).output()?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "stoflow {} failed:\n{errors}",
            arguments.join(" ")
        );
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Runs `stoflow` and reads its reply.
    pub(super) fn json(&self, arguments: &[&str]) -> Result<Value> {
        let text = self.run(arguments)?;
        serde_json::from_str(&text)
            .with_context(|| format!("stoflow {} answered {text:?}", arguments.join(" ")))
    }

    /// Runs `stoflow` for the person who looks on.
    pub(super) fn show(&self, arguments: &[&str]) -> Result<()> {
        print!(
            "{}",
            self.run(arguments)?
                .lines()
                .fold(String::new(), |text, line| text + "   " + line + "\n")
        );
        Ok(())
    }

    /// Starts `stoflow` and leaves it running.
    pub(super) fn start(&self, arguments: &[&str]) -> Result<Child> {
        Ok(self.command(arguments).stdout(Stdio::piped()).spawn()?)
    }
}
