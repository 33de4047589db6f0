//! The third stage: what a plugin may not say in a header.
//!
//! Credentials are the host's, framing is the transport's, and what is said about the way a request
//! took is nobody's. A server that hands headers to CGI reads `x_api_key` as `x-api-key`, so names
//! are compared as such a server would.

use http::header::{CONNECTION, CONTENT_LENGTH};
use http::{HeaderMap, HeaderName};

use super::refusal::{Refusal, RefusalKind};
use crate::model::{Credential, Grant};

/// Credentials, which are the host's alone. A plugin that sets one is mistaken or hostile, and is told
/// so instead of being sent on without it.
const CREDENTIALS: &[&str] = &[
    "authorization",
    "cookie",
    "proxy-authorization",
    "x-api-key",
];

/// Removed from every request. `x-http-method-override` and its like would turn a granted POST into
/// a DELETE that is not.
const STRIPPED: &[&str] = &[
    "host",
    "content-length",
    "transfer-encoding",
    "te",
    "trailer",
    "connection",
    "keep-alive",
    "upgrade",
    "http2-settings",
    "expect",
    "forwarded",
    "via",
    "x-real-ip",
    "accept-encoding",
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
];

/// And every header whose name begins like this.
const STRIPPED_PREFIXES: &[&str] = &["proxy-", "x-forwarded-"];

/// Header fields of a request.
const FIELDS_MAX: usize = 100;

/// Names and values of all header fields of a request together.
const FIELD_BYTES_MAX: usize = 32 * 1024;

/// The headers without what is not the plugin's to say, and the length that it declared.
pub(super) fn strip(
    mut headers: HeaderMap,
    grant: Option<&Grant>,
) -> Result<(HeaderMap, Option<u64>), Refusal> {
    let length = declared_length(&headers)?;
    let size: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if headers.len() > FIELDS_MAX || size > FIELD_BYTES_MAX {
        let what = format!("its headers are {} fields of {size} bytes", headers.len());
        return Err(Refusal::new(RefusalKind::RequestHeaders, what)
            .remedy("a request may have 100 header fields of 32 KiB together"));
    }
    let named_by_connection = hop_by_hop(&headers);
    let secret: Vec<String> = grant.into_iter().flat_map(secret_names).collect();
    for name in headers.keys() {
        let spelled = name.as_str().replace('_', "-");
        if CREDENTIALS.contains(&spelled.as_str()) || secret.contains(&spelled) {
            return Err(set_credential(name));
        }
    }
    let unwanted: Vec<HeaderName> = headers
        .keys()
        .filter(|name| {
            let spelled = name.as_str().replace('_', "-");
            STRIPPED.contains(&spelled.as_str())
                || STRIPPED_PREFIXES
                    .iter()
                    .any(|prefix| spelled.starts_with(prefix))
                || named_by_connection.contains(*name)
        })
        .cloned()
        .collect();
    for name in unwanted {
        headers.remove(name);
    }
    Ok((headers, length))
}

fn set_credential(name: &HeaderName) -> Refusal {
    let what = format!("the plugin set the header {name}, which the host alone sets");
    Refusal::new(RefusalKind::RequestHeaders, what)
        .remedy("leave it out: the host adds what the endpoint's granted credentials say")
}

/// One length, or none. Two that differ are how a request is smuggled inside of another.
fn declared_length(headers: &HeaderMap) -> Result<Option<u64>, Refusal> {
    let mut values = headers.get_all(CONTENT_LENGTH).iter();
    let Some(first) = values.next() else {
        return Ok(None);
    };
    let digits = first
        .to_str()
        .ok()
        .filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    let length = digits
        .and_then(|text| text.parse().ok())
        .filter(|_| values.all(|v| v == first));
    length.map(Some).ok_or_else(|| {
        Refusal::new(
            RefusalKind::RequestBody,
            "its content-length is not one number",
        )
    })
}

/// What `connection` declares to be for the next hop only.
fn hop_by_hop(headers: &HeaderMap) -> Vec<HeaderName> {
    headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect()
}

/// The headers that any of the grant's credentials fills, not only those of the endpoint at hand: no
/// endpoint is sent a plugin's idea of one.
fn secret_names(grant: &Grant) -> impl Iterator<Item = String> {
    grant
        .endpoints
        .iter()
        .flat_map(|endpoint| &endpoint.credentials)
        .filter_map(|credential| match credential {
            Credential::Header(header) => Some(header.name.to_ascii_lowercase().replace('_', "-")),
            Credential::UserToken | Credential::AppToken(_) => None,
        })
}

