//! `/payments/{id}/capture`: staff take what a payment holds, or a part of it.

use axum::extract::State;
use chassis::extract::{Json, Path};
use chassis::money::Money;
use chassis::problem::{Problem, Result};
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::positive;
use super::view::PaymentView;
use crate::{App, problems, requests, store};

#[derive(Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CapturePayment {
    /// Defaults to the whole amount.
    #[garde(custom(positive))]
    amount: Option<Money>,
}

/// Capture an authorized payment, or a part of it.
///
/// A payment is captured once: what is not captured is released to the customer. Repeating the request
/// with the same amount changes nothing. Payments that are captured at once, or on shipment, need no
/// such request; it is for those whose authorization would expire before, or that are captured in part.
#[utoipa::path(
    post, path = "/payments/{id}/capture", operation_id = "payments.capture", tag = "payments",
    params(("id" = Uuid, Path, description = "The id of the payment.")),
    request_body(content = Option<CapturePayment>, description = "Optional."),
    responses(
        (status = 200, description = "The payment: `captured`, or `capturing` while the provider has not \
                                      answered.", body = PaymentView),
        problems::payment_not_found,
        problems::payment_not_authorized,
        problems::payment_voided,
        problems::capture_exceeds_payment,
        problems::capture_mismatch,
        problems::capture_declined,
    ),
    security(("bearer" = ["payments:capture"])),
)]
pub(super) async fn capture(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    request: Option<Json<CapturePayment>>,
) -> Result<Json<PaymentView>> {
    let amount = request.and_then(|Json(it)| it.amount);
    let payment = store::find(&app.db, id).await?.ok_or_else(problems::payment_not_found)?;
    if amount.as_ref().is_some_and(|it| it.currency != payment.currency) {
        let detail = format!("must be {}", payment.currency.as_str());
        return Err(Problem::field("amount.currency", detail));
    }
    let payment = requests::capture_amount(&app, id, amount.map(|it| it.amount)).await?;
    Ok(Json(PaymentView::of(payment)))
}
