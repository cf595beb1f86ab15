//! The steps from a placed order to a paid one, and back again.

use chassis::channel::CallError;
use contracts::orders::Reason;
use contracts::payments::{Authorize, Payment, Status as Paid};

use super::Outcome::Wait;
use super::placing::{place, withdraw};
use super::waiting::{action_required, attempts_left, declined, gone_meanwhile};
use super::{Outcome, Stop, Work, give_up, go, go_with_order, not_known};
use crate::model::{FulfillmentStatus, PaymentStatus, Status, Step};
use crate::{App, problems, store, token};

pub(super) async fn reserve(app: &App, work: &mut Work) -> Result<Outcome, Stop> {
    match app.clients.catalog.reserve(&work.reservation()).await {
        Ok(_) if !work.order.is_placed() => place(app, work).await,
        Ok(_) => {
            // A second hold is for money that is already authorised; who pays nothing needs none.
            let authorized = work.saga.rereserved || work.order.payment_id.is_none();
            let next = if authorized { Step::Commit } else { Step::Authorize };
            go(app, work, next).await
        }
        Err(CallError::Refused(refused)) if !work.order.is_placed() => {
            withdraw(app, work, refused).await
        }
        Err(CallError::Refused(refused)) => {
            let reason = match refused.code.as_ref() {
                "out_of_stock" if work.saga.attempt > 1 && !work.saga.rereserved => {
                    return gone_meanwhile(app, work, refused).await;
                }
                "out_of_stock" => Reason::OutOfStock,
                _ => Reason::ItemUnavailable,
            };
            let refusal = problems::out_of_stock(&work.order, refused);
            give_up(app, work, reason, Some(refusal)).await
        }
        Err(unknown) => not_known(app, work, &unknown).await,
    }
}

pub(super) async fn authorize(app: &App, work: &mut Work) -> Result<Outcome, Stop> {
    let Work { order, saga, .. } = &*work;
    let (Some(payment_id), Some(token)) = (order.payment_id, saga.token.clone()) else {
        return give_up(app, work, Reason::PaymentFailed, None).await;
    };
    let request = Authorize {
        payment_id,
        order_id: order.id,
        order_number: order.number.clone(),
        user_id: order.user_id,
        order_token_hash: order.user_id.is_none().then(|| token::hash(&app.tokens.of(order.id))),
        amount: order.total,
        currency: order.currency.clone(),
        provider: saga.provider.clone(),
        token,
    };
    match app.clients.payments.authorize(&request).await {
        Ok(payment) => authorized(app, work, &payment).await,
        Err(CallError::Refused(refused)) => {
            let refusal = problems::payment_refused(&work.order, &refused, attempts_left(work));
            declined(app, work, refusal).await
        }
        Err(unknown) => not_known(app, work, &unknown).await,
    }
}

/// Goes on from what is known of a payment that was to be authorised.
pub(super) async fn authorized(
    app: &App,
    work: &mut Work,
    payment: &Payment,
) -> Result<Outcome, Stop> {
    match payment.status {
        Paid::Authorized | Paid::Capturing | Paid::Captured => {
            work.order.payment_status = PaymentStatus::Authorized;
            work.saga.token = None;
            // However long the customer took, the rest has its full time.
            work.saga.deadline = app.deadline();
            go_with_order(app, work, Step::Commit, Status::Pending).await
        }
        Paid::RequiresAction => action_required(app, work, payment).await,
        Paid::Declined => {
            let reason = payment.reason.as_deref().unwrap_or("declined");
            let refusal = problems::payment_declined(&work.order, reason, attempts_left(work));
            declined(app, work, refusal).await
        }
        Paid::Pending if app.clock.now() < work.saga.deadline => Ok(Wait),
        Paid::Pending => give_up(app, work, Reason::PaymentNotDecided, None).await,
        Paid::Voiding | Paid::Voided | Paid::PartiallyRefunded | Paid::Refunded => {
            give_up(app, work, Reason::PaymentVoided, None).await
        }
    }
}

pub(super) async fn commit(app: &App, work: &mut Work) -> Result<Outcome, Stop> {
    match app.clients.catalog.commit(work.order.id).await {
        Ok(()) => go(app, work, Step::Capture).await,
        Err(CallError::Refused(_)) if !work.saga.rereserved => {
            work.saga.rereserved = true;
            go(app, work, Step::Reserve).await
        }
        Err(CallError::Refused(refused)) => {
            let refusal = problems::out_of_stock(&work.order, refused);
            give_up(app, work, Reason::OutOfStock, Some(refusal)).await
        }
        Err(unknown) => not_known(app, work, &unknown).await,
    }
}

