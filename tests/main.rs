//! The host from outside, one module for each theme.

mod contract;
