//! `/api/{plugin}/listings/active`, `/api/{plugin}/products/publish` and so on: the functions of the
//! contract by routes of their own, for every plugin that exports them. Which routes there are stands in
//! the contract's table, what they take in the plugin's own schema: a plugin whose record has gained a
//! field has gained a parameter.
//!
//! `GET` and `DELETE` take the arguments from the query, see [`query`]; `POST` and `PUT` take the object
//! of arguments as their body, or a form with files, as `call` does. What stands in the path stands
//! nowhere else.

mod body;
mod paging;
mod path;
mod query;

use std::sync::Arc;

use axum::extract::{FromRequest, OriginalUri, RawQuery, Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::{Method, header};
use http_body::Body as _;
use serde_json::Value;

use super::caller::Caller;
use super::extract::Path;
use super::form::CallForm;
use super::idempotency::{Once, Repeats, uncertain};
use super::invocation::{CALL_PROBLEMS, Invocation, Subject, json};
use super::operation::Usually;
use super::plugins::plugin_id;
use super::prefer::Preference;
use super::problem::{Problem, ProblemKind, Violation};
use super::route::{Permission, Route};
use crate::contract::{
    self, ArgumentCode, Function, Schema, TimeLimit, facts, function_routes, function_summary,
    key_scope,
};
use crate::host::Host;
use crate::model;
use paging::Paging;
pub(super) use paging::pages;
use query::Query;
pub(super) use query::{Parameter, parameters};

/// A function, at one of its routes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Endpoint {
    pub(super) interface: &'static str,
    pub(super) function: &'static str,
    pub(super) at: &'static contract::Route,
}

/// The routes of the contract's functions.
pub(super) fn routes() -> Vec<Route> {
    endpoints().map(Endpoint::route).collect()
}

/// All functions at all their routes.
pub(super) fn endpoints() -> impl Iterator<Item = Endpoint> {
    function_routes().map(|(interface, function, _, at)| Endpoint {
        interface,
        function,
        at,
    })
}

impl Endpoint {
    fn route(self) -> Route {
        let serve = move |caller: Caller,
                          State(host): State<Arc<Host>>,
                          Path(path): Path<Vec<(String, String)>>,
                          uri: OriginalUri,
                          query: RawQuery,
                          request: Request| {
            self.serve(caller, host, path, uri, query, request)
        };
        let method = self.method();
        let permission = self.permission();
        let route = Route::new(
            method,
            self.path("{plugin}"),
            permission,
            (self.tag(), self.summary()),
            serve,
        );
        route
            .query::<Subject>()
            .replies::<Value>(200, "What the function returned.")
            .repeats(Repeats::Called(Usually::AtOnce))
            .fails(CALL_PROBLEMS)
    }

    /// Where a plugin has it.
    pub(super) fn path(self, plugin: &str) -> String {
        format!("/api/{plugin}{}", self.at.path)
    }

    pub(super) fn method(self) -> Method {
        match self.at.method {
            model::Method::Get => Method::GET,
            model::Method::Head => Method::HEAD,
            model::Method::Post => Method::POST,
            model::Method::Put => Method::PUT,
            model::Method::Patch => Method::PATCH,
            model::Method::Delete => Method::DELETE,
        }
    }

    /// Whether the arguments are in the body. A client cannot rely on the body of another method
    /// reaching anybody (RFC 9110 §9.3.1, §9.3.5).
    pub(super) fn has_body(self) -> bool {
        matches!(
            self.at.method,
            model::Method::Post | model::Method::Put | model::Method::Patch
        )
    }

    pub(super) fn permission(self) -> Permission {
        let facts = facts(self.interface, self.function);
        Permission::Scope(key_scope(self.interface, &facts))
    }

