//! One request and its reply, as far as they have come.

use super::upload::{Content, Progress, Upload};
use crate::http::failure::{Failure, FailureKind};
use crate::http::request::{Method, Request};
use crate::http::response::Response;
use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse,
    Method as WasiMethod, OutgoingRequest, Scheme,
};
use wasip2::io::poll::Pollable;
use wasip2::io::streams::{InputStream, StreamError};

/// How much of a reply is asked for at once.
const CHUNK: u64 = 64 * 1024;

/// How much room is made for a reply before it comes: a length is only somebody's word.
const ROOM: usize = 1 << 20;

/// One request and its reply, as far as they have come.
pub(super) struct Exchange {
    upload: Option<Upload>,
    reply: Reply,
    /// Its body is gone; the rest tells messages and limits.
    request: Request,
}

enum Reply {
    Awaited(FutureIncomingResponse),
    Read(Incoming),
    Over(Result<Response, Failure>),
}

struct Incoming {
    stream: InputStream,
    _body: IncomingBody,
    response: IncomingResponse,
    bytes: Vec<u8>,
}

impl Exchange {
    /// Hands the request to the host.
    pub(super) fn start(mut request: Request) -> Self {
        match begin(&mut request) {
            Ok((upload, future)) => Self {
                upload,
                reply: Reply::Awaited(future),
                request,
            },
            Err((kind, message)) => {
                let failure = Failure::new(&request, kind, message);
                Self {
                    upload: None,
                    reply: Reply::Over(Err(failure)),
                    request,
                }
            }
        }
    }

    /// Goes as far as it can without waiting.
    pub(super) fn advance(&mut self) {
        if matches!(self.reply, Reply::Over(_)) {
            return;
        }
        if let Some(upload) = self.upload.take() {
            match upload.advance() {
                Progress::Waiting(upload) => self.upload = Some(upload),
                Progress::Over => {}
                Progress::Failed(kind, message) => return self.fail(kind, message),
            }
        }
        self.receive();
    }

    /// What it waits for; nothing when it is over.
    pub(super) fn waits(&self) -> Vec<Pollable> {
        let reply = match &self.reply {
            Reply::Awaited(future) => future.subscribe(),
            Reply::Read(incoming) => incoming.stream.subscribe(),
            Reply::Over(_) => return Vec::new(),
        };
        self.upload
            .as_ref()
            .map(Upload::wait)
            .into_iter()
            .chain([reply])
            .collect()
    }

    /// What came of it.
    pub(super) fn finish(self) -> Result<Response, Failure> {
        match self.reply {
            Reply::Over(result) => result,
            Reply::Awaited(_) | Reply::Read(_) => Err(Failure::new(
                &self.request,
                FailureKind::Broken,
                "the reply was not awaited",
            )),
        }
    }

    fn receive(&mut self) {
        if let Reply::Awaited(future) = &self.reply {
            match future.get() {
                None => return,
                Some(Ok(Ok(response))) => match open(response, self.request.max_reply) {
                    Ok(incoming) => self.reply = Reply::Read(incoming),
                    Err(message) => return self.fail(FailureKind::Broken, message),
                },
                Some(Ok(Err(code))) => return self.fail(kind(&code), describe(&code)),
                Some(Err(())) => {
                    return self.fail(FailureKind::Broken, "the reply was taken twice".into());
                }
            }
        }
        self.read();
    }

    fn read(&mut self) {
        let Reply::Read(incoming) = &mut self.reply else {
            return;
        };
        loop {
            match incoming.stream.read(CHUNK) {
                Ok(bytes) if bytes.is_empty() => return,
                Ok(bytes) => incoming.bytes.extend_from_slice(&bytes),
                Err(StreamError::Closed) => break,
                Err(StreamError::LastOperationFailed(error)) => {
                    let message = format!("the reply broke off: {}", error.to_debug_string());
                    return self.fail(FailureKind::Broken, message);
                }
            }
            if incoming.bytes.len() > self.request.max_reply {
                let message = format!("the reply is longer than {} bytes", self.request.max_reply);
                return self.fail(FailureKind::TooLarge, message);
            }
        }
        let response = incoming.response(&self.request);
        self.upload = None;
        self.reply = Reply::Over(Ok(response));
    }

    fn fail(&mut self, kind: FailureKind, message: String) {
        self.upload = None;
        self.reply = Reply::Over(Err(Failure::new(&self.request, kind, message)));
    }
}

impl Incoming {
    fn response(&mut self, request: &Request) -> Response {
        let headers = self.response.headers().entries();
        let text = |value: Vec<u8>| String::from_utf8_lossy(&value).into_owned();
        Response {
            status: self.response.status(),
            headers: headers
                .into_iter()
                .map(|(name, value)| (name.to_ascii_lowercase(), text(value)))
                .collect(),
            body: std::mem::take(&mut self.bytes),
            method: request.method,
            path: request.path(),
        }
    }
}

type Begun = (Option<Upload>, FutureIncomingResponse);

