//! What a schema cannot say of a function: for whom it is called, whether it may use the network,
//! whether doing it twice does no harm, how long it may take, and where REST has it.
//!
//! One table, and nothing elsewhere: a rule that stood beside it would hold for one way in only.

use std::time::Duration;

use crate::model::{Access, KeyScope, Method};

/// What holds for one function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// For whom it is called.
    pub account: AccountNeed,
    /// Whether the call may reach the marketplace.
    pub network: bool,
    /// Whether it only looks, or changes something: which scope a key to the API needs for it.
    pub access: Access,
    /// Whether doing it again with the same arguments leaves the marketplace as doing it once
    /// does, so that a call which broke off may be made again.
    pub repeatable: bool,
    /// Whether an account runs one at a time, so that at most one of its drafts can be in doubt.
    pub one_at_a_time: bool,
    /// How long it may take.
    pub time_limit: TimeLimit,
    /// Where REST has it, besides [`call_route`].
    pub routes: &'static [Route],
}

/// For whom a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccountNeed {
    /// For nobody: it says something of the plugin, or comes before an account is known.
    None,
    /// With the token of a consent just given, of which no account has been made yet.
    FreshToken,
    /// For an account where there is one.
    IfAny,
    /// For an account.
    Required,
}

/// How long a function may take, waits included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeLimit {
    /// Somebody waits for the answer.
    Call,
    /// Many requests, one after the other, that quota may slow down; progress is shown.
    Operation,
}

impl TimeLimit {
    /// From the first instruction to the answer.
    pub fn total(self) -> Duration {
        match self {
            Self::Call => Duration::from_secs(30),
            Self::Operation => Duration::from_secs(15 * 60),
        }
    }

    /// Without a request answered, a checkpoint or a report: what stands still this long will
    /// not go on.
    pub fn without_progress(self) -> Duration {
        match self {
            Self::Call => self.total(),
            Self::Operation => Duration::from_secs(90),
        }
    }
}

/// Where REST has a function, under `/api/{plugin}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// `GET`.
    pub method: Method,
    /// `/listings/{id}/images`: what stands in braces is the parameter of that name.
    pub path: &'static str,
    /// Arguments that the path says otherwise: parameter, value as JSON.
    pub fixed: &'static [(&'static str, &'static str)],
}

const fn route(method: Method, path: &'static str) -> Route {
    Route {
        method,
        path,
        fixed: &[],
    }
}

const fn fixed(
    method: Method,
    path: &'static str,
    fixed: &'static [(&'static str, &'static str)],
) -> Route {
    Route {
        method,
        path,
        fixed,
    }
}

impl Facts {
    /// What holds for a function that is not in the table.
    pub(super) const OTHER: Self = Self {
        account: AccountNeed::IfAny,
        network: true,
        access: Access::Write,
        repeatable: false,
        one_at_a_time: false,
        time_limit: TimeLimit::Call,
        routes: &[],
    };

    /// It says something of the plugin itself.
    const SELF: Self = Self {
        account: AccountNeed::None,
        network: false,
        access: Access::Read,
        repeatable: true,
        ..Self::OTHER
    };

    /// It reads what an account has.
    const READ: Self = Self {
        account: AccountNeed::Required,
        access: Access::Read,
        repeatable: true,
        ..Self::OTHER
    };

    /// It reads what the marketplace says to everybody.
    const BROWSE: Self = Self {
        account: AccountNeed::IfAny,
        ..Self::READ
    };

    /// It changes something, and doing it twice would change it twice.
    const ADD: Self = Self {
        repeatable: false,
        access: Access::Write,
        ..Self::READ
    };

    /// It changes something to what the arguments say.
    const SET: Self = Self {
        access: Access::Write,
        ..Self::READ
    };

    /// It changes something in many steps, and finishes what broke off.
    const OPERATION: Self = Self {
        time_limit: TimeLimit::Operation,
        ..Self::SET
    };

    const fn at(self, routes: &'static [Route]) -> Self {
        Self { routes, ..self }
    }
}

/// What holds for a function of the contract, by its names in kebab case.
pub fn facts(interface: &str, function: &str) -> Facts {
    TABLE
        .iter()
        .find(|entry| entry.0 == interface && entry.1 == function)
        .map_or(Facts::OTHER, |entry| entry.2)
}

/// The scope of a key to the API that a function needs. An interface that is not in the table is a noun
/// of its own.
pub fn key_scope(interface: &str, facts: &Facts) -> KeyScope {
    let noun = NOUNS.iter().find(|(known, _)| *known == interface);
    KeyScope::new(noun.map_or(interface, |(_, noun)| noun), facts.access)
}

/// Interface, the noun of the scopes that open it.
#[rustfmt::skip]
static NOUNS: &[(&str, &str)] = &[
    ("plugin", "plugins"),
    ("auth", "accounts"),
    ("publish", "listings"),
    ("listings", "listings"),
    // What a product may be and say.
    ("taxonomy", "listings"),
    ("orders", "orders"),
    ("poll", "polling"),
    ("shop", "shop"),
    ("policies", "shop"),
    ("webhooks", "webhooks"),
];

