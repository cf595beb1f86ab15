//! `If-Match`: a write that is meant for the state its client has seen, and for no other (RFC 9110,
//! 13.1.1). A writer compares the tag under the lock under which it writes.

use axum::extract::OptionalFromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};

use crate::problem::{Problem, Result, problem};

/// Which states a write is meant for. A header that is not one gets 400: taken for no condition it
/// would write what it must not, taken for one that fails it would fail forever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// `*`: any, as long as there is something.
    Any,
    /// One of these, without their quotes. Weak tags say that something is about the same, which
    /// is not enough to write by: they are none of these.
    Tags(Vec<String>),
}

/// The strong tag of a state that is numbered.
pub fn etag(version: i64) -> HeaderValue {
    let tag = HeaderValue::try_from(format!("\"{version}\""));
    tag.unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

impl IfMatch {
    /// Whether the state with this tag is meant.
    pub fn allows(&self, tag: &HeaderValue) -> bool {
        let Some(tag) = tag.to_str().ok().and_then(|it| it.strip_prefix('"')?.strip_suffix('"'))
        else {
            return false;
        };
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|it| it == tag),
        }
    }

    /// Reads the value of the header; none if it is not well-formed.
    fn read(value: &[u8]) -> Option<Self> {
        if value.trim_ascii() == b"*" {
            return Some(Self::Any);
        }
        let (mut tags, mut count, mut rest) = (Vec::new(), 0, value.trim_ascii());
        while !rest.is_empty() {
            // A list may have empty elements.
            if let Some(after) = rest.strip_prefix(b",") {
                rest = after.trim_ascii_start();
                continue;
            }
            let strong = rest.strip_prefix(b"W/").unwrap_or(rest);
            let opened = strong.strip_prefix(b"\"")?;
            let end = opened.iter().position(|it| *it == b'"')?;
            let (tag, after) = (&opened[..end], opened[end + 1..].trim_ascii_start());
            if !tag.iter().all(|it| matches!(it, 0x21 | 0x23..=0x7e | 0x80..)) {
                return None;
            }
            if !after.is_empty() && !after.starts_with(b",") {
                return None;
            }
            if strong.len() == rest.len() {
                tags.push(String::from_utf8_lossy(tag).into_owned());
            }
            count += 1;
            rest = after;
        }
        (count > 0).then_some(Self::Tags(tags))
    }
}

/// None without the header.
impl<S: Sync> OptionalFromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>> {
        let lines: Vec<&[u8]> =
            parts.headers.get_all(header::IF_MATCH).iter().map(HeaderValue::as_bytes).collect();
        if lines.is_empty() {
            return Ok(None);
        }
        Self::read(&lines.join(&b","[..])).map(Some).ok_or_else(if_match_invalid)
    }
}

/// The header `If-Match` is malformed.
#[problem(BAD_REQUEST)]
pub(crate) fn if_match_invalid() -> Problem {
    if_match_invalid::problem(
        "If-Match is * or a list of tags with their quotes, as an ETag has them: \"17\"",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_allowed_by_a_strong_tag_that_is_the_same() {
        for (value, allowed) in [
            ("\"17\"", true),
            (" \"17\" ", true),
            ("\"16\", \"17\"", true),
            (",, \"16\" ,\"17\",", true),
            ("\"a,b\",\"17\"", true),
            ("*", true),
            ("\"16\"", false),
            ("\"17,18\"", false),
            ("\"\"", false),
            ("W/\"17\"", false),
            ("W/\"17\", \"17\"", true),
        ] {
            let read = IfMatch::read(value.as_bytes()).unwrap_or_else(|| panic!("{value}"));
            assert_eq!(read.allows(&etag(17)), allowed, "{value}");
        }
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        for value in [
            "",
            " ",
            ",",
            "17",
            "\"17",
            "17\"",
            "\"1\" \"2\"",
            "\"1\"2",
            "*, \"17\"",
            "\"17\", *",
            "w/\"17\"",
            "W/17",
            "W /\"17\"",
            "\"1 7\"",
            "\"17\" x",
        ] {
            assert_eq!(IfMatch::read(value.as_bytes()), None, "{value}");
        }
    }
}
