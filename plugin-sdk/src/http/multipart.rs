//! `multipart/form-data`, with files that are streamed in when the request is sent.

/// The parts of a multipart body, in order.
///
/// ```
/// use stoflow_plugin_sdk::http::{Multipart, Request};
///
/// let image = Multipart::new().text("rank", "1").file("image", "asset:front.jpg");
/// let request = Request::post("https://api.example.com/images").multipart(image);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Multipart {
    pub(crate) parts: Vec<Part>,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A text field.
    Text {
        /// Its name.
        name: String,
        /// Its text.
        value: String,
    },
    /// A file of the call, opened with `assets.open` when the request is sent.
    File {
        /// The field's name.
        name: String,
        /// What `assets.open` takes: `asset:` and a name, or an `https:` URL.
        source: String,
        /// By which the marketplace is to know it; else the file's own name.
        file_name: Option<String>,
    },
}

impl Multipart {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text field.
    #[must_use]
    pub fn text(mut self, name: &str, value: impl ToString) -> Self {
        self.parts.push(Part::Text {
            name: name.to_owned(),
            value: value.to_string(),
        });
        self
    }

    /// Adds a file of the call.
    #[must_use]
    pub fn file(self, name: &str, source: &str) -> Self {
        self.file_named(name, source, None)
    }

    /// Adds a file of the call under another name than its own.
    #[must_use]
    pub fn file_named(mut self, name: &str, source: &str, file_name: Option<String>) -> Self {
        let (name, source) = (name.to_owned(), source.to_owned());
        self.parts.push(Part::File {
            name,
            source,
            file_name,
        });
        self
    }

    /// Its parts, in order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }
}

/// The lines before a part's content. A quote or a line end in a name would end the header early.
#[cfg(any(target_family = "wasm", test))]
pub(super) fn head(boundary: &str, name: &str, file: Option<(&str, &str)>) -> String {
    let name = quoted(name);
    match file {
        None => {
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n")
        }
        Some((file_name, media_type)) => format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; \
             filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
            quoted(file_name),
            media_type.replace(['\r', '\n'], ""),
        ),
    }
}

#[cfg(any(target_family = "wasm", test))]
fn quoted(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_cannot_end_its_header() {
        let head = head("b", "image", Some(("a\"\r\nX: y.jpg", "image/jpeg")));
        assert_eq!(head.matches("\r\n").count(), 4);
        assert!(head.contains("filename=\"a%22%0D%0AX: y.jpg\""));
    }
}
