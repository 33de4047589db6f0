//! Where the next page of a list is (RFC 8288), of a function whose reply says where it starts.

use std::io::Read as _;

use http::HeaderValue;
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::Endpoint;
use super::query::{Parameter, Query, parameters, place};
use crate::contract::{FunctionShape, Shape, ValueShape};

/// The name of the parameter that takes a page's beginning.
const CURSOR: &str = "cursor";

/// The field of a reply that says where the next page starts; without it, it is the last one.
#[derive(Deserialize)]
struct Page {
    next: Option<String>,
}

/// How a function pages.
#[derive(Debug)]
pub(super) struct Paging<'s> {
    endpoint: Endpoint,
    shape: &'s Shape,
    function: &'s FunctionShape,
    parameters: Vec<Parameter<'s>>,
}

impl<'s> Paging<'s> {
    /// `None` where the function has no cursor, takes none from a query, or gives none.
    pub(super) fn of(
        endpoint: Endpoint,
        shape: &'s Shape,
        function: &'s FunctionShape,
    ) -> Option<Self> {
        if endpoint.has_body() || !gives_next(shape, function) {
            return None;
        }
        let parameters = parameters(endpoint, shape, function);
        let takes_cursor = parameters.iter().any(|it| it.name == CURSOR);
        takes_cursor.then_some(Self {
            endpoint,
            shape,
            function,
            parameters,
        })
    }

    /// `</api/etsy/orders?paid=true&cursor=…>; rel="next"`: the same request, one page on.
    pub(super) fn next(&self, reply: &[u8], path: &str, query: &Query) -> Option<HeaderValue> {
        let next = next_of(reply)?;
        let at = |name: &str| {
            let place = place(
                &self.parameters,
                self.endpoint,
                self.shape,
                self.function,
                name,
            );
            place.map(|place| place.path)
        };
        let cursor = at(CURSOR)?;
        let mut pairs = Serializer::new(String::new());
        for (name, value) in &query.pairs {
            if at(name).as_ref() != Some(&cursor) {
                pairs.append_pair(name, value);
            }
        }
        pairs.append_pair(CURSOR, &next);
        let link = format!("<{path}?{}>; rel=\"next\"", pairs.finish());
        HeaderValue::from_str(&link).ok()
    }
}

/// What a reply says of the next page. A page may be long and says it at its end, so what stands before
/// is read only where the end does not tell.
fn next_of(reply: &[u8]) -> Option<String> {
    const MEMBER: &[u8] = b"\"next\":";
    // Mostly there is none, and forwards is much the faster way to know it.
    memchr::memmem::find(reply, MEMBER)?;
    let at = memchr::memmem::rfind(reply, MEMBER)?;
    let end = b"{".chain(reply.get(at..)?);
    // The end of the reply closes one object: the member is the page's own, and no item's.
    let page = serde_json::from_reader::<_, Page>(end);
    page.or_else(|_| serde_json::from_slice(reply)).ok()?.next
}

/// Whether a function's reply may lead to a next page.
pub(in crate::api) fn pages(endpoint: Endpoint, shape: &Shape, function: &FunctionShape) -> bool {
    Paging::of(endpoint, shape, function).is_some()
}

/// Whether the reply is a record with a `next`.
fn gives_next(shape: &Shape, function: &FunctionShape) -> bool {
    let ok = match &function.result {
        Some(ValueShape::Result { ok: Some(ok), .. }) => ok,
        Some(other) => other,
        None => return false,
    };
    let fields = shape.fields(ok).map(|(_, fields)| fields);
    let mut fields = fields.unwrap_or_default().iter();
    fields.any(|field| field.name == "next" && *field.value.inner() == ValueShape::String)
}

#[cfg(test)]
mod tests {
    use super::next_of;

    #[test]
    fn the_next_page_is_the_one_that_the_page_itself_says() {
        for (reply, next) in [
            (r#"{"items":[],"next":"c2","total":1}"#, Some("c2")),
            (r#"{"items":[{"next":"no"}],"next":"c2"}"#, Some("c2")),
            (r#"{"next":"c2","items":[{"next":"no"}]}"#, Some("c2")),
            (r#"{"next":"c2","items":[{"a":{"x\"next":1}}]}"#, Some("c2")),
            (
                r#"{"items":["\"next\":\"no\""],"next":"a\"}"}"#,
                Some("a\"}"),
            ),
            (r#"{"items":[{"next":"no"}]}"#, None),
            (r#"{"items":[{"next":"no"}],"total":1}"#, None),
            (r#"{"items":[],"next":null}"#, None),
            (r#"[{"next":"no"}]"#, None),
            ("null", None),
        ] {
            assert_eq!(next_of(reply.as_bytes()).as_deref(), next, "{reply}");
        }
    }
}
