//! The two clients and the one way to send.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, HOST, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{Method, StatusCode};

use super::decoding::{ACCEPTED, decoded};
use super::error::{NotSent, ReadError, TransportError, words};
use super::message::{Body, Inbound, Outbound, Small};
use super::origin::{Allowed, Origin, is_literal};
use super::resolver::PublicResolver;

/// For the whole of resolving, connecting and the TLS handshake.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that idles longer is likely to be closed by the other side at the very moment that
/// it is used.
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);

/// Idle connections kept for each host.
const IDLE_PER_HOST: usize = 16;

/// Headers of a reply.
const HEADERS_MAX: usize = 100;

/// All headers of a reply together, where HTTP/2 lets us say so beforehand.
const HEADER_BYTES_MAX: u32 = 32 * 1024;

/// The body of a small reply.
const SMALL_BYTES_MAX: u64 = 64 * 1024;

/// A small reply, from the first name resolved to the last byte.
const SMALL_TIMEOUT: Duration = Duration::from_secs(15);

/// Sends requests. Clones share their connections.
#[derive(Clone, Default)]
pub struct Transport {
    clients: Arc<Clients>,
}

/// Each is made when it is first used: reading the system's certificates takes longer than all else
/// that a start does.
#[derive(Default)]
struct Clients {
    public: Place,
    named: Place,
    named_plain: Place,
}

type Place = RwLock<Option<reqwest::Client>>;

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport")
    }
}

impl Transport {
    /// With connections to nowhere yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives up every connection, those in use as soon as they are not: their buffers hold the heads
    /// of requests, and HTTP/2 remembers their credentials. The next request makes new ones.
    pub fn give_up_connections(&self) {
        let clients = &self.clients;
        for place in [&clients.public, &clients.named, &clients.named_plain] {
            *place.write().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    /// Sends a request and answers when the reply's head is there.
    ///
    /// # Errors
    /// See [`TransportError`]; only after [`TransportError::NotSent`] may any request be sent
    /// again.
    pub async fn send(&self, outbound: Outbound) -> Result<Inbound, TransportError> {
        let client = self.client(&outbound)?;
        let timeout = outbound.timeout;
        let is_head = outbound.method == Method::HEAD;
        let sent = tokio::time::timeout(timeout, client.execute(request(outbound)));
        let reply = match sent.await {
            Err(_) => return Err(TransportError::Timeout(timeout)),
            Ok(Err(error)) => return Err(TransportError::from_reqwest(&error)),
            Ok(Ok(reply)) => reply,
        };
        let status = reply.status();
        let mut headers = reply.headers().clone();
        if is_head || [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&status) {
            // What they say about a body is about one that is not there.
            headers.remove(CONTENT_ENCODING);
            let body = Box::pin(futures_util::stream::empty());
            return Ok(Inbound {
                status,
                headers,
                body,
            });
        }
        let raw = reply
            .bytes_stream()
            .map_err(|error| ReadError::Cut(words(&error)));
        let body = decoded(&mut headers, Box::pin(raw))?;
        Ok(Inbound {
            status,
            headers,
            body,
        })
    }

    /// Sends a request and reads the whole reply: at most 64 KiB, within 15 s.
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`TransportError::Read`] where the reply is larger or broke
    /// off.
    pub async fn send_small(&self, mut outbound: Outbound) -> Result<Small, TransportError> {
        outbound.timeout = SMALL_TIMEOUT;
        let whole = async {
            let inbound = self.send(outbound).await?;
            let body = small(inbound.body).await?;
            Ok(Small {
                status: inbound.status,
                headers: inbound.headers,
                body,
            })
        };
        match tokio::time::timeout(SMALL_TIMEOUT, whole).await {
            Ok(done) => done,
            Err(_) => Err(TransportError::Timeout(SMALL_TIMEOUT)),
        }
    }

    /// The client for what is allowed, once it is sure that the URL is of that kind.
    fn client(&self, outbound: &Outbound) -> Result<reqwest::Client, NotSent> {
        let host = || outbound.url.host_str().unwrap_or("").to_owned();
        let origin = Origin::of(&outbound.url).ok_or_else(|| NotSent::NotAllowed(host()))?;
        match &outbound.allowed {
            Allowed::Named(named) if *named != origin => {
                Err(NotSent::NotAllowed(origin.to_string()))
            }
            Allowed::Named(_) if origin.is_secure() => made(&self.clients.named, builder),
            Allowed::Named(_) => made(&self.clients.named_plain, plain),
            Allowed::Public if !origin.is_secure() => Err(NotSent::NotAllowed(origin.to_string())),
            Allowed::Public if is_literal(&outbound.url) => Err(NotSent::Literal(host())),
            Allowed::Public => made(&self.clients.public, public),
        }
    }
}

/// The client of this place, made now if it is not there yet.
fn made(
    place: &Place,
    builder: fn() -> reqwest::ClientBuilder,
) -> Result<reqwest::Client, NotSent> {
    let there = place.read().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(client) = there {
        return Ok(client);
    }
    let mut place = place.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(client) = &*place {
        return Ok(client.clone());
    }
    // Fails only if a provider is there already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let made = builder()
        .build()
        .map_err(|error| NotSent::Tls(format!("TLS cannot be set up: {}", words(&error))))?;
    Ok(place.insert(made).clone())
}

/// What all clients have in common; as it is, the one for named origins.
fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .tls_version_min(reqwest::tls::Version::TLS_1_2)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_PER_HOST)
        .http1_max_headers(HEADERS_MAX)
        .http2_max_header_list_size(HEADER_BYTES_MAX)
}

