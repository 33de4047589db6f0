//! The doc comments of the contract, which a component itself does not keep.
//!
//! They come from the component's custom section `stoflow:wit` (an encoded WIT package that the build
//! appends), else from the host's own `wit/`. Docs are never a reason to refuse a plugin.

use std::collections::HashMap;
use std::path::Path;
use std::sync::LazyLock;

use wit_component::DecodedWasm;
use wit_parser::{PackageId, Resolve, SourceMap, TypeDefKind, UnresolvedPackageGroup};

use super::imports::PACKAGE;

/// The custom section in which a component carries its WIT with the docs.
pub(super) const SECTION: &str = "stoflow:wit";

/// The host's own contract, file by file.
const WIT: &[(&str, &str)] = &[
    ("auth.wit", include_str!("../../../wit/auth.wit")),
    ("host.wit", include_str!("../../../wit/host.wit")),
    ("listings.wit", include_str!("../../../wit/listings.wit")),
    ("orders.wit", include_str!("../../../wit/orders.wit")),
    ("plugin.wit", include_str!("../../../wit/plugin.wit")),
    ("poll.wit", include_str!("../../../wit/poll.wit")),
    ("publish.wit", include_str!("../../../wit/publish.wit")),
    (
        "storefront.wit",
        include_str!("../../../wit/storefront.wit"),
    ),
    ("types.wit", include_str!("../../../wit/types.wit")),
    ("world.wit", include_str!("../../../wit/world.wit")),
];

/// The docs of the host's own contract.
static HOST: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    host_package()
        .map(|(resolve, _)| collect(&resolve))
        .unwrap_or_default()
});

/// Docs by what they belong to.
pub(super) struct Docs {
    /// First those of the component, then the host's.
    layers: Vec<HashMap<String, String>>,
}

impl Docs {
    /// From a component's section, where it has one that can be read, and from the host.
    pub(super) fn of(section: Option<&[u8]>) -> Self {
        let own = section
            .and_then(|bytes| match super::decode::decode_wasm(bytes) {
                Ok(DecodedWasm::WitPackage(resolve, _)) => Some(resolve),
                _ => None,
            })
            .map(|resolve| collect(&resolve));
        Self {
            layers: own.into_iter().chain([HOST.clone()]).collect(),
        }
    }

    /// Of an interface (`stoflow:marketplace/listings`, without a version), or of what lies below it:
    /// a function or a type, a field or a case. Empty where nothing is said.
    pub(super) fn at(&self, interface: &str, below: &[&str]) -> String {
        let key = key(interface, below);
        let found = self.layers.iter().find_map(|layer| layer.get(&key));
        found.cloned().unwrap_or_default()
    }
}

/// What the host's own contract says of a function, up to the first full stop; empty where it has no
/// such function.
pub fn function_summary(interface: &str, function: &str) -> String {
    let docs = HOST.get(&key(&format!("{PACKAGE}/{interface}"), &[function]));
    let docs = docs.map_or("", String::as_str);
    let words: Vec<&str> = docs.split_whitespace().collect();
    let text = words.join(" ").replace('`', "");
    let sentence = text.split(". ").next().unwrap_or_default();
    sentence.trim_end_matches('.').to_owned()
}

fn key(interface: &str, below: &[&str]) -> String {
    let mut key = interface.to_owned();
    for name in below {
        key.push('.');
        key.push_str(name);
    }
    key
}

/// The host's own `wit/`, parsed.
pub(super) fn host_package() -> Option<(Resolve, PackageId)> {
    let mut sources = SourceMap::new();
    for (file, text) in WIT {
        sources.push(Path::new(file), *text);
    }
    let group: UnresolvedPackageGroup = sources.parse().ok()?;
    let mut resolve = Resolve::new();
    let package = resolve.push_group(group).ok()?;
    Some((resolve, package))
}

fn collect(resolve: &Resolve) -> HashMap<String, String> {
    let mut found = HashMap::new();
    let mut keep = |interface: &str, below: &[&str], docs: &wit_parser::Docs| {
        if let Some(text) = &docs.contents {
            found.insert(key(interface, below), text.trim().to_owned());
        }
    };
    for (_, package) in &resolve.packages {
        for (name, id) in &package.interfaces {
            let Some(interface) = resolve.interfaces.get(*id) else {
                continue;
            };
            let at = format!("{}:{}/{name}", package.name.namespace, package.name.name);
            keep(&at, &[], &interface.docs);
            for (name, function) in &interface.functions {
                keep(&at, &[name], &function.docs);
            }
            for (name, id) in &interface.types {
                let Some(definition) = resolve.types.get(*id) else {
                    continue;
                };
                keep(&at, &[name], &definition.docs);
                each_member(&definition.kind, |member, docs| {
                    keep(&at, &[name, member], docs)
                });
            }
        }
    }
    found
}

fn each_member(kind: &TypeDefKind, mut each: impl FnMut(&str, &wit_parser::Docs)) {
    match kind {
        TypeDefKind::Record(record) => {
            record.fields.iter().for_each(|f| each(&f.name, &f.docs));
        }
        TypeDefKind::Variant(variant) => {
            variant.cases.iter().for_each(|c| each(&c.name, &c.docs));
        }
        TypeDefKind::Enum(names) => names.cases.iter().for_each(|c| each(&c.name, &c.docs)),
        TypeDefKind::Flags(names) => names.flags.iter().for_each(|f| each(&f.name, &f.docs)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_contract_is_carried() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let carried: Vec<_> = WIT.iter().map(|(file, _)| (*file).to_owned()).collect();
        assert_eq!(carried, files);
        assert!(host_package().is_some());
    }

    #[test]
    fn docs_come_from_the_host_where_the_component_has_none() {
        let docs = Docs::of(None);
        let listings = "stoflow:marketplace/listings";
        assert!(
            docs.at(listings, &["list"])
                .ends_with("`state` is `none` for all.")
        );
        assert!(
            docs.at("stoflow:marketplace/auth", &[])
                .starts_with("How sellers")
        );
        let amount = docs.at("stoflow:marketplace/types", &["image", "alt-text"]);
        assert_eq!(amount, "");
        assert!(
            !docs
                .at("stoflow:marketplace/types", &["image", "source"])
                .is_empty()
        );
        assert_eq!(docs.at("other:package/listings", &["list"]), "");
    }

    #[test]
    fn the_docs_of_a_component_come_first_and_a_broken_section_does_no_harm() {
        let mut resolve = Resolve::new();
        let text = "package stoflow:marketplace@0.1.0;
            interface listings { /// Mine.
            %list: func(); }";
        let package = resolve.push_source("mine.wit", text).unwrap();
        let section = wit_component::encode(&resolve, package).unwrap();
        let docs = Docs::of(Some(&section));
        let listings = "stoflow:marketplace/listings";
        assert_eq!(docs.at(listings, &["list"]), "Mine.");
        assert!(!docs.at(listings, &["get-many"]).is_empty());
        let host = Docs::of(None).at(listings, &["list"]);
        assert_eq!(
            Docs::of(Some(b"\0asm nonsense")).at(listings, &["list"]),
            host
        );
    }
}
