//! What a refresh leaves on disk while it is under way, so that one that was interrupted is gone on
//! with: the intent, and the reply as it came.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::secret::{Secret, in_record};
use crate::store::Record;

/// A refresh that was begun and not finished.
#[derive(Serialize, Deserialize)]
pub(in crate::accounts) struct Refreshing {
    /// Of the token that it replaces.
    pub(super) generation: u64,
    pub(super) begun_at: Timestamp,
    /// Why nobody knows what became of it, where that is known.
    #[serde(default)]
    pub(super) lost: Option<String>,
}

impl Record for Refreshing {
    const KIND: &'static str = "refreshing";
}

/// A token endpoint's reply, byte for byte as it came, until it is understood.
#[derive(Serialize, Deserialize)]
pub(in crate::accounts) struct Reply {
    /// In base64: what a server sends need not be text.
    #[serde(with = "in_record")]
    body: Secret,
}

impl Record for Reply {
    const KIND: &'static str = "token_reply";
}

impl Reply {
    pub(in crate::accounts) fn new(body: &[u8]) -> Self {
        Self {
            body: Secret::new(STANDARD.encode(body)),
        }
    }

    pub(in crate::accounts) fn body(&self) -> zeroize::Zeroizing<Vec<u8>> {
        zeroize::Zeroizing::new(STANDARD.decode(self.body.expose()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_that_is_no_text_is_kept_to_the_byte() {
        let body = b"\xff\xfe{\"access_token\"\0";
        let kept = serde_json::to_vec(&Reply::new(body)).unwrap();
        let read: Reply = serde_json::from_slice(&kept).unwrap();
        assert_eq!(read.body().as_slice(), body);
    }
}
