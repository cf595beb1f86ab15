//! Giving back what a cancelled order has paid, and putting back what refunds of a sold one say.

use chassis::channel::CallError;
use contracts::catalog::{Restock, StockLine};
use contracts::orders::refund_of_cancel;
use contracts::payments::{PaymentUpdated, Refund, Status as Paid};

use super::Outcome::{Moved, Wait};
use super::{Outcome, Stop, Work, enter, go, go_with_order, money_is_settled};
use crate::model::{OrderRefund, PaymentStatus, Status, Step};
use crate::refunds::{self, Booked};
use crate::{App, store};

pub(super) async fn refund(app: &App, work: &mut Work) -> Result<Outcome, Stop> {
    let Some(payment_id) = work.order.payment_id else {
        // What costs nothing has nothing to give back.
        return money_is_settled(app, work, PaymentStatus::Refunded, Step::Restock).await;
    };
    let request = Refund {
        payment_id,
        refund_id: refund_of_cancel(work.order.id),
        amount: None,
        reason: work.saga.cancel.clone().unwrap_or_default(),
    };
    match app.clients.payments.refund(&request).await {
        Ok(answer) => refunded(app, work, answer).await,
        Err(CallError::Refused(refused)) => match app.clients.payments.show(payment_id).await {
            // All of it has been given back already, by hand.
            Ok(Some(payment)) if payment.status == Paid::Refunded => {
                refunded(app, work, PaymentUpdated { payment, refund: None }).await
            }
            // The provider will not: the order stays sold, and people have to decide.
            Ok(Some(payment)) => {
                tracing::error!(order = %work.order.number, %refused, "cancel without a refund");
                stays_sold(app, work, payment.status.into()).await
            }
            Ok(None) => {
                tracing::error!(order = %work.order.id, %refused, "the payment is not known");
                Ok(Wait)
            }
            Err(error) => {
                tracing::warn!(order = %work.order.id, %refused, %error, "refund not known");
                Ok(Wait)
            }
        },
        // Money may have gone back, so nothing is done by a guess: the saga stays open, and every
        // try says in the log what is in its way.
        Err(error) => {
            tracing::warn!(order = %work.order.id, %error, "refund not known");
            Ok(Wait)
        }
    }
}

/// Gives up a cancel. An order that was cancelled before it was confirmed is confirmed now.
async fn stays_sold(app: &App, work: &mut Work, status: PaymentStatus) -> Result<Outcome, Stop> {
    work.saga.cancel = None;
    let next = at_rest(app, work).await?;
    let from = work.order.status;
    if from != Status::Pending {
        return money_is_settled(app, work, status, next).await;
    }
    work.order.status = Status::Confirmed;
    work.order.payment_status = status;
    go_with_order(app, work, next, from).await
}

/// Books what was given back, once all of it was.
async fn refunded(app: &App, work: &mut Work, answer: PaymentUpdated) -> Result<Outcome, Stop> {
    if answer.payment.refunded != answer.payment.captured {
        return Ok(Wait);
    }
    let Some(refund) = answer.refund else {
        // It was staff who gave it back; that is booked when it is told.
        return money_is_settled(app, work, PaymentStatus::Refunded, Step::Restock).await;
    };
    enter(app, work, Step::Restock);
    // Known of the payment, also where news of earlier refunds are yet to come.
    work.order.payment_status = PaymentStatus::Refunded;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    if !store::save_saga(&mut tx, &mut work.saga).await? {
        return Err(Stop::Lost);
    }
    match refunds::book(&mut tx, &mut work.order, &work.lines, &refund, now).await? {
        Booked::Now | Booked::Before => {}
        Booked::Lost => return Err(Stop::Lost),
    }
    tx.commit().await?;
    Ok(Moved)
}

/// Where a sold order comes to rest: where refunds have yet to put something back, after that.
pub(super) async fn at_rest(app: &App, work: &Work) -> Result<Step, Stop> {
    let refunds = store::refunds(&app.db, work.order.id).await?;
    Ok(if refunds.iter().any(|it| it.to_restock) { Step::PutBack } else { Step::Done })
}

/// Puts back into stock what refunds say. Whoever books another one meanwhile moves the saga, so
/// that this finds that one too.
pub(super) async fn put_back(app: &App, work: &mut Work) -> Result<Outcome, Stop> {
    let refunds = store::refunds(&app.db, work.order.id).await?;
    for refund in refunds.into_iter().filter(|it| it.to_restock) {
        let id = refund.id;
        let request = Restock { order_id: work.order.id, id, lines: units(refund) };
        if let Err(error) = app.clients.catalog.restock(&request).await {
            tracing::warn!(order = %work.order.id, refund = %id, %error, "restock not known");
            return Ok(Wait);
        }
        store::restocked(&app.db, id).await?;
    }
    go(app, work, Step::Done).await
}

/// What a refund puts back; none for everything that is still out.
fn units(refund: OrderRefund) -> Option<Vec<StockLine>> {
    let line = |it: contracts::payments::RefundedLine| {
        it.restock.then(|| StockLine::new(it.sku, it.quantity))
    };
    (!refund.whole).then(|| refund.lines.0.into_iter().filter_map(line).collect())
}
