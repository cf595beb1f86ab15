//! `/payments/providers`: the providers of the shop, and whether they can be reached.

use axum::extract::State;
use chassis::extract::Json;
use chassis::problem::Result;
use serde::Serialize;
use utoipa::ToSchema;

use crate::provider::ProviderHealth;
use crate::{App, providers};

/// The providers that are on.
#[derive(Serialize, ToSchema)]
#[schema(as = PaymentProviders)]
pub(super) struct Providers {
    data: Vec<ProviderView>,
}

/// A payment provider.
#[derive(Serialize, ToSchema)]
#[schema(as = PaymentProvider)]
struct ProviderView {
    name: &'static str,
    /// Whether it moves no real money.
    test: bool,
    /// Whether it sends webhooks, once they are registered with it.
    webhooks: bool,
    /// How its calls have gone since the process that answers has started; null if it calls nobody.
    health: Option<ProviderHealth>,
}

/// List the payment providers that are on, and how their calls have gone.
#[utoipa::path(
    get, path = "/payments/providers", operation_id = "payment_providers.list", tag = "payments",
    responses(
        (status = 200, description = "The providers.", body = Providers),
    ),
    security(("bearer" = ["payments:read"])),
)]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Providers>> {
    let webhooks = providers::with_webhooks();
    let view = |(name, provider): (_, &dyn crate::provider::Provider)| ProviderView {
        name,
        test: provider.is_test(),
        webhooks: webhooks.contains(&name),
        health: provider.health(),
    };
    Ok(Json(Providers { data: app.providers.iter().map(view).collect() }))
}
