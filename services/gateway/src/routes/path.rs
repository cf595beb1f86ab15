//! Paths: the one form of what a client asks for, the patterns of routes, and rewriting.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::error::RouteError;

/// What stays as it is in a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The one form of a path: without a slash at its end, and with the version that is left out of
/// `/api/…` where the table has one.
pub(super) fn canonical<'p>(path: &'p str, version: Option<&str>) -> Cow<'p, str> {
    let path = path.strip_suffix('/').filter(|it| !it.is_empty()).unwrap_or(path);
    match (version, path.strip_prefix("/api/")) {
        (Some(version), Some(rest)) if !begins_with_version(rest) => {
            Cow::Owned(format!("/api/{version}/{rest}"))
        }
        _ => Cow::Borrowed(path),
    }
}

fn begins_with_version(path: &str) -> bool {
    path.split('/').next().is_some_and(is_version)
}

pub(super) fn is_version(word: &str) -> bool {
    word.strip_prefix('v')
        .is_some_and(|it| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit()))
}

/// The pattern of a route as it is matched.
pub(super) fn pattern(path: &str, version: Option<&str>) -> Result<String, RouteError> {
    if !path.starts_with('/') {
        return Err(RouteError::NoSlash);
    }
    if is_internal(path) {
        return Err(RouteError::Internal);
    }
    let form = match path {
        "/" => Cow::Borrowed(path),
        path => canonical(path, version),
    };
    // Many systems write a slash at the end; who means another path is told.
    if form.as_ref() != path.strip_suffix('/').filter(|it| !it.is_empty()).unwrap_or(path) {
        return Err(RouteError::OtherForm(form.into_owned()));
    }
    if path.contains(['?', '#', '%', ' ']) {
        return Err(RouteError::Escapes);
    }
    Ok(form.into_owned())
}

/// Whether a path leads to what services tell each other, under whatever prefix.
pub(super) fn is_internal(path: &str) -> bool {
    path.split('/').any(|it| it == "internal")
}

/// The names of a pattern's parameters.
pub(super) fn parameters(pattern: &str) -> Vec<&str> {
    pattern.split('{').skip(1).filter_map(|it| it.split('}').next()).map(bare).collect()
}

fn bare(name: &str) -> &str {
    name.strip_prefix('*').unwrap_or(name)
}

/// A parameter as people write it; the rest of a path is left as it is.
pub(super) fn parameter(pattern: &str, name: &str, value: &str) -> (String, String) {
    let value = if pattern.ends_with(&format!("{{*{name}}}")) {
        value.to_owned()
    } else {
        percent_decode_str(value).decode_utf8_lossy().into_owned()
    };
    (name.to_owned(), value)
}

/// A path with parameters to be filled in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Literal(String),
    Parameter(String),
    /// More than one segment.
    Rest(String),
}

impl Template {
    pub(super) fn parse(text: &str) -> Result<Self, RouteError> {
        if is_internal(text) {
            return Err(RouteError::Internal);
        }
        if text.contains(['?', '#', '%', ' ']) {
            return Err(RouteError::RewriteEscapes(text.to_owned()));
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once('{') {
            let open = || RouteError::NotClosed(text.to_owned());
            let (name, after) = after.split_once('}').ok_or_else(open)?;
            if bare(name).is_empty() || name.contains(['{', '/']) {
                let (rewrite, name) = (text.to_owned(), name.to_owned());
                return Err(RouteError::NoParameter { rewrite, name });
            }
            if !literal.is_empty() {
                pieces.push(Piece::Literal(literal.to_owned()));
            }
            pieces.push(match name.strip_prefix('*') {
                Some(name) => Piece::Rest(name.to_owned()),
                None => Piece::Parameter(name.to_owned()),
            });
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Literal(rest.to_owned()));
        }
        Ok(Self(pieces))
    }

    pub(super) fn parameters(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|it| match it {
            Piece::Literal(_) => None,
            Piece::Parameter(name) | Piece::Rest(name) => Some(name.as_str()),
        })
    }

    /// The whole path, if it has no parameters.
    pub(crate) fn constant(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Piece::Literal(path)] => Some(path),
            _ => None,
        }
    }

    /// The path; nothing where a parameter is missing or could lead elsewhere.
    pub(crate) fn fill(&self, parameters: &[(String, String)]) -> Option<String> {
        let mut path = String::new();
        let value = |name: &str| {
            parameters.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str())
        };
        for piece in &self.0 {
            match piece {
                Piece::Literal(literal) => path.push_str(literal),
                Piece::Parameter(name) => {
                    let value = value(name).filter(|it| !matches!(*it, "" | "." | ".."))?;
                    path.extend(utf8_percent_encode(value, SEGMENT));
                }
                Piece::Rest(name) => {
                    let value = value(name)?;
                    if value.split('/').any(|it| matches!(it, "" | "." | "..")) {
                        return None;
                    }
                    path.push_str(value);
                }
            }
        }
        Some(path)
    }

    /// As it is written in a file.
    pub(crate) fn text(&self) -> String {
        let pieces = self.0.iter().map(|it| match it {
            Piece::Literal(literal) => literal.clone(),
            Piece::Parameter(name) => format!("{{{name}}}"),
            Piece::Rest(name) => format!("{{*{name}}}"),
        });
        pieces.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_form() {
        for (path, form) in [
            ("/", "/"),
            ("/health/", "/health"),
            ("/api/products", "/api/v1/products"),
            ("/api/products/", "/api/v1/products"),
            ("/api/v1/products/a/", "/api/v1/products/a"),
            ("/api/v2/products", "/api/v2/products"),
            ("/api/vouchers", "/api/v1/vouchers"),
            ("/api/v", "/api/v1/v"),
            ("/api", "/api"),
            ("/api/", "/api"),
            ("//", "/"),
        ] {
            assert_eq!(canonical(path, Some("v1")), form, "{path}");
        }
        assert_eq!(canonical("/api/products/", None), "/api/products");
    }

    #[test]
    fn parameters_are_filled_in_and_lead_nowhere_else() {
        let filled = |text: &str, value: &str| {
            Template::parse(text).unwrap().fill(&[("x".to_owned(), value.to_owned())])
        };
        assert_eq!(filled("/api/a/{x}/b", "7").as_deref(), Some("/api/a/7/b"));
        assert_eq!(filled("/api/a/{x}", "ä b/../c").as_deref(), Some("/api/a/%C3%A4%20b%2F..%2Fc"));
        assert_eq!(filled("/api/a/{*x}", "b/c").as_deref(), Some("/api/a/b/c"));
        for (text, value) in [
            ("/api/{x}", ""),
            ("/api/{x}", ".."),
            ("/api/{x}", "."),
            ("/api/{y}", "a"),
            ("/api/{*x}", "../a"),
            ("/api/{*x}", "a//b"),
            ("/api/{*x}", "a/./b"),
        ] {
            assert_eq!(filled(text, value), None, "{text} {value}");
        }
        assert_eq!(Template::parse("/api/{x}/{*y}").unwrap().text(), "/api/{x}/{*y}");
    }
}
