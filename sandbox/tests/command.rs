//! The command, as a person starts it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::harness::client;

/// A process that does not outlive its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn the_command_prints_where_it_listens_and_logs_no_secret() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stoflow-sandbox"));
    command.args([
        "--port",
        "0",
        "--seed",
        "3",
        "--client-secret",
        "a-secret-of-a-test",
    ]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = Running(command.spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    assert!(line.ends_with(", seed 3"), "{line}");
    let url = line
        .split(' ')
        .find(|word| word.starts_with("http"))
        .unwrap();
    let url = url.trim_end_matches(',').to_owned();
    let ping = client().get(format!("{url}/v3/application/openapi-ping"));
    let reply = ping
        .header("x-api-key", "wrong:a-secret-of-a-test")
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 401);
    let mut log = BufReader::new(running.0.stderr.take().unwrap()).lines();
    let line = log.next().unwrap().unwrap();
    assert!(
        line.contains("operation=\"ping\"") && line.contains("status=401"),
        "{line}"
    );
    assert!(
        line.contains("Invalid API key") && !line.contains("a-secret"),
        "{line}"
    );
}

#[test]
fn a_taken_port_is_said_with_what_to_do() {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_stoflow-sandbox"))
        .args(["--port", &port])
        .output();
    let output = output.unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("choose another port"), "{text}");
}

#[test]
fn a_damaged_state_file_is_said_with_what_to_do() {
    let file = std::env::temp_dir().join(format!("stoflow-command-{}.json", std::process::id()));
    std::fs::write(&file, r#"{"form":"another"}"#).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_stoflow-sandbox"))
        .args(["--port", "0", "--start", "2027-01-01T00:00:00Z", "--state"])
        .arg(&file)
        .output();
    let output = output.unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        text.contains("/form: ") && text.contains("move it away"),
        "{text}"
    );
}
