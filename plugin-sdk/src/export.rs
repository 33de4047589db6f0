//! The one macro that turns a type into a component.

/// Exports a plugin.
///
/// After the colon stand the traits that the type implements besides [`Plugin`](crate::Plugin).
/// A required interface that is left out (`Auth`, `Publish`, `Listings`, `Orders`, `Poll`) is
/// exported all the same and answers `unsupported`; an optional one (`Shop`, `Policies`,
/// `Taxonomy`, `Webhooks`) that is left out is not exported.
///
/// ```
/// use stoflow_plugin_sdk::plugin::Description;
/// use stoflow_plugin_sdk::types::{Error, Listing};
/// use stoflow_plugin_sdk::{Listings, Plugin, export};
///
/// struct Spin;
///
/// impl Plugin for Spin {
///     fn describe() -> Description {
///         stoflow_plugin_sdk::plugin::describe("spin", "Spin", "0.1.0")
///     }
/// }
///
/// impl Listings for Spin {
///     fn get(_id: String) -> Result<Listing, Error> {
///         loop {}
///     }
/// }
///
/// export!(Spin: Listings);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export {
    ($plugin:ident) => {
        $crate::export!($plugin: );
    };
    ($plugin:ident: $($served:ident),* $(,)?) => {
        $crate::__left_out!(Auth $plugin [$($served)*]);
        $crate::__left_out!(Publish $plugin [$($served)*]);
        $crate::__left_out!(Listings $plugin [$($served)*]);
        $crate::__left_out!(Orders $plugin [$($served)*]);
        $crate::__left_out!(Poll $plugin [$($served)*]);
        #[cfg(target_family = "wasm")]
        $crate::bindings::export!($plugin with_types_in $crate::bindings);
        // Natively nothing is exported; this keeps the type in use, and checks the same bounds.
        #[cfg(not(target_family = "wasm"))]
        const _: fn() = $crate::__check::<$plugin>;
        $($crate::__served!($served $plugin);)*
    };
}

/// Implements a required trait with nothing but its defaults, unless the list names it.
#[doc(hidden)]
#[macro_export]
macro_rules! __left_out {
    (Auth $plugin:ident [Auth $($rest:ident)*]) => {};
    (Publish $plugin:ident [Publish $($rest:ident)*]) => {};
    (Listings $plugin:ident [Listings $($rest:ident)*]) => {};
    (Orders $plugin:ident [Orders $($rest:ident)*]) => {};
    (Poll $plugin:ident [Poll $($rest:ident)*]) => {};
    ($name:ident $plugin:ident [$other:ident $($rest:ident)*]) => {
        $crate::__left_out!($name $plugin [$($rest)*]);
    };
    ($name:ident $plugin:ident []) => {
        impl $crate::$name for $plugin {}
    };
}

/// Exports an optional interface; a required one is exported already.
#[doc(hidden)]
#[macro_export]
macro_rules! __served {
    (Auth $plugin:ident) => {};
    (Publish $plugin:ident) => {};
    (Listings $plugin:ident) => {};
    (Orders $plugin:ident) => {};
    (Poll $plugin:ident) => {};
    (Shop $plugin:ident) => {
        #[cfg(target_family = "wasm")]
        $crate::bindings::shop::export!($plugin with_types_in $crate::bindings::shop);
    };
    (Policies $plugin:ident) => {
        #[cfg(target_family = "wasm")]
        $crate::bindings::policies::export!($plugin with_types_in $crate::bindings::policies);
    };
    (Taxonomy $plugin:ident) => {
        #[cfg(target_family = "wasm")]
        $crate::bindings::taxonomy::export!($plugin with_types_in $crate::bindings::taxonomy);
    };
    (Webhooks $plugin:ident) => {
        #[cfg(target_family = "wasm")]
        $crate::bindings::webhooks::export!($plugin with_types_in $crate::bindings::webhooks);
    };
    ($other:ident $plugin:ident) => {
        compile_error!(concat!(
            "`", stringify!($other), "` is no interface of the contract; there are Auth, Publish, ",
            "Listings, Orders, Poll, Shop, Policies, Taxonomy, Webhooks"
        ));
    };
}
