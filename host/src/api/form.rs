//! A call with files: `multipart/form-data` whose part `arguments` is the JSON and whose other parts
//! are files by their names. Each file goes to disk as it comes in.

use std::io::{Seek, SeekFrom, Write};

use axum::body::Body;
use axum::extract::{FromRequest, Multipart, Request};
use bytes::Bytes;
use http::header;
use http_body_util::BodyExt;

use super::problem::{Problem, ProblemKind};
use crate::runtime::{ASSET_BYTES_MAX, Assets};

/// The arguments of a call; larger ones are files.
const ARGUMENT_BYTES_MAX: usize = 8 << 20;

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
        if media_type.is_some_and(|media_type| media_type.starts_with("multipart/form-data")) {
            let parts = Multipart::from_request(request, state).await.map_err(bad)?;
            return read_parts(parts).await;
        }
        Ok(Self {
            arguments: read_arguments(request.into_body()).await?,
            assets: Assets::default(),
        })
    }
}

async fn read_arguments(body: Body) -> Result<Bytes, Problem> {
    let limited = http_body_util::Limited::new(body, ARGUMENT_BYTES_MAX);
    let bytes = limited.collect().await.map_err(bad)?.to_bytes();
    Ok(or_none(bytes))
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
    while let Some(mut part) = parts.next_field().await.map_err(bad)? {
        if part.name() == Some("arguments") {
            let bytes = part.bytes().await.map_err(bad)?;
            if bytes.len() > ARGUMENT_BYTES_MAX {
                return Err(bad(format!(
                    "the part arguments has more than {ARGUMENT_BYTES_MAX} bytes"
                )));
            }
            form.arguments = or_none(bytes);
            continue;
        }
        let Some(name) = part.file_name().map(ToOwned::to_owned) else {
            return Err(bad(
                "a part that is not arguments has to be a file with a name",
            ));
        };
        let mut file = tempfile::tempfile().map_err(spool)?;
        let mut size = 0_u64;
        while let Some(chunk) = part.chunk().await.map_err(bad)? {
            size += chunk.len() as u64;
            if size > ASSET_BYTES_MAX {
                return Err(bad(format!(
                    "the file {name:?} has more than {} MiB",
                    ASSET_BYTES_MAX >> 20
                )));
            }
            file.write_all(&chunk).map_err(spool)?;
        }
        file.seek(SeekFrom::Start(0)).map_err(spool)?;
        form.assets.add(name, file).map_err(spool)?;
    }
    Ok(form)
}

fn bad(error: impl std::fmt::Display) -> Problem {
    Problem::new(
        ProblemKind::BadRequest,
        format_args!("the body cannot be read: {error}"),
    )
}

#[expect(clippy::needless_pass_by_value, reason = "it is a map_err argument")]
fn spool(error: std::io::Error) -> Problem {
    Problem::new(
        ProblemKind::Internal,
        format_args!("a file of the call cannot be kept: {error}"),
    )
}
