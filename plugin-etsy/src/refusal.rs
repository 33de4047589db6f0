//! Etsy's refusals as errors of the contract. The body is not uniform: an object with `error`, a
//! list of violations with paths, text with a path inside, a gateway's page, nothing.

use stoflow_plugin_sdk::http::{Complaint, Failure, Request, Response, send_all};
use stoflow_plugin_sdk::types::{Error, Violation};
use stoflow_plugin_sdk::violation;

/// Sends a request; a status other than 2xx is an error.
///
/// # Errors
///
/// The contract's, in Etsy's words; `uncertain` where a write may have happened.
pub fn call(request: Request) -> Result<Response, Error> {
    answer(request.send())
}

/// Sends several at once; the answers come in the order of the requests.
#[must_use]
pub fn call_all(requests: Vec<Request>) -> Vec<Result<Response, Error>> {
    send_all(requests).into_iter().map(answer).collect()
}

fn answer(reply: Result<Response, Failure>) -> Result<Response, Error> {
    let reply = reply?;
    if reply.is_success() {
        Ok(reply)
    } else {
        Err(error(&reply))
    }
}

/// The contract's error for a reply that is no success.
#[must_use]
pub fn error(reply: &Response) -> Error {
    let mut complaint = Complaint::read(reply);
    if complaint.violations.is_empty() {
        complaint.violations = path_in_text(&complaint.message).into_iter().collect();
    }
    for violation in &mut complaint.violations {
        violation.path = argument(&violation.path);
    }
    let lower = complaint.message.to_ascii_lowercase();
    match reply.status {
        // A missing scope is answered 403: the consent is too narrow, which connecting again mends.
        403 if lower.contains("scope") => Error::Unauthorized(complaint.message),
        // Frozen or suppressed by Etsy: no repetition helps.
        400 if lower.contains("frozen") => Error::Conflict(complaint.message),
        _ => reply.error(complaint),
    }
}

/// `There was a problem with /tags : You may not have duplicate tags.`
fn path_in_text(message: &str) -> Option<Violation> {
    let (_, rest) = message.split_once("problem with /")?;
    let (path, text) =
        rest.split_once(|character: char| character.is_whitespace() || character == ':')?;
    let text =
        text.trim_start_matches(|character: char| character.is_whitespace() || character == ':');
    Some(violation(&format!("/{path}"), "refused", text))
}

/// Etsy's path as a pointer into the arguments of `create` and `update`.
fn argument(path: &str) -> String {
    let mut parts = path.trim_start_matches('/').split('/');
    let first = parts.next().unwrap_or_default();
    let product = match first {
        "" => "",
        "price" | "quantity" => return format!("/product/variations/0/{first}"),
        "sku" => "/variations/0/sku",
        "taxonomy_id" => "/category",
        "image" | "images" | "image_ids" | "listing_image_id" => "/images",
        "file" | "files" => "/files",
        "shipping_profile_id" | "return_policy_id" | "readiness_state_id" => "/policies",
        "shop_section_id" => "/sections",
        "item_weight" | "item_weight_unit" => "/weight",
        "item_length" | "item_width" | "item_height" | "item_dimensions_unit" => "/dimensions",
        "products" => return product_row(parts),
        "title" | "description" => return format!("/product/{first}"),
        "tags" | "materials" => {
            return match parts.next() {
                Some(index) => format!("/product/{first}/{index}"),
                None => format!("/product/{first}"),
            };
        }
        other => return format!("/product/extension/{other}"),
    };
    format!("/product{product}")
}

/// `products/2/offerings/0/price` is the price of the third variation.
fn product_row<'a>(mut parts: impl Iterator<Item = &'a str>) -> String {
    let Some(index) = parts.next() else {
        return "/product/variations".to_owned();
    };
    let field = match parts.next() {
        Some("sku") => "/sku",
        Some("property_values") => "/choices",
        Some("offerings") => match parts.nth(1) {
            Some("price") => "/price",
            Some("quantity") => "/quantity",
            _ => "",
        },
        _ => "",
    };
    format!("/product/variations/{index}{field}")
}

