//! A call's body with its files: what stands as `asset:NAME` in the arguments is read from the
//! folder that the arguments came from, and sent with them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use serde_json::Value;
use tokio::fs::File;
use tokio_util::io::ReaderStream;

use super::Failure;

/// The body of a call and its media type.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) media_type: String,
    pub(super) body: Body,
}

impl Form {
    /// Arguments alone, or with the files that they name.
    pub(super) async fn new(arguments: &Value, folder: &Path) -> Result<Self, Failure> {
        let json = serde_json::to_vec(arguments).map_err(Failure::reply)?;
        let mut names = BTreeSet::new();
        collect(arguments, &mut names);
        if names.is_empty() {
            return Ok(Self {
                media_type: "application/json".into(),
                body: Body::from(json),
            });
        }
        multipart(json, &names, folder).await
    }
}

/// All sources that are files of the call.
fn collect(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str().and_then(|text| text.strip_prefix("asset:")) {
                    Some(file) if name == "source" => {
                        names.insert(file.to_owned());
                    }
                    _ => collect(member, names),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        _ => {}
    }
}

async fn multipart(
    json: Vec<u8>,
    names: &BTreeSet<String>,
    folder: &Path,
) -> Result<Form, Failure> {
    let boundary = format!("stoflow-{}", crate::model::CallId::random());
    let mut parts: Vec<stream::BoxStream<'static, std::io::Result<Bytes>>> = Vec::new();
    let head = format!(
        "--{boundary}\r\ncontent-disposition: form-data; name=\"arguments\"\r\ncontent-type: application/json\r\n\r\n"
    );
    parts.push(once(head));
    parts.push(once(json));
    for name in names {
        let file = open(name, folder).await?;
        let head = format!(
            "\r\n--{boundary}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{}\"\r\n\r\n",
            quoted(name)
        );
        parts.push(once(head));
        parts.push(ReaderStream::new(file).boxed());
    }
    parts.push(once(format!("\r\n--{boundary}--\r\n")));
    let body = Body::from_stream(stream::iter(parts).flatten());
    Ok(Form {
        media_type: format!("multipart/form-data; boundary={boundary}"),
        body,
    })
}

/// A file's name as it stands between quotes (HTML Living Standard §4.10.21.8).
fn quoted(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn once(bytes: impl Into<Bytes>) -> stream::BoxStream<'static, std::io::Result<Bytes>> {
    let bytes = bytes.into();
    stream::once(async move { Ok(bytes) }).boxed()
}

async fn open(name: &str, folder: &Path) -> Result<File, Failure> {
    let path: PathBuf = folder.join(name);
    File::open(&path).await.map_err(|error| {
        Failure::usage(format_args!(
            "asset:{name} is the file {}: {error}",
            path.display()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_wherever_the_arguments_name_them() {
        let arguments = serde_json::json!({
            "product": {
                "title": "asset:not-one",
                "images": [{"source": "asset:a.jpg"}, {"source": "https://example.com/b.jpg"}],
                "variations": [{"images": [{"source": "asset:c.jpg"}, {"source": "asset:a.jpg"}]}]
            }
        });
        let mut names = BTreeSet::new();
        collect(&arguments, &mut names);
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["a.jpg", "c.jpg"]);
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_named_with_its_path() {
        let arguments = serde_json::json!({"image": {"source": "asset:none.jpg"}});
        let failure = Form::new(&arguments, Path::new("/nowhere"))
            .await
            .unwrap_err();
        assert_eq!(failure.exit_code(), 2);
    }
}
