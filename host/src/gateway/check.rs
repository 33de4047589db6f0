//! The first stage: is this a request at all, and to where exactly?
//!
//! What a plugin hands over is text in three parts, and each can say more than it should: a path
//! that is a whole URL, an authority with a user in it, a segment that the server reads as two. Here
//! it becomes one [`Url`] that has a single reading; that is matched against the grant, and it is
//! that which is dialled. The request line is never the plugin's own text.

use http::{Method as HttpMethod, Uri};
use url::Url;

use super::refusal::{Refusal, RefusalKind};
use crate::model::Method;
use crate::transport::Origin;

/// The longest URL: what servers commonly take.
const URL_BYTES_MAX: usize = 8 * 1024;

/// A request that has one reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checked {
    pub(super) method: Method,
    /// As the plugin named it: the real origin, or a stand-in that a reply named.
    pub(super) url: Url,
    pub(super) origin: Origin,
    /// `GET https://host/path`, for logs and refusals.
    pub(super) place: String,
}

pub(super) fn check(method: &HttpMethod, uri: &Uri) -> Result<Checked, Refusal> {
    let method = self::method(method)?;
    let url = url(uri)?;
    let origin = Origin::of(&url).ok_or_else(|| refused("its host ends in a dot"))?;
    let place = format!("{} {origin}{}", method.as_str(), url.path());
    Ok(Checked {
        method,
        url,
        origin,
        place,
    })
}

/// One of the six. TRACE would echo the token, CONNECT would tunnel past everything.
fn method(method: &HttpMethod) -> Result<Method, Refusal> {
    Ok(match method.as_str() {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        other => {
            let other: String = other.chars().take(20).collect();
            let what = format!("{other} is no method that a plugin can use");
            return Err(Refusal::new(RefusalKind::Method, what)
                .remedy("GET, HEAD, POST, PUT, PATCH and DELETE are"));
        }
    })
}

fn url(uri: &Uri) -> Result<Url, Refusal> {
    let scheme = match uri.scheme_str() {
        Some(scheme @ ("http" | "https")) => scheme,
        _ => return Err(refused("its scheme is not https")),
    };
    let authority = uri
        .authority()
        .ok_or_else(|| refused("it names no host"))?
        .as_str();
    authority_is_plain(authority)?;
    let path_and_query = uri.path_and_query().map_or("/", |text| text.as_str());
    let (path, query) = match path_and_query.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path_and_query, None),
    };
    let path = normalised(path)?;
    let mut text = format!("{scheme}://{authority}{path}");
    if let Some(query) = query {
        if query.bytes().any(is_control) {
            return Err(refused("its query holds a control character"));
        }
        text.push('?');
        text.push_str(query);
    }
    if text.len() > URL_BYTES_MAX {
        return Err(refused("it is longer than 8 KiB"));
    }
    let url = Url::parse(&text).map_err(|_| refused("it is not valid"))?;
    // The parser may read the text in another way than it was checked; then nobody knows which way
    // the server would.
    if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(refused("it can be read in two ways"));
    }
    Ok(url)
}

/// Host and port, and nothing that only looks like it.
fn authority_is_plain(authority: &str) -> Result<(), Refusal> {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    if authority.contains('@') {
        return Err(refused("it names a user"));
    }
    if host.is_empty() {
        return Err(refused("it names no host"));
    }
    if host.ends_with('.') {
        return Err(refused("its host ends in a dot"));
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte);
    if !authority.bytes().all(plain) {
        return Err(refused("its host is not plain ASCII"));
    }
    Ok(())
}

/// The path with what needs no encoding decoded, once. Whatever two readers could take for
/// different paths is refused and not repaired.
fn normalised(path: &str) -> Result<String, Refusal> {
    if !path.starts_with('/') {
        return Err(refused("its path does not begin with /"));
    }
    if path.bytes().any(|byte| is_control(byte) || byte == b'\\') {
        return Err(refused("its path holds a backslash or a control character"));
    }
    let decoded = decoded_unreserved(path)?;
    let mut segments = decoded.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        if segment == "." || segment == ".." {
            return Err(refused("its path holds . or .."));
        }
        if segment.is_empty() && segments.peek().is_some() {
            return Err(refused("its path holds an empty segment"));
        }
    }
    Ok(decoded)
}

/// Decodes the percent-encoded characters that mean the same either way (RFC 3986 §2.3), and refuses
/// those that a server might decode into structure.
fn decoded_unreserved(path: &str) -> Result<String, Refusal> {
    let mut decoded = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        decoded.push_str(before);
        let (digits, tail) = after
            .split_at_checked(2)
            .filter(|(digits, _)| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .ok_or_else(|| refused("its path holds a % without two digits"))?;
        match u8::from_str_radix(digits, 16).unwrap_or_default() {
            b'/' | b'\\' => return Err(refused("its path holds an encoded / or \\")),
            byte if is_control(byte) => {
                return Err(refused("its path holds an encoded control character"));
            }
            byte if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                decoded.push(char::from(byte));
            }
            _ => {
                decoded.push('%');
                decoded.push_str(&digits.to_ascii_uppercase());
            }
        }
        rest = tail;
    }
    decoded.push_str(rest);
    Ok(decoded)
}

fn is_control(byte: u8) -> bool {
    byte < 0x20 || byte == 0x7f
}

