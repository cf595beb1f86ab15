//! How large a body may be: 64 KiB, unless the operation says in its description that it needs
//! more: `#[utoipa::path(.., extensions(("x-body-limit" = json!(LARGE_BODY))))]`. What is
//! documented is what is enforced; the gateway's routes are held against it by a test.

use std::collections::HashMap;

use axum::extract::DefaultBodyLimit;
use axum::http::{Method, Request};
use serde_json::Value;
use utoipa::openapi::OpenApi;

/// The largest body of an operation that does not say otherwise, in bytes.
pub const MAX_BODY: usize = 64 * 1024;
/// The largest body of one that takes long texts or many entries, in bytes.
pub const LARGE_BODY: usize = 256 * 1024;
/// The largest body of a product with all its variants and pictures, in bytes.
pub const PRODUCT_BODY: usize = 1024 * 1024;
/// The member of an operation's description that says what its body may have, in bytes.
pub const BODY_LIMIT: &str = "x-body-limit";

/// The limits of a service's operations that differ from [`MAX_BODY`].
#[derive(Debug)]
pub struct BodyLimits(HashMap<String, HashMap<Method, usize>>);

/// The limit of the operation a request is for.
#[derive(Clone, Copy)]
struct Limit(usize);

impl BodyLimits {
    pub fn of(openapi: &OpenApi) -> Self {
        let paths = serde_json::to_value(&openapi.paths).unwrap_or_default();
        let routes = paths.as_object().into_iter().flatten().map(|(path, operations)| {
            let limits = operations.as_object().into_iter().flatten().filter_map(|(method, it)| {
                let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes()).ok()?;
                let limit = it.get(BODY_LIMIT).and_then(Value::as_u64)?;
                Some((method, usize::try_from(limit).ok()?))
            });
            (path.clone(), limits.collect::<HashMap<_, _>>())
        });
        Self(routes.filter(|(_, limits)| !limits.is_empty()).collect())
    }

    /// In bytes.
    pub fn get(&self, route: &str, method: &Method) -> usize {
        self.0.get(route).and_then(|it| it.get(method)).copied().unwrap_or(MAX_BODY)
    }

    /// Limits how much of the request's body can be read to what its operation allows.
    pub fn enforce<B>(&self, route: &str, request: &mut Request<B>) {
        let limit = self.get(route, request.method());
        DefaultBodyLimit::max(limit).apply(request);
        request.extensions_mut().insert(Limit(limit));
    }
}

/// The limit of a request's body, in bytes.
pub(super) fn of<B>(request: &Request<B>) -> usize {
    request.extensions().get().map_or(MAX_BODY, |Limit(limit)| *limit)
}