/// The pivot: before it everything can be undone without moving money.
pub(super) async fn capture(app: &App, work: &mut Work) -> Result<Outcome, Stop> {
    let Some(payment_id) = work.order.payment_id else {
        // An order that costs nothing.
        return paid(app, work, PaymentStatus::Paid).await;
    };
    match app.clients.payments.capture(payment_id).await {
        Ok(payment) => match payment.status {
            Paid::Captured | Paid::PartiallyRefunded | Paid::Refunded => {
                // What was given back by now is booked when it is told.
                if payment.status == Paid::Refunded {
                    // By hand, before this was known: nothing is sold.
                    work.saga.cancel.get_or_insert_with(|| Reason::Refunded.as_str().to_owned());
                }
                paid(app, work, payment.status.into()).await
            }
            Paid::Declined | Paid::Voided => {
                let reason = payment.reason.as_deref().unwrap_or("declined");
                let refusal = problems::payment_declined(&work.order, reason, 0);
                give_up(app, work, Reason::PaymentFailed, Some(refusal)).await
            }
            Paid::Pending
            | Paid::RequiresAction
            | Paid::Authorized
            | Paid::Capturing
            | Paid::Voiding => Ok(Wait),
        },
        Err(CallError::Refused(refused)) => {
            tracing::error!(order = %work.order.id, %refused, "capture refused");
            give_up(app, work, Reason::PaymentFailed, Some(refused)).await
        }
        Err(unknown) => {
            tracing::warn!(order = %work.order.id, error = %unknown, "capture not known");
            Ok(Wait)
        }
    }
}

/// The money is there: the order is confirmed. Who cancelled while the capture was on its way gets
/// it back; their order is not confirmed first, as that would be told.
pub(super) async fn paid(
    app: &App,
    work: &mut Work,
    status: PaymentStatus,
) -> Result<Outcome, Stop> {
    work.order.payment_status = status;
    if work.saga.cancel.is_some() {
        return go_with_order(app, work, Step::Refund, Status::Pending).await;
    }
    work.order.status = Status::Confirmed;
    go_with_order(app, work, Step::Done, Status::Pending).await
}

pub(super) async fn void(app: &App, work: &mut Work) -> Result<Outcome, Stop> {
    let Some(payment_id) = work.order.payment_id else {
        return go(app, work, Step::Restock).await;
    };
    match app.clients.payments.void(payment_id).await {
        Ok(payment) => match payment.status {
            Paid::Voided | Paid::Declined | Paid::Refunded => {
                money_is_settled(app, work, payment.status.into(), Step::Restock).await
            }
            Paid::Captured | Paid::PartiallyRefunded => go(app, work, Step::Refund).await,
            Paid::Pending
            | Paid::RequiresAction
            | Paid::Authorized
            | Paid::Capturing
            | Paid::Voiding => Ok(Wait),
        },
        Err(error) => {
            tracing::warn!(order = %work.order.id, %error, "void not known");
            Ok(Wait)
        }
    }
}

/// Notes with the order where its money came to rest, and goes on.
pub(super) async fn money_is_settled(
    app: &App,
    work: &mut Work,
    status: PaymentStatus,
    next: Step,
) -> Result<Outcome, Stop> {
    if work.order.payment_status == status {
        return go(app, work, next).await;
    }
    work.order.payment_status = status;
    let from = work.order.status;
    go_with_order(app, work, next, from).await
}

pub(super) async fn restock(app: &App, work: &mut Work) -> Result<Outcome, Stop> {
    if let Err(error) = app.clients.catalog.restock(&work.all_back()).await {
        tracing::warn!(order = %work.order.id, %error, "restock not known");
        return Ok(Wait);
    }
    // Nothing is left for refunds to put back.
    store::all_restocked(&app.db, work.order.id).await?;
    let from = work.order.status;
    work.order.status = Status::Cancelled;
    work.order.reason = work.saga.cancel.clone();
    if work.order.fulfillment_status != FulfillmentStatus::Unfulfilled {
        work.order.fulfillment_status = FulfillmentStatus::Returned;
    }
    go_with_order(app, work, Step::Done, from).await
}
