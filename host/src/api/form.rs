//! A call with files: `multipart/form-data` whose part `arguments` is the JSON and whose other parts
//! are files by their names. Each file goes to disk as it comes in.

use std::fs::File;
use std::task::Poll;

use axum::body::Body;
use axum::extract::multipart::Field;
use axum::extract::{FromRequest, Multipart, Request};
use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, StreamExt as _};
use http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError};

use super::extract::demand_json;
use super::problem::{Problem, ProblemKind};
use crate::runtime::{ASSET_BYTES_MAX, Assets, Spool, SpoolError};

/// The arguments of a call; larger ones are files.
const ARGUMENT_BYTES_MAX: usize = 8 << 20;

/// Files of one call. Each is an open file of the process, which all calls share.
const FILES_MAX: usize = 200;

/// A call's arguments and files.
#[derive(Debug, Default)]
pub(super) struct CallForm {
    pub(super) arguments: Bytes,
    pub(super) assets: Assets,
}

impl<S: Send + Sync> FromRequest<S> for CallForm {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let media_type = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        if media_type.is_some_and(is_multipart) {
            let parts = Multipart::from_request(request.map(paced), state)
                .await
                .map_err(bad)?;
            return read_parts(parts).await;
        }
        let headers = request.headers().clone();
        let arguments = read_arguments(request.into_body()).await?;
        // No arguments are of no media type.
        if media_type_is_said(&headers) || !arguments.is_empty() {
            demand_json(&headers)?;
        }
        Ok(Self {
            arguments: or_none(arguments),
            assets: Assets::default(),
        })
    }
}

/// The body, which hands out one piece each time that it is asked. The parser of forms takes in all that
/// is ready before it looks at any of it: what a file on this machine sends would be in memory whole.
fn paced(body: Body) -> Body {
    let mut pieces = body.into_data_stream();
    let mut rests = false;
    Body::from_stream(stream::poll_fn(move |context| {
        rests = !rests;
        if rests {
            return pieces.poll_next_unpin(context);
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }))
}

/// Media types are written in any case (RFC 9110 §8.3.1).
fn is_multipart(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("multipart/form-data")
}

async fn read_arguments(body: Body) -> Result<Bytes, Problem> {
    let limited = http_body_util::Limited::new(body, ARGUMENT_BYTES_MAX);
    let read = limited.collect().await;
    let read = read.map_err(|error| match error.is::<LengthLimitError>() {
        true => too_large("the arguments", ARGUMENT_BYTES_MAX),
        false => bad(error),
    })?;
    Ok(read.to_bytes())
}

/// No arguments are an empty object.
fn or_none(bytes: Bytes) -> Bytes {
    if bytes.is_empty() {
        Bytes::from_static(b"{}")
    } else {
        bytes
    }
}

async fn read_parts(mut parts: Multipart) -> Result<CallForm, Problem> {
    let mut form = CallForm {
        arguments: Bytes::from_static(b"{}"),
        assets: Assets::default(),
    };
    while let Some(part) = parts.next_field().await.map_err(bad)? {
        if part.name() == Some("arguments") {
            form.arguments = or_none(arguments_part(part).await?);
            continue;
        }
        let Some(name) = part.file_name().map(unquoted) else {
            return Err(bad(
                "a part that is not arguments has to be a file with a name",
            ));
        };
        if form.assets.len() >= FILES_MAX {
            return Err(bad(format!("it has more than {FILES_MAX} files")));
        }
        let file = file_part(&name, part).await?;
        form.assets.add(name, file).map_err(not_kept)?;
    }
    Ok(form)
}

/// The arguments, which are held in memory and therefore counted as they come.
async fn arguments_part(mut part: Field<'_>) -> Result<Bytes, Problem> {
    let mut arguments = BytesMut::new();
    while let Some(piece) = part.chunk().await.map_err(bad)? {
        if arguments.len() + piece.len() > ARGUMENT_BYTES_MAX {
            return Err(too_large("the arguments", ARGUMENT_BYTES_MAX));
        }
        arguments.extend_from_slice(&piece);
    }
    Ok(arguments.freeze())
}

/// A file, which goes to disk as it comes.
async fn file_part(name: &str, mut part: Field<'_>) -> Result<File, Problem> {
    let mut spool = Spool::new(ASSET_BYTES_MAX).await.map_err(not_kept)?;
    while let Some(piece) = part.chunk().await.map_err(bad)? {
        spool.push(&piece).await.map_err(|error| match error {
            SpoolError::TooLarge { .. } => Problem::new(
                ProblemKind::TooLarge,
                format_args!("the file {name:?}: {error}"),
            ),
            SpoolError::Io(error) => not_kept(error),
        })?;
    }
    spool.finish().await.map_err(not_kept)
}

/// A file's name as it was before it was put between quotes (HTML Living Standard §4.10.21.8).
fn unquoted(name: &str) -> String {
    name.replace("%22", "\"")
        .replace("%0D", "\r")
        .replace("%0A", "\n")
}

fn media_type_is_said(headers: &HeaderMap) -> bool {
    headers.contains_key(header::CONTENT_TYPE)
}

fn too_large(what: &str, bytes_max: usize) -> Problem {
    Problem::new(
        ProblemKind::TooLarge,
        format_args!("{what} have more than {} MiB", bytes_max >> 20),
    )
}

fn bad(error: impl std::fmt::Display) -> Problem {
    Problem::new(
        ProblemKind::BadRequest,
        format_args!("the body cannot be read: {error}"),
    )
}

#[expect(clippy::needless_pass_by_value, reason = "it is a map_err argument")]
fn not_kept(error: std::io::Error) -> Problem {
    Problem::new(
        ProblemKind::Internal,
        format_args!("a file of the call cannot be kept: {error}"),
    )
}
