//! The state outside of the sandbox: as a document, and in the file that the options name.

use serde_json::Value;

use super::{ControlError, Sandbox};
use crate::saved;
use crate::server::Server;
use crate::state_file::{self, StateError};

impl Sandbox {
    /// Everything that it holds but the history of requests, as one document that [`Self::load`]
    /// takes. Tokens and the images' bytes are in it.
    #[must_use]
    pub fn save(&self) -> Value {
        saved::save(&self.server.core()).unwrap_or_else(|why| {
            // Every part of a state has a form as JSON; null is one that no sandbox loads.
            tracing::error!(why, "the state has no form as JSON");
            Value::Null
        })
    }

    /// Puts a saved state in the place of what there is.
    ///
    /// # Errors
    ///
    /// The document is damaged or of another form; the error begins with the place, and nothing was
    /// changed.
    pub fn load(&self, document: &Value) -> Result<(), ControlError> {
        saved::load(&mut self.server.core(), document).map_err(ControlError)
    }
}

/// Loads the state that the options name, if there is one yet.
pub(super) fn begin(server: &Server) -> Result<(), StateError> {
    let Some(file) = &server.options.state else {
        return Ok(());
    };
    let Some(document) = state_file::read(file)? else {
        return Ok(());
    };
    saved::load(&mut server.core(), &document).map_err(|why| state_file::damaged(file, why))
}

/// Writes the state to the file that the options name.
pub(super) fn end(server: &Server) -> Result<(), StateError> {
    let Some(file) = &server.options.state else {
        return Ok(());
    };
    let document = saved::save(&server.core()).map_err(|why| state_file::damaged(file, why))?;
    state_file::write(file, &document)
}
