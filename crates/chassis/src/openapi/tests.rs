use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::*;
use crate::problem::problem;
use crate::service::Service;
use crate::testing::{CHASSIS_ONLY, Database, call};

/// It is taken.
#[problem(CONFLICT)]
fn name_taken() -> Problem {
    name_taken::problem("somebody has this name already")
}

/// It is locked.
///
/// Not for clients.
#[problem(CONFLICT, code = "locked")]
fn is_locked() -> Problem {
    is_locked::problem("nobody can change it now")
}

/// It is too long.
#[problem(UNPROCESSABLE_ENTITY)]
fn name_too_long() -> Problem {
    name_too_long::problem("at most ten letters")
}

#[utoipa::path(
    put, path = "/things/{id}",
    params(("id" = String, Path, description = "")),
    request_body(content = Option<bool>),
    responses((status = 204, description = ""), name_taken, is_locked, name_too_long),
    security(("bearer" = ["things:write"])),
)]
#[expect(dead_code, reason = "is described only")]
fn replace() {}

#[utoipa::path(get, path = "/things/{id}", responses((status = 200, description = "")),
               security(()))]
#[expect(dead_code, reason = "is described only")]
fn get() {}

#[derive(utoipa::OpenApi)]
#[openapi(paths(replace, get))]
struct Api;

fn document() -> (Value, DocumentedCodes) {
    let mut openapi = <Api as utoipa::OpenApi>::openapi();
    let codes = complete(&mut openapi);
    (serde_json::to_value(openapi).unwrap(), codes)
}

#[test]
fn the_errors_of_policy_and_extractors_are_described_with_the_operations_own() {
    let (document, _) = document();
    let responses = |method: &str| document["paths"]["/things/{id}"][method]["responses"].clone();
    let put = responses("put");
    let statuses: Vec<&String> = put.as_object().unwrap().keys().collect();
    let all = ["204", "400", "401", "403", "404", "409", "413", "415", "422", "default"];
    assert_eq!(statuses, all);
    for (status, response) in put.as_object().unwrap().iter().filter(|(it, _)| *it != "204") {
        let content = response["content"].as_object().unwrap();
        assert_eq!(content.keys().collect::<Vec<_>>(), ["application/problem+json"], "{status}");
    }
    let get = responses("get");
    assert_eq!(get.as_object().unwrap().keys().collect::<Vec<_>>(), ["200", "default"]);
    assert!(document["components"]["schemas"]["Problem"].is_object());
    assert!(document["components"]["schemas"]["FieldError"].is_object());
}

#[test]
fn problems_of_one_status_are_one_response_that_names_their_codes() {
    let (document, _) = document();
    let responses = &document["paths"]["/things/{id}"]["put"]["responses"];
    let described = |status: &str| {
        let response = &responses[status];
        let schema = &response["content"]["application/problem+json"]["schema"]["allOf"];
        assert_eq!(schema[0]["$ref"], "#/components/schemas/Problem");
        let codes = schema[1]["properties"]["code"]["examples"].clone();
        (response["description"].as_str().unwrap().to_owned(), codes)
    };
    let (text, codes) = described("409");
    assert_eq!(text, "- `locked`: It is locked.\n- `name_taken`: It is taken.");
    assert_eq!(codes, json!(["locked", "name_taken"]));
    let (text, codes) = described("403");
    assert_eq!(text, "`forbidden`: The caller lacks the permission, which `permission` names.");
    assert_eq!(codes, json!(["forbidden"]));
    assert_eq!(described("422").1, json!(["validation_failed", "name_too_long"]));
}

#[test]
fn what_a_problem_says_is_what_is_documented() {
    for (problem, documented) in [
        (name_taken(), name_taken::DOCUMENTED),
        (is_locked(), is_locked::DOCUMENTED),
        (name_too_long(), name_too_long::DOCUMENTED),
    ] {
        assert_eq!((problem.status(), &*problem.code), (documented.status, documented.code));
    }
    let (_, codes) = document();
    let has = |method: Method, problem: Problem| codes.has("/things/{id}", &method, &problem);
    assert!(has(Method::PUT, name_taken()));
    assert!(has(Method::PUT, Problem::unavailable("unavailable", "")));
    assert!(!has(Method::GET, name_taken()));
    assert!(!has(Method::PUT, Problem::invalid("name_taken", "")));
}

/// Lists one problem and answers with another.
#[utoipa::path(get, path = "/things", responses((status = 200, description = ""), is_locked),
               security(()))]
async fn list() -> Problem {
    name_taken()
}

#[tokio::test]
#[should_panic(expected = "the responses of GET /api/v1/things do not list name_taken (409)")]
async fn an_answer_with_an_error_that_is_not_listed_fails_every_test() {
    let database = Database::Sqlite;
    let platform = database.platform(CHASSIS_ONLY).await;
    let api = OpenApiRouter::new().routes(routes!(list));
    call(&Service::new("bell", &platform, api).router, "GET", "/api/v1/things").await;
}