/// Removes what a reply says about its own way and what is for the host only.
pub(super) fn strip_reply(headers: &mut HeaderMap) {
    for name in hop_by_hop(headers) {
        headers.remove(name);
    }
    for name in [
        "set-cookie",
        "www-authenticate",
        "proxy-authenticate",
        "authentication-info",
        "connection",
        "keep-alive",
        "proxy-connection",
        "transfer-encoding",
        "te",
        "trailer",
        "upgrade",
        "alt-svc",
    ] {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Endpoint, Method, SecretHeader};

    fn headers(fields: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        headers
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        headers.keys().map(HeaderName::as_str).collect()
    }

    #[test]
    fn a_credential_that_the_plugin_sets_is_refused_by_name_however_it_is_spelled() {
        for name in [
            "authorization",
            "Authorization",
            "COOKIE",
            "x-api-key",
            "X_Api_Key",
            "proxy-authorization",
        ] {
            let refusal = strip(headers(&[(name, "mine"), ("accept", "y")]), None).unwrap_err();
            assert_eq!(refusal.kind, RefusalKind::RequestHeaders, "{name}");
            let said = refusal.to_string();
            assert!(
                said.contains(&name.to_lowercase()) && !said.contains("mine"),
                "{said}"
            );
        }
    }

    #[test]
    fn what_is_not_the_plugins_to_say_is_removed_however_it_is_spelled() {
        for name in [
            "host",
            "transfer-encoding",
            "te",
            "trailer",
            "upgrade",
            "expect",
            "forwarded",
            "via",
            "x-forwarded-for",
            "X_Forwarded_Host",
            "x-forwarded-",
            "proxy-connection",
            "proxy-anything",
            "accept-encoding",
            "keep-alive",
            "http2-settings",
            "x-http-method-override",
            "x_method_override",
        ] {
            let (kept, _) = strip(headers(&[(name, "x"), ("accept", "y")]), None).unwrap();
            assert_eq!(names(&kept), ["accept"], "{name}");
        }
    }

    #[test]
    fn a_header_that_any_credential_names_is_refused() {
        let grant = Grant {
            endpoints: vec![Endpoint {
                origin: "https://a.test".into(),
                path_prefix: "/".into(),
                methods: vec![Method::Get],
                credentials: vec![
                    Credential::UserToken,
                    Credential::Header(SecretHeader {
                        name: "X-Shop-Secret".into(),
                        template: "{client-secret}".into(),
                    }),
                ],
                quotas: vec![],
                cache_seconds: None,
            }],
            ..Grant::nothing()
        };
        for name in ["x-shop-secret", "x_shop_secret"] {
            let refusal = strip(headers(&[(name, "mine")]), Some(&grant)).unwrap_err();
            assert!(refusal.what.contains(name), "{refusal}");
        }
        let (kept, _) = strip(headers(&[("x-shop", "3")]), Some(&grant)).unwrap();
        assert_eq!(names(&kept), ["x-shop"]);
    }

    #[test]
    fn what_connection_names_goes_with_it() {
        let mine = headers(&[
            ("connection", "x-one, X-Two"),
            ("x-one", "1"),
            ("x-two", "2"),
            ("x-three", "3"),
        ]);
        let (kept, _) = strip(mine, None).unwrap();
        assert_eq!(names(&kept), ["x-three"]);
    }

    #[test]
    fn a_declared_length_is_one_number() {
        for (values, length) in [
            (&[][..], Ok(None)),
            (&["5"], Ok(Some(5))),
            (&["5", "5"], Ok(Some(5))),
            (&["5", "6"], Err(())),
            (&["5, 5"], Err(())),
            (&["-5"], Err(())),
            (&["+5"], Err(())),
            (&["0x5"], Err(())),
            (&[""], Err(())),
            (&["99999999999999999999999"], Err(())),
        ] {
            let fields: Vec<_> = values
                .iter()
                .map(|value| ("content-length", *value))
                .collect();
            let found = strip(headers(&fields), None)
                .map(|(_, length)| length)
                .map_err(|_| ());
            assert_eq!(found, length, "{values:?}");
        }
    }

    #[test]
    fn headers_without_end_are_refused() {
        let many: Vec<String> = (0..101).map(|number| format!("x-{number}")).collect();
        let fields: Vec<_> = many.iter().map(|name| (name.as_str(), "1")).collect();
        assert!(strip(headers(&fields), None).is_err());
        let long = "x".repeat(FIELD_BYTES_MAX);
        assert!(strip(headers(&[("x-long", &long)]), None).is_err());
    }

    #[test]
    fn a_reply_keeps_what_is_for_the_plugin() {
        let mut reply = headers(&[
            ("set-cookie", "session=1"),
            ("www-authenticate", "Bearer realm=x"),
            ("connection", "close, x-hop"),
            ("x-hop", "1"),
            ("transfer-encoding", "chunked"),
            ("content-type", "application/json"),
            ("location", "/x"),
        ]);
        strip_reply(&mut reply);
        assert_eq!(names(&reply), ["content-type", "location"]);
    }
}
