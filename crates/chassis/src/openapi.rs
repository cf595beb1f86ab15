//! The errors in the description of a service.
//!
//! Handlers list the problems of their own (`responses(.., problems::order_shipped)`). What the
//! policy and the extractors answer before a handler runs is added here, from the operation's
//! security, parameters and body. Problems of one status become one response, which names their
//! codes.

use std::collections::{BTreeMap, HashMap, HashSet};

use axum::http::Method;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn, PathItem};
use utoipa::openapi::schema::{AllOfBuilder, ObjectBuilder, Type};
use utoipa::openapi::{
    Components, Content, OpenApi, Ref, RefOr, Required, Response, ResponseBuilder, Schema,
};
use utoipa::{PartialSchema, ToSchema};

use crate::policy::{self, Policy};
use crate::problem::{Documented, Problem, validation_failed};
use crate::{auth, extract, idempotency, if_match};

const MEDIA_TYPE: &str = "application/problem+json";
const ANY_OTHER: &str =
    "Any other error, such as 429 `rate_limited` (too many requests) or 503 `unavailable`.";

/// Describes all errors of all operations, and the schema they have.
pub fn complete(openapi: &mut OpenApi) -> DocumentedCodes {
    let mut codes = HashMap::new();
    for (path, item) in &mut openapi.paths.paths {
        for (method, operation) in operations(item) {
            codes.insert((path.clone(), method), describe(operation));
        }
    }
    let mut schemas = vec![(Problem::name().into_owned(), Problem::schema())];
    Problem::schemas(&mut schemas);
    openapi.components.get_or_insert_with(Components::new).schemas.extend(schemas);
    DocumentedCodes(codes)
}

/// The codes each operation lists. In debug builds, and so in tests, a service panics that answers
/// with another one.
#[derive(Debug)]
pub struct DocumentedCodes(HashMap<(String, Method), Codes>);

/// Pairs of a status and a code.
type Codes = HashSet<(String, String)>;

impl DocumentedCodes {
    /// Panics where an operation answers with what its description does not list.
    pub(crate) fn check(&self, route: &str, method: &Method, response: &axum::response::Response) {
        if let Some(problem) = response.extensions().get::<Problem>() {
            let listed = self.has(route, method, problem);
            assert!(listed, "the responses of {method} {route} do not list {problem}");
        }
    }

