//! Cancelling an order, and changing its status by hand.

use chassis::outbox;
use chassis::problem::Result;
use contracts::orders::{OrderTrackingUpdated, Reason};
use uuid::Uuid;

use crate::model::{Actor, FulfillmentStatus, Order, Saga, Status, Step};
use crate::saga::Work;
use crate::{App, capture, checkout, problems, shares, store};

/// How often a change is tried again when the order moved at the same moment.
const TRIES: usize = 5;

/// Why an order is to be cancelled.
#[derive(Clone, Debug)]
pub(crate) struct Why {
    pub(crate) reason: Reason,
    /// The same in somebody's own words, for staff.
    pub(crate) note: Option<String>,
}

/// Cancels an order that has not been shipped: voids what was authorised, refunds what was paid,
/// puts the stock back. Waits for the outcome as long as a request may. Answers the order, which is
/// cancelled, or on its way there; refused where the provider gives no money back.
pub(crate) async fn cancel(app: &App, id: Uuid, why: &Why, by: Actor) -> Result<Order> {
    for _ in 0..TRIES {
        let (order, saga) = load(app, id).await?;
        let Some(work) = begin_cancel(app, order, saga, why, by).await? else { continue };
        if let Some(work) = work {
            checkout::run_inline(app, work).await?;
        }
        checkout::wait_settled(app, id).await?;
        let (order, saga) = load(app, id).await?;
        return match (order.status, saga.cancel.is_some()) {
            // It was on its way back, and is sold again.
            (Status::Confirmed | Status::Shipped | Status::Delivered, false) => {
                Err(problems::refund_refused(&order))
            }
            _ => Ok(order),
        };
    }
    Err(problems::order_changed())
}

/// Cancels an undecided order so that another may take its place, and waits for that as long as a
/// request may: then it is cancelled, and its payment is known to be void, or it turned out to be
/// paid. `asked`: whether the buyer gives up also what may still be paid. An order whose money is
/// being taken is not turned back any more.
pub(crate) async fn supersede(app: &App, id: Uuid, asked: bool) -> Result<()> {
    for _ in 0..TRIES {
        let (order, saga) = load(app, id).await?;
        if order.status != Status::Pending {
            // Just now; or by a process of an older version, which does not note it.
            return Ok(store::note_decision(&app.db, &order).await?);
        }
        match saga.step {
            Step::Capture if asked => return Err(problems::order_undecided(&order)),
            // A declined one holds nothing, and one on its way back will not.
            Step::Release | Step::AwaitPayment | Step::Void | Step::Refund | Step::Restock => {}
            _ if asked => {}
            _ => return Err(problems::cart_already_ordered(&order)),
        }
        let why = Why { reason: Reason::Superseded, note: None };
        let by = Actor::Customer;
        let Some(work) = begin_cancel(app, order, saga, &why, by).await? else { continue };
        match work {
            Some(work) => drop(checkout::run_inline(app, work).await?),
            None => checkout::wait_settled(app, id).await?,
        }
        let (order, _) = load(app, id).await?;
        return match order.status {
            Status::Pending => Err(problems::order_undecided(&order)),
            _ => Ok(()),
        };
    }
    Err(problems::order_changed())
}

