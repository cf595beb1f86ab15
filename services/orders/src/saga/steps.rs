//! The steps from a placed order to a paid one, and back again.

use chassis::channel::CallError;
use contracts::catalog::Ship;
use contracts::orders::Reason;
use contracts::payments::{Authorize, CaptureTiming, Payment, Status as Paid};

use super::table::Answer;
use super::waiting::{action_required, attempts_left, declined, processing, sold_out_meanwhile};
use super::{StepError, StepResult, Work};
use crate::model::{FulfillmentStatus, PaymentStatus, Status};
use crate::{App, problems, store, token};

pub(super) async fn reserve(app: &App, work: &mut Work) -> Result<StepResult, StepError> {
    match app.clients.catalog.reserve(&work.reservation()).await {
        // A second hold is for money that is already authorised; who pays nothing needs none.
        Ok(_) if work.saga.rereserved || work.order.payment_id.is_none() => {
            Ok(Answer::HeldWithoutPayment.into())
        }
        Ok(_) => Ok(Answer::Held.into()),
        Err(CallError::Rejected(refused)) if !work.order.is_placed() => {
            let refusal = match refused.code.as_ref() {
                "out_of_stock" => refused,
                _ => problems::not_reserved(&work.order, refused, Reason::ItemUnavailable),
            };
            Ok(Answer::NeverPlaced.refusing(refusal))
        }
        Err(CallError::Rejected(refused)) => {
            let answer = match refused.code.as_ref() {
                "out_of_stock" if work.saga.attempt > 1 && !work.saga.rereserved => {
                    return Ok(sold_out_meanwhile(app, work, refused));
                }
                "out_of_stock" => Answer::SoldOut,
                _ => Answer::Unavailable,
            };
            let refusal = problems::not_reserved(&work.order, refused, Reason::ItemUnavailable);
            Ok(answer.refusing(refusal))
        }
        Err(unknown) => Err(unknown.into()),
    }
}

pub(super) async fn authorize(app: &App, work: &mut Work) -> Result<StepResult, StepError> {
    let Work { order, saga, .. } = &*work;
    let (Some(payment_id), Some(token)) = (order.payment_id, saga.token.clone()) else {
        return Ok(Answer::NoPayment.into());
    };
    let request = Authorize {
        payment_id,
        order_id: order.id,
        order_number: order.number.clone(),
        // The same each time it is asked, also where the order has joined an account meanwhile. Who
        // has a link to the order cannot pay with what the account has saved.
        user_id: order.placed_by(),
        order_token_hash: order
            .placed_by()
            .is_none()
            .then(|| token::hash(&app.tokens.of(order.id))),
        amount: order.total,
        currency: order.currency.clone(),
        provider: saga.provider.clone(),
        token,
        save: saga.save,
    };
    match app.clients.payments.authorize(&request).await {
        Ok(payment) => authorized(app, work, &payment).await,
        Err(CallError::Rejected(refused)) => {
            let refusal = problems::payment_refused(&work.order, &refused, attempts_left(work));
            Ok(declined(app, work, refusal))
        }
        Err(unknown) => Err(unknown.into()),
    }
}

/// What is known of a payment that was to be authorised.
pub(super) async fn authorized(
    app: &App,
    work: &mut Work,
    payment: &Payment,
) -> Result<StepResult, StepError> {
    Ok(match payment.status {
        Paid::Authorized | Paid::Capturing | Paid::Captured => {
            work.order.payment_status = PaymentStatus::Authorized;
            work.saga.token = None;
            work.saga.next_action = None;
            // What a method cannot hold is captured already.
            let held = payment.status == Paid::Authorized;
            work.saga.on_shipment = held && payment.capture == CaptureTiming::OnShipment;
            work.saga.capture_before = payment.capture_before;
            // However long the customer took, the rest has its full time.
            work.saga.deadline = app.deadline();
            Answer::Authorized.into()
        }
        Paid::RequiresAction => return action_required(app, work, payment).await,
        Paid::Processing => return processing(app, work, payment).await,
        Paid::Declined => {
            let reason = payment.reason.as_deref().unwrap_or("declined");
            let refusal = problems::payment_declined(&work.order, reason, attempts_left(work));
            declined(app, work, refusal)
        }
        Paid::Pending if app.clock.now() < work.saga.deadline => Answer::Pending.into(),
        Paid::Pending => Answer::NotDecided.into(),
        Paid::Voiding | Paid::Voided | Paid::PartiallyRefunded | Paid::Refunded => {
            Answer::Voided.into()
        }
    })
}

