//! The contract, generated from `wit/` once, here, so that a plugin only expands export macros.
//!
//! Each optional interface has a world of its own: a component then exports those it serves and
//! no other. The worlds share one set of types (`with`), and the linker merges what their
//! sections say into one component type, which needs their names and suffixes to differ.

wit_bindgen::generate!({
    path: "../wit",
    world: "stoflow:marketplace/marketplace",
    pub_export_macro: true,
    default_bindings_module: "stoflow_plugin_sdk::bindings",
    additional_derives: [PartialEq, Eq],
    generate_unused_types: true,
    generate_all,
});

/// Generates the bindings of one optional interface, as a world that exports nothing else.
macro_rules! optional {
    ($module:ident, $world:literal, $inline:literal) => {
        #[doc(hidden)]
        pub mod $module {
            wit_bindgen::generate!({
                path: "../wit",
                inline: $inline,
                world: $world,
                with: {
                    "stoflow:marketplace/types@0.1.0": crate::bindings::stoflow::marketplace::types,
                },
                pub_export_macro: true,
                type_section_suffix: $world,
                additional_derives: [PartialEq, Eq],
                generate_unused_types: true,
            });
        }
    };
}

optional!(
    shop,
    "stoflow:sdk/shop",
    "package stoflow:sdk; world shop { export stoflow:marketplace/shop@0.1.0; }"
);
optional!(
    policies,
    "stoflow:sdk/policies",
    "package stoflow:sdk; world policies { export stoflow:marketplace/policies@0.1.0; }"
);
optional!(
    taxonomy,
    "stoflow:sdk/taxonomy",
    "package stoflow:sdk; world taxonomy { export stoflow:marketplace/taxonomy@0.1.0; }"
);
optional!(
    webhooks,
    "stoflow:sdk/webhooks",
    "package stoflow:sdk; world webhooks { export stoflow:marketplace/webhooks@0.1.0; }"
);
