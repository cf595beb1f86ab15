//! The saga: what brings an accepted order to its end.
//!
//! ```text
//!           await_action
//!               |  ^
//!               v  |
//! reserve -> authorize -> commit -> capture -> done (confirmed, paid) .. ship -> done
//!    ^          |            |         |
//!    |          v            v         v          a customer's cancel enters at void or refund
//!    |       release        void -> refund -> restock -> done (cancelled)
//!    |          v
//!    +---- await_payment
//!
//! done (sold) -> put_back -> done         where refunds put goods back into stock
//! ```
//!
//! An order is only requested until its stock is held for the first time: then it is placed, and has
//! a number. One that is sold out is withdrawn, and never was.
//!
//! Stock is held while the payment is asked for. A declined order lets go of it before it waits for
//! another payment; one whose customer has to do something first may have to go on without it (the
//! catalog decides). What is not held any more when the money is there is taken then, or the money
//! is let go. Staff's "shipped" sets a paid order's saga going once more, to tell the catalog.
//!
//! Each step is stored before it is carried out, and carrying it out twice is carrying it out
//! once, so whoever finds a saga, after whatever crash, goes on with its step. A saga is driven by
//! the request that made it, then by the worker. The fence keeps them apart: who has read an older
//! one changes nothing.

mod placing;
mod refund;
mod shipping;
mod waiting;

use std::time::Duration;

use chassis::channel::CallError;
use chassis::clock::too_far;
use chassis::db;
use chassis::db::Json;
use chassis::problem::Problem;
use chassis::queue::Backoff;
use chassis::work::Loop;
use chrono::{DateTime, TimeDelta, Utc};
use contracts::catalog::{Buyer, Reserve, Restock};
use contracts::orders::Reason;
use contracts::payments::{Authorize, Payment, Status as Paid};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::model::{FulfillmentStatus, Order, OrderLine, PaymentStatus, Saga, Status, Step, stock};
use crate::{App, problems, store, token};

/// How long who drives a saga has it for itself.
pub(crate) const LEASE: TimeDelta = TimeDelta::seconds(10);
/// How long the worker stays with one saga before it hands it back.
const TURN: Duration = Duration::from_secs(4);
/// The longest pause between two tries of a step; no lease is longer.
const LONGEST_PAUSE: TimeDelta = TimeDelta::seconds(30);
/// The pauses between the tries of a step.
const BACKOFF: Backoff = Backoff::Doubling {
    first: Duration::from_millis(400),
    longest: Duration::from_secs(30),
    spread: 1.0,
};
/// How often the worker looks for sagas nobody told it about.
const POLL: Duration = Duration::from_millis(250);
/// Sagas the worker drives at the same time.
const AT_ONCE: usize = 16;

/// An order with the work on it.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub order: Order,
    pub lines: Vec<OrderLine>,
    pub saga: Saga,
}

/// Why driving stopped early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// Somebody else has changed the order or its saga.
    #[error("another driver has taken over")]
    Lost,
    /// Nothing came of the request: there is no such order.
    #[error("the request was withdrawn: {0}")]
    Withdrawn(Box<Problem>),
    #[error(transparent)]
    Database(#[from] db::Error),
}

/// What a step came to.
enum Outcome {
    /// The saga is at another step, and stored.
    Moved,
    /// Nothing is known yet; look again.
    Wait,
}

use Outcome::{Moved, Wait};
pub(crate) use placing::place_anyway;
use placing::{place, withdraw};
use refund::{put_back, refund};
use waiting::{action_required, attempts_left, await_action, declined, gone_meanwhile, release};

/// Drives every saga that is due, until cancelled; then those in hand, until they are handed back.
pub(crate) async fn work(app: App, stop: CancellationToken) {
    let driven = Mutex::new(JoinSet::new());
    let sagas = Loop::new(store::SAGAS.name(), POLL).woken_by(&app.due);
    sagas.run(&stop, || turn(&app, &driven)).await;
    let mut driven = driven.into_inner();
    while driven.join_next().await.is_some() {}
}

