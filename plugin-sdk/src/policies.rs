//! The rule sets that a seller keeps on the marketplace. Optional.

pub use crate::bindings::policies::exports::stoflow::marketplace::policies::Policy;
use crate::interface::interface;
use crate::types::{Error, PolicyKind};

interface! {
    /// Shipping profiles, return policies, processing profiles, locations.
    pub trait Policies for crate::bindings::policies::exports::stoflow::marketplace::policies::Guest {
        /// Those of a kind, or all.
        fn list(kind: Option<PolicyKind>) -> Result<Vec<Policy>, Error>
            = Err(Error::unsupported("policies.list"));

        /// JSON Schema of `data` in `create`.
        fn schema(kind: PolicyKind) -> Result<String, Error>
            = Err(Error::unsupported("policies.schema"));

        /// Adds a rule set. `data` is JSON.
        fn create(kind: PolicyKind, name: String, data: String) -> Result<Policy, Error>
            = Err(Error::unsupported("policies.create"));
    }
}
