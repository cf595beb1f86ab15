//! A service's health, for probes and for its operators.

use std::time::Duration;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;

use super::PREFIX;
use crate::auth::Principal;
use crate::clock;
use crate::db::Db;

/// The health of a service.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `healthy` or `unhealthy`.
    pub status: &'static str,
    pub service: &'static str,
    /// `healthy` or `unhealthy`.
    pub database: &'static str,
    #[serde(flatten)]
    pub details: Option<Details>,
}

/// The part of a service's health that only its operators see.
#[derive(Debug, Serialize, ToSchema)]
pub struct Details {
    pub version: &'static str,
    /// `sqlite` or `postgres`.
    pub database_kind: &'static str,
    /// How much the wall clock of this machine is ahead of the shop's time.
    pub clock_offset_seconds: f64,
    /// Why it is unhealthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Marks a request whose caller may see [`Details`]; only this process itself can set it.
#[derive(Clone, Copy, Debug)]
pub struct WithDetails;

/// The permission that lets a user see [`Details`].
pub const SEE_DETAILS: &str = "system:read";

pub(super) fn is_operator(request: &Request) -> bool {
    let principal = request.extensions().get::<Principal>();
    request.extensions().get::<WithDetails>().is_some()
        || principal.is_some_and(|it| it.may(SEE_DETAILS))
}

pub(super) async fn health(name: &'static str, db: Db, with_details: bool) -> Response {
    let patience = Duration::from_secs(2);
    let error = match tokio::time::timeout(patience, db.ping()).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some(format!("the database does not answer within {} s", patience.as_secs())),
    };
    let (status, code) = match &error {
        None => ("healthy", StatusCode::OK),
        Some(_) => ("unhealthy", StatusCode::SERVICE_UNAVAILABLE),
    };
    let details = with_details.then(|| Details {
        version: env!("CARGO_PKG_VERSION"),
        database_kind: if db.is_sqlite() { "sqlite" } else { "postgres" },
        clock_offset_seconds: clock::offset().as_seconds_f64(),
        error,
    });
    let health = Health { status, service: name, database: status, details };
    (code, axum::Json(health)).into_response()
}

pub(super) fn health_path(name: &str) -> String {
    format!("{PREFIX}/{name}/health")
}

pub(super) fn describe_health(openapi: &mut OpenApi, path: &str, name: &str) {
    use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem};
    use utoipa::openapi::security::SecurityRequirement;
    use utoipa::openapi::{ResponseBuilder, ResponsesBuilder};
    let operation = OperationBuilder::new()
        .summary(Some(format!("Check the health of {name}.")))
        .description(Some(
            "Versions, database details and errors are shown to callers with `system:read`.",
        ))
        .tag(name)
        .operation_id(Some(format!("{name}_health.get")))
        .security(SecurityRequirement::default())
        .security(SecurityRequirement::new("bearer", [SEE_DETAILS]))
        .responses(
            ResponsesBuilder::new()
                .response("200", ResponseBuilder::new().description("The service is healthy."))
                .response("503", ResponseBuilder::new().description("The database is unavailable."))
                .build(),
        )
        .build();
    openapi.paths.paths.insert(path.to_owned(), PathItem::new(HttpMethod::Get, operation));
}
