//! The route that providers send webhooks to.

use axum::Extension;
use axum::extract::Request;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::Paths;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use super::{ReceiveError, WebhookError, Webhooks};
use crate::extract::{self, BODY_LIMIT, Json, LARGE_BODY};
use crate::problem::{Problem, Result, problem};

/// What the paths of all webhooks begin with, under the prefix of the API.
pub(crate) const PATH: &str = "/webhooks/";

/// Who sends what comes to a route, and how many bytes it may have.
#[derive(Clone, Copy)]
struct Provider(&'static str, usize);

/// The webhook has been stored.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookReceived)]
struct Received {}

/// Routes for the webhooks of these providers, whether the shop uses them or not: several services
/// may take webhooks, so each provider has a path and an operation of its own.
///
/// They answer 404 unless the service is given a handler ([`crate::service::Service::webhooks`])
/// that is configured for the provider.
pub fn router<S>(providers: &[&'static str]) -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    router_up_to(LARGE_BODY, providers)
}

/// The same for providers whose webhooks have up to so many bytes.
pub fn router_up_to<S>(most: usize, providers: &[&'static str]) -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    providers.iter().fold(OpenApiRouter::new(), |router, &name| {
        let provider = Provider(name, most);
        let (schemas, paths, method) = routes!(receive);
        let method = (schemas, of_provider(paths, provider), method);
        router.routes(method.layer(Extension(provider)))
    })
}

/// Whether a service with this description takes webhooks.
pub(crate) fn receives(openapi: &OpenApi, prefix: &str) -> bool {
    let begin = format!("{prefix}{PATH}");
    openapi.paths.paths.keys().any(|it| it.starts_with(&begin))
}

/// The same operation at the path of a provider.
fn of_provider(paths: Paths, Provider(name, most): Provider) -> Paths {
    let mut own = Paths::new();
    for mut item in paths.paths.into_values() {
        if let Some(operation) = &mut item.post {
            operation.operation_id = Some(format!("{name}_webhooks.receive"));
            operation.extensions.get_or_insert_default().insert(BODY_LIMIT.to_owned(), most.into());
        }
        own.paths.insert(format!("{PATH}{name}"), item);
    }
    own
}

/// Receive a webhook.
///
/// For the provider only, which signs the body. It has been stored when this returns, and is applied
/// soon after. Sending it again has no further effect.
#[utoipa::path(
    post, path = "", operation_id = "webhooks.receive",
    responses(
        (status = 200, description = "The webhook has been stored.", body = Received),
        webhook_rejected,
        webhooks_not_configured,
    ),
    security(()),
)]
async fn receive(
    Extension(Provider(provider, most)): Extension<Provider>,
    webhooks: Option<Extension<Webhooks>>,
    request: Request,
) -> Result<Json<Received>> {
    let Some(Extension(webhooks)) = webhooks else { return Err(webhooks_not_configured()) };
    let (parts, body) = request.into_parts();
    let received = match extract::bytes(body, most).await {
        Ok(body) => webhooks.receive(provider, &parts.headers, &body).await,
        Err(problem) if problem.code == extract::body_too_large::DOCUMENTED.code => {
            Err(WebhookError::Rejected("the body is too large").into())
        }
        Err(_) => Err(WebhookError::Rejected("the body ended early").into()),
    };
    match received {
        Ok(()) => Ok(Json(Received {})),
        Err(ReceiveError::Database(error)) => Err(error.into()),
        Err(ReceiveError::Webhook(error)) => Err(webhooks.refusal(provider, &error)),
    }
}

impl Webhooks {
    /// The answer to a webhook that is not taken. It says no more than it must: a forger would
    /// learn from it.
    fn refusal(&self, provider: &'static str, error: &WebhookError) -> Problem {
        match error {
            WebhookError::NotConfigured => webhooks_not_configured(),
            WebhookError::Rejected(reason) => {
                self.note_rejected(provider, reason);
                webhook_rejected()
            }
            WebhookError::Unverifiable(reason) => {
                tracing::warn!(
                    service = self.service,
                    provider,
                    reason,
                    "a webhook cannot be verified now; the provider is to send it again"
                );
                Problem::unavailable("unavailable", "the webhook cannot be verified now")
            }
        }
    }
}

/// The webhook is forged, too old, not for this shop, too large, or not readable.
#[problem(BAD_REQUEST)]
fn webhook_rejected() -> Problem {
    webhook_rejected::problem("the webhook could not be verified")
}

/// The shop does not use this provider.
#[problem(NOT_FOUND)]
fn webhooks_not_configured() -> Problem {
    webhooks_not_configured::problem("the shop takes no webhooks of this provider")
}
