//! `If-Match`: a write that is meant for the state its client has seen, and for no other (RFC 9110,
//! 13.1.1). A writer compares the tag under the lock under which it writes.
//!
//! The tag is the version of the resource itself: [`Tagged`] answers it, [`check`] compares it. An
//! operation that lists `IfMatch` among its parameters documents header, 400 and 412 by that.

use axum::extract::OptionalFromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ObjectBuilder, Required};

use crate::extract::Json;
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

/// What a write can be meant for: something with a version of its own.
pub trait Versioned {
    /// What it is called in an error.
    const NAME: &'static str;

    /// Rises with every edit, and with nothing else.
    fn version(&self) -> i64;

    /// When it last changed, where that is known.
    fn updated_at(&self) -> Option<DateTime<Utc>> {
        None
    }

    /// The fields that were edited after it had this version, as its body calls them. Empty where
    /// nobody keeps them.
    fn changed_since(&self, _version: i64) -> Vec<String> {
        Vec::new()
    }
}

/// An answer of one resource, with the tag of its version.
#[derive(Debug)]
pub struct Tagged<T>(pub i64, pub T);

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        ([(header::ETAG, etag(self.0))], Json(self.1)).into_response()
    }
}

/// Refuses a write that was meant for another state than the one it would change.
pub fn check(seen: Option<&IfMatch>, now: &impl Versioned) -> Result<()> {
    match seen {
        Some(seen) if !seen.allows(&etag(now.version())) => Err(precondition_failed(seen, now)),
        _ => Ok(()),
    }
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

    /// The latest version it names that came before this one.
    fn before(&self, version: i64) -> Option<i64> {
        let Self::Tags(tags) = self else { return None };
        tags.iter().filter_map(|it| it.parse().ok()).filter(|it| *it < version).max()
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

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let parameter = ParameterBuilder::new()
            .name("If-Match")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(
                "The `ETag` of the state to change. If it has changed since, nothing is written.",
            ))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)));
        vec![parameter.build()]
    }
}

/// The resource has changed since the `ETag` in `If-Match`, and nothing was written. `version` has
/// its current version; `changed` names the changed fields and `updated_at` the time of the last
/// change, where they are known.
#[problem(PRECONDITION_FAILED)]
pub(crate) fn precondition_failed<T: Versioned>(seen: &IfMatch, now: &T) -> Problem {
    let version = now.version();
    let changed = seen.before(version).map(|it| now.changed_since(it)).unwrap_or_default();
    let what = T::NAME;
    let fields = match changed.as_slice() {
        [] => String::new(),
        all if all.len() > SHOWN => {
            format!(": {} and {} more", all[..SHOWN].join(", "), all.len() - SHOWN)
        }
        all => format!(": {}", all.join(", ")),
    };
    let detail = format!(
        "the {what} is not in the state of this ETag, and nothing was written; it has version \
         {version} now{fields}; read it again, then decide"
    );
    let mut problem = precondition_failed::problem(detail).with("version", version);
    if let Some(at) = now.updated_at() {
        problem = problem.with("updated_at", at.to_rfc3339_opts(SecondsFormat::AutoSi, true));
    }
    if changed.is_empty() { problem } else { problem.with("changed", changed) }
}

/// The most fields that the text of an error names; its member `changed` has all.
const SHOWN: usize = 10;

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

    struct Page(i64);

    impl Versioned for Page {
        const NAME: &'static str = "page";

        fn version(&self) -> i64 {
            self.0
        }

        fn changed_since(&self, version: i64) -> Vec<String> {
            (version + 1..=self.0).map(|it| format!("field{it}")).collect()
        }
    }

    #[test]
    fn who_has_seen_an_older_state_is_told_what_changed() {
        let refused = |value: &str, now: i64| {
            let seen = IfMatch::read(value.as_bytes()).unwrap();
            check(Some(&seen), &Page(now)).err()
        };
        assert_eq!(check(None, &Page(3)), Ok(()));
        assert_eq!(refused("*", 3), None);
        assert_eq!(refused("\"3\"", 3), None);
        for (value, changed) in [
            ("\"2\"", Some(vec!["field3"])),
            ("\"1\", \"2\"", Some(vec!["field3"])),
            ("\"1\"", Some(vec!["field2", "field3"])),
            // Of states that never were there is nothing to tell.
            ("\"4\"", None),
            ("\"x\"", None),
            ("W/\"3\"", None),
        ] {
            let problem = refused(value, 3).unwrap_or_else(|| panic!("{value}"));
            assert_eq!((problem.status, &*problem.code), (412, "precondition_failed"));
            assert_eq!(problem.members["version"], 3);
            assert_eq!(problem.members.get("changed"), changed.map(Into::into).as_ref(), "{value}");
        }
        let long = refused("\"1\"", 21).unwrap();
        assert!(long.detail.contains("field11 and 10 more"), "{}", long.detail);
        assert_eq!(long.members["changed"].as_array().unwrap().len(), 20);
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
