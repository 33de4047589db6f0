//! A JSON object put together from members that stand elsewhere already, digit by digit: an amount
//! or an id that went through a float would come out as another one.

use stoflow_plugin_sdk::is_document;

/// An object that is being written.
#[derive(Debug, Default)]
pub(super) struct Document(String);

impl Document {
    /// Adds a member; `json` is its value as a document. One that the host takes as no
    /// document is left out.
    pub(super) fn add(&mut self, name: &str, json: &str) {
        if is_document(json) {
            self.put(name, json);
        }
    }

    fn put(&mut self, name: &str, json: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0.push_str(&quoted(name));
        self.0.push(':');
        self.0.push_str(json);
    }

    /// Adds a text, where there is one.
    pub(super) fn add_text(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.add(name, &quoted(text));
        }
    }

    /// Adds a list of documents, unless it is empty.
    pub(super) fn add_list(&mut self, name: &str, documents: impl Iterator<Item = String>) {
        let list = documents.collect::<Vec<_>>().join(",");
        if !list.is_empty() {
            self.put(name, &format!("[{list}]"));
        }
    }

    /// Adds the members of another object, which has none of these.
    pub(super) fn add_all(&mut self, object: Option<String>) {
        let Some(members) = object.as_deref().and_then(|object| object.get(1..)) else {
            return;
        };
        let members = members.strip_suffix('}').unwrap_or(members);
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0.push_str(members);
    }

    /// The document; `None` where nothing was added.
    pub(super) fn finish(mut self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        self.0.push('}');
        Some(self.0)
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_every_source_make_one_document() {
        let mut document = Document::default();
        document.add_all(Some(r#"{"big":9007199254740993}"#.to_owned()));
        document.add_text("said", Some("\"hi\""));
        document.add_text("unsaid", None);
        document.add_list("none", std::iter::empty());
        document.add_list("some", ["1".to_owned(), "{}".to_owned()].into_iter());
        document.add_all(None);
        let expected = r#"{"big":9007199254740993,"said":"\"hi\"","some":[1,{}]}"#;
        assert_eq!(document.finish().as_deref(), Some(expected));
        assert_eq!(Document::default().finish(), None);
    }
}
