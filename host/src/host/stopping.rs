//! Whether the host is being stopped: asked by who would begin something, waited for by what runs until
//! then.

use tokio::sync::watch;

/// Whether the host is being stopped. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Stopping(watch::Sender<bool>);

impl Default for Stopping {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Stopping {
    /// From here on it is.
    pub fn begin(&self) {
        self.0.send_replace(true);
    }

    /// Whether it is.
    pub fn has_begun(&self) -> bool {
        *self.0.borrow()
    }

    /// Comes back once it is.
    pub async fn begun(&self) {
        let mut told = self.0.subscribe();
        // The sender is here, so it cannot be gone.
        let _ = told.wait_for(|begun| *begun).await;
    }
}
