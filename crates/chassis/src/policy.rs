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
//! So the documentation cannot promise another policy than the one that is enforced.

use std::collections::HashMap;

use axum::http::{Extensions, HeaderMap, Method};
use serde_json::Value;
use utoipa::openapi::OpenApi;

use crate::auth::{self, Principal, Verifier};
use crate::problem::{Problem, Result};

/// The policies of a service's routes.
#[derive(Debug)]
pub struct Policies {
    verifier: Verifier,
    routes: HashMap<String, HashMap<Method, Policy>>,
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
                operation.is_object().then(|| (method, Policy::of(operation)))
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
                Some(policy) => policy,
                // The router answers 405.
                None => return Ok(()),
            },
        };
        let principal = match policy {
            Policy::Public => return Ok(()),
            Policy::Optional => self.verifier.principal(headers)?,
            Policy::User(permissions) => {
                let principal = self.verifier.principal(headers)?.ok_or_else(auth::missing)?;
                check(&principal, permissions)?;
                Some(principal)
            }
            Policy::Undeclared => {
                tracing::error!(route, %method, "the route declares no policy");
                return Err(Problem::forbidden("forbidden", "nobody may do this"));
            }
        };
        if let Some(principal) = principal {
            extensions.insert(principal);
        }
        Ok(())
    }
}

fn check(principal: &Principal, permissions: &[String]) -> Result<()> {
    match permissions.iter().find(|it| !principal.may(it)) {
        None => Ok(()),
        Some(missing) => {
            let detail = format!("this needs the permission {missing}");
            Err(Problem::forbidden("forbidden", detail).with("permission", missing.as_str()))
        }
    }
}

impl Policy {
    fn of(operation: &Value) -> Self {
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
}