/// Every route of a function of the contract: interface and function in kebab case, what holds for the
/// function, the route.
pub fn function_routes() -> impl Iterator<Item = (&'static str, &'static str, Facts, &'static Route)>
{
    TABLE.iter().flat_map(|(interface, function, facts)| {
        let routes = facts.routes.iter();
        routes.map(|route| (*interface, *function, *facts, route))
    })
}

/// The route that every function has, under `/api/{plugin}`.
pub fn call_route(interface: &str, function: &str) -> String {
    format!("/call/{interface}/{function}")
}

/// Interface, function, what holds.
#[rustfmt::skip]
static TABLE: &[(&str, &str, Facts)] = &[
    ("plugin", "describe", Facts::SELF),
    ("auth", "provider", Facts::SELF),
    ("auth", "identify", Facts { account: AccountNeed::FreshToken, ..Facts::SET }),

    ("publish", "rules", Facts::BROWSE.at(&[route(Method::Get, "/products/rules")])),
    ("publish", "preview", Facts { network: false, ..Facts::BROWSE }
        .at(&[route(Method::Post, "/products/preview")])),
    // Repeatable by its key: the journal finds what a try before made.
    ("publish", "create", Facts { one_at_a_time: true, ..Facts::OPERATION }
        .at(&[route(Method::Post, "/products/publish")])),
    ("publish", "update", Facts::OPERATION.at(&[route(Method::Put, "/products/update")])),
    ("publish", "set-offers", Facts::OPERATION.at(&[route(Method::Post, "/products/offers")])),
    // May cost a fee each time.
    ("publish", "activate", Facts { repeatable: false, ..Facts::OPERATION }
        .at(&[route(Method::Post, "/listings/{listing_id}/activate")])),
    ("publish", "pause", Facts::SET.at(&[route(Method::Post, "/listings/{listing_id}/pause")])),
    ("publish", "delete", Facts::SET.at(&[route(Method::Delete, "/products/delete")])),

    ("listings", "list", Facts::READ.at(&[
        fixed(Method::Get, "/listings/active", &[("state", "\"active\"")]),
        fixed(Method::Get, "/listings/draft", &[("state", "\"draft\"")]),
        fixed(Method::Get, "/listings/inactive", &[("state", "\"paused\"")]),
        fixed(Method::Get, "/listings/sold-out", &[("state", "\"sold_out\"")]),
        fixed(Method::Get, "/listings/expired", &[("state", "\"expired\"")]),
    ])),
    ("listings", "get-many", Facts::READ),
    ("listings", "get", Facts::READ.at(&[route(Method::Get, "/listings/{id}")])),
    ("listings", "get-product", Facts::READ),
    ("listings", "get-inventory", Facts::READ
        .at(&[route(Method::Get, "/listings/{id}/inventory")])),
    ("listings", "set-inventory", Facts::SET
        .at(&[route(Method::Put, "/listings/{id}/inventory")])),
    ("listings", "add-image", Facts { time_limit: TimeLimit::Operation, ..Facts::ADD }
        .at(&[route(Method::Post, "/listings/{id}/images")])),

    ("orders", "list", Facts::READ.at(&[route(Method::Get, "/orders")])),
    ("orders", "get", Facts::READ.at(&[route(Method::Get, "/orders/{id}")])),
    // The contract has the plugin never tell a shipment twice.
    ("orders", "ship", Facts::OPERATION.at(&[route(Method::Post, "/orders/{id}/ship")])),

    ("poll", "jobs", Facts { account: AccountNeed::IfAny, ..Facts::SELF }),
    ("poll", "fetch", Facts::READ),

    ("shop", "get", Facts::READ.at(&[route(Method::Get, "/shop")])),
    ("shop", "sections", Facts::READ.at(&[route(Method::Get, "/shop/sections")])),
    ("shop", "create-section", Facts::ADD.at(&[route(Method::Post, "/shop/sections")])),
    ("shop", "readiness", Facts::READ.at(&[route(Method::Get, "/shop/readiness")])),

    ("policies", "list", Facts::READ.at(&[
        route(Method::Get, "/policies"),
        fixed(Method::Get, "/shipping/profiles", SHIPPING),
    ])),
    ("policies", "schema", Facts::BROWSE.at(&[route(Method::Get, "/policies/{kind}/schema")])),
    // A shipping profile takes a request for each destination.
    ("policies", "create", Facts { time_limit: TimeLimit::Operation, ..Facts::ADD }.at(&[
        route(Method::Post, "/policies"),
        fixed(Method::Post, "/shipping/profiles", SHIPPING),
    ])),

    ("taxonomy", "nodes", Facts::BROWSE.at(&[route(Method::Get, "/taxonomy/nodes")])),
    ("taxonomy", "search", Facts::BROWSE.at(&[route(Method::Get, "/taxonomy/search")])),
    ("taxonomy", "properties", Facts::BROWSE
        .at(&[route(Method::Get, "/taxonomy/nodes/{node}/properties")])),

    // The pushes themselves come in by a route of the host's own, as the marketplace sends them.
    ("webhooks", "verified-by", Facts::SELF),
    ("webhooks", "subscribe", Facts { access: Access::Write, ..Facts::BROWSE }),
    ("webhooks", "receive", Facts { account: AccountNeed::None, ..Facts::SET }),
];

const SHIPPING: &[(&str, &str)] = &[("kind", "\"shipping\"")];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::docs::host_package;
    use super::super::names::snake_case;
    use super::*;

    /// Interface, function, parameters (snake case) of the host's own contract.
    fn contract() -> Vec<(String, String, Vec<String>)> {
        let (resolve, package) = host_package().unwrap();
        let interfaces = resolve.packages[package].interfaces.iter();
        interfaces
            .filter(|(name, _)| !matches!(name.as_str(), "context" | "journal" | "assets"))
            .flat_map(|(name, id)| {
                let functions = resolve.interfaces[*id].functions.values();
                functions.map(move |function| {
                    let params = function.params.iter().map(|param| snake_case(&param.name));
                    (name.clone(), function.name.clone(), params.collect())
                })
            })
            .collect()
    }

    #[test]
    fn every_function_of_the_contract_is_in_the_table() {
        let functions = contract();
        assert!(functions.len() > 30, "{}", functions.len());
        for (interface, function, _) in functions {
            assert_ne!(
                facts(&interface, &function),
                Facts::OTHER,
                "{interface}.{function}"
            );
        }
    }

    #[test]
    fn a_function_that_is_not_in_the_table_is_called_with_care() {
        let facts = facts("coupons", "create");
        assert_eq!(facts.account, AccountNeed::IfAny);
        assert!(facts.network);
        assert!(!facts.repeatable);
        assert_eq!(facts.time_limit.total(), Duration::from_secs(30));
    }

    #[test]
    fn who_may_only_look_changes_nothing() {
        let mut looked = Vec::new();
        for (interface, function, _) in contract() {
            let facts = facts(&interface, &function);
            let scope = key_scope(&interface, &facts);
            assert!(
                NOUNS.iter().any(|(known, _)| *known == interface),
                "{interface}"
            );
            if scope.access == Access::Read {
                let gets = facts
                    .routes
                    .iter()
                    .filter(|route| route.method != Method::Get);
                // A preview's product is in the body.
                let only = gets.map(|route| route.path).collect::<Vec<_>>();
                assert!(only.is_empty() || only == ["/products/preview"], "{only:?}");
                looked.push(format!("{interface}.{function} {scope}"));
            }
        }
        for function in ["publish.rules listings:read", "orders.list orders:read"] {
            assert!(looked.iter().any(|known| known == function), "{function}");
        }
        let changes = |interface, function| {
            let facts = facts(interface, function);
            key_scope(interface, &facts).to_string()
        };
        assert_eq!(changes("publish", "create"), "listings:write");
        assert_eq!(changes("listings", "set-inventory"), "listings:write");
        assert_eq!(changes("orders", "ship"), "orders:write");
        assert_eq!(changes("policies", "create"), "shop:write");
        assert_eq!(changes("coupons", "list"), "coupons:write");
    }

    #[test]
    fn every_route_is_one_functions_and_names_its_parameters() {
        let mut seen = HashSet::new();
        for (interface, function, params) in contract() {
            for route in facts(&interface, &function).routes {
                assert!(seen.insert((route.method, route.path)), "{route:?} twice");
                let held = route.path.split('/').filter_map(|segment| {
                    segment.strip_prefix('{').and_then(|s| s.strip_suffix('}'))
                });
                let fixed = route.fixed.iter().map(|(name, _)| *name);
                for name in held.chain(fixed) {
                    assert!(
                        params.iter().any(|param| param == name),
                        "{route:?}: {name}"
                    );
                }
                for (_, json) in route.fixed {
                    serde_json::from_str::<serde_json::Value>(json).unwrap();
                }
            }
        }
        assert!(seen.contains(&(Method::Post, "/products/publish")));
    }

    #[test]
    fn only_creating_is_one_at_a_time_and_an_operation_may_take_long() {
        for (interface, function, _) in contract() {
            let facts = facts(&interface, &function);
            assert_eq!(
                facts.one_at_a_time,
                (interface.as_str(), function.as_str()) == ("publish", "create")
            );
        }
        let create = facts("publish", "create");
        assert_eq!(create.time_limit.total(), Duration::from_secs(900));
        assert_eq!(
            create.time_limit.without_progress(),
            Duration::from_secs(90)
        );
    }
}