/// Sets the saga on its way back. None: it moved meanwhile. Some(None): there is nothing to drive.
async fn begin_cancel(
    app: &App,
    mut order: Order,
    mut saga: Saga,
    why: &Why,
    by: Actor,
) -> Result<Option<Option<Work>>> {
    match order.status {
        Status::Cancelled => return Ok(Some(None)),
        Status::Shipped | Status::Delivered => return Err(problems::order_shipped()),
        Status::Pending | Status::Confirmed => {}
    }
    saga.step = match saga.step {
        Step::Void | Step::Refund | Step::Restock => return Ok(Some(None)),
        // Only a shipped order has it.
        Step::Ship => return Err(problems::order_shipped()),
        // Its outcome is waited for; then the money goes back.
        Step::Capture => Step::Capture,
        // Nothing was captured yet, or nothing is held any more.
        Step::Done | Step::PutBack if !order.is_paid() => Step::Void,
        // What refunds have yet to put back goes back with the rest.
        Step::Done | Step::PutBack => Step::Refund,
        Step::Reserve if saga.attempt == 1 && !saga.rereserved => Step::Restock,
        Step::Reserve
        | Step::Authorize
        | Step::Commit
        | Step::Release
        | Step::AwaitAction
        | Step::AwaitPayment => Step::Void,
    };
    let now = app.clock.now();
    saga.cancel = Some(why.reason.as_str().to_owned());
    saga.token = None;
    saga.next_action = None;
    saga.refusal = None;
    saga.tries = 0;
    saga.due_at = now;
    saga.lease_until = now + crate::saga::LEASE;
    let mut tx = app.db.begin().await?;
    if !store::save_saga(&mut tx, &mut saga).await? {
        return Ok(None);
    }
    if let Some(note) = &why.note {
        store::set_cancel_note(&mut tx, order.id, note).await?;
        order.cancel_note = Some(note.clone());
    }
    store::set_cancelled_by(&mut tx, order.id, by).await?;
    tx.commit().await?;
    let lines = store::lines(&app.db, order.id).await?;
    Ok(Some(Some(Work { order, lines, saga })))
}

/// Ships or delivers a confirmed order, once its payment is captured. Said again, it may put the tracking number right. That the
/// units leave the shelf is stored with it as the saga's next step, and carried out after it.
pub(crate) async fn set_fulfillment(
    app: &App,
    id: Uuid,
    status: Status,
    tracking_number: Option<String>,
    by: Actor,
) -> Result<()> {
    for _ in 0..TRIES {
        let (mut order, mut saga) = load(app, id).await?;
        let same_number = tracking_number.is_none() || tracking_number == order.tracking_number;
        if order.status == status && same_number {
            return Ok(());
        }
        order.may_become(status)?;
        // What refunds have yet to put back is put back all the same.
        if !matches!(saga.step, Step::Done | Step::Ship | Step::PutBack) {
            // It is being cancelled.
            return Err(problems::status_not_allowed(order.status, status));
        }
        let from = order.status;
        let lines = store::lines(&app.db, id).await?;
        if from == Status::Confirmed
            && shares::all_back(&lines, &store::refunds(&app.db, id).await?)
        {
            return Err(problems::nothing_to_ship());
        }
        capture::before_shipment(app, &mut order).await?;
        let now = app.clock.now();
        if order.fulfillment_status == FulfillmentStatus::Unfulfilled {
            (saga.step, saga.tries) = (Step::Ship, 0);
        }
        // A process that is just calling the catalog has an older saga now: the worker calls it
        // again.
        (saga.due_at, saga.lease_until) = (now, now);
        order.status = status;
        order.fulfillment_status = match status {
            Status::Delivered => FulfillmentStatus::Delivered,
            _ => FulfillmentStatus::Fulfilled,
        };
        order.tracking_number = tracking_number.clone().or(order.tracking_number);
        let mut tx = app.db.begin().await?;
        // Both versions rise, so that a cancel at the same moment loses or wins as a whole.
        let now = app.clock.now();
        if store::save(&mut tx, &mut saga, &mut order, from, &lines, now).await? {
            // Where the status is another, that is told, with the number.
            let number = order.tracking_number.clone().filter(|_| from == Status::Shipped);
            if let Some(tracking_number) = number.filter(|_| from == order.status) {
                let event = OrderTrackingUpdated { order: order.to_event(&lines), tracking_number };
                outbox::publish(&mut tx, order.id, order.version, &event, now).await?;
            }
            store::sign(&mut tx, &order, by).await?;
            tx.commit().await?;
            app.due.notify_one();
            return Ok(());
        }
    }
    Err(problems::order_changed())
}

async fn load(app: &App, id: Uuid) -> Result<(Order, Saga)> {
    // The saga first: what happens to the order between the two makes the saga an old one, which
    // cannot be saved. The other way round an order that has just been shipped could be refunded.
    let saga = store::saga(&app.db, id).await?;
    let order = store::find(&app.db, id).await?;
    order.zip(saga).ok_or_else(problems::order_not_found)
}
