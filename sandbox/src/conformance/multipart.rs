//! The parts of a multipart body, read strictly: RFC 2046's boundaries, and of a part's head the name
//! and the file's name.

/// One part.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub(super) name: String,
    pub(super) file_name: Option<String>,
    pub(super) bytes: &'a [u8],
}

/// The parts of a body, or what is wrong with it.
pub(super) fn parts<'a>(content_type: &str, body: &'a [u8]) -> Result<Vec<Part<'a>>, String> {
    let boundary = parameter(content_type, "boundary")
        .filter(|boundary| !boundary.is_empty())
        .ok_or("the content type has no boundary")?;
    let delimiter = format!("--{boundary}").into_bytes();
    let mut rest = body
        .strip_prefix(delimiter.as_slice())
        .ok_or("the body does not begin with its boundary")?;
    let between = [b"\r\n", delimiter.as_slice()].concat();
    let mut parts = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Ok(parts);
        }
        let content = rest
            .strip_prefix(b"\r\n")
            .ok_or("a boundary is not the end of its line")?;
        let end = position(content, &between).ok_or("the last part does not end")?;
        let (whole, after) = content.split_at(end);
        parts.push(part(whole)?);
        rest = after.strip_prefix(between.as_slice()).unwrap_or_default();
    }
}

fn part(whole: &[u8]) -> Result<Part<'_>, String> {
    let end = position(whole, b"\r\n\r\n").ok_or("a part has no head")?;
    let (head, content) = whole.split_at(end);
    let head = String::from_utf8_lossy(head);
    let mut lines = head.split("\r\n");
    let disposition = lines
        .find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-disposition")
                .then_some(value.trim())
        })
        .filter(|value| value.starts_with("form-data"))
        .ok_or("a part has no disposition form-data")?;
    Ok(Part {
        name: parameter(disposition, "name").ok_or("a part has no name")?,
        file_name: parameter(disposition, "filename"),
        bytes: content.strip_prefix(b"\r\n\r\n").unwrap_or_default(),
    })
}

/// A parameter of a header's value, its quotes taken off.
fn parameter(value: &str, wanted: &str) -> Option<String> {
    value.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.trim().split_once('=')?;
        name.eq_ignore_ascii_case(wanted)
            .then(|| value.trim_matches('"').to_owned())
    })
}

fn position(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|at| at == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_names_and_bytes() {
        let body = b"--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.jpg\"\r\n\
            content-type: image/jpeg\r\n\r\n\xff\r\n--\r\n--b\r\ncontent-disposition: form-data; name=rank\r\n\r\n1\r\n--b--\r\n";
        let parts = parts("multipart/form-data; boundary=\"b\"", body).unwrap();
        let shown: Vec<_> = parts
            .iter()
            .map(|part| (part.name.as_str(), part.file_name.as_deref(), part.bytes))
            .collect();
        let expected: [(&str, Option<&str>, &[u8]); 2] = [
            ("image", Some("a.jpg"), b"\xff\r\n--"),
            ("rank", None, b"1"),
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn what_is_not_multipart_says_why() {
        let head = "content-disposition: form-data; name=a";
        for (content_type, body) in [
            ("multipart/form-data", "--b--".to_owned()),
            ("multipart/form-data; boundary=b", "a=b".to_owned()),
            (
                "multipart/form-data; boundary=b",
                format!("--b\r\n{head}\r\n\r\n1\r\n"),
            ),
            (
                "multipart/form-data; boundary=b",
                format!("--bc\r\n{head}\r\n\r\n1\r\n--b--"),
            ),
            (
                "multipart/form-data; boundary=b",
                "--b\r\n\r\n1\r\n--b--".to_owned(),
            ),
            (
                "multipart/form-data; boundary=b",
                format!("--b\r\n{head}\r\n--b--"),
            ),
        ] {
            assert!(
                parts(content_type, body.as_bytes()).is_err(),
                "{content_type} {body}"
            );
        }
    }
}
