//! Attempts with what opens nothing, by the address that they come from: who goes on is slowed.
//!
//! The table has a fixed size, so that an attempt from ever new addresses takes no memory; addresses
//! that fall on one place share what it allows. Which do is random and changes with each start. A
//! right key is never slowed by others' failures.

use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv6Addr};

use super::rate::{Limit, Spent};
use crate::model::KeyRate;

/// Places of the table: about 300 KiB.
const PLACES: usize = 4096;

/// What one address may try: a person who has a wrong key in a file sees it at once, and a program
/// that goes through a list is at one a second.
const RATE: KeyRate = KeyRate::new(1, 20);

/// Failed attempts by address.
pub struct Failures {
    places: Vec<Limit>,
    hasher: RandomState,
}

impl Failures {
    pub(super) fn new() -> Self {
        Self {
            places: (0..PLACES).map(|_| Limit::new(RATE)).collect(),
            hasher: RandomState::new(),
        }
    }

    /// Notes one from this address, and says how many it may still make.
    pub fn note(&self, address: IpAddr) -> Option<Spent> {
        let hash = self.hasher.hash_one(network(address));
        let place = usize::try_from(hash % PLACES as u64).ok()?;
        self.places.get(place).map(Limit::spend)
    }
}

/// One subscriber has a whole /64 of IPv6 (RFC 6177 §2), and may come from any address in it.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let prefix = u128::from(address) >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from(prefix))
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_goes_on_is_slowed_and_others_are_not() {
        let failures = Failures::new();
        let address = |last| IpAddr::from([192, 0, 2, last]);
        let waits = |address| {
            let tries = (0..30).filter_map(|_| failures.note(address));
            tries.filter(|spent| spent.wait.is_some()).count()
        };
        assert!(waits(address(1)) >= 9);
        // Two of 255 may share a place with it, not all.
        let free = (2..=255).filter(|last| {
            let spent = failures.note(address(*last)).unwrap();
            spent.wait.is_none()
        });
        assert!(free.count() > 200);
    }

    #[test]
    fn addresses_of_one_subscriber_are_one() {
        let network = |text: &str| super::network(text.parse().unwrap());
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:1"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("192.0.2.2"), network("192.0.2.1"));
    }
}
