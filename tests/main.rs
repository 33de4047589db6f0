//! The host from outside, one module for each theme.

// `cfg(test)` marks all of it as test code for the lints.
#[cfg(test)]
mod contract;
#[cfg(test)]
mod gateway;
mod store;
