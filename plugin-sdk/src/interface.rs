//! How an interface of the contract becomes a trait whose functions have defaults.
//!
//! The generated `Guest` traits have none, so a plugin would have to write down every function
//! that its marketplace lacks. Here each one answers `unsupported` by itself, and a blanket
//! implementation hands the plugin's own functions to the generated trait.

/// Declares a trait with a default for each function, and the bridge to the generated trait.
macro_rules! interface {
    (
        $(#[$trait_attribute:meta])*
        pub trait $name:ident for $guest:path {
            $(
                $(#[$attribute:meta])*
                fn $function:ident($($argument:ident: $argument_type:ty),* $(,)?) -> $reply:ty = $default:expr;
            )+
        }
    ) => {
        $(#[$trait_attribute])*
        pub trait $name {
            $(
                $(#[$attribute])*
                fn $function($($argument: $argument_type),*) -> $reply {
                    $(let _ = &$argument;)*
                    $default
                }
            )+
        }

        impl<T: $name> $guest for T {
            $(
                fn $function($($argument: $argument_type),*) -> $reply {
                    <T as $name>::$function($($argument),*)
                }
            )+
        }
    };
}

pub(crate) use interface;
