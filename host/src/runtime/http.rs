//! The plugin's network: every request of `wasi:http` goes to the gateway and nowhere else.
//!
//! wasmtime-wasi-http's own sender is not even compiled in: it filters no address, bounds no reply
//! and lets the plugin choose its timeouts.

use std::pin::Pin;
use std::sync::Arc;

use http::{Request, Response};
use http_body_util::BodyExt;
use tracing::Instrument;
use wasmtime_wasi_http::{Error, RequestOptions, Result, WasiBody, WasiHttpHooks};

use super::limits::BODY_CHUNK_BYTES_MAX;
use crate::gateway::{CallContext, Gateway, GatewayBody, Refusal, RefusalKind};

/// What a request and its reply need of the call.
pub(super) struct Hooks {
    gateway: Arc<Gateway>,
    call: CallContext,
}

impl Hooks {
    pub(super) fn new(gateway: Arc<Gateway>, call: CallContext) -> Self {
        Self { gateway, call }
    }
}

type Transfer = Pin<Box<dyn Future<Output = Result<()>> + Send>>;
type Sent = Result<(
    Response<WasiBody>,
    Box<dyn Future<Output = Result<()>> + Send>,
)>;

impl WasiHttpHooks for Hooks {
    /// The gateway makes the header from the checked address.
    fn set_host_header(&mut self) -> bool {
        false
    }

    /// The options hold the plugin's own timeouts: the host has its own.
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        _options: Option<RequestOptions>,
        _transfer: Box<dyn Future<Output = Result<()>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let (gateway, call) = (Arc::clone(&self.gateway), self.call.clone());
        let request = request.map(|body| body.map_err(Refusal::broken_body).boxed_unsync());
        // wasmtime-wasi-http spawns the future: without the span the call's id would be lost.
        let span = tracing::Span::current();
        Box::new(
            async move {
                let response = match gateway.send(&call, request).await {
                    Ok(response) => response,
                    Err(refusal) => refused(&refusal)?,
                };
                let response = response.map(|body| {
                    body.map_err(|_| Error::HttpResponseIncomplete)
                        .boxed_unsync()
                });
                let done: Transfer = Box::pin(async { Ok(()) });
                Ok((
                    response,
                    Box::new(done) as Box<dyn Future<Output = Result<()>> + Send>,
                ))
            }
            .instrument(span),
        )
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        BODY_CHUNK_BYTES_MAX
    }
}

/// What the plugin sees of a refusal: an answer in HTTP's own words, or a code that it can act on.
/// The sentence for people stays beside the call.
fn refused(refusal: &Refusal) -> Result<Response<GatewayBody>> {
    refusal.reply().ok_or_else(|| error(refusal.kind))
}

fn error(kind: RefusalKind) -> Error {
    match kind {
        RefusalKind::NoNetwork | RefusalKind::NotGranted => Error::HttpRequestDenied,
        RefusalKind::Method => Error::HttpRequestMethodInvalid,
        RefusalKind::Url => Error::HttpRequestUriInvalid,
        RefusalKind::RequestHeaders => Error::HttpRequestHeaderSectionSize(None),
        RefusalKind::RequestBody => Error::HttpRequestBodySize(None),
        RefusalKind::Credential | RefusalKind::Unsupported => Error::ConfigurationError,
        RefusalKind::NeedsConsent | RefusalKind::RateLimited(_) | RefusalKind::Unavailable => {
            Error::DestinationUnavailable
        }
        RefusalKind::Address => Error::DestinationIpProhibited,
        RefusalKind::Dns => Error::DnsError {
            rcode: None,
            info_code: None,
        },
        RefusalKind::Connect => Error::ConnectionRefused,
        RefusalKind::ConnectTimeout => Error::ConnectionTimeout,
        RefusalKind::Tls => Error::TlsProtocolError,
        RefusalKind::Lost => Error::ConnectionTerminated,
        RefusalKind::Timeout | RefusalKind::Deadline => Error::HttpResponseTimeout,
        RefusalKind::ReplyTooLarge | RefusalKind::CallTooLarge => Error::HttpResponseBodySize(None),
        RefusalKind::ReplyBroken => Error::HttpResponseIncomplete,
        RefusalKind::ReplyEncoding => Error::HttpResponseContentCoding(None),
        RefusalKind::ReplyHeaders => Error::HttpResponseHeaderSectionSize(None),
    }
}
