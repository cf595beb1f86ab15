//! Query parameters that a service does not know: whether clients of a routes file may send them.

use axum::extract::Request;
use chassis::parameters::Parameters;
use serde::Deserialize;
use utoipa::openapi::OpenApi;

use crate::head;

/// What becomes of parameters that the operation a request leads to does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UnknownParameters {
    /// They are taken out: clients of another shop's API send what that shop knew.
    #[default]
    Drop,
    /// The service refuses them.
    Refuse,
}

/// The parameters of the operations of all services.
pub(crate) struct ServiceParameters(Vec<(&'static str, Operations)>);

struct Operations {
    /// The pattern of each path, as the description has it.
    paths: matchit::Router<String>,
    parameters: Parameters,
}

impl ServiceParameters {
    pub(crate) fn of<'a>(services: impl Iterator<Item = (&'static str, &'a OpenApi)>) -> Self {
        Self(services.map(|(name, openapi)| (name, Operations::of(openapi))).collect())
    }

    /// Takes out of a request to a service what its operation does not have. What the service has no
    /// operation for stays as it is.
    pub(crate) fn drop_unknown(&self, service: &str, request: &mut Request) {
        let (uri, method) = (request.uri(), request.method());
        let Some(query) = uri.query() else { return };
        let Some((_, operations)) = self.0.iter().find(|(name, _)| *name == service) else {
            return;
        };
        let Ok(found) = operations.paths.at(uri.path()) else { return };
        let Some(known) = operations.parameters.known(found.value, method) else { return };
        let is_known = |pair: &&str| {
            let name = form_urlencoded::parse(pair.as_bytes()).next().map(|(name, _)| name);
            name.is_some_and(|name| known.iter().any(|it| *it == name))
        };
        let kept: Vec<&str> = query.split('&').filter(is_known).collect();
        let kept = kept.join("&");
        if kept == query {
            return;
        }
        let separator = if kept.is_empty() { "" } else { "?" };
        let address = format!("{}{separator}{kept}", uri.path());
        if let Some(uri) = head::with_path_and_query(uri, &address) {
            *request.uri_mut() = uri;
        }
    }
}

impl Operations {
    fn of(openapi: &OpenApi) -> Self {
        let mut paths = matchit::Router::new();
        for path in openapi.paths.paths.keys() {
            // The service routes by the same patterns, so none is in conflict with another.
            if let Err(error) = paths.insert(path, path.clone()) {
                tracing::error!(path, %error, "a described path cannot be routed");
            }
        }
        Self { paths, parameters: Parameters::of(openapi) }
    }
}
