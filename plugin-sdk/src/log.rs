//! A plugin's log is its stderr; the host bounds it and puts it into its own, with the call's
//! account and plugin beside each line.

/// Writes one line to the plugin's log, like [`println!`].
///
/// ```
/// stoflow_plugin_sdk::log!("two drafts match, {} and {}", 17, 18);
/// ```
#[macro_export]
macro_rules! log {
    ($($argument:tt)*) => {
        eprintln!($($argument)*)
    };
}
