//! This test binary once more, as a process of its own that can be killed: an ignored test is the
//! child's program, and says line by line what it has done.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

/// What marks a line of the child's among those of the test harness.
const MARK: &str = "child: ";

/// The command that runs an ignored test of this binary alone.
pub fn command(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([test, "--exact", "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

/// Says something to the parent, at once and in one piece.
pub fn say(what: &str) {
    // The harness leaves its own line unfinished.
    let line = format!("\n{MARK}{what}\n");
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes()).unwrap();
    out.flush().unwrap();
}

/// What a child says, read while it runs so that it never waits for its parent.
pub struct Told(Receiver<String>);

impl Told {
    pub fn of(child: &mut Child) -> Self {
        let (sender, receiver) = mpsc::channel();
        let out: ChildStdout = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines() {
                let Ok(line) = line else { break };
                if let Some(said) = line.strip_prefix(MARK)
                    && sender.send(said.to_owned()).is_err()
                {
                    break;
                }
            }
        });
        Self(receiver)
    }

    /// The next line; `None` once it has ended.
    ///
    /// # Panics
    /// When nothing comes for half a minute.
    pub fn next(&self) -> Option<String> {
        match self.0.recv_timeout(Duration::from_secs(30)) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("the child says nothing"),
        }
    }

    /// All that is left until its end.
    pub fn rest(&self) -> Vec<String> {
        std::iter::from_fn(|| self.next()).collect()
    }
}

/// SIGKILL, at once.
pub fn kill(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}
