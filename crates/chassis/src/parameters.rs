//! The query parameters of routes, read from the API's own description: a client that sends another
//! one has misspelt it, and would be surprised by an answer that ignores it.

use std::collections::{HashMap, HashSet};

use axum::http::Method;
use serde_json::Value;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::Operation;

use crate::cards;
use crate::openapi::operations;
use crate::problem::{FieldError, Problem, Result};

/// In the description of an operation that takes any parameter and ignores those it does not know:
/// others make the links that lead to it, and add some of their own.
pub const ANY_PARAMETER: &str = "x-any-parameter";

/// Unknown parameters an answer names at most.
const MAX_ERRORS: usize = 20;
/// Characters of a name that an answer repeats.
const MAX_NAME: usize = 100;
/// How many names are listed where none is near.
const FEW: usize = 8;
/// How alike two names must be for one to be meant by the other, from 0 to 1.
const NEAR: f64 = 0.8;

/// The names of the query parameters of a service's routes.
#[derive(Clone, Debug)]
pub struct Parameters(HashMap<String, HashMap<Method, Vec<String>>>);

impl Parameters {
    pub fn of(openapi: &OpenApi) -> Self {
        let paths = serde_json::to_value(&openapi.paths).unwrap_or_default();
        let routes = paths.as_object().into_iter().flatten().map(|(path, operations)| {
            let operations = operations.as_object().into_iter().flatten();
            let names = operations.filter_map(|(method, operation)| {
                let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes()).ok()?;
                let strict = operation.is_object() && operation[ANY_PARAMETER] != true;
                strict.then(|| (method, names(operation)))
            });
            (path.clone(), names.collect())
        });
        Self(routes.collect())
    }

    /// The parameters of an operation. None where it takes any, or where there is no such operation.
    pub fn known(&self, route: &str, method: &Method) -> Option<&[String]> {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        self.0.get(route)?.get(method).map(Vec::as_slice)
    }

    /// Refuses parameters that the operation does not have.
    pub fn check(&self, route: &str, method: &Method, query: Option<&str>) -> Result<()> {
        let query = query.unwrap_or_default();
        if query.is_empty() {
            return Ok(());
        }
        let Some(known) = self.known(route, method) else { return Ok(()) };
        let mut seen = HashSet::new();
        let unknown = form_urlencoded::parse(query.as_bytes())
            .map(|(name, _)| name)
            .filter(|it| !known.iter().any(|known| known == it) && seen.insert(it.clone()));
        let errors: Vec<FieldError> = unknown
            .take(MAX_ERRORS)
            .map(|name| {
                let short: String = name.chars().take(MAX_NAME).collect();
                FieldError {
                    detail: format!("unknown parameter; {}", hint(&short, known)),
                    field: cards::masked(&short).into_owned(),
                }
            })
            .collect();
        if errors.is_empty() { Ok(()) } else { Err(Problem::fields(errors)) }
    }
}

/// Marks all operations as those that take any parameter.
pub fn take_any(openapi: &mut OpenApi) {
    for item in openapi.paths.paths.values_mut() {
        for (_, operation) in operations(item) {
            operation
                .extensions
                .get_or_insert_default()
                .insert(ANY_PARAMETER.to_owned(), true.into());
        }
    }
}

/// Whether an operation takes any parameter.
pub(crate) fn takes_any(operation: &Operation) -> bool {
    operation.extensions.as_ref().is_some_and(|it| it.get(ANY_PARAMETER) == Some(&true.into()))
}

fn names(operation: &Value) -> Vec<String> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let names = parameters.filter(|it| it["in"] == "query").filter_map(|it| it["name"].as_str());
    names.map(str::to_owned).collect()
}

