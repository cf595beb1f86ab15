//! The errors an operation can have whatever it does: what the extractors, the policies and the
//! gateway answer before a handler is asked.

use serde_json::{Map, Value, json};

const PROBLEM: &str = "#/components/schemas/Problem";

/// Adds them where the operation does not describe them itself, and names the media type of all.
/// `problem` is whether the document has the schema `Problem` to refer to.
pub(super) fn describe(operation: &mut Map<String, Value>, problem: bool) {
    let mut common = vec![];
    if operation.contains_key("requestBody") {
        common.push(("400", "The body or a header is malformed."));
        common.push(("413", "The body is too large."));
        common.push(("415", "The body is not JSON."));
        common.push(("422", "Fields are wrong; `errors` names each."));
    }
    if has_parameter(operation, "query") {
        common.push(("400", "The query is malformed."));
        common.push(("422", "Fields are wrong; `errors` names each."));
    }
    if has_parameter(operation, "path") {
        common.push(("400", "The path is malformed."));
        common.push(("404", "There is no such thing, or not for the caller."));
    }
    let scopes = bearer_scopes(operation);
    if scopes.is_some() {
        common.push(("401", "The access token is missing, invalid or expired."));
    }
    if scopes.is_some_and(|it| it > 0) {
        common.push(("403", "The caller lacks the permission."));
    }
    common.push(("default", "Any other error, such as 429 for too many requests."));
    let responses = operation.entry("responses").or_insert_with(|| json!({}));
    let Some(responses) = responses.as_object_mut() else { return };
    responses.values_mut().for_each(name_media_type);
    for (status, description) in common.into_iter().filter(|_| problem) {
        responses.entry(status).or_insert_with(|| response(description));
    }
}

fn response(description: &str) -> Value {
    let schema = json!({ "$ref": PROBLEM });
    json!({
        "description": description,
        "content": { "application/problem+json": { "schema": schema } },
    })
}

/// A handler's description says only that its error is a problem.
fn name_media_type(response: &mut Value) {
    let Some(content) = response.get_mut("content").and_then(Value::as_object_mut) else { return };
    let is_problem = |it: &Value| it["schema"]["$ref"] == PROBLEM;
    if content.get("application/json").is_some_and(is_problem)
        && let Some(body) = content.remove("application/json")
    {
        content.insert("application/problem+json".to_owned(), body);
    }
}

fn has_parameter(operation: &Map<String, Value>, place: &str) -> bool {
    let parameters = operation.get("parameters").and_then(Value::as_array);
    parameters.into_iter().flatten().any(|it| it["in"] == place)
}

/// How many permissions a token needs, where one is looked at.
fn bearer_scopes(operation: &Map<String, Value>) -> Option<usize> {
    let requirements = operation.get("security").and_then(Value::as_array)?;
    let scopes = requirements.iter().find_map(|it| it.get("bearer"))?;
    Some(scopes.as_array().map_or(0, Vec::len))
}
