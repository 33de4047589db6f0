//! tests
mod accounts;
mod consent;
mod market;
mod store;