/// For named origins without TLS: it trusts no certificate and so needs not read any.
fn plain() -> reqwest::ClientBuilder {
    builder().tls_certs_only([])
}

/// For everything else: the addresses of a name are checked before they are dialled.
fn public() -> reqwest::ClientBuilder {
    builder().https_only(true).dns_resolver(PublicResolver)
}

fn request(outbound: Outbound) -> reqwest::Request {
    let method = outbound.method.clone();
    let mut request = reqwest::Request::new(outbound.method, outbound.url);
    *request.headers_mut() = outbound.headers;
    let headers = request.headers_mut();
    // Ours alone: two lengths, or a length and an encoding, are how requests are smuggled.
    for name in [
        HOST,
        CONTENT_LENGTH,
        TRANSFER_ENCODING,
        CONNECTION,
        UPGRADE,
        TE,
        TRAILER,
    ] {
        headers.remove(name);
    }
    headers.insert(ACCEPT_ENCODING, ACCEPTED);
    match outbound.body {
        Body::Empty if takes_content(&method) => {
            headers.insert(CONTENT_LENGTH, 0.into());
        }
        Body::Empty => {}
        Body::Collected(bytes) => *request.body_mut() = Some(bytes.into()),
        Body::Streamed(stream, length) => {
            if let Some(length) = length {
                headers.insert(CONTENT_LENGTH, length.into());
            }
            *request.body_mut() = Some(reqwest::Body::wrap_stream(stream));
        }
    }
    request
}

/// RFC 9110 §8.6: a request of these says that it has no content; some servers answer 411 otherwise.
fn takes_content(method: &Method) -> bool {
    [Method::POST, Method::PUT, Method::PATCH].contains(method)
}

