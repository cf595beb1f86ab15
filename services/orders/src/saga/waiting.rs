//! Where it is the customer's turn: to do what a payment asks of them, or to pay otherwise.

use chassis::channel::CallError;
use chassis::db::Json;
use chassis::problem::Problem;
use chrono::{DateTime, TimeDelta, Utc};
use contracts::catalog::AwaitAction;
use contracts::orders::{OrderPaymentActionRequired, Reason};
use contracts::payments::Payment;

use super::steps::authorized;
use super::table::Answer;
use super::{StepError, StepResult, Work};
use crate::model::{MORE_ATTEMPTS, Order, PaymentStatus, Step};
use crate::{App, checkout, problems};

/// How long a declined order waits for another payment.
const ANOTHER_PAYMENT: TimeDelta = TimeDelta::minutes(15);

/// The customer has to do something first, and has a while for it. From here on the hold, if it
/// stays, is one of those that together take no more than their share.
pub(super) async fn action_required(
    app: &App,
    work: &mut Work,
    payment: &Payment,
) -> Result<StepResult, StepError> {
    work.saga.next_action = payment.next_action.clone().map(Json);
    if work.order.payment_status != PaymentStatus::RequiresAction {
        let until = app.action_until(work.order.placed_by().is_none(), payment.hold_minutes);
        hold_until(app, work, until).await?;
        work.order.payment_status = PaymentStatus::RequiresAction;
    } else if !still_waits(app, work) {
        return Ok(Answer::Expired.into());
    }
    Ok(Answer::ActionRequired.into())
}

/// The customer has done their part, and a bank decides: that can take days.
pub(super) async fn processing(
    app: &App,
    work: &mut Work,
    payment: &Payment,
) -> Result<StepResult, StepError> {
    work.saga.next_action = None;
    work.saga.token = None;
    if work.order.payment_status != PaymentStatus::Processing {
        let until = app.processing_until(payment.hold_minutes);
        hold_until(app, work, until).await?;
        work.order.payment_status = PaymentStatus::Processing;
    } else if !still_waits(app, work) {
        return Ok(Answer::Expired.into());
    }
    Ok(Answer::Processing.into())
}

/// Looked at once more: the time goes on, and at its end the payment is voided.
fn still_waits(app: &App, work: &mut Work) -> bool {
    let until = work.saga.hold_until.unwrap_or(app.clock.now());
    work.saga.due_at = until;
    app.clock.now() < until
}

/// Holds the stock until then, if the catalog lets it.
async fn hold_until(app: &App, work: &mut Work, until: DateTime<Utc>) -> Result<(), StepError> {
    let request = AwaitAction { order_id: work.order.id, until };
    match app.clients.catalog.await_action(&request).await {
        Ok(awaiting) if awaiting.held => {}
        Ok(_) => {
            tracing::info!(order = %work.order.number, "the order waits for its customer without a hold");
        }
        Err(CallError::Rejected(refused)) => {
            tracing::warn!(order = %work.order.number, %refused, "cannot extend the hold");
        }
        Err(unknown) => return Err(unknown.into()),
    }
    work.saga.hold_until = Some(until);
    work.saga.due_at = until;
    // However long the customer takes, the rest has its full time.
    work.saga.deadline = app.deadline() + (until - app.clock.now());
    Ok(())
}

pub(super) async fn await_action(app: &App, work: &mut Work) -> Result<StepResult, StepError> {
    let Some(payment_id) = work.order.payment_id else { return Ok(Answer::NoPayment.into()) };
    match app.clients.payments.show(payment_id).await? {
        Some(payment) => authorized(app, work, &payment).await,
        None => Ok(Answer::Expired.into()),
    }
}

/// The payment was declined: the order releases its stock and waits for another one, as long as
/// there may be one.
pub(super) fn declined(app: &App, work: &mut Work, refusal: Problem) -> StepResult {
    if work.saga.attempt > MORE_ATTEMPTS {
        return Answer::DeclinedTooOften.refusing(refusal);
    }
    work.order.payment_status = PaymentStatus::Failed;
    work.saga.token = None;
    work.saga.next_action = None;
    work.saga.deadline = app.deadline();
    Answer::Declined.refusing(refusal)
}

pub(super) async fn release(app: &App, work: &mut Work) -> Result<StepResult, StepError> {
    match app.clients.catalog.end_hold(work.order.id).await {
        Ok(()) => {}
        Err(CallError::Rejected(refused)) => {
            tracing::warn!(order = %work.order.number, %refused, "cannot end the hold; it will expire");
        }
        Err(unknown) => return Err(unknown.into()),
    }
    work.saga.due_at = app.clock.now() + ANOTHER_PAYMENT;
    Ok(Answer::Released.into())
}

/// There is nothing to be held for another try to pay: the try does not count, nothing was asked
/// of the provider, and the order waits on. The goods may come back.
pub(super) fn sold_out_meanwhile(app: &App, work: &mut Work, refused: Problem) -> StepResult {
    work.saga.attempt -= 1;
    work.order.payment_id = Some(checkout::payment_id(work.order.id, work.saga.attempt));
    work.order.payment_status = PaymentStatus::Failed;
    work.order.reason = Some(Reason::OutOfStock.as_str().to_owned());
    let left = attempts_left(work);
    work.saga.token = None;
    work.saga.due_at = app.clock.now() + ANOTHER_PAYMENT;
    Answer::SoldOutMeanwhile.refusing(problems::gone_meanwhile(&work.order, refused, left))
}

/// Whether the customer has something to do from the step `next` on: what the payment asks of them,
/// or to pay again after a decline. Where another payment found the goods gone, they know.
pub(super) fn asked(before: &Order, work: &Work, next: Step) -> bool {
    use PaymentStatus::RequiresAction;
    match next {
        Step::AwaitAction => {
            before.payment_status != RequiresAction && work.order.payment_status == RequiresAction
        }
        Step::AwaitPayment => work.saga.step == Step::Release,
        _ => false,
    }
}

/// What is published of it. The order is given up when its saga is due.
pub(super) fn action_event(work: &Work) -> OrderPaymentActionRequired {
    OrderPaymentActionRequired {
        order: work.order.to_event(&work.lines),
        until: Some(work.saga.due_at),
    }
}

/// How often another payment may be tried.
pub(super) fn attempts_left(work: &Work) -> i64 {
    MORE_ATTEMPTS + 1 - work.saga.attempt
}