    pub(super) fn tag(self) -> &'static str {
        match self.interface {
            "publish" => "Products",
            "listings" => "Listings",
            "orders" => "Orders",
            "shop" => "Shop",
            "policies" => "Policies",
            "taxonomy" => "Categories",
            _ => "Functions",
        }
    }

    pub(super) fn summary(self) -> String {
        let mut summary = function_summary(self.interface, self.function);
        for (name, value) in self.at.fixed {
            summary.push_str(&format!("; {name} is {}", value.trim_matches('"')));
        }
        summary
    }

    /// Whether the path says this parameter.
    pub(super) fn says(self, param: &str) -> bool {
        let segments = self.at.path.split('/');
        let mut named = segments.filter_map(|it| it.strip_prefix('{')?.strip_suffix('}'));
        self.at.fixed.iter().any(|(name, _)| *name == param) || named.any(|name| name == param)
    }

    async fn serve(
        self,
        caller: Caller,
        host: Arc<Host>,
        path: Vec<(String, String)>,
        OriginalUri(uri): OriginalUri,
        RawQuery(query): RawQuery,
        request: Request,
    ) -> Result<Response, Problem> {
        let mut path = path.into_iter();
        let (_, plugin) = path.next().unwrap_or_default();
        let plugin = plugin_id(&host, &plugin)?;
        let active = host.plugins.active(&plugin)?;
        let schema = active.linked.schema();
        let callee = self.callee(schema)?;
        let query = Query::parse(query.as_deref().unwrap_or_default())?;
        let said = path::arguments(self, schema.shape(), callee.shape(), path)?;
        let wished = Preference::of(request.headers());
        let once = request.extensions().get::<Once>().cloned();
        let form = match self.has_body() {
            true => {
                query.refuse_arguments()?;
                let form = CallForm::from_request(request, &()).await?;
                CallForm {
                    arguments: body::with(&form.arguments, &said),
                    ..form
                }
            }
            false => {
                refuse_body(&request)?;
                let arguments = query.arguments(self, schema.shape(), callee.shape(), said)?;
                CallForm {
                    arguments: Bytes::from(Value::Object(arguments).to_string()),
                    ..CallForm::default()
                }
            }
        };
        let subject = query.subject.clone();
        let invocation = Invocation::of(&host, caller, &active, callee, subject, form)?;
        let takes_long = callee.facts().time_limit == TimeLimit::Operation;
        if takes_long || wished.events {
            let wished = (wished, Usually::AtOnce);
            let answer = invocation.answer(host, wished, once).await;
            return answer.map_err(|problem| self.naming_the_path(problem));
        }
        if once.is_some_and(|once| once.broke_off) && !callee.facts().repeatable {
            return Err(uncertain());
        }
        let reply = invocation.run(&host).await;
        let reply = reply.map_err(|problem| self.naming_the_path(problem))?;
        let paging = Paging::of(self, schema.shape(), callee.shape());
        let next = paging.and_then(|paging| paging.next(&reply, uri.path(), &query));
        let mut response = json(reply);
        if let Some(next) = next {
            response.headers_mut().insert(header::LINK, next);
        }
        Ok(response)
    }

    /// The function of the active version. Another package may have an interface of the same name,
    /// whose functions only look like those of the contract.
    fn callee(self, schema: &Schema) -> Result<&Function, Problem> {
        let callee = schema.function(self.interface, self.function)?;
        if schema.has(self.interface) {
            return Ok(callee);
        }
        let (interface, function) = (self.interface, self.function);
        Err(Problem::new(
            ProblemKind::UnknownFunction,
            format_args!("{interface} is here an interface of the plugin's own"),
        )
        .remedy(format_args!("POST …/call/{interface}/{function}")))
    }

    /// What the body says though the path says it is no mere repetition.
    fn naming_the_path(self, mut problem: Problem) -> Problem {
        let duplicate = ArgumentCode::Duplicate.as_str();
        let violations = problem.violations.iter_mut();
        for violation in violations.filter(|it| it.code == duplicate) {
            if self.says(violation.path.trim_start_matches('/')) {
                "the path says it; leave it out of the body".clone_into(&mut violation.message);
            }
        }
        problem
    }
}

/// What nobody would read is refused: its sender takes it for read.
fn refuse_body(request: &Request) -> Result<(), Problem> {
    if request.body().is_end_stream() {
        return Ok(());
    }
    let method = request.method();
    Err(Problem::new(
        ProblemKind::BadRequest,
        format_args!("{method} takes no body here"),
    )
    .remedy("write the arguments in the query"))
}

/// What is wrong with arguments that no plugin has seen.
fn misfit(violations: Vec<Violation>) -> Problem {
    let title = "the arguments do not fit the function; nothing was called";
    let mut problem = Problem::new(ProblemKind::InvalidArguments, title);
    problem.violations = violations;
    problem
}