fn refused(what: &str) -> Refusal {
    Refusal::new(
        RefusalKind::Url,
        format!("the request's URL cannot be used: {what}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `wasi:http` puts a request together.
    fn uri(scheme: &str, authority: &str, path: &str) -> Option<Uri> {
        Uri::builder()
            .scheme(scheme)
            .authority(authority)
            .path_and_query(path)
            .build()
            .ok()
    }

    fn checked(authority: &str, path: &str) -> Result<Checked, Refusal> {
        match uri("https", authority, path) {
            Some(uri) => check(&HttpMethod::GET, &uri),
            None => Err(refused("http does not take it")),
        }
    }

    #[test]
    fn a_plain_request_passes_as_it_is() {
        for (authority, path, url) in [
            (
                "api.etsy.com",
                "/v3/application/shops/1?a=b%2Fc",
                "https://api.etsy.com/v3/application/shops/1?a=b%2Fc",
            ),
            ("API.Etsy.com:443", "/", "https://api.etsy.com/"),
            ("api.etsy.com:8443", "/v3/", "https://api.etsy.com:8443/v3/"),
            (
                "api.etsy.com",
                "/%76%33/a%20b",
                "https://api.etsy.com/v3/a%20b",
            ),
            (
                "api.etsy.com",
                "/sku/a%2bb%25",
                "https://api.etsy.com/sku/a%2Bb%25",
            ),
            (
                "api.etsy.com",
                "/x?next=http://other/../y",
                "https://api.etsy.com/x?next=http://other/../y",
            ),
        ] {
            assert_eq!(
                checked(authority, path).unwrap().url.as_str(),
                url,
                "{path}"
            );
        }
        let checked = checked("api.etsy.com", "/a?token=b").unwrap();
        assert_eq!(checked.place, "GET https://api.etsy.com/a");
    }

    #[test]
    fn methods_other_than_the_six_are_refused_by_name() {
        for name in ["TRACE", "CONNECT", "OPTIONS", "get", "PROPFIND", "X"] {
            let method = HttpMethod::from_bytes(name.as_bytes()).unwrap();
            let refusal = check(&method, &uri("https", "a.test", "/").unwrap()).unwrap_err();
            assert_eq!(refusal.kind, RefusalKind::Method);
            assert!(refusal.what.contains(name), "{refusal}");
        }
    }

    #[test]
    fn tricks_with_the_authority_are_refused() {
        for authority in [
            "user@api.etsy.com",
            "user:password@api.etsy.com",
            "api.etsy.com@evil.test",
            "api.etsy.com.",
            "api.etsy.com.:443",
            "api.etsy.com%2eevil.test",
            "%61pi.etsy.com",
            "api.etsy.com:99999",
            "api.etsy.com:",
            "api.etsy.com:443:443",
            ":443",
            "[::1",
            "api.etsy.com,evil.test",
            "api.etsy.com;evil.test",
            "api.etsy.com$",
            "api!etsy.com",
        ] {
            // An empty port is the usual one, to every reader.
            let passes = checked(authority, "/").is_ok();
            assert_eq!(passes, authority == "api.etsy.com:", "{authority}");
        }
    }

    #[test]
    fn tricks_with_the_path_are_refused() {
        for path in [
            "http://evil/",
            "https://evil.test/v3",
            "evil.test/",
            "@evil.test/",
            ":80/",
            "*",
            "/..",
            "/../x",
            "/v3/../x",
            "/v3/..",
            "/./v3",
            "/v3/.",
            "/v3/%2e%2e/x",
            "/v3/.%2E/x",
            "/%2e/x",
            "/v3%2fx",
            "/v3%2Fx",
            "/v3%5cx",
            "/v3%5Cx",
            "/v3\\x",
            "//evil.test/",
            "/v3//x",
            "/v3/%00",
            "/v3/%0d%0aHost:%20evil",
            "/v3/%7f",
            "/v3/%",
            "/v3/%2",
            "/v3/%zz",
            "/v3/%2%66x",
        ] {
            assert!(checked("api.etsy.com", path).is_err(), "{path}");
        }
        let long = format!("/{}", "a".repeat(URL_BYTES_MAX));
        assert!(checked("api.etsy.com", &long).is_err());
    }

    #[test]
    fn only_http_and_https_with_a_host_are_requests() {
        for text in ["/v3", "*", "api.etsy.com:443"] {
            let uri: Uri = text.parse().unwrap();
            assert_eq!(
                check(&HttpMethod::GET, &uri).unwrap_err().kind,
                RefusalKind::Url
            );
        }
        for scheme in ["ftp", "ws", "file", "HTTPS+x"] {
            let uri = uri(scheme, "api.etsy.com", "/").unwrap();
            assert!(check(&HttpMethod::GET, &uri).is_err(), "{scheme}");
        }
        // Whether plain http may be dialled is the transport's to say: a stand-in may be.
        assert!(
            check(
                &HttpMethod::GET,
                &uri("http", "127.0.0.1:7010", "/").unwrap()
            )
            .is_ok()
        );
    }

    #[test]
    fn what_is_dialled_is_what_was_checked() {
        // Whatever passes has the very path that the URL's reader sees.
        let pieces = [
            "", "a", "%41", "%2e", "..", ".", "%2f", "%20", "é", "\"", "{}", "|", "^", ";x",
            "%C3%A9", "#", "?",
        ];
        let mut passed = 0;
        for one in pieces {
            for two in pieces {
                for three in pieces {
                    let path = format!("/{one}/{two}{three}");
                    if let Ok(checked) = checked("api.etsy.com", &path) {
                        passed += 1;
                        let again = self::checked("api.etsy.com", checked.url.path()).unwrap();
                        assert_eq!(again.url.path(), checked.url.path(), "{path}");
                        assert_eq!(checked.url.host_str(), Some("api.etsy.com"), "{path}");
                        let mut segments = checked.url.path().split('/');
                        assert!(!segments.any(|segment| segment == ".."), "{path}");
                    }
                }
            }
        }
        assert!(passed > 500, "{passed}");
    }
}