/// Begins to drive sagas that are due, once there is room; returns whether there were any.
async fn turn(app: &App, driven: &Mutex<JoinSet<()>>) -> db::Result<bool> {
    let mut driven = driven.lock().await;
    while driven.try_join_next().is_some() {}
    while driven.len() >= AT_ONCE {
        driven.join_next().await;
    }
    let room = (AT_ONCE - driven.len()) as i64;
    let claimed: Vec<Saga> = store::SAGAS.claim(&app.db, app.clock.now(), LEASE, room).await?;
    if claimed.is_empty() {
        bring_near(app).await?;
        return Ok(false);
    }
    for saga in claimed {
        let app = app.clone();
        driven.spawn(async move { resume(&app, saga).await });
    }
    Ok(true)
}

/// Looks for sagas that wait for a time which only a wrong clock can have set.
async fn bring_near(app: &App) -> db::Result<()> {
    let now = app.clock.now();
    let sagas = store::bring_near(&app.db, now, too_far(now, LONGEST_PAUSE)).await?;
    if sagas > 0 {
        tracing::warn!(sagas, "the clock was put back: they do not wait for it");
    }
    Ok(())
}

/// Goes on with a claimed saga.
async fn resume(app: &App, saga: Saga) {
    let id = saga.order_id;
    let driven = async {
        let Some(order) = store::find(&app.db, id).await? else { return Err(Stop::Lost) };
        let lines = store::lines(&app.db, id).await?;
        drive(app, &mut Work { order, lines, saga }, Instant::now() + TURN).await
    };
    match driven.await {
        Ok(()) | Err(Stop::Lost | Stop::Withdrawn(_)) => {}
        Err(error) => tracing::warn!(order = %id, %error, "the saga will be tried again"),
    }
}

/// Carries out steps until the order rests or the time is up; then the saga is handed back.
pub(crate) async fn drive(app: &App, work: &mut Work, until: Instant) -> Result<(), Stop> {
    loop {
        if work.rests(app.clock.now()) {
            return Ok(());
        }
        match step(app, work).await? {
            Moved => continue,
            Wait => {
                work.saga.tries += 1;
                let pause = BACKOFF.pause(work.saga.tries);
                if Instant::now() + pause >= until {
                    return hand_back(app, work, pause).await;
                }
                tokio::time::sleep(pause).await;
            }
        }
    }
}

impl Work {
    /// Whether nothing is to be done now.
    fn rests(&self, now: DateTime<Utc>) -> bool {
        match self.saga.step {
            Step::Done => true,
            step => step.is_waiting() && self.saga.due_at > now,
        }
    }

    fn reservation(&self) -> Reserve {
        let carts = self.order.cart_id.into_iter().collect();
        let buyer = Buyer { user_id: self.order.user_id, carts };
        Reserve { order_id: self.order.id, lines: stock(&self.lines), buyer }
    }

    /// A cancelled order puts back whatever is still out.
    fn all_back(&self) -> Restock {
        Restock { order_id: self.order.id, id: self.order.id, lines: None }
    }
}

async fn step(app: &App, work: &mut Work) -> Result<Outcome, Stop> {
    match work.saga.step {
        Step::Reserve => reserve(app, work).await,
        Step::Authorize => authorize(app, work).await,
        Step::Release => release(app, work).await,
        Step::AwaitAction => await_action(app, work).await,
        Step::AwaitPayment => give_up(app, work, Reason::PaymentFailed, None).await,
        Step::Commit => commit(app, work).await,
        Step::Capture => capture(app, work).await,
        Step::Ship => shipping::ship(app, work).await,
        Step::Void => void(app, work).await,
        Step::Refund => refund(app, work).await,
        Step::Restock => restock(app, work).await,
        Step::PutBack => put_back(app, work).await,
        Step::Done => Ok(Moved),
    }
}

