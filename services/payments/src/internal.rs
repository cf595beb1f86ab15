//! Routes for other services: the server's side of `contracts::payments::Client`.

use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::routing::post;
use axum::{Json, Router};
use chassis::peers::{self, Callers};
use chassis::problem::Result;
use contracts::payments::{Authorize, Payment, PaymentRef, PaymentUpdated, Refund};

use crate::model::{self, RefundStatus, Status};
use crate::requests::{self, RefundRequest};
use crate::{App, problems, store};

/// Who moves money.
const BUYERS: Callers = Callers { services: &["orders"], unnamed: true };

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/internal/payments/providers", post(providers))
        .route("/internal/payments/authorize", post(authorize))
        .route("/internal/payments/show", post(show))
        .route("/internal/payments/capture", post(capture))
        .route("/internal/payments/void", post(void))
        .route("/internal/payments/refund", post(refund))
        .route_layer(from_fn_with_state(BUYERS, peers::only))
}

async fn providers(State(app): State<App>) -> Json<Vec<&'static str>> {
    Json(app.providers.names())
}

async fn authorize(
    State(app): State<App>,
    Json(request): Json<Authorize>,
) -> Result<Json<Payment>> {
    Ok(Json(answer(&app, &requests::authorize(&app, request).await?)))
}

async fn show(
    State(app): State<App>,
    Json(request): Json<PaymentRef>,
) -> Result<Json<Option<Payment>>> {
    let payment = store::find(&app.db, request.payment_id).await?;
    Ok(Json(payment.map(|it| answer(&app, &it))))
}

/// The payment, and how long its customer may need for what the provider asks of them.
fn answer(app: &App, payment: &model::Payment) -> Payment {
    let action_minutes = match payment.status {
        Status::RequiresAction => {
            app.providers.get(&payment.provider).and_then(|it| it.action_minutes())
        }
        _ => None,
    };
    Payment { action_minutes, ..payment.to_contract() }
}

async fn capture(State(app): State<App>, Json(request): Json<PaymentRef>) -> Result<Json<Payment>> {
    Ok(Json(requests::capture(&app, request.payment_id).await?.to_contract()))
}

async fn void(State(app): State<App>, Json(request): Json<PaymentRef>) -> Result<Json<Payment>> {
    Ok(Json(requests::void(&app, request.payment_id).await?.to_contract()))
}

async fn refund(
    State(app): State<App>,
    Json(request): Json<Refund>,
) -> Result<Json<PaymentUpdated>> {
    let asked = RefundRequest {
        id: request.refund_id,
        payment_id: request.payment_id,
        amount: request.amount,
        // What a cancelled order has taken is put back by its saga.
        lines: vec![],
        restock: false,
        reason: request.reason.chars().take(500).collect(),
        note: None,
        staff: None,
        fingerprint: None,
    };
    let refunding = requests::refund(&app, asked).await?;
    let payment = refunding.payment.to_contract();
    match refunding.refund {
        Some(refund) if refund.status == RefundStatus::Failed => {
            Err(problems::refund_failed(&refund.failure.unwrap_or_default()))
        }
        Some(refund) if refund.status == RefundStatus::Succeeded => {
            let refund = Some(refund.to_contract(refunding.lines));
            Ok(Json(PaymentUpdated { payment, refund }))
        }
        _ => Ok(Json(PaymentUpdated { payment, refund: None })),
    }
}
