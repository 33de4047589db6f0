//! The categories of the call's site. Optional.

pub use crate::bindings::taxonomy::exports::stoflow::marketplace::taxonomy::{
    Choice, Node, Property, Scale,
};
use crate::interface::interface;
use crate::types::Error;

interface! {
    /// Categories and what can be said of the goods in them.
    pub trait Taxonomy for crate::bindings::taxonomy::exports::stoflow::marketplace::taxonomy::Guest {
        /// The children of `parent`, or the roots.
        fn nodes(parent: Option<String>) -> Result<Vec<Node>, Error>
            = Err(Error::unsupported("taxonomy.nodes"));

        /// Categories by words, best first.
        fn search(query: String, limit: u32) -> Result<Vec<Node>, Error>
            = Err(Error::unsupported("taxonomy.search"));

        /// The properties of a category.
        fn properties(node: String) -> Result<Vec<Property>, Error>
            = Err(Error::unsupported("taxonomy.properties"));
    }
}
