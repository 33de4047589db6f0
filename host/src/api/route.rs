//! A route of the API: where it is, who may use it, what it takes and gives. The router, the checks of
//! keys and OpenAPI are made from the same list, so that none of them has a route that another lacks.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::handler::Handler;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use http::Method;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::authenticate;
use super::caller::Caller;
use super::idempotency::{Repeats, once};
use super::problem::ProblemKind;
use crate::host::Host;
use crate::model::{Access, KeyScope};

/// Who may use a route.
#[derive(Debug, Clone)]
pub(super) enum Permission {
    /// Anybody: a seller's browser, a marketplace, whoever looks whether the host lives.
    Anybody,
    /// Whoever has a key. What else it takes, the handler looks at.
    Caller,
    /// Whoever has a key, as [`Permission::Caller`]; a browser asks its person for one. Only for what is
    /// read and the same for everybody.
    Reader,
    /// Whoever has a key with this scope, for his user's things; operators, for everybody's.
    Scope(KeyScope),
    /// Operators.
    Operator,
}

/// One method of one path.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) method: Method,
    pub(super) path: Cow<'static, str>,
    pub(super) permission: Permission,
    /// Under which heading it stands in the documentation.
    pub(super) tag: &'static str,
    /// What it does, in a line.
    pub(super) summary: Cow<'static, str>,
    /// The query's parameters, as the members of an object.
    pub(super) query: Option<SchemaOf>,
    /// The body that it takes.
    pub(super) body: Option<Content>,
    /// What it gives when it succeeds.
    pub(super) replies: Vec<Reply>,
    /// How it fails, besides what every route may answer.
    pub(super) problems: Vec<ProblemKind>,
    /// What it does with a request that comes again.
    repeats: Repeats,
    handler: MethodRouter<Arc<Host>>,
}

/// Makes the schema of a type.
pub(super) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// A body.
#[derive(Debug, Clone)]
pub(super) struct Content {
    pub(super) media_type: &'static str,
    /// `None` for what is no JSON.
    pub(super) schema: Option<SchemaOf>,
}

/// A reply.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) says: &'static str,
    /// `None` where it has no body.
    pub(super) content: Option<Content>,
}

impl Route {
    /// A route that a handler serves. What it does is said in a line; it stands under the heading `tag`.
    pub(super) fn new<H, T>(
        method: Method,
        path: impl Into<Cow<'static, str>>,
        permission: Permission,
        (tag, summary): (&'static str, impl Into<Cow<'static, str>>),
        handler: H,
    ) -> Self
    where
        H: Handler<T, Arc<Host>>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
        Self {
            method,
            path: path.into(),
            permission,
            tag,
            summary: summary.into(),
            query: None,
            body: None,
            replies: Vec::new(),
            problems: Vec::new(),
            repeats: Repeats::default(),
            handler: on(filter, handler),
        }
    }

    /// With parameters of this form in its query.
    pub(super) fn query<T: JsonSchema>(mut self) -> Self {
        self.query = Some(SchemaGenerator::subschema_for::<T>);
        self
    }

    /// Taking JSON of this form.
    pub(super) fn body<T: JsonSchema>(mut self) -> Self {
        self.body = Some(Content {
            media_type: "application/json",
            schema: Some(SchemaGenerator::subschema_for::<T>),
        });
        self
    }

    /// Taking what a page's form of this form sends.
    pub(super) fn form<T: JsonSchema>(mut self) -> Self {
        self.body = Some(Content {
            media_type: "application/x-www-form-urlencoded",
            schema: Some(SchemaGenerator::subschema_for::<T>),
        });
        self
    }

    /// Taking a file.
    pub(super) fn body_of(mut self, media_type: &'static str) -> Self {
        self.body = Some(Content {
            media_type,
            schema: None,
        });
        self
    }

    /// Answering with JSON of this form.
    pub(super) fn replies<T: JsonSchema>(mut self, status: u16, says: &'static str) -> Self {
        self.replies.push(Reply {
            status,
            says,
            content: Some(Content {
                media_type: "application/json",
                schema: Some(SchemaGenerator::subschema_for::<T>),
            }),
        });
        self
    }

    /// Answering with something else than JSON.
    pub(super) fn replies_with(
        mut self,
        status: u16,
        says: &'static str,
        media_type: &'static str,
    ) -> Self {
        self.replies.push(Reply {
            status,
            says,
            content: Some(Content {
                media_type,
                schema: None,
            }),
        });
        self
    }

    /// Answering without a body.
    pub(super) fn replies_empty(mut self, status: u16, says: &'static str) -> Self {
        self.replies.push(Reply {
            status,
            says,
            content: None,
        });
        self
    }

    /// Failing so, besides as every route may.
    pub(super) fn fails(mut self, problems: &[ProblemKind]) -> Self {
        self.problems.extend_from_slice(problems);
        self
    }

    /// Doing this with a request that comes again.
    pub(super) fn repeats(mut self, repeats: Repeats) -> Self {
        self.repeats = repeats;
        self
    }

    /// Taking no larger body than this many bytes.
    pub(super) fn body_bytes_max(mut self, bytes: usize) -> Self {
        self.handler = self.handler.route_layer(DefaultBodyLimit::max(bytes));
        self
    }
}

impl Permission {
    /// Looking at this noun.
    pub(super) fn read(noun: &'static str) -> Self {
        Self::Scope(KeyScope::new(noun, Access::Read))
    }

    /// Changing this noun.
    pub(super) fn write(noun: &'static str) -> Self {
        Self::Scope(KeyScope::new(noun, Access::Write))
    }
}

/// The router of these routes; each is reached by those who may.
pub(super) fn router(routes: Vec<Route>, host: &Arc<Host>) -> Router<Arc<Host>> {
    let mut router = Router::new();
    for route in routes {
        let (host, repeats) = (Arc::clone(host), route.repeats);
        let once = middleware::from_fn(move |request: Request, next: Next| {
            once(Arc::clone(&host), repeats, request, next)
        });
        let permission = Arc::new(route.permission);
        let guard = middleware::from_fn(move |request: Request, next: Next| {
            guard(Arc::clone(&permission), request, next)
        });
        router = router.route(
            &route.path,
            route.handler.route_layer(once).route_layer(guard),
        );
    }
    router
}

/// A handler that is reached by those who may.
pub(super) fn guarded<H, T>(permission: Permission, handler: H) -> impl Handler<T, Arc<Host>>
where
    H: Handler<T, Arc<Host>>,
    T: 'static,
{
    let permission = Arc::new(permission);
    handler.layer(middleware::from_fn(move |request: Request, next: Next| {
        guard(Arc::clone(&permission), request, next)
    }))
}

async fn guard(permission: Arc<Permission>, mut request: Request, next: Next) -> Response {
    let is_for_readers = matches!(&*permission, Permission::Reader);
    if is_for_readers {
        authenticate::readers(request.extensions_mut());
    }
    let caller = request.extensions().get::<Caller>();
    let allowed = match (&*permission, caller) {
        (Permission::Anybody, _) => Ok(()),
        (_, None) if is_for_readers => {
            return authenticate::readers_refusal(request.extensions());
        }
        (_, None) => return authenticate::refusal(request.extensions()),
        (Permission::Caller | Permission::Reader, Some(_)) => Ok(()),
        (Permission::Scope(scope), Some(caller)) => caller.demand(scope),
        (Permission::Operator, Some(caller)) => caller.demand_operator(),
    };
    match allowed {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}
