//! What a route asks of its caller, read from the API's own description.
//!
//! Every operation says in its `#[utoipa::path(security(..))]` who may call it:
//!
//! | security | who |
//! |---|---|
//! | `(())` | anybody; a token is not looked at |
//! | `((), ("bearer" = []))` | anybody; a token, if sent, must be valid |
//! | `(("bearer" = []))` | a logged-in user |
//! | `(("bearer" = ["catalog:write"]))` | a user with that permission |
//! | nothing | nobody: 403 |
//!
//! So the documentation cannot promise another policy than the one that is enforced; `openapi` adds
//! the 401 and 403 that follow from it.
//!
//! An answer that is not for anybody is for no cache either: it says so, and by which credentials
//! it differs: the Bearer token, and the cookies and the headers named `...-token` or `x-...-key`
//! that the description lists.

use std::collections::HashMap;

use axum::http::{Extensions, HeaderMap, HeaderValue, Method, header};
use serde_json::Value;
use utoipa::openapi::OpenApi;

use crate::auth::{self, Principal, Verifier};
use crate::problem::{Problem, Result, problem};

/// The policies of a service's routes.
#[derive(Debug)]
pub struct Policies {
    verifier: Verifier,
    routes: HashMap<String, HashMap<Method, Rule>>,
}

/// The policy of an operation and what its answers vary by.
#[derive(Debug)]
struct Rule {
    policy: Policy,
    /// None where the answer is the same for everybody.
    vary: Option<HeaderValue>,
}

/// What one operation asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Policy {
    Public,
    Optional,
    /// A user who has all of these permissions.
    User(Vec<String>),
    Undeclared,
}

impl Policies {
    pub fn of(openapi: &OpenApi, verifier: Verifier) -> Self {
        let paths = serde_json::to_value(&openapi.paths).unwrap_or_default();
        let routes = paths.as_object().into_iter().flatten().map(|(path, operations)| {
            let operations = operations.as_object().into_iter().flatten();
            let policies = operations.filter_map(|(method, operation)| {
                let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes()).ok()?;
                operation.is_object().then(|| (method, Rule::of(operation)))
            });
            (path.clone(), policies.collect())
        });
        Self { verifier, routes: routes.collect() }
    }

    /// Refuses who may not call the route; puts the verified user where handlers find it.
    pub fn enforce(
        &self,
        route: &str,
        method: &Method,
        headers: &HeaderMap,
        extensions: &mut Extensions,
    ) -> Result<()> {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let policy = match self.routes.get(route) {
            None => &Policy::Undeclared,
            Some(methods) => match methods.get(method) {
                Some(rule) => &rule.policy,
                // The router answers 405.
                None => return Ok(()),
            },
        };
        let principal = match policy {
            Policy::Public => return Ok(()),
            Policy::Optional => self.verifier.principal(headers)?,
            Policy::User(permissions) => {
                let principal =
                    self.verifier.principal(headers)?.ok_or_else(auth::unauthenticated)?;
                check(&principal, permissions)?;
                Some(principal)
            }
            Policy::Undeclared => {
                tracing::error!(route, %method, "the route declares no policy");
                return Err(forbidden::problem("nobody may do this"));
            }
        };
        if let Some(principal) = principal {
            extensions.insert(principal);
        }
        Ok(())
    }
}

impl Policies {
    /// Tells caches whose the answer of a route is, unless it is anybody's.
    pub fn keep_private(&self, route: &str, method: &Method, headers: &mut HeaderMap) {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        match self.routes.get(route).and_then(|it| it.get(method)) {
            Some(Rule { vary: None, .. }) => {}
            Some(Rule { vary: Some(vary), .. }) => keep_private(headers, vary.clone()),
            None => keep_private(headers, AUTHORIZATION),
        }
    }
}

/// What an answer varies by where no more is known.
pub const AUTHORIZATION: HeaderValue = HeaderValue::from_static("authorization");

/// Tells caches not to store an answer, unless it says something of its own about that, and
/// that it varies by `vary`.
pub fn keep_private(headers: &mut HeaderMap, vary: HeaderValue) {
    const NOBODY: HeaderValue = HeaderValue::from_static("private, no-store");
    headers.entry(header::CACHE_CONTROL).or_insert(NOBODY);
    headers.append(header::VARY, vary);
}

fn check(principal: &Principal, permissions: &[String]) -> Result<()> {
    match permissions.iter().find(|it| !principal.may(it)) {
        None => Ok(()),
        Some(missing) => Err(forbidden(missing)),
    }
}

