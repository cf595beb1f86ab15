//! Which service answers which path: data, read from `routes.toml`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use http::Method;
use serde::Deserialize;
use toml::Spanned;

use crate::limits::Class;

const EMBEDDED: &str = include_str!("../routes.toml");

/// All routes, ready to be matched.
#[derive(Clone, Debug)]
pub(crate) struct Table(matchit::Router<Route>);

/// Where a path leads.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) service: String,
    rewrite: Option<String>,
    limits: Vec<(Method, Option<Class>)>,
}

/// The route of a path, and the path the service knows it by where that is another one.
#[derive(Debug)]
pub(crate) struct Found<'t, 'p> {
    pub(crate) route: &'t Route,
    pub(crate) path: Cow<'p, str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    routes: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    path: Spanned<String>,
    service: String,
    #[serde(default)]
    limits: BTreeMap<Spanned<String>, Spanned<String>>,
    rewrite: Option<Spanned<String>>,
}

impl Table {
    pub(crate) fn embedded() -> Result<Self, String> {
        Self::parse(EMBEDDED, "routes.toml")
    }

    /// Reads a table. Errors name the line in `file`.
    pub(crate) fn parse(text: &str, file: &str) -> Result<Self, String> {
        let at = |offset: usize| {
            let line = text[..offset.min(text.len())].matches('\n').count() + 1;
            format!("{file} line {line}")
        };
        let read: File = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |it| it.start);
            format!("{}: {}", at(start), error.message())
        })?;
        let mut router = matchit::Router::new();
        for entry in read.routes {
            let path = entry.get_ref().path.clone();
            let wrong =
                |reason: String| format!("{}: {}: {reason}", at(path.span().start), path.get_ref());
            let route = Route::of(entry.into_inner()).map_err(wrong)?;
            router.insert(path.get_ref(), route).map_err(|error| wrong(error.to_string()))?;
        }
        Ok(Self(router))
    }

    /// Where a path leads, in whatever way the client wrote it.
    pub(crate) fn find<'t, 'p>(&'t self, path: &'p str) -> Option<Found<'t, 'p>> {
        let path = canonical(path);
        let route = self.0.at(&path).ok()?.value;
        let path = match &route.rewrite {
            Some(rewrite) => Cow::Owned(rewrite.clone()),
            None => path,
        };
        Some(Found { route, path })
    }
}

impl Route {
    fn of(entry: Entry) -> Result<Self, String> {
        let path = entry.path.get_ref();
        if path.split('/').nth(1) == Some("internal") {
            return Err("what services tell each other is never routed".to_owned());
        }
        if path != "/" && canonical(path) != *path {
            return Err(format!("no request ever has this path; write {}", canonical(path)));
        }
        let limits = entry.limits.iter().map(|(method, class)| {
            let method = method.get_ref();
            let known = Method::from_bytes(method.as_bytes()).ok();
            let known = known.filter(|_| method.chars().all(|it| it.is_ascii_uppercase()));
            let known = known.ok_or_else(|| format!("{method:?} is no method"))?;
            Ok((known, Class::named(class.get_ref())?))
        });
        let limits = limits.collect::<Result<_, String>>()?;
        let rewrite = entry.rewrite.map(Spanned::into_inner);
        if let Some(rewrite) = rewrite.as_ref().filter(|it| !it.starts_with("/api/")) {
            return Err(format!("the services know no path {rewrite}"));
        }
        Ok(Self { service: entry.service, rewrite, limits })
    }

    /// The class of the rate limit, if there is one.
    pub(crate) fn class(&self, method: &Method) -> Option<Class> {
        match self.limits.iter().find(|(it, _)| it == method) {
            Some((_, class)) => *class,
            None if [Method::GET, Method::HEAD, Method::OPTIONS].contains(method) => {
                Some(Class::Read)
            }
            None => Some(Class::Write),
        }
    }
}

/// The one form of a path: without a slash at its end, and with a version.
fn canonical(path: &str) -> Cow<'_, str> {
    let path = path.strip_suffix('/').filter(|it| !it.is_empty()).unwrap_or(path);
    match path.strip_prefix("/api/") {
        Some(rest) if !begins_with_version(rest) => Cow::Owned(format!("/api/v1/{rest}")),
        _ => Cow::Borrowed(path),
    }
}

fn begins_with_version(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    first
        .strip_prefix('v')
        .is_some_and(|it| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_of_the_embedded_table_is_well_formed() {
        Table::embedded().unwrap();
    }

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
            assert_eq!(canonical(path), form, "{path}");
        }
    }

    #[test]
    fn the_more_exact_route_wins() {
        let table = Table::embedded().unwrap();
        for (path, service) in [
            ("/api/v1/products/7", "catalog"),
            ("/api/v1/products/7/images", "catalog"),
            ("/api/v1/products/7/reviews", "reviews"),
            ("/api/v1/orders/checkout", "orders"),
            ("/api/v1/orders/health", "orders"),
            ("/api/v1/identity/health", "identity"),
        ] {
            assert_eq!(table.find(path).unwrap().route.service, service, "{path}");
        }
    }

    #[test]
    fn what_services_tell_each_other_leads_nowhere() {
        let table = Table::embedded().unwrap();
        for path in ["/internal", "/internal/reserve", "/internal/", "/api/internal/reserve"] {
            assert!(table.find(path).is_none(), "{path}");
        }
    }

    #[test]
    fn a_mistake_is_named_with_its_line() {
        let good = "[[routes]]\npath = \"/a\"\nservice = \"s\"\n";
        for (bad, line, reason) in [
            ("[[routes]]\npath = \"/a\"\nservice = \"t\"", 5, "conflict"),
            ("[[routes]]\npath = \"/{a\"\nservice = \"t\"", 5, ""),
            ("[[routes]]\npath = \"/internal/x\"\nservice = \"t\"", 5, "never routed"),
            ("[[routes]]\npath = \"/api/x/\"\nservice = \"t\"", 5, "write /api/v1/x"),
            ("[[routes]]\npath = \"/b\"\nservice = \"t\"\nlimits = { GET = \"l\" }", 5, "login"),
            ("[[routes]]\npath = \"/b\"\nservice = \"t\"\nlimits = { get = \"read\" }", 5, "get"),
            ("[[routes]]\npath = \"/b\"\nservice = \"t\"\nrewrite = \"/c\"", 5, "/c"),
            ("[[routes]]\npath = 7\nservice = \"t\"", 5, "string"),
            ("[[routes]]\npath = \"/b\"\nservice = \"t\"\ncolour = 1", 7, "colour"),
            ("[[routes]]\npath = \"/b\"", 4, "service"),
        ] {
            let error = Table::parse(&format!("{good}{bad}\n"), "r.toml").unwrap_err();
            assert!(error.starts_with(&format!("r.toml line {line}: ")), "{error} for {bad}");
            assert!(error.contains(reason), "{error} for {bad}");
        }
    }
}