/// What the client may have meant.
fn hint(name: &str, known: &[String]) -> String {
    let name = name.to_lowercase();
    let near = known.iter().map(|it| (strsim::jaro_winkler(&name, it), it));
    let near = near.filter(|(alike, _)| *alike >= NEAR);
    match near.max_by(|(one, _), (other, _)| one.total_cmp(other)) {
        Some((_, near)) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "this operation has none".to_owned(),
        None if known.len() <= FEW => {
            let known: Vec<String> = known.iter().map(|it| format!("`{it}`")).collect();
            format!("this operation has {}", known.join(", "))
        }
        None => "see /docs for those of this operation".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parameters() -> Parameters {
        let query = |name: &str| json!({ "name": name, "in": "query", "required": false });
        let id = json!({ "name": "id", "in": "path", "required": true });
        let responses = json!({});
        let openapi = json!({
            "openapi": "3.1.0",
            "info": { "title": "", "version": "" },
            "paths": {
                "/things": {
                    "get": { "responses": responses, "parameters":
                        [query("limit"), query("cursor"), query("updated_since"), query("größe")] },
                    "post": { "responses": responses },
                },
                "/things/{id}": { "get": { "responses": responses, "parameters": [id] } },
                "/hooks": { "post": { "responses": responses, ANY_PARAMETER: true } },
            },
        });
        Parameters::of(&serde_json::from_value(openapi).unwrap())
    }

    fn refused(method: Method, route: &str, query: &str) -> Vec<(String, String)> {
        match parameters().check(route, &method, Some(query)) {
            Ok(()) => vec![],
            Err(problem) => {
                assert_eq!((problem.status, &*problem.code), (422, "validation_failed"));
                problem.errors.into_iter().map(|it| (it.field, it.detail)).collect()
            }
        }
    }

    #[test]
    fn an_unknown_parameter_is_refused_with_the_nearest_one() {
        for (query, field, hint) in [
            ("lmit=5", "lmit", "did you mean `limit`?"),
            ("LIMIT=5", "LIMIT", "did you mean `limit`?"),
            ("limit%20=5", "limit ", "did you mean `limit`?"),
            ("limit[]=5", "limit[]", "did you mean `limit`?"),
            ("updated-since=x", "updated-since", "did you mean `updated_since`?"),
            ("page=2", "page", "this operation has `limit`, `cursor`, `updated_since`, `größe`"),
            ("=5", "", "this operation has `limit`, `cursor`, `updated_since`, `größe`"),
        ] {
            let expected = (field.to_owned(), format!("unknown parameter; {hint}"));
            assert_eq!(refused(Method::GET, "/things", query), [expected.clone()], "{query}");
            assert_eq!(refused(Method::HEAD, "/things", query), [expected], "{query}");
        }
        let none = "unknown parameter; this operation has none".to_owned();
        for (method, route) in [(Method::POST, "/things"), (Method::GET, "/things/{id}")] {
            let field = |it: &str| (it.to_owned(), none.clone());
            assert_eq!(refused(method, route, "id=5&a=1&id=6"), [field("id"), field("a")]);
        }
    }

    #[test]
    fn known_ones_pass_however_they_are_written() {
        for query in ["", "&&", "limit=1&limit=2", "%6cimit=5", "gr%C3%B6%C3%9Fe", "cursor"] {
            assert_eq!(refused(Method::GET, "/things", query), [], "{query}");
        }
        assert_eq!(refused(Method::POST, "/hooks", "fbclid=1"), []);
        // The router answers these.
        assert_eq!(refused(Method::DELETE, "/things", "x=1"), []);
        assert_eq!(refused(Method::GET, "/elsewhere", "x=1"), []);
    }

    #[test]
    fn an_answer_repeats_no_more_than_it_must() {
        let many: String = (0..100).map(|it| format!("unknown{it}=1&")).collect();
        assert_eq!(refused(Method::GET, "/things", &many).len(), MAX_ERRORS);
        let long = "ä".repeat(5_000);
        assert_eq!(refused(Method::GET, "/things", &long)[0].0.chars().count(), MAX_NAME);
        let card = refused(Method::GET, "/things", "4242424242424242=1");
        assert!(!card[0].0.contains("4242424242424242"), "{card:?}");
    }
}