    /// Whether the operation lists the problem. A 5xx need not be listed, and a route that is not an
    /// operation has no list.
    fn has(&self, route: &str, method: &Method, problem: &Problem) -> bool {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let Some(codes) = self.0.get(&(route.to_owned(), method.clone())) else { return true };
        problem.status >= 500
            || codes.contains(&(problem.status.to_string(), problem.code.to_string()))
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let all = [
        (Method::GET, &mut item.get),
        (Method::PUT, &mut item.put),
        (Method::POST, &mut item.post),
        (Method::DELETE, &mut item.delete),
        (Method::PATCH, &mut item.patch),
    ];
    all.into_iter().filter_map(|(method, it)| Some((method, it.as_mut()?)))
}

fn describe(operation: &mut Operation) -> Codes {
    let mut problems: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for Documented { status, code, description } in common(operation) {
        let of_status = problems.entry(status.as_str().to_owned()).or_default();
        of_status.push((code.to_owned(), description.to_owned()));
    }
    for (key, response) in std::mem::take(&mut operation.responses.responses) {
        match (key.split_once(' '), response) {
            (Some((status, code)), RefOr::T(it)) => {
                let of_status = problems.entry(status.to_owned()).or_default();
                // A handler knows more about what it answers.
                of_status.retain(|(it, _)| it != code);
                of_status.push((code.to_owned(), it.description));
            }
            (_, response) => drop(operation.responses.responses.insert(key, response)),
        }
    }
    let responses = &mut operation.responses.responses;
    responses.extend(problems.iter().map(|(status, it)| (status.clone(), response(it).into())));
    let any_other = || problem_response(ANY_OTHER, Ref::from_schema_name("Problem").into());
    responses.entry("default".to_owned()).or_insert_with(|| any_other().into());
    let codes = problems
        .into_iter()
        .flat_map(|(status, it)| it.into_iter().map(move |(code, _)| (status.clone(), code)));
    codes.collect()
}

/// What is answered before a handler runs.
fn common(operation: &Operation) -> Vec<Documented> {
    let mut common = vec![];
    if let Some(RefOr::T(body)) = &operation.request_body {
        common.extend([
            extract::body_unreadable::DOCUMENTED,
            extract::body_too_large::DOCUMENTED,
            validation_failed::DOCUMENTED,
        ]);
        if body.content.contains_key("application/json") {
            let json =
                [extract::malformed_json::DOCUMENTED, extract::unsupported_media_type::DOCUMENTED];
            common.extend(json);
        }
    }
    let parameters = operation.parameters.iter().flatten();
    for parameter in parameters.filter_map(|it| match it {
        RefOr::T(it) => Some(it),
        RefOr::Ref(_) => None,
    }) {
        common.extend(of_parameter(parameter));
    }
    let policy = serde_json::to_value(operation).map(|it| Policy::of(&it));
    match policy.unwrap_or(Policy::Undeclared) {
        Policy::Public => {}
        Policy::Optional => common.extend(auth::OF_A_TOKEN),
        Policy::User(permissions) => {
            common.push(auth::unauthenticated::DOCUMENTED);
            common.extend(auth::OF_A_TOKEN);
            common.extend((!permissions.is_empty()).then_some(policy::forbidden::DOCUMENTED));
        }
        Policy::Undeclared => common.push(policy::forbidden::DOCUMENTED),
    }
    let mut seen = HashSet::new();
    common.retain(|it| seen.insert(it.code));
    common
}

fn of_parameter(parameter: &Parameter) -> Vec<Documented> {
    let required = parameter.required == Required::True;
    match (&parameter.parameter_in, parameter.name.to_ascii_lowercase().as_str()) {
        (ParameterIn::Query, _) => {
            vec![extract::malformed_query::DOCUMENTED, validation_failed::DOCUMENTED]
        }
        (ParameterIn::Path, _) => vec![extract::not_found::DOCUMENTED],
        (ParameterIn::Header, "idempotency-key") => {
            let mut problems = vec![
                idempotency::idempotency_key_invalid::DOCUMENTED,
                idempotency::idempotency_key_reused::DOCUMENTED,
            ];
            problems.extend(required.then_some(idempotency::idempotency_key_missing::DOCUMENTED));
            problems
        }
        (ParameterIn::Header, "if-match") => vec![if_match::if_match_invalid::DOCUMENTED],
        _ => vec![],
    }
}

/// All problems of one status. The codes are examples and no enumeration, so that a new one breaks
/// no client.
fn response(problems: &[(String, String)]) -> Response {
    let lines = problems.iter().map(|(code, description)| format!("`{code}`: {description}"));
    let description = match problems {
        [_] => lines.collect(),
        _ => lines.map(|it| format!("- {it}")).collect::<Vec<_>>().join("\n"),
    };
    let codes = problems.iter().map(|(code, _)| code.as_str());
    let code = ObjectBuilder::new().schema_type(Type::String).examples(codes);
    let with_code = ObjectBuilder::new().schema_type(Type::Object).property("code", code);
    let schema = AllOfBuilder::new().item(Ref::from_schema_name("Problem")).item(with_code);
    problem_response(&description, Schema::AllOf(schema.build()).into())
}

fn problem_response(description: &str, schema: RefOr<Schema>) -> Response {
    let response = ResponseBuilder::new().description(description);
    response.content(MEDIA_TYPE, Content::new(Some(schema))).build()
}

#[cfg(test)]
mod tests;
