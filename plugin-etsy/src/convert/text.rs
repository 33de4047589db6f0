//! Text in Etsy's form. Etsy shows a description as it is, so HTML would appear with its tags; and
//! what it answers has entities in it, which the seller never wrote.

use std::borrow::Cow;
use stoflow_plugin_sdk::types::Text;

/// A description as Etsy shows it, and whether anything but text had to go.
#[must_use]
pub fn plain(text: &Text) -> (String, bool) {
    match text {
        Text::Plain(text) => (text.clone(), false),
        Text::Html(html) => (from_html(html), html.contains('<')),
    }
}

/// Text of which the entities are resolved: `O&#39;Connell` is O'Connell.
#[must_use]
pub fn decode<'a>(text: impl Into<Cow<'a, str>>) -> String {
    let text = text.into();
    if text.contains('&') {
        decoded(&text)
    } else {
        text.into_owned()
    }
}

fn decoded(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        let (before, entity) = rest.split_at(start);
        decoded.push_str(before);
        match resolve(entity) {
            Some((character, after)) => {
                decoded.push(character);
                rest = after;
            }
            None => {
                decoded.push('&');
                rest = entity.get(1..).unwrap_or_default();
            }
        }
    }
    decoded.push_str(rest);
    decoded
}

/// What is compared to find a text again that Etsy may have trimmed, re-encoded or re-spaced:
/// letters and digits only.
#[must_use]
pub fn essence(text: &str) -> String {
    decode(text)
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

fn resolve(entity: &str) -> Option<(char, &str)> {
    // The longest name that is known has eight letters; a number has at most seven digits.
    let end = entity
        .char_indices()
        .take(11)
        .find(|(_, character)| *character == ';')?
        .0;
    let name = entity.get(1..end)?;
    let after = entity.get(end + 1..)?;
    let character = match name.strip_prefix('#') {
        Some(number) => {
            let hexadecimal = number.strip_prefix(['x', 'X']);
            let code = match hexadecimal {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
        None => ENTITIES.iter().find(|(known, _)| *known == name)?.1,
    };
    Some((character, after))
}

const ENTITIES: [(&str, char); 48] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("copy", '©'),
    ("reg", '®'),
    ("trade", '™'),
    ("hellip", '…'),
    ("mdash", '—'),
    ("ndash", '–'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("laquo", '«'),
    ("raquo", '»'),
    ("bull", '•'),
    ("middot", '·'),
    ("deg", '°'),
    ("times", '×'),
    ("frac12", '½'),
    ("euro", '€'),
    ("pound", '£'),
    ("cent", '¢'),
    ("szlig", 'ß'),
    ("auml", 'ä'),
    ("ouml", 'ö'),
    ("uuml", 'ü'),
    ("Auml", 'Ä'),
    ("Ouml", 'Ö'),
    ("Uuml", 'Ü'),
    ("agrave", 'à'),
    ("acirc", 'â'),
    ("aacute", 'á'),
    ("ccedil", 'ç'),
    ("eacute", 'é'),
    ("egrave", 'è'),
    ("ecirc", 'ê'),
    ("iacute", 'í'),
    ("icirc", 'î'),
    ("ntilde", 'ñ'),
    ("oacute", 'ó'),
    ("ocirc", 'ô'),
    ("oelig", 'œ'),
    ("uacute", 'ú'),
    ("ugrave", 'ù'),
];

/// HTML as text: paragraphs and lines stay apart, list items get a dash, the rest of the tags go.
#[must_use]
pub fn from_html(html: &str) -> String {
    let mut page = Page::default();
    let mut rest = html;
    while !rest.is_empty() {
        match rest.find('<') {
            Some(0) => rest = page.tag(rest),
            Some(start) => {
                let (text, tag) = rest.split_at(start);
                page.text(text);
                rest = tag;
            }
            None => {
                page.text(rest);
                break;
            }
        }
    }
    page.lines.trim().to_owned()
}

#[derive(Default)]
struct Page {
    lines: String,
    /// A blank stood before what comes next.
    blank: bool,
}

impl Page {
    fn text(&mut self, text: &str) {
        for character in decode(text).chars() {
            if character.is_whitespace() {
                self.blank = true;
                continue;
            }
            if self.blank && !self.lines.is_empty() && !self.lines.ends_with(['\n', ' ']) {
                self.lines.push(' ');
            }
            self.blank = false;
            self.lines.push(character);
        }
    }

    /// Takes in the tag that `rest` begins with, and returns what follows it.
    fn tag<'a>(&mut self, rest: &'a str) -> &'a str {
        if let Some(comment) = rest.strip_prefix("<!--") {
            return comment.split_once("-->").map_or("", |(_, after)| after);
        }
        let named = rest.get(1..).unwrap_or_default();
        let closing = named.starts_with('/');
        let named = named.trim_start_matches('/');
        if !named.starts_with(|first: char| first.is_ascii_alphabetic() || first == '!') {
            self.text("<");
            return rest.get(1..).unwrap_or_default();
        }
        let Some((inside, after)) = split_tag(named) else {
            self.text(rest);
            return "";
        };
        let name: String = inside
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        match (name.to_ascii_lowercase().as_str(), closing) {
            ("script" | "style" | "head" | "title", false) => return past(after, &name),
            ("br", _) => self.break_lines(self.line_ends() + 1),
            ("li", false) => {
                self.break_lines(1);
                self.lines.push_str("- ");
            }
            (
                "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "ul" | "ol" | "table"
                | "blockquote",
                _,
            ) => {
                self.break_lines(2);
            }
            (
                "div" | "tr" | "section" | "article" | "header" | "footer" | "dt" | "dd" | "hr",
                _,
            ) => {
                self.break_lines(1);
            }
            ("td" | "th", _) => self.blank = true,
            _ => {}
        }
        after
    }

    /// Ends the line, and with two leaves one empty; never more.
    fn break_lines(&mut self, wanted: usize) {
        self.blank = false;
        let kept = self.lines.trim_end_matches(' ').len();
        self.lines.truncate(kept);
        if self.lines.is_empty() {
            return;
        }
        for _ in self.line_ends()..wanted.min(2) {
            self.lines.push('\n');
        }
    }

    fn line_ends(&self) -> usize {
        self.lines
            .chars()
            .rev()
            .take_while(|character| *character == '\n')
            .count()
    }
}

/// A tag's inside, and what follows it; a `>` in a quoted value does not end it.
fn split_tag(named: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (place, character) in named.char_indices() {
        match (quote, character) {
            (None, '>') => return Some((named.get(..place)?, named.get(place + 1..)?)),
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
    }
    None
}

/// What follows the closing tag of that name.
fn past<'a>(rest: &'a str, name: &str) -> &'a str {
    let lower = rest.to_ascii_lowercase();
    let Some(start) = lower.find(&format!("</{}", name.to_ascii_lowercase())) else {
        return "";
    };
    let closing = rest.get(start..).unwrap_or_default();
    closing.split_once('>').map_or("", |(_, after)| after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_resolved_once() {
        assert_eq!(
            decode("O&#39;Connell &amp; Fils &eacute;t&#xE9;"),
            "O'Connell & Fils été"
        );
        assert_eq!(
            decode("&amp;lt; & &unknown; &#xFFFFFFFF; 100%&"),
            "&lt; & &unknown; &#xFFFFFFFF; 100%&"
        );
    }

    #[test]
    fn html_becomes_the_text_that_a_browser_shows() {
        let html = "<p>A <b>warm</b>\n coat.</p><p>Sizes:</p><ul><li>M</li><li>L &amp; XL</li></ul>Last<br>line";
        assert_eq!(
            from_html(html),
            "A warm coat.\n\nSizes:\n\n- M\n- L & XL\n\nLast\nline"
        );
    }

    #[test]
    fn what_nobody_sees_goes_and_what_is_no_tag_stays() {
        assert_eq!(
            from_html("<style>p{}</style>a<!-- b --> c<script>x<y</script>"),
            "a c"
        );
        assert_eq!(from_html("3 < 4 and <3"), "3 < 4 and <3");
        assert_eq!(from_html("<a title=\"a>b\">link</a>"), "link");
        assert_eq!(from_html("broken <a href="), "broken <a href=");
        assert_eq!(
            from_html("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>"),
            "a b\nc"
        );
    }

    #[test]
    fn plain_text_is_left_alone() {
        assert_eq!(
            plain(&Text::Plain("a <b>\n c".into())),
            ("a <b>\n c".into(), false)
        );
        assert!(plain(&Text::Html("<p>a</p>".into())).1);
    }

    #[test]
    fn essence_survives_what_etsy_does_to_text() {
        assert_eq!(
            essence("  Mom&#39;s  Coat,\r\n new "),
            essence("Mom's coat, new")
        );
        assert_ne!(essence("coat 1"), essence("coat 2"));
    }
}
