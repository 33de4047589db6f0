//! `/api/files`: pictures that are uploaded before the request that names them, as `asset:file_…`.

use std::fs::File;
use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{OriginalUri, State};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use http::{HeaderValue, Method, StatusCode, header};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::caller::Caller;
use super::extract::{Path, Query};
use super::problem::{Problem, ProblemKind, Violation};
use super::route::{Permission, Route};
use crate::files::{KeptFile, NotKept};
use crate::host::Host;
use crate::model::{FileId, UserId};
use crate::runtime::{ASSET_BYTES_MAX, Assets, Spool, SpoolError};

/// How a product names an uploaded file.
const NAMED: &str = "asset:file_";

/// Uploaded files.
pub(super) fn routes() -> Vec<Route> {
    const TAG: &str = "Files";
    let write = || Permission::write("listings");
    vec![
        Route::new(
            Method::POST,
            "/api/files",
            write(),
            (
                TAG,
                "Keeps a file for 24 hours, to be named in a request as asset: and its id",
            ),
            upload,
        )
        .query::<UploadQuery>()
        .body_of("application/octet-stream")
        .body_bytes_max(usize::try_from(ASSET_BYTES_MAX).unwrap_or(usize::MAX))
        .replies::<Uploaded>(201, "The file")
        .fails(&[
            ProblemKind::BadRequest,
            ProblemKind::TooLarge,
            ProblemKind::RateLimited,
        ]),
        Route::new(
            Method::GET,
            "/api/files/{file}",
            write(),
            (TAG, "Says what an uploaded file is"),
            show,
        )
        .replies::<Uploaded>(200, "The file")
        .fails(&[ProblemKind::UnknownFile]),
        Route::new(
            Method::DELETE,
            "/api/files/{file}",
            write(),
            (
                TAG,
                "Deletes an uploaded file; what was begun with it goes on",
            ),
            delete,
        )
        .replies_empty(204, "It is deleted")
        .fails(&[ProblemKind::UnknownFile]),
    ]
}

/// What an uploaded file is called.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UploadQuery {
    /// What the file is called at its owner's.
    name: Option<String>,
    /// Whose it is; for operators.
    #[schemars(with = "Option<String>")]
    user: Option<UserId>,
}

/// An uploaded file.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Uploaded {
    /// Its id: `asset:` and this names it in a product.
    #[schemars(with = "String")]
    file: FileId,
    /// What it is called.
    name: String,
    /// What its content says that it is.
    media_type: String,
    /// Its size.
    bytes: u64,
    /// When it was uploaded.
    #[schemars(with = "String")]
    created_at: Timestamp,
    /// Until when it can be named.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    expires_at: Option<Timestamp>,
}

impl From<KeptFile> for Uploaded {
    fn from(kept: KeptFile) -> Self {
        Self {
            expires_at: kept.expires_at(),
            file: kept.id,
            name: kept.name,
            media_type: kept.media_type,
            bytes: kept.bytes,
            created_at: kept.created_at,
        }
    }
}