pub(super) async fn commit(app: &App, work: &mut Work) -> Result<StepResult, StepError> {
    match app.clients.catalog.commit(work.order.id).await {
        Ok(()) if work.saga.on_shipment => wait_for_shipment(app, work).await,
        Ok(()) => Ok(Answer::Committed.into()),
        Err(CallError::Rejected(_)) if !work.saga.rereserved => {
            work.saga.rereserved = true;
            Ok(Answer::NotHeld.into())
        }
        Err(CallError::Rejected(refused)) => {
            let refusal = problems::not_reserved(&work.order, refused, Reason::OutOfStock);
            Ok(Answer::SoldOut.refusing(refusal))
        }
        Err(unknown) => Err(unknown.into()),
    }
}

/// The order is confirmed and rests, if the money is still held: staff may have captured it, or the
/// provider have released it, since it was authorised. What happens to it from here on is told to an
/// order that is at this step, or rests.
async fn wait_for_shipment(app: &App, work: &mut Work) -> Result<StepResult, StepError> {
    let payment = match work.order.payment_id {
        Some(payment_id) => app.clients.payments.show(payment_id).await?,
        None => None,
    };
    if payment.is_some_and(|it| it.status == Paid::Authorized) {
        work.order.status = Status::Confirmed;
        return Ok(Answer::CaptureOnShipment.into());
    }
    work.saga.on_shipment = false;
    Ok(Answer::Committed.into())
}

pub(super) async fn capture(app: &App, work: &mut Work) -> Result<StepResult, StepError> {
    let Some(payment_id) = work.order.payment_id else {
        // An order that costs nothing.
        return Ok(captured(work, PaymentStatus::Paid));
    };
    match app.clients.payments.capture(payment_id).await {
        Ok(payment) => Ok(match payment.status {
            Paid::Captured | Paid::PartiallyRefunded | Paid::Refunded => {
                // What was given back by now is booked when it is told.
                if payment.status == Paid::Refunded {
                    // By hand, before this was known: nothing is sold.
                    work.saga.cancel.get_or_insert_with(|| Reason::Refunded.as_str().to_owned());
                }
                work.order.set_captured(payment.captured);
                captured(work, payment.status.into())
            }
            Paid::Declined | Paid::Voided => {
                let reason = payment.reason.as_deref().unwrap_or("declined");
                Answer::Failed.refusing(problems::payment_declined(&work.order, reason, 0))
            }
            Paid::Pending
            | Paid::RequiresAction
            | Paid::Processing
            | Paid::Authorized
            | Paid::Capturing
            | Paid::Voiding => Answer::Pending.into(),
        }),
        Err(CallError::Rejected(refused)) => {
            tracing::error!(order = %work.order.id, %refused, "capture refused");
            let reason = Reason::PaymentFailed.as_str();
            Ok(Answer::Failed.refusing(problems::order_cancelled(&work.order, reason)))
        }
        Err(unknown) => Err(unknown.into()),
    }
}

/// The money is there: the order is confirmed. Who cancelled while the capture was on its way gets
/// it back; their order is not confirmed first, as that would be told.
fn captured(work: &mut Work, status: PaymentStatus) -> StepResult {
    work.order.payment_status = status;
    if work.saga.cancel.is_some() {
        return Answer::CapturedAfterCancel.into();
    }
    work.order.status = Status::Confirmed;
    Answer::Captured.into()
}

pub(super) async fn ship(app: &App, work: &mut Work) -> Result<StepResult, StepError> {
    app.clients.catalog.ship(&Ship::whole(work.order.id)).await?;
    Ok(Answer::Shipped.into())
}

pub(super) async fn void(app: &App, work: &mut Work) -> Result<StepResult, StepError> {
    let Some(payment_id) = work.order.payment_id else { return Ok(Answer::Voided.into()) };
    let payment = app.clients.payments.void(payment_id).await?;
    Ok(match payment.status {
        Paid::Voided | Paid::Declined | Paid::Refunded => {
            work.order.payment_status = payment.status.into();
            Answer::Voided.into()
        }
        Paid::Captured | Paid::PartiallyRefunded => {
            work.order.set_captured(payment.captured);
            Answer::Captured.into()
        }
        Paid::Pending
        | Paid::RequiresAction
        | Paid::Processing
        | Paid::Authorized
        | Paid::Capturing
        | Paid::Voiding => Answer::Pending.into(),
    })
}

pub(super) async fn restock(app: &App, work: &mut Work) -> Result<StepResult, StepError> {
    app.clients.catalog.restock(&work.all_back()).await?;
    // Nothing is left for refunds to put back.
    store::all_restocked(&app.db, work.order.id).await?;
    work.order.status = Status::Cancelled;
    work.order.reason = work.saga.cancel.clone();
    if work.order.fulfillment_status != FulfillmentStatus::Unfulfilled {
        work.order.fulfillment_status = FulfillmentStatus::Returned;
    }
    Ok(Answer::Restocked.into())
}
