//! Files that belong to the call. Most plugins only name a `source` in a multipart body
//! (`http::Multipart::file`) and never open one themselves.

pub use crate::bindings::stoflow::marketplace::assets::{Asset, Fault, open};