/// The same error for a function whose arguments have the product's fields elsewhere.
#[must_use]
pub fn under(pointer: &str, error: Error) -> Error {
    match error {
        Error::Invalid(mut violations) => {
            for violation in &mut violations {
                if let Some(rest) = violation.path.strip_prefix("/product") {
                    violation.path = format!("{pointer}{rest}");
                }
            }
            Error::Invalid(violations)
        }
        other => other,
    }
}

/// The same error for a function with arguments of its own: `name` is given each path as [`error`]
/// made it, and says what the function calls it; `None` for the whole of the arguments.
#[must_use]
pub fn renamed(error: Error, name: impl Fn(&str) -> Option<String>) -> Error {
    match error {
        Error::Invalid(mut violations) => {
            for violation in &mut violations {
                violation.path = name(&violation.path).unwrap_or_default();
            }
            Error::Invalid(violations)
        }
        other => other,
    }
}

/// Adds where the trouble was to an error about a file or without a path.
#[must_use]
pub fn at(pointer: &str, error: Error) -> Error {
    match error {
        Error::Invalid(mut violations) => {
            for violation in &mut violations {
                if violation.path.is_empty() {
                    pointer.clone_into(&mut violation.path);
                }
            }
            Error::Invalid(violations)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stoflow_plugin_sdk::http::Method;

    fn refused(method: Method, status: u16, body: &str) -> Error {
        let headers = vec![("retry-after".to_owned(), "86400".to_owned())];
        let (body, path) = (body.as_bytes().to_vec(), "/v3/application/x".to_owned());
        error(&Response {
            status,
            headers,
            body,
            method,
            path,
        })
    }

    #[test]
    fn every_shape_of_etsys_is_read() {
        let list = r#"[{"path":"/title/1","type":"invalid_characters","message":"contains invalid characters"}]"#;
        assert_eq!(
            refused(Method::Post, 400, list),
            Error::invalid(
                "/product/title",
                "invalid_characters",
                "contains invalid characters"
            )
        );
        let text =
            r#"{"error":"There was a problem with /tags : You may not have duplicate tags."}"#;
        assert_eq!(
            refused(Method::Patch, 400, text),
            Error::invalid(
                "/product/tags",
                "refused",
                "You may not have duplicate tags."
            )
        );
        assert_eq!(
            refused(
                Method::Post,
                400,
                r#"{"error":"Missing input parameter: [value_ids]"}"#
            ),
            Error::rejected(400, None, "Missing input parameter: [value_ids]")
        );
        assert_eq!(
            refused(
                Method::Get,
                401,
                r#"{"error":"invalid_token","error_description":"expired"}"#
            ),
            Error::Unauthorized("expired".into())
        );
        assert_eq!(
            refused(Method::Get, 502, "<html><h1>Bad Gateway</h1></html>"),
            Error::Unavailable("Bad Gateway".into())
        );
        assert!(matches!(
            refused(Method::Post, 500, ""),
            Error::Uncertain(_)
        ));
        assert_eq!(
            refused(Method::Get, 429, r#"{"error":"Exceeded daily rate limit"}"#),
            Error::RateLimited(Some(86_400))
        );
    }

    #[test]
    fn a_narrow_consent_and_a_frozen_listing_are_told_apart() {
        let scope = r#"{"error":"insufficient_scope"}"#;
        assert!(matches!(
            refused(Method::Get, 403, scope),
            Error::Unauthorized(_)
        ));
        let secret = r#"{"error":"Shared secret is required in x-api-key header."}"#;
        assert!(matches!(
            refused(Method::Get, 403, secret),
            Error::Forbidden(_)
        ));
        let frozen = r#"{"error":"Listing is not publishable because it's frozen"}"#;
        assert!(matches!(
            refused(Method::Patch, 400, frozen),
            Error::Conflict(_)
        ));
    }

    #[test]
    fn paths_point_into_the_product() {
        assert_eq!(
            argument("/products/2/offerings/0/price"),
            "/product/variations/2/price"
        );
        assert_eq!(
            argument("/products/1/property_values/0"),
            "/product/variations/1/choices"
        );
        assert_eq!(argument("/price"), "/product/variations/0/price");
        assert_eq!(argument("/images"), "/product/images");
        assert_eq!(argument("/materials/3"), "/product/materials/3");
        assert_eq!(argument("/who_made"), "/product/extension/who_made");
        assert_eq!(argument(""), "/product");
    }
}
