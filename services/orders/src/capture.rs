//! Payments that are captured on shipment: the order rests confirmed, and its money is only held.
//!
//! Whoever ships captures the payment first. What payments publishes does the same for the order as that
//! answer, so a process that ends between the two loses nothing. It also says when the money is not held
//! any more.

use chassis::channel::CallError;
use chassis::db::Tx;
use chassis::inbox::Failure;
use chassis::problem::Result;
use contracts::orders::Reason;
use contracts::payments::{EXPIRED, Payment, Status as Paid};

use crate::model::{Order, PaymentStatus, Saga, Status, Step};
use crate::{App, problems, store};

/// Captures the payment of an order that is about to be shipped, unless it is paid. The order is paid
/// then, which is for the caller to store. Asked again, captures nothing twice.
pub(crate) async fn before_shipment(app: &App, order: &mut Order) -> Result<()> {
    let Some(payment_id) = order.payment_id.filter(|_| !order.is_paid()) else { return Ok(()) };
    let payment = match app.clients.payments.capture(payment_id).await {
        Ok(payment) => payment,
        Err(CallError::Rejected(refused)) => {
            let payment = app.clients.payments.show(payment_id).await?;
            let reason = payment.and_then(|it| it.reason);
            return Err(problems::payment_not_captured(reason.as_deref().unwrap_or(&refused.code)));
        }
        Err(unknown) => return Err(unknown.into()),
    };
    match payment.status {
        Paid::Captured | Paid::PartiallyRefunded | Paid::Refunded => {
            paid(order, &payment);
            Ok(())
        }
        Paid::Declined | Paid::Voided => {
            let reason = payment.reason.as_deref().unwrap_or("declined");
            Err(problems::payment_not_captured(reason))
        }
        Paid::Pending
        | Paid::RequiresAction
        | Paid::Processing
        | Paid::Authorized
        | Paid::Capturing
        | Paid::Voiding => Err(problems::payment_capturing()),
    }
}

/// What was given back since is booked when it is told.
fn paid(order: &mut Order, payment: &Payment) {
    order.payment_status = PaymentStatus::Paid;
    order.set_captured(payment.captured);
    order.reason = None;
}

/// Books news of the payment on an order that waits for its shipment.
pub(crate) async fn book(app: &App, tx: &mut Tx, payment: &Payment) -> Result<(), Failure> {
    if !matches!(
        payment.status,
        Paid::Captured | Paid::PartiallyRefunded | Paid::Refunded | Paid::Declined | Paid::Voided
    ) {
        return Ok(());
    }
    let saga = store::saga(&mut *tx, payment.order_id).await?;
    let Some(saga) = saga.filter(|it| it.on_shipment) else { return Ok(()) };
    if saga.step == Step::Commit {
        return ask_again(app, tx, saga).await;
    }
    let order = store::find(&mut *tx, payment.order_id).await?;
    let rests = |it: &Order| {
        let held = it.payment_status == PaymentStatus::Authorized;
        held && it.status == Status::Confirmed && it.payment_id == Some(payment.id)
    };
    let Some(mut order) = order.filter(|it| rests(it) && saga.step.is_decided()) else {
        return Ok(());
    };
    match payment.status {
        Paid::Declined | Paid::Voided => not_held(&mut order, payment),
        _ => paid(&mut order, payment),
    }
    let lines = store::lines(&mut *tx, order.id).await?;
    let status = order.status;
    if !store::save_order(tx, &mut order, status, &lines, app.clock.now()).await? {
        return Err(problems::order_changed().into());
    }
    Ok(())
}

/// Whether the payment is still held may just have been asked, and have been true then.
async fn ask_again(app: &App, tx: &mut Tx, mut saga: Saga) -> Result<(), Failure> {
    let now = app.clock.now();
    (saga.due_at, saga.lease_until) = (now, now);
    if !store::save_saga(&mut *tx, &mut saga).await? {
        return Err(problems::order_changed().into());
    }
    tx.wakes(&app.due);
    Ok(())
}

/// The order stays confirmed, and its history says why it is not paid: staff decide.
fn not_held(order: &mut Order, payment: &Payment) {
    let reason = match (payment.status, payment.reason.as_deref()) {
        (Paid::Declined, _) => Reason::PaymentDeclined,
        (_, Some(EXPIRED)) => Reason::AuthorizationExpired,
        _ => Reason::PaymentVoided,
    };
    order.payment_status = PaymentStatus::Voided;
    order.reason = Some(reason.as_str().to_owned());
    let (number, reason) = (&order.number, reason.as_str());
    tracing::warn!(order = %number, reason, "the payment of an order is not held any more; it cannot be shipped");
}
