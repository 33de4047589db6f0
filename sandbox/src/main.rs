//! The command `stoflow-sandbox`: one sandbox until it is interrupted.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use jiff::Timestamp;
use stoflow_sandbox::{CLIENT_ID, CLIENT_SECRET, Options, PORT, REDIRECT_URI, Rotation, Sandbox};
use tracing_subscriber::EnvFilter;

/// A stand-in for Etsy's Open API v3 on this machine
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = PORT)]
    port: u16,
    /// What ids and tokens are derived from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Requests a second for each token; 0 for no limit
    #[arg(long, default_value_t = 10)]
    per_second: u32,
    /// Requests in a sliding day for each token; 0 for no limit
    #[arg(long, default_value_t = 10_000)]
    per_day: u32,
    /// When a refresh token that was used dies
    #[arg(long, value_enum, default_value_t = RotationName::AtOnce)]
    rotation: RotationName,
    /// How long an access token lives, in seconds
    #[arg(long, default_value_t = 3600)]
    token_seconds: u32,
    /// When the sandbox's clock begins, such as 2027-01-01T00:00:00Z; now, if not given
    #[arg(long)]
    start: Option<Timestamp>,
    /// Let the clock stand still but for so many milliseconds with each request
    #[arg(long)]
    tick_ms: Option<u64>,
    /// Begin with the state in this file, if it exists, and write the state to it at the end
    #[arg(long)]
    state: Option<PathBuf>,
    /// Added to each reply of the marketplace, in milliseconds
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// The application's keystring, at least 12 characters
    #[arg(long, default_value = CLIENT_ID)]
    client_id: String,
    /// The application's shared secret, at least 12 characters; not a real one
    #[arg(long, default_value = CLIENT_SECRET)]
    client_secret: String,
    /// A registered redirect URI; may be given several times
    #[arg(long, default_value = REDIRECT_URI)]
    redirect_uri: Vec<String>,
    /// Keep bodies in the request history
    #[arg(long)]
    keep_bodies: bool,
    /// What is logged, such as warn, info, stoflow_sandbox=debug
    #[arg(long, default_value = "info")]
    log: String,
}

/// The names of [`Rotation`] on the command line.
#[derive(Clone, Copy, ValueEnum)]
enum RotationName {
    /// At once
    AtOnce,
    /// Once one of the new tokens has been used
    OnUse,
}

impl From<Arguments> for Options {
    fn from(arguments: Arguments) -> Self {
        Self {
            port: arguments.port,
            seed: arguments.seed,
            per_second: arguments.per_second,
            per_day: arguments.per_day,
            rotation: match arguments.rotation {
                RotationName::AtOnce => Rotation::AtOnce,
                RotationName::OnUse => Rotation::OnUse,
            },
            token_seconds: arguments.token_seconds,
            start: arguments.start.map(Timestamp::as_second),
            tick: arguments.tick_ms.map(Duration::from_millis),
            state: arguments.state,
            latency: Duration::from_millis(arguments.latency_ms),
            client_id: arguments.client_id,
            client_secret: arguments.client_secret,
            redirect_uris: arguments.redirect_uri,
            keep_bodies: arguments.keep_bodies,
        }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_new(&arguments.log)?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    let sandbox = Sandbox::start(arguments.into()).await?;
    println!(
        "Etsy stand-in on {}, seed {}",
        sandbox.url(),
        sandbox.options().seed
    );
    sandbox.run_until(interrupted()).await?;
    Ok(())
}

/// Completes when the process is asked to end.
async fn interrupted() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    if let Err(error) = interrupt.await {
        tracing::error!(%error, "cannot listen for Ctrl-C; stopping");
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        super::Arguments::command().debug_assert();
    }
}
