//! Giving back what a cancelled order has paid, and putting back what refunds of a sold one say.

use chassis::channel::CallError;
use contracts::catalog::{Restock, StockLine};
use contracts::orders::refund_of_cancel;
use contracts::payments::{PaymentUpdated, Refund, Refunded, Status as Paid};

use super::table::Answer;
use super::{StepError, StepResult, Stop, Work, save_saga};
use crate::model::{OrderRefund, PaymentStatus, Status};
use crate::refunds::{self, Booked};
use crate::{App, store};

pub(super) async fn refund(app: &App, work: &mut Work) -> Result<StepResult, StepError> {
    let Some(payment_id) = work.order.payment_id else {
        // What costs nothing has nothing to give back.
        return Ok(refunded(work, None));
    };
    let request = Refund {
        payment_id,
        refund_id: refund_of_cancel(work.order.id),
        amount: None,
        reason: work.saga.cancel.clone().unwrap_or_default(),
    };
    match app.clients.payments.refund(&request).await {
        // Once all of it was given back.
        Ok(PaymentUpdated { payment, refund, .. }) if payment.refunded == payment.captured => {
            work.order.set_captured(payment.captured);
            Ok(refunded(work, refund))
        }
        Ok(_) => Ok(Answer::Pending.into()),
        Err(CallError::Rejected(refused)) => {
            Ok(match app.clients.payments.show(payment_id).await? {
                // All of it has been given back already, by hand.
                Some(payment) if payment.status == Paid::Refunded => refunded(work, None),
                Some(payment) => {
                    tracing::error!(order = %work.order.number, %refused, "the refund of a cancelled order was refused");
                    stays_sold(work, payment.status.into())
                }
                None => {
                    tracing::error!(order = %work.order.id, %refused, "payments does not know the payment");
                    Answer::Pending.into()
                }
            })
        }
        Err(unknown) => Err(unknown.into()),
    }
}

/// Known of the payment, also where news of earlier refunds are yet to come. Where it was staff who
/// gave it back, that is booked when it is told.
fn refunded(work: &mut Work, refund: Option<Refunded>) -> StepResult {
    work.order.payment_status = PaymentStatus::Refunded;
    StepResult { refund, ..Answer::Refunded.into() }
}

/// Gives up a cancel. An order that was cancelled before it was confirmed is confirmed now.
fn stays_sold(work: &mut Work, status: PaymentStatus) -> StepResult {
    work.saga.cancel = None;
    if work.order.status == Status::Pending {
        work.order.status = Status::Confirmed;
    }
    work.order.payment_status = status;
    Answer::Refused.into()
}

/// Books what was given back along with the next step.
pub(super) async fn book(app: &App, work: &mut Work, refund: &Refunded) -> Result<(), Stop> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    save_saga(&mut tx, work).await?;
    match refunds::book(&mut tx, &mut work.order, &work.lines, refund, now).await? {
        Booked::Now | Booked::Before => {}
        Booked::Lost => return Err(Stop::Lost),
    }
    Ok(tx.commit().await?)
}

/// Puts back into stock what refunds say. Booking another one meanwhile moves the saga, so
/// that this finds that one too.
pub(super) async fn put_back(app: &App, work: &mut Work) -> Result<StepResult, StepError> {
    let refunds = store::refunds(&app.db, work.order.id).await?;
    for refund in refunds.into_iter().filter(|it| it.to_restock) {
        let id = refund.id;
        let request = Restock { order_id: work.order.id, id, lines: units(refund) };
        app.clients.catalog.restock(&request).await?;
        store::restocked(&app.db, id).await?;
    }
    Ok(Answer::Restocked.into())
}

/// What a refund puts back; none for everything that is still out.
fn units(refund: OrderRefund) -> Option<Vec<StockLine>> {
    let line = |it: contracts::payments::RefundedLine| {
        it.restock.then(|| StockLine::new(it.sku, it.quantity))
    };
    (!refund.whole).then(|| refund.lines.0.into_iter().filter_map(line).collect())
}
