//! What the marketplace pushes. Optional.

pub use crate::bindings::webhooks::exports::stoflow::marketplace::webhooks::{
    AccountRef, Notice, Outcome, PollNotice, Request, Response, Verification,
};
use crate::interface::interface;
use crate::types::Error;

interface! {
    /// Receiving pushes. A push is a hint: the host then reads for itself.
    pub trait Webhooks for crate::bindings::webhooks::exports::stoflow::marketplace::webhooks::Guest {
        /// Who checks that a push is genuine. By default the plugin, in `receive`.
        fn verified_by() -> Verification = Verification::Plugin;

        /// Asks the marketplace to push to `url`. Doing it again changes nothing.
        fn subscribe(url: String) -> Result<(), Error>
            = Err(Error::unsupported("webhooks.subscribe"));

        /// What a push says. One that is not genuine gets a 4xx response and no notices.
        fn receive(request: Request) -> Result<Outcome, Error>
            = Err(Error::unsupported("webhooks.receive"));
    }
}