async fn reserve(app: &App, work: &mut Work) -> Result<Outcome, Stop> {
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

async fn authorize(app: &App, work: &mut Work) -> Result<Outcome, Stop> {
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
async fn authorized(app: &App, work: &mut Work, payment: &Payment) -> Result<Outcome, Stop> {
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

async fn commit(app: &App, work: &mut Work) -> Result<Outcome, Stop> {
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
async fn capture(app: &App, work: &mut Work) -> Result<Outcome, Stop> {
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
async fn paid(app: &App, work: &mut Work, status: PaymentStatus) -> Result<Outcome, Stop> {
    work.order.payment_status = status;
    if work.saga.cancel.is_some() {
        return go_with_order(app, work, Step::Refund, Status::Pending).await;
    }
    work.order.status = Status::Confirmed;
    go_with_order(app, work, Step::Done, Status::Pending).await
}

async fn void(app: &App, work: &mut Work) -> Result<Outcome, Stop> {
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
async fn money_is_settled(
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

async fn restock(app: &App, work: &mut Work) -> Result<Outcome, Stop> {
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

/// Turns back: what was authorised is voided, what was held is let go.
async fn give_up(
    app: &App,
    work: &mut Work,
    reason: Reason,
    refusal: Option<Problem>,
) -> Result<Outcome, Stop> {
    work.saga.cancel.get_or_insert_with(|| reason.as_str().to_owned());
    work.saga.token = None;
    if let Some(refusal) = refusal {
        work.saga.refusal = Some(Json(refusal));
    }
    // Before the first hold no payment has been asked for.
    let asked = work.saga.step != Step::Reserve || work.saga.attempt > 1 || work.saga.rereserved;
    go(app, work, if asked { Step::Void } else { Step::Restock }).await
}

/// An unknown outcome before money has moved is given up at the deadline.
async fn not_known(app: &App, work: &mut Work, unknown: &CallError) -> Result<Outcome, Stop> {
    tracing::warn!(order = %work.order.id, step = work.saga.step.as_str(), error = %unknown, "not known");
    match app.clock.now() < work.saga.deadline {
        true => Ok(Wait),
        false if !work.order.is_placed() => withdraw(app, work, problems::order_changed()).await,
        false => give_up(app, work, Reason::NotDecidedInTime, None).await,
    }
}

/// Stores the next step.
async fn go(app: &App, work: &mut Work, step: Step) -> Result<Outcome, Stop> {
    enter(app, work, step);
    match store::save_saga(&app.db, &mut work.saga).await? {
        true => Ok(Moved),
        false => Err(Stop::Lost),
    }
}

/// Stores the next step together with the changed order, which had the status `from`.
async fn go_with_order(
    app: &App,
    work: &mut Work,
    step: Step,
    from: Status,
) -> Result<Outcome, Stop> {
    enter(app, work, step);
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let saved = store::save_saga(&mut tx, &mut work.saga).await?
        && store::save_order(&mut tx, &mut work.order, from, &work.lines, now).await?;
    if !saved {
        return Err(Stop::Lost);
    }
    tx.commit().await?;
    if step == Step::Done {
        let status = work.order.status.as_str();
        metrics::counter!("orders_decided_total", "status" => status).increment(1);
        tracing::info!(order = %work.order.number, status, "order decided");
    }
    Ok(Moved)
}

fn enter(app: &App, work: &mut Work, step: Step) {
    let now = app.clock.now();
    let saga = &mut work.saga;
    saga.step = step;
    saga.tries = 0;
    saga.lease_until = now + LEASE;
    if !step.is_waiting() {
        saga.due_at = now;
    } else {
        // Nobody works on it until it is due.
        saga.lease_until = now;
    }
}

/// Ends the lease, so that the worker goes on after a pause.
async fn hand_back(app: &App, work: &mut Work, pause: Duration) -> Result<(), Stop> {
    let now = app.clock.now();
    work.saga.lease_until = now;
    work.saga.due_at = now + TimeDelta::from_std(pause).unwrap_or(TimeDelta::seconds(30));
    match store::save_saga(&app.db, &mut work.saga).await? {
        true => Ok(()),
        false => Err(Stop::Lost),
    }
}