/// The caller lacks the permission, which `permission` names.
#[problem(FORBIDDEN)]
pub fn forbidden(permission: &str) -> Problem {
    forbidden::problem(format!("this needs the permission {permission}"))
        .with("permission", permission)
}

impl Rule {
    fn of(operation: &Value) -> Self {
        let policy = Policy::of(operation);
        let parameters = operation.get("parameters").and_then(Value::as_array);
        let (mut cookie, mut names) = (false, Vec::new());
        if policy != Policy::Public {
            names.push(header::AUTHORIZATION.to_string());
        }
        for parameter in parameters.into_iter().flatten() {
            let text = |it: &str| parameter.get(it).and_then(Value::as_str).unwrap_or_default();
            let name = text("name").to_ascii_lowercase();
            match text("in") {
                "cookie" => cookie = true,
                "header" if is_credential(&name) => names.push(name),
                _ => {}
            }
        }
        if cookie {
            names.push(header::COOKIE.to_string());
        }
        let vary = HeaderValue::from_str(&names.join(", ")).ok().filter(|_| !names.is_empty());
        Self { policy, vary }
    }
}

/// Whether a header opens something. `Idempotency-Key` does not.
fn is_credential(name: &str) -> bool {
    name.ends_with("-token") || (name.starts_with("x-") && name.ends_with("-key"))
}

impl Policy {
    pub(crate) fn of(operation: &Value) -> Self {
        let Some(requirements) = operation.get("security").and_then(Value::as_array) else {
            return Self::Undeclared;
        };
        let bearer = requirements.iter().find_map(|it| it.get("bearer"));
        let anybody = requirements.iter().any(|it| it.as_object().is_some_and(|it| it.is_empty()));
        match bearer {
            Some(_) if anybody => Self::Optional,
            Some(scopes) => {
                let scopes = scopes.as_array().into_iter().flatten();
                Self::User(scopes.filter_map(|it| it.as_str().map(str::to_owned)).collect())
            }
            None if anybody => Self::Public,
            None => Self::Undeclared,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_policy_is_read_from_the_description() {
        for (security, policy) in [
            (json!([{}]), Policy::Public),
            (json!([{}, { "bearer": [] }]), Policy::Optional),
            (json!([{ "bearer": [] }]), Policy::User(vec![])),
            (json!([{ "bearer": ["a:b"] }]), Policy::User(vec!["a:b".to_owned()])),
            (json!([]), Policy::Undeclared),
            (json!([{ "other": [] }]), Policy::Undeclared),
        ] {
            assert_eq!(Policy::of(&json!({ "security": security })), policy);
        }
        assert_eq!(Policy::of(&json!({})), Policy::Undeclared);
    }

    #[test]
    fn what_an_answer_varies_by_is_read_from_the_description() {
        let header = |name: &str| json!({ "in": "header", "name": name });
        let cookie = json!({ "in": "cookie", "name": "a-cookie" });
        for (security, parameters, vary) in [
            (json!([{}]), json!([]), None),
            (json!([{}]), json!([header("Idempotency-Key")]), None),
            (json!([{}]), json!([cookie, cookie]), Some("cookie")),
            (json!([{}, { "bearer": [] }]), json!([]), Some("authorization")),
            (
                json!([{}, { "bearer": [] }]),
                json!([
                    header("X-Cart-Token"),
                    header("X-Order-Key"),
                    header("Idempotency-Key"),
                    cookie
                ]),
                Some("authorization, x-cart-token, x-order-key, cookie"),
            ),
            (json!([{ "bearer": ["a:b"] }]), json!([]), Some("authorization")),
            (json!([]), json!([]), Some("authorization")),
        ] {
            let rule = Rule::of(&json!({ "security": security, "parameters": parameters }));
            assert_eq!(rule.vary.as_ref().map(|it| it.to_str().unwrap()), vary);
        }
    }

    #[test]
    fn an_answer_may_say_something_of_its_own() {
        let mut headers = HeaderMap::new();
        keep_private(&mut headers, AUTHORIZATION);
        assert_eq!(headers[header::CACHE_CONTROL], "private, no-store");
        assert_eq!(headers[header::VARY], "authorization");
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(header::VARY, HeaderValue::from_static("accept"));
        keep_private(&mut headers, AUTHORIZATION);
        assert_eq!(headers[header::CACHE_CONTROL], "no-cache");
        assert_eq!(headers.get_all(header::VARY).iter().count(), 2);
    }
}
