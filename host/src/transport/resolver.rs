//! Names to addresses, with every address checked before any is dialled.
//!
//! If one of the addresses of a name may not be dialled, none is: a name that leads to a public and
//! to a private address at once is an attack (DNS rebinding), not a mistake.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::addresses::{BlockedAddress, blocked};
use super::error::NotSent;

/// Resolves with the operating system's resolver and checks what it says.
#[derive(Debug)]
pub(super) struct PublicResolver;

/// Why a name is not dialled. It travels through reqwest's error chain and is found there again.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum ResolveError {
    #[error("{host} was not found: {reason}")]
    NotFound { host: String, reason: String },
    #[error("{host}: {blocked}")]
    Blocked {
        host: String,
        blocked: BlockedAddress,
    },
    #[error("{host} is this machine")]
    Own { host: String },
}

impl From<&ResolveError> for NotSent {
    fn from(error: &ResolveError) -> Self {
        match error.clone() {
            ResolveError::NotFound { host, reason } => Self::Dns { host, reason },
            ResolveError::Blocked { host, blocked } => Self::Address { host, blocked },
            ResolveError::Own { host } => Self::OwnAddress(host),
        }
    }
}

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found = tokio::net::lookup_host((host.as_str(), 0)).await;
            let addresses =
                found
                    .map(Iterator::collect)
                    .map_err(|error| ResolveError::NotFound {
                        host: host.clone(),
                        reason: error.to_string(),
                    })?;
            let checked: Addrs = Box::new(checked(&host, addresses, is_own)?.into_iter());
            Ok(checked)
        })
    }
}

/// All of the addresses, or none.
fn checked(
    host: &str,
    addresses: Vec<SocketAddr>,
    is_own: impl Fn(IpAddr) -> bool,
) -> Result<Vec<SocketAddr>, ResolveError> {
    let host = || host.to_owned();
    if addresses.is_empty() {
        return Err(ResolveError::NotFound {
            host: host(),
            reason: "it has no address".into(),
        });
    }
    for address in &addresses {
        if let Some(blocked) = blocked(address.ip()) {
            return Err(ResolveError::Blocked {
                host: host(),
                blocked,
            });
        }
        if is_own(address.ip()) {
            return Err(ResolveError::Own { host: host() });
        }
    }
    Ok(addresses)
}

/// Whether an address is one of this machine's: only to those can a socket be bound. A machine may
/// have a public address and services on it that trust whoever is local.
fn is_own(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts
            .iter()
            .map(|text| SocketAddr::new(text.parse().unwrap(), 0))
            .collect()
    }

    #[test]
    fn one_blocked_address_refuses_all() {
        let mixed = addresses(&["93.184.216.34", "2606:4700::1", "10.0.0.1"]);
        let error = checked("rebind.test", mixed, |_| false).unwrap_err();
        assert!(matches!(error, ResolveError::Blocked { .. }), "{error}");
        assert!(error.to_string().contains("10.0.0.1"), "{error}");
    }

    #[test]
    fn public_addresses_pass_in_order() {
        let public = addresses(&["2606:4700::1", "93.184.216.34"]);
        assert_eq!(
            checked("api.test", public.clone(), |_| false).unwrap(),
            public
        );
    }

    #[test]
    fn no_address_and_an_own_address_are_refused() {
        assert!(matches!(
            checked("a", vec![], |_| false),
            Err(ResolveError::NotFound { .. })
        ));
        let public = addresses(&["93.184.216.34"]);
        assert!(matches!(
            checked("a", public, |_| true),
            Err(ResolveError::Own { .. })
        ));
    }

    #[test]
    fn this_machine_knows_its_own_addresses() {
        assert!(is_own("127.0.0.1".parse().unwrap()));
        assert!(!is_own("192.0.2.1".parse().unwrap()));
    }

    #[tokio::test]
    async fn localhost_is_refused_by_its_address() {
        let error = PublicResolver
            .resolve("localhost".parse().unwrap())
            .await
            .err()
            .unwrap();
        let error = error.downcast_ref::<ResolveError>().unwrap();
        assert!(matches!(error, ResolveError::Blocked { .. }), "{error}");
    }
}