pub(super) async fn upload(
    caller: Caller,
    State(host): State<Arc<Host>>,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<UploadQuery>,
    body: Body,
) -> Result<Response, Problem> {
    let user = caller.whose(query.user)?;
    let content = spooled(body).await?;
    let name = query.name.unwrap_or_default();
    let kept = host.files.keep(user.as_ref(), &name, content).await?;
    let place = HeaderValue::from_str(&format!("{}/{}", uri.path(), kept.id));
    let mut response = (StatusCode::CREATED, Json(Uploaded::from(kept))).into_response();
    if let Ok(place) = place {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

pub(super) async fn show(
    caller: Caller,
    State(host): State<Arc<Host>>,
    Path(file): Path<String>,
) -> Result<Json<Uploaded>, Problem> {
    Ok(Json(found(&host, &caller, &file)?.into()))
}

pub(super) async fn delete(
    caller: Caller,
    State(host): State<Arc<Host>>,
    Path(file): Path<String>,
) -> Result<StatusCode, Problem> {
    let file = found(&host, &caller, &file)?;
    host.files.delete(&file).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The body as a file, which goes to disk as it comes.
async fn spooled(body: Body) -> Result<File, Problem> {
    let mut spool = Spool::new(ASSET_BYTES_MAX).await.map_err(NotKept::from)?;
    let mut pieces = body.into_data_stream();
    let mut is_empty = true;
    while let Some(piece) = pieces.next().await {
        let piece: Bytes = piece.map_err(|error| {
            let title = format_args!("the body cannot be read: {error}").to_string();
            Problem::new(ProblemKind::BadRequest, title)
        })?;
        is_empty &= piece.is_empty();
        spool.push(&piece).await.map_err(|error| match error {
            SpoolError::TooLarge { .. } => Problem::new(
                ProblemKind::TooLarge,
                format_args!("the file is too large: {error}"),
            ),
            SpoolError::Io(error) => NotKept::from(error).into(),
        })?;
    }
    if is_empty {
        return Err(Problem::new(ProblemKind::BadRequest, "the file is empty")
            .remedy("send the file's content as the body"));
    }
    Ok(spool.finish().await.map_err(NotKept::from)?)
}

/// The uploaded file of that id, if the caller may see it. What is another user's is unknown.
fn found(host: &Host, caller: &Caller, id: &str) -> Result<KeptFile, Problem> {
    let unknown = || unknown(id);
    let file: FileId = id.parse().map_err(|_| unknown())?;
    let kept = host.files.find(caller.user(), &file)?;
    kept.filter(|kept| kept.operation.is_none())
        .ok_or_else(unknown)
}

fn unknown(id: &str) -> Problem {
    let id: String = id.chars().take(80).collect();
    Problem::new(
        ProblemKind::UnknownFile,
        format_args!("there is no file {id}"),
    )
    .remedy("upload it: POST /api/files; an uploaded file is kept for 24 hours")
}

/// Adds the uploaded files that arguments name to the files that came with them.
///
/// # Errors
/// One is not there, or is another user's: where it is named, by JSON Pointer.
pub(super) fn attach(
    host: &Host,
    user: Option<&UserId>,
    arguments: &[u8],
    assets: &mut Assets,
) -> Result<(), Problem> {
    // Nearly all arguments name none: they are not read twice.
    if memchr::memmem::find(arguments, NAMED.as_bytes()).is_none() {
        return Ok(());
    }
    // What is no JSON is told by who reads it next.
    let Ok(arguments) = serde_json::from_slice::<Value>(arguments) else {
        return Ok(());
    };
    let mut named = Vec::new();
    find(&arguments, &mut String::new(), &mut named);
    for (pointer, id) in named {
        if assets.has(id) {
            continue;
        }
        let file: Option<FileId> = id.parse().ok();
        let kept = match &file {
            Some(file) => host.files.find(user, file)?,
            None => None,
        };
        let Some(kept) = kept.filter(|kept| kept.operation.is_none()) else {
            let mut problem = unknown(id);
            problem.violations.push(Violation {
                path: pointer,
                code: "unknown_file".to_owned(),
                message: format!("there is no file {id}"),
            });
            return Err(problem);
        };
        let content = host.files.read(&kept.id).map_err(NotKept::from)?;
        let added = assets.add_as(id.to_owned(), &kept.name, content);
        added.map_err(NotKept::from)?;
    }
    Ok(())
}

/// The texts that name uploaded files, with where they stand.
fn find<'a>(value: &'a Value, pointer: &mut String, named: &mut Vec<(String, &'a str)>) {
    let length = pointer.len();
    match value {
        Value::String(text) if text.starts_with(NAMED) => {
            let id = text.strip_prefix("asset:").unwrap_or_default();
            named.push((pointer.clone(), id));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointer.push_str(&format!("/{index}"));
                find(item, pointer, named);
                pointer.truncate(length);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                pointer.push_str(&format!("/{name}"));
                find(member, pointer, named);
                pointer.truncate(length);
            }
        }
        _ => {}
    }
}

impl From<NotKept> for Problem {
    fn from(error: NotKept) -> Self {
        match error {
            NotKept::Full { .. } => Self::new(ProblemKind::RateLimited, error)
                .remedy("delete some that are not needed: DELETE /api/files/{file}; each goes after 24 hours"),
            NotKept::Io(_) | NotKept::Store(_) => Self::new(ProblemKind::Internal, error),
        }
    }
}
