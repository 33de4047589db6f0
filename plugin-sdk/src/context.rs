//! For whom this call is, and how it is set up.
//!
//! On a native target these functions abort: only a host can answer them. What a test wants to
//! run natively takes their answers as arguments.

pub use crate::bindings::stoflow::marketplace::context::{Account, current, setting, site};
use crate::types::Error;

/// The account of the call.
///
/// # Errors
///
/// `unauthorized`, where the call has none: no seller has consented.
pub fn account() -> Result<Account, Error> {
    current().ok_or_else(|| {
        Error::Unauthorized("this call needs a seller's account, and has none".into())
    })
}
