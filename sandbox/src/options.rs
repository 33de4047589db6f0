//! How a sandbox is started: the same settings for the library and the command line.
//!
//! The key, the secret and the addresses are made up and documented, so that nobody is tempted to
//! put a real secret here.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// The keystring that a sandbox knows unless told otherwise.
pub const CLIENT_ID: &str = "sandboxkeystring000000001";
/// The shared secret that belongs to [`CLIENT_ID`].
pub const CLIENT_SECRET: &str = "sandbox-shared-secret";
/// The redirect URI that a sandbox knows unless told otherwise.
pub const REDIRECT_URI: &str = "http://localhost:3000/etsy/callback";
/// The port that the command listens on unless told otherwise.
pub const PORT: u16 = 7010;

/// What happens to a refresh token when it is used. Etsy does not document it, so both are offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rotation {
    /// The old refresh token dies at once.
    #[default]
    AtOnce,
    /// The old refresh token dies when one of the tokens that replaced it is first used.
    OnUse,
}

/// Settings of a sandbox. `Options::default()` listens on any free port.
#[derive(Clone)]
pub struct Options {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// What ids and tokens are derived from; seed 1 begins listings at 1000001.
    pub seed: u64,
    /// Requests a second for each token, or for the key where there is no token; 0 for no limit.
    pub per_second: u32,
    /// Requests in a sliding day for each token, or for the key; 0 for no limit.
    pub per_day: u32,
    /// What a refresh does to the old refresh token.
    pub rotation: Rotation,
    /// How long an access token lives, in seconds.
    pub token_seconds: u32,
    /// When the sandbox's clock begins, in seconds since 1970; now, where it is none.
    pub start: Option<i64>,
    /// Where there is one, the clock stands still but for so much with each request to the
    /// marketplace: the same requests then give the same replies to the byte.
    pub tick: Option<Duration>,
    /// A file with a state that [`crate::Sandbox::save`] made: where it exists the sandbox begins with
    /// it, and it is written when the sandbox stops.
    pub state: Option<PathBuf>,
    /// Added to each reply of the marketplace.
    pub latency: Duration,
    /// The application's keystring, which is also its OAuth client id.
    pub client_id: String,
    /// The application's shared secret.
    pub client_secret: String,
    /// The redirect URIs that the application registered, compared to the letter.
    pub redirect_uris: Vec<String>,
    /// Whether the request history keeps bodies (up to 1 MiB each).
    pub keep_bodies: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            seed: 1,
            // What Etsy grants a new application.
            per_second: 10,
            per_day: 10_000,
            rotation: Rotation::default(),
            token_seconds: 3600,
            start: None,
            tick: None,
            state: None,
            latency: Duration::ZERO,
            client_id: CLIENT_ID.to_owned(),
            client_secret: CLIENT_SECRET.to_owned(),
            redirect_uris: vec![REDIRECT_URI.to_owned()],
            keep_bodies: false,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("port", &self.port)
            .field("seed", &self.seed)
            .field("per_second", &self.per_second)
            .field("per_day", &self.per_day)
            .field("rotation", &self.rotation)
            .field("token_seconds", &self.token_seconds)
            .field("start", &self.start)
            .field("tick", &self.tick)
            .field("state", &self.state)
            .field("latency", &self.latency)
            .field("client_id", &self.client_id)
            .field("client_secret", &"***")
            .field("redirect_uris", &self.redirect_uris)
            .field("keep_bodies", &self.keep_bodies)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_not_in_the_debug_text() {
        let text = format!("{:?}", Options::default());
        assert!(
            !text.contains(CLIENT_SECRET) && text.contains(CLIENT_ID),
            "{text}"
        );
    }
}
