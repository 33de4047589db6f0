//! The host from outside, one module for each theme.

#![expect(unreachable_pub, reason = "one binary: its modules share by pub")]

// `cfg(test)` marks all of it as test code for the lints.
#[cfg(test)]
mod calls;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod gateway;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod install;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod market;
#[cfg(test)]
mod publish;
#[cfg(test)]
mod publish_kills;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod store;
