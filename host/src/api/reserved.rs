//! Ids that no plugin may have. The host's own routes stand beside those of plugins: what is asked of a
//! plugin called `accounts` would be asked of the host.

use super::problem::{Problem, ProblemKind};
use super::route::Route;
use crate::model::PluginId;

/// Whether a plugin may have this id.
///
/// # Errors
/// One of the routes of the host's own begins with it.
pub(super) fn refuse(id: &PluginId, routes: &[Route]) -> Result<(), Problem> {
    let own = routes
        .iter()
        .find(|route| first(&route.path) == Some(id.as_str()));
    let Some(own) = own else {
        return Ok(());
    };
    let title = format_args!(
        "no plugin can be called {id}: {} is the host's own",
        own.path
    );
    Err(Problem::new(ProblemKind::InvalidPlugin, title)
        .remedy("give it another id in plugin.describe"))
}

/// The part of a path where a plugin's id stands, of those that have something else there.
fn first(path: &str) -> Option<&str> {
    let first = path.strip_prefix("/api/")?.split('/').next()?;
    (!first.starts_with('{')).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_plugin_is_called_as_a_route_of_the_host() {
        let routes = crate::api::routes();
        for id in ["accounts", "plugins", "quotas", "store"] {
            let problem = refuse(&id.parse().unwrap(), &routes).unwrap_err();
            assert_eq!(problem.kind(), ProblemKind::InvalidPlugin, "{id}");
            assert!(
                problem.title.contains(&format!("/api/{id}")),
                "{}",
                problem.title
            );
        }
        // What a plugin's own routes are called is no matter.
        for id in ["etsy", "listings", "call", "oauth", "account"] {
            assert!(refuse(&id.parse().unwrap(), &routes).is_ok(), "{id}");
        }
    }
}
