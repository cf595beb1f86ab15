//! Tags of what is sent, by which a browser asks whether it has changed.
//!
//! They are weak: one tag for a page however it is packed.

use std::hash::{DefaultHasher, Hasher};

use http::header::{HeaderMap, HeaderValue, IF_NONE_MATCH};

/// The tag of these bytes.
pub(crate) fn of(bytes: &[u8]) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    let tag = format!("W/\"{:016x}\"", hasher.finish());
    HeaderValue::try_from(tag).expect("a tag is plain text")
}

/// Whether who asks has it already.
pub(crate) fn is_known(asked: &HeaderMap, tag: &HeaderValue) -> bool {
    let strip = |it: &str| it.trim().trim_start_matches("W/").to_owned();
    let tag = tag.to_str().map(strip).unwrap_or_default();
    let lines = asked.get_all(IF_NONE_MATCH).iter().filter_map(|it| it.to_str().ok());
    lines.flat_map(|it| it.split(',')).map(strip).any(|it| it == tag || it == "*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_in_whatever_way_it_is_written() {
        let tag = of(b"something");
        let strong = tag.to_str().unwrap().trim_start_matches("W/").to_owned();
        for (written, is) in [
            (tag.to_str().unwrap().to_owned(), true),
            (strong.clone(), true),
            (format!("\"other\", {strong}"), true),
            ("*".to_owned(), true),
            ("\"other\"".to_owned(), false),
            (String::new(), false),
        ] {
            let asked = [(IF_NONE_MATCH, HeaderValue::try_from(&written).unwrap())];
            assert_eq!(is_known(&asked.into_iter().collect(), &tag), is, "{written}");
        }
        assert!(!is_known(&HeaderMap::new(), &tag));
    }
}
