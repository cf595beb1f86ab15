//! Texts of others as part of a page, so that they stay texts.

use std::fmt::{Display, Write};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

/// Appends a text to HTML or XML, between tags or in an attribute in double quotes.
pub(crate) fn text(page: &mut String, text: &str) {
    for it in text.chars() {
        match it {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            '\'' => page.push_str("&#39;"),
            // What XML cannot say at all, and HTML should not.
            it if it.is_control() && !matches!(it, '\n' | '\t') => page.push(' '),
            it => page.push(it),
        }
    }
}

/// Appends a JSON text to a `<script>`. In JSON `<` stands within strings only, so it can be
/// written in another way everywhere; without it nothing ends the script.
pub(crate) fn json(page: &mut String, json: &str) {
    let mut pieces = json.split('<');
    page.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        page.push_str("\\u003c");
        page.push_str(piece);
    }
}

/// Appends a value as JSON to a `<script>`.
pub(crate) fn value(page: &mut String, value: &impl Serialize) {
    let value = serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned());
    json(page, &value);
}

/// Appends a `<script>` with data.
pub(crate) fn data(page: &mut String, attributes: &str, data: &impl Serialize) {
    let _ = write!(page, "<script {attributes}>");
    value(page, data);
    page.push_str("</script>");
}

/// A text as one segment of a path or one value of a query, as `encodeURIComponent` has it.
pub(crate) fn component(text: &str) -> impl Display {
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'!')
        .remove(b'~')
        .remove(b'*')
        .remove(b'\'')
        .remove(b'(')
        .remove(b')');
    utf8_percent_encode(text, KEPT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_a_text() {
        let mut page = String::new();
        text(&mut page, "<b title=\"a\" id='b'>&amp;\u{0}\u{1b}ä\n</b>");
        assert_eq!(page, "&lt;b title=&quot;a&quot; id=&#39;b&#39;&gt;&amp;amp;  ä\n&lt;/b&gt;");
    }

    #[test]
    fn nothing_ends_a_script_but_its_end() {
        let mut page = String::new();
        data(&mut page, "id=\"x\"", &["</script><!--<script>", "a"]);
        assert_eq!(
            page,
            "<script id=\"x\">[\"\\u003c/script>\\u003c!--\\u003cscript>\",\"a\"]</script>"
        );
        let json = page.split_once('>').unwrap().1.strip_suffix("</script>").unwrap();
        let read: Vec<String> = serde_json::from_str(json).unwrap();
        assert_eq!(read, ["</script><!--<script>", "a"]);
    }
}