async fn small(mut body: super::InboundStream) -> Result<Bytes, ReadError> {
    let mut whole = BytesMut::new();
    while let Some(piece) = body.try_next().await? {
        if (whole.len() + piece.len()) as u64 > SMALL_BYTES_MAX {
            return Err(ReadError::TooLarge(SMALL_BYTES_MAX));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use url::Url;

    use super::super::{Origin, Target};
    use super::*;

    /// A server that reads one request's head and answers with these bytes, for every connection.
    async fn server(answer: &'static [u8]) -> Origin {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                tokio::spawn(async move {
                    head(&mut connection).await;
                    connection.write_all(answer).await.unwrap();
                });
            }
        });
        format!("http://127.0.0.1:{port}").parse().unwrap()
    }

    async fn head(connection: &mut TcpStream) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match connection.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => break,
            }
        }
        String::from_utf8(head).unwrap()
    }

    fn outbound(origin: &Origin, path: &str) -> Outbound {
        let url = Url::parse(&format!("{origin}{path}")).unwrap();
        Outbound::new(
            Method::GET,
            Target {
                url,
                allowed: Allowed::Named(origin.clone()),
            },
        )
    }

    fn public(url: &str) -> Outbound {
        let url = Url::parse(url).unwrap();
        Outbound::new(
            Method::GET,
            Target {
                url,
                allowed: Allowed::Public,
            },
        )
    }

    async fn refused(outbound: Outbound) -> NotSent {
        match Transport::new().send(outbound).await.err().unwrap() {
            TransportError::NotSent(reason) => reason,
            other => panic!("{other}"),
        }
    }

    #[tokio::test]
    async fn addresses_plain_http_and_local_names_are_not_dialled_publicly() {
        for url in [
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://2130706433/",
            "https://8.8.8.8/",
        ] {
            assert!(
                matches!(refused(public(url)).await, NotSent::Literal(_)),
                "{url}"
            );
        }
        let plain = refused(public("http://example.com/")).await;
        assert!(matches!(plain, NotSent::NotAllowed(_)), "{plain}");
        let local = refused(public("https://localhost/")).await;
        assert!(matches!(local, NotSent::Address { .. }), "{local}");
        let unknown = refused(public("https://stoflow.invalid/")).await;
        assert!(matches!(unknown, NotSent::Dns { .. }), "{unknown}");
    }

    #[tokio::test]
    async fn a_named_origin_is_that_one_to_the_port() {
        let origin = server(b"HTTP/1.1 204 No Content\r\n\r\n").await;
        let transport = Transport::new();
        let reply = transport.send(outbound(&origin, "/x")).await.unwrap();
        assert_eq!(reply.status, StatusCode::NO_CONTENT);
        let mut other = outbound(&origin, "/x");
        other.url.set_port(Some(1)).unwrap();
        assert!(matches!(refused(other).await, NotSent::NotAllowed(_)));
        let mut other = outbound(&origin, "/x");
        other.url.set_scheme("https").unwrap();
        assert!(matches!(refused(other).await, NotSent::NotAllowed(_)));
    }

    #[tokio::test]
    async fn what_was_not_sent_is_told_from_what_was() {
        let transport = Transport::new();
        let closed: Origin = {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            format!("http://{}", listener.local_addr().unwrap())
                .parse()
                .unwrap()
        };
        assert!(matches!(
            refused(outbound(&closed, "/")).await,
            NotSent::Connect(_)
        ));

        let lost = server(b"").await;
        let error = transport
            .send(outbound(&lost, "/?secret=1"))
            .await
            .err()
            .unwrap();
        assert!(matches!(error, TransportError::Unknown(_)), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let silent: Origin = format!("http://{}", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        let mut request = outbound(&silent, "/");
        request.timeout = Duration::from_millis(50);
        let error = transport.send(request).await.err().unwrap();
        assert!(matches!(error, TransportError::Timeout(_)), "{error}");
    }

    #[tokio::test]
    async fn tls_that_fails_is_not_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            connection
                .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                .await
                .unwrap();
        });
        let secure: Origin = format!("https://{address}").parse().unwrap();
        let reason = refused(outbound(&secure, "/")).await;
        assert!(matches!(reason, NotSent::Tls(_)), "{reason}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_handshake_that_stalls_is_cut() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let secure: Origin = format!("https://{}", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        assert_eq!(
            refused(outbound(&secure, "/")).await,
            NotSent::ConnectTimeout
        );
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer() {
        let origin = server(
            b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
        )
        .await;
        let reply = Transport::new().send(outbound(&origin, "/")).await.unwrap();
        assert_eq!(reply.status, StatusCode::FOUND);
        assert_eq!(
            reply.headers.get("location").unwrap(),
            "http://127.0.0.1:1/"
        );
    }

    #[tokio::test]
    async fn the_framing_headers_are_the_transports_own() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let origin: Origin = format!("http://{address}").parse().unwrap();
        let mut request = outbound(&origin, "/a?b#c");
        request.method = Method::POST;
        request.body = Body::Collected(Bytes::from_static(b"four"));
        for name in [
            "host",
            "content-length",
            "transfer-encoding",
            "te",
            "connection",
        ] {
            request.headers.insert(name, HeaderValue::from_static("1"));
        }
        let sent = tokio::spawn(async move { Transport::new().send(request).await });
        let (mut connection, _) = listener.accept().await.unwrap();
        let head = head(&mut connection).await.to_ascii_lowercase();
        assert!(head.starts_with("post /a?b http/1.1\r\n"), "{head}");
        assert!(head.contains(&format!("\r\nhost: {address}\r\n")), "{head}");
        assert!(head.contains("\r\ncontent-length: 4\r\n"), "{head}");
        for name in [
            "transfer-encoding",
            "te:",
            "connection",
            "referer",
            "cookie",
        ] {
            assert!(!head.contains(name), "{name} in {head}");
        }
        connection
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            .await
            .unwrap();
        assert_eq!(sent.await.unwrap().unwrap().status, StatusCode::OK);
    }

    #[tokio::test]
    async fn a_small_reply_is_read_whole_and_a_large_one_is_an_error() {
        let transport = Transport::new();
        let origin = server(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
        let small = transport.send_small(outbound(&origin, "/")).await.unwrap();
        assert_eq!(small.body, "{}");
        let endless: &'static [u8] =
            Vec::leak([b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &vec![b'x'; 70_000]].concat());
        let origin = server(endless).await;
        let error = transport
            .send_small(outbound(&origin, "/"))
            .await
            .err()
            .unwrap();
        assert_eq!(
            error,
            TransportError::Read(ReadError::TooLarge(SMALL_BYTES_MAX))
        );
        let origin = server(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{").await;
        let error = transport
            .send_small(outbound(&origin, "/"))
            .await
            .err()
            .unwrap();
        assert!(
            matches!(error, TransportError::Read(ReadError::Cut(_))),
            "{error}"
        );
    }
}