fn begin(request: &mut Request) -> Result<Begun, (FailureKind, String)> {
    if let Some(problem) = request.problem.take() {
        return Err((FailureKind::NotSent, problem));
    }
    let body = std::mem::replace(&mut request.body, crate::http::Body::Empty);
    let content = Content::open(body)?;
    let outgoing = head(request, &content).map_err(|message| (FailureKind::Refused, message))?;
    let body = outgoing
        .body()
        .map_err(|()| (FailureKind::Refused, "the host takes no body".to_owned()))?;
    let future = handle(outgoing, None).map_err(|code| (kind(&code), describe(&code)))?;
    let upload = Upload::start(body, content).map_err(|message| (FailureKind::Broken, message))?;
    Ok((Some(upload), future))
}

fn head(request: &Request, content: &Content) -> Result<OutgoingRequest, String> {
    let url = request.url();
    let (scheme, rest) = url
        .split_once("://")
        .ok_or_else(|| format!("{url:?} is no absolute URL"))?;
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let headers = Fields::new();
    let append = |name: &str, value: &str| {
        headers
            .append(name, value.as_bytes())
            .map_err(|error| format!("the host refuses the header {name}: {error:?}"))
    };
    for (name, value) in &request.headers {
        append(name, value)?;
    }
    if !content.is_empty() {
        append("content-type", &content.content_type)?;
        // Without it a large body would go out in chunks, which not every server takes.
        append("content-length", &content.length().to_string())?;
    }
    let outgoing = OutgoingRequest::new(headers);
    let scheme = match scheme {
        "https" => Scheme::Https,
        "http" => Scheme::Http,
        other => Scheme::Other(other.to_owned()),
    };
    outgoing
        .set_method(&method(request.method))
        .and_then(|()| outgoing.set_scheme(Some(&scheme)))
        .and_then(|()| outgoing.set_authority(Some(authority)))
        .and_then(|()| outgoing.set_path_with_query(Some(&request.path())))
        .map_err(|()| format!("{url:?} is no URL that a request can be sent to"))?;
    Ok(outgoing)
}

fn method(method: Method) -> WasiMethod {
    match method {
        Method::Get => WasiMethod::Get,
        Method::Head => WasiMethod::Head,
        Method::Post => WasiMethod::Post,
        Method::Put => WasiMethod::Put,
        Method::Patch => WasiMethod::Patch,
        Method::Delete => WasiMethod::Delete,
    }
}

fn open(response: IncomingResponse, bytes_max: usize) -> Result<Incoming, String> {
    let declared = length(&response).unwrap_or_default();
    let body = response
        .consume()
        .map_err(|()| "the reply's body was taken twice".to_owned())?;
    let stream = body
        .stream()
        .map_err(|()| "the reply's body was taken twice".to_owned())?;
    Ok(Incoming {
        stream,
        _body: body,
        response,
        // Room for all of it at once: what a buffer grows out of is memory that is touched for nothing.
        bytes: Vec::with_capacity(declared.min(bytes_max).min(ROOM)),
    })
}

/// How long the body is, where the reply says so.
fn length(response: &IncomingResponse) -> Option<usize> {
    let values = response.headers().get("content-length");
    std::str::from_utf8(values.first()?).ok()?.parse().ok()
}

/// Whether the request can have happened. What is not known to have stopped it before it was sent
/// counts as sent.
fn kind(code: &ErrorCode) -> FailureKind {
    use ErrorCode as E;
    match code {
        E::HttpRequestDenied
        | E::DestinationIpProhibited
        | E::HttpRequestMethodInvalid
        | E::HttpRequestUriInvalid
        | E::HttpRequestUriTooLong
        | E::HttpRequestLengthRequired
        | E::HttpRequestHeaderSectionSize(_)
        | E::HttpRequestHeaderSize(_)
        | E::HttpRequestTrailerSectionSize(_)
        | E::HttpRequestTrailerSize(_) => FailureKind::Refused,
        E::DnsTimeout
        | E::DnsError(_)
        | E::DestinationNotFound
        | E::DestinationUnavailable
        | E::DestinationIpUnroutable
        | E::ConnectionRefused
        | E::ConnectionTimeout
        | E::ConnectionLimitReached
        | E::TlsProtocolError
        | E::TlsCertificateError
        | E::TlsAlertReceived(_)
        | E::ConfigurationError => FailureKind::NotSent,
        E::HttpResponseBodySize(_)
        | E::HttpResponseHeaderSectionSize(_)
        | E::HttpResponseHeaderSize(_) => FailureKind::TooLarge,
        _ => FailureKind::Broken,
    }
}

fn describe(code: &ErrorCode) -> String {
    match code {
        ErrorCode::HttpRequestDenied => {
            "the host does not allow this request: it is outside what the operator granted".into()
        }
        ErrorCode::DestinationIpProhibited => "the host does not dial this address".into(),
        ErrorCode::ConnectionRefused => "the marketplace refused the connection".into(),
        ErrorCode::ConnectionTimeout => "no connection came about in time".into(),
        ErrorCode::ConnectionTerminated => "the connection broke off".into(),
        ErrorCode::DnsTimeout | ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => {
            "the marketplace's name does not resolve".into()
        }
        ErrorCode::HttpResponseTimeout | ErrorCode::ConnectionReadTimeout => {
            "no reply came in time".into()
        }
        ErrorCode::InternalError(Some(text)) => text.clone(),
        other => format!("{other:?}"),
    }
}
