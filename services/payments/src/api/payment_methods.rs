//! `/users/me/payment-methods`: what a customer has saved with the shop's providers.

use axum::extract::State;
use axum::http::StatusCode;
use chassis::auth::Principal;
use chassis::extract::{Json, Path};
use chassis::problem::Result;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::provider::SavedMethod;
use crate::{App, customers, problems};

/// Your saved payment methods, newest first for each provider.
#[derive(Serialize, ToSchema)]
pub(super) struct SavedPaymentMethods {
    data: Vec<SavedPaymentMethod>,
}

/// A saved payment method.
#[derive(Serialize, ToSchema)]
struct SavedPaymentMethod {
    /// A checkout sends it as the `payment.token`.
    #[schema(example = "pm_1PzXQ2eZvKYlo2C")]
    id: String,
    /// A checkout sends it as the `payment.provider`.
    provider: String,
    /// The brand of a card, such as `visa`, or the type of another payment method, such as `link`.
    brand: String,
    /// The last four digits of its number; null if it has none.
    last4: Option<String>,
    /// The month in which it expires, 1 to 12; null if it does not.
    exp_month: Option<u32>,
    /// The year in which it expires, of four digits; null if it does not.
    exp_year: Option<u32>,
    created_at: DateTime<Utc>,
}

impl SavedPaymentMethod {
    fn of((provider, method): (String, SavedMethod)) -> Self {
        let SavedMethod { id, brand, last4, exp_month, exp_year, created_at } = method;
        Self { id, provider, brand, last4, exp_month, exp_year, created_at }
    }
}

/// List your saved payment methods.
///
/// A checkout with `payment.save` saves the payment method it is paid with.
#[utoipa::path(
    get, path = "/users/me/payment-methods", operation_id = "saved_payment_methods.list",
    tag = "payments",
    responses(
        (status = 200, description = "Your saved payment methods.", body = SavedPaymentMethods),
        problems::payment_provider_unavailable,
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list(
    State(app): State<App>,
    principal: Principal,
) -> Result<Json<SavedPaymentMethods>> {
    let saved = customers::saved(&app, principal.id()).await?;
    let data = saved.into_iter().map(SavedPaymentMethod::of).collect();
    Ok(Json(SavedPaymentMethods { data }))
}

/// Delete one of your saved payment methods.
#[utoipa::path(
    delete, path = "/users/me/payment-methods/{id}", operation_id = "saved_payment_methods.delete",
    tag = "payments",
    params(("id" = String, Path, description = "The id of the payment method.")),
    responses(
        (status = 204, description = "The payment method is deleted."),
        problems::payment_method_not_found,
        problems::payment_provider_unavailable,
    ),
    security(("bearer" = [])),
)]
pub(super) async fn delete(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<StatusCode> {
    if !customers::remove(&app, principal.id(), &id).await? {
        return Err(problems::payment_method_not_found());
    }
    Ok(StatusCode::NO_CONTENT)
}
