//! Routes for other services: the server's side of `contracts::payments::Client`.

use axum::Router;
use chassis::problem::Result;
use chassis::route::Routes;
use contracts::payments::{self, Authorize, Payment, PaymentRef, PaymentUpdated, Refund};

use crate::model::{self, RefundStatus};
use crate::requests::{self, RefundRequest};
use crate::{App, problems, store};

pub(crate) fn router(app: App) -> Router {
    Routes::new(app)
        .on(payments::PROVIDERS, providers)
        .on(payments::AUTHORIZE, authorize)
        .on(payments::SHOW, show)
        .on(payments::CAPTURE, capture)
        .on(payments::VOID, void)
        .on(payments::REFUND, refund)
        .router()
}

async fn providers(app: App, (): ()) -> Result<Vec<String>> {
    Ok(app.providers.names().into_iter().map(str::to_owned).collect())
}

async fn authorize(app: App, request: Authorize) -> Result<Payment> {
    Ok(answer(requests::authorize(&app, request).await?))
}

async fn show(app: App, request: PaymentRef) -> Result<Option<Payment>> {
    let payment = store::find(&app.db, request.payment_id).await?;
    Ok(payment.map(answer))
}

/// The payment, with what only the service that asked may know of it.
fn answer(payment: model::Payment) -> Payment {
    let hold_minutes = payment.hold_minutes.and_then(|it| it.try_into().ok());
    let capture_before = payment.capture_before;
    let contract = payment.to_contract();
    let next_action = payment.next_action.map(|it| it.0);
    Payment { next_action, hold_minutes, capture_before, ..contract }
}

async fn capture(app: App, request: PaymentRef) -> Result<Payment> {
    Ok(requests::capture(&app, request.payment_id).await?.to_contract())
}

async fn void(app: App, request: PaymentRef) -> Result<Payment> {
    Ok(requests::void(&app, request.payment_id).await?.to_contract())
}

async fn refund(app: App, request: Refund) -> Result<PaymentUpdated> {
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
            Ok(PaymentUpdated { payment, refund, failed_refund: None })
        }
        _ => Ok(PaymentUpdated { payment, refund: None, failed_refund: None }),
    }
}
