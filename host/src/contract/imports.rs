//! What a component wants from outside, before anything else is read of it.
//!
//! A plugin is given the contract's own imports and WASI 0.2; whatever else it names is refused by that
//! name at install, not at the first call.

use semver::Version;
use wasmparser::{Parser, Payload};

use super::docs::SECTION;

/// The contract's package.
pub(super) const PACKAGE: &str = "stoflow:marketplace";

/// Interfaces of the contract that the host provides.
const CONTRACT: [&str; 4] = ["types", "context", "journal", "assets"];

/// WASI 0.2's packages. Toolchains import them unasked; nothing but clocks, random numbers, a log and
/// the gateway is behind them.
const WASI: [&str; 7] = [
    "wasi:cli",
    "wasi:clocks",
    "wasi:random",
    "wasi:io",
    "wasi:filesystem",
    "wasi:sockets",
    "wasi:http",
];

/// What stands at the top of a component, outside the modules in it.
#[derive(Default)]
pub(super) struct Outside<'a> {
    /// The names of all imports.
    pub(super) imports: Vec<String>,
    /// The encoded WIT package with the docs.
    pub(super) wit: Option<&'a [u8]>,
}

impl<'a> Outside<'a> {
    pub(super) fn read(component: &'a [u8]) -> Result<Self, wasmparser::BinaryReaderError> {
        let mut outside = Self::default();
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(component) {
            match payload? {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        outside.imports.push(import?.name.name.to_owned());
                    }
                }
                Payload::CustomSection(section) if depth == 0 && section.name() == SECTION => {
                    outside.wit = Some(section.data());
                }
                _ => {}
            }
        }
        Ok(outside)
    }

    /// The imports that no plugin is given.
    pub(super) fn refused(&self) -> Vec<String> {
        let refused = self.imports.iter().filter(|name| !is_given(name));
        refused.cloned().collect()
    }
}

/// `stoflow:marketplace/listings@0.1.0` in its parts.
pub(super) struct InterfaceId<'a> {
    pub(super) package: &'a str,
    pub(super) interface: &'a str,
    pub(super) version: Option<Version>,
}

impl<'a> InterfaceId<'a> {
    /// `None` for a name of another form.
    pub(super) fn parse(name: &'a str) -> Option<Self> {
        let (package, rest) = name.split_once('/')?;
        let (interface, version) = match rest.split_once('@') {
            Some((interface, version)) => (interface, Some(Version::parse(version).ok()?)),
            None => (rest, None),
        };
        Some(Self {
            package,
            interface,
            version,
        })
    }

    /// Whether it is of the version of the contract that this host speaks: 0.1.x.
    pub(super) fn is_of_this_contract(&self) -> bool {
        self.package == PACKAGE && self.is_of_track(0, 1)
    }

    fn is_of_track(&self, major: u64, minor: u64) -> bool {
        self.version.as_ref().is_some_and(|version| {
            (version.major, version.minor) == (major, minor) && version.pre.is_empty()
        })
    }
}

fn is_given(name: &str) -> bool {
    InterfaceId::parse(name).is_some_and(|id| {
        (id.is_of_this_contract() && CONTRACT.contains(&id.interface))
            || (WASI.contains(&id.package) && id.is_of_track(0, 2))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_is_given_the_contracts_imports_and_wasi() {
        for given in [
            "stoflow:marketplace/types@0.1.0",
            "stoflow:marketplace/journal@0.1.7",
            "wasi:cli/environment@0.2.0",
            "wasi:http/outgoing-handler@0.2.6",
            "wasi:sockets/tcp@0.2.3",
        ] {
            assert!(is_given(given), "{given}");
        }
    }

    #[test]
    fn nothing_else_is_given() {
        for refused in [
            "stoflow:marketplace/listings@0.1.0",
            "stoflow:marketplace/context@0.2.0",
            "stoflow:marketplace/context",
            "wasi:http/types@0.3.0",
            "wasi:cli/environment@0.2.0-rc-2023-12-05",
            "wasi:keyvalue/store@0.2.0-draft",
            "wasi:config/store@0.2.0",
            "wasi:nn/graph@0.2.0",
            "acme:wallet/keys@1.0.0",
            "print",
            "wasi:cli",
            "",
            "unlocked-dep=<wasi:cli>",
        ] {
            assert!(!is_given(refused), "{refused}");
        }
    }
}
