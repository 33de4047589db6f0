//! The three interfaces that a plugin may import, bound from `wit/`. Exports are not bound: they
//! are read by the schema of each component, so that the contract can grow.

wasmtime::component::bindgen!({
    path: "../wit",
    inline: "
        package stoflow:host;

        world imports {
            import stoflow:marketplace/context@0.1.0;
            import stoflow:marketplace/journal@0.1.0;
            import stoflow:marketplace/assets@0.1.0;
        }
    ",
    imports: { default: async | trappable },
    with: {
        "stoflow:marketplace/assets.asset": super::assets::Asset,
    },
});
