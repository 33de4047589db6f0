//! The host's integration tests, one binary: each module is a theme.

mod gateway;
mod store;
