//! Another try to pay an order whose payment was declined.

use chassis::problem::Result;

use crate::checkout::{self, Payment};
use crate::model::{MORE_ATTEMPTS, Order, PaymentStatus, Saga, Step};
use crate::saga::{LEASE, Work};
use crate::{App, problems, store};

/// Starts the attempt and waits for its outcome as long as a request may. Says whether it was
/// started before, under the same key.
pub(crate) async fn again(
    app: &App,
    order: Order,
    saga: Saga,
    payment: Payment,
    key: Option<String>,
) -> Result<bool> {
    if key.is_some() && saga.payment_key == key {
        checkout::settled(app, order.id).await?;
        return Ok(true);
    }
    if saga.step == Step::Release {
        // It still lets go of what it held.
        return Err(problems::order_changed());
    }
    if saga.step != Step::AwaitPayment {
        return Err(problems::payment_not_expected(&order));
    }
    if saga.attempt > MORE_ATTEMPTS {
        return Err(problems::attempts_exhausted());
    }
    let id = order.id;
    if let Some(work) = begin(app, order, saga, payment, key.clone()).await? {
        checkout::see_through(app, work).await;
        return Ok(false);
    }
    // It moved meanwhile, perhaps by this same request sent twice at once.
    match store::saga(&app.db, id).await? {
        Some(saga) if key.is_some() && saga.payment_key == key => {
            checkout::settled(app, id).await?;
            Ok(true)
        }
        _ => Err(problems::order_changed()),
    }
}

/// One transaction: the next attempt with a payment of its own. Its stock is held anew first. None:
/// the order has moved since it was read.
async fn begin(
    app: &App,
    mut order: Order,
    mut saga: Saga,
    payment: Payment,
    key: Option<String>,
) -> Result<Option<Work>> {
    let now = app.clock.now();
    let from = order.status;
    saga.attempt += 1;
    saga.step = Step::Reserve;
    saga.provider = payment.provider;
    saga.token = Some(payment.token);
    saga.payment_key = key;
    saga.refusal = None;
    saga.tries = 0;
    saga.due_at = now;
    saga.lease_until = now + LEASE;
    saga.deadline = app.deadline();
    order.payment_id = Some(checkout::payment_id(order.id, saga.attempt));
    order.payment_status = PaymentStatus::Pending;
    order.reason = None;
    let lines = store::lines(&app.db, order.id).await?;
    let mut tx = app.db.begin().await?;
    let saved = store::save_saga(&mut tx, &mut saga).await?
        && store::save_order(&mut tx, &mut order, from, &lines, now).await?;
    if !saved {
        return Ok(None);
    }
    tx.commit().await?;
    Ok(Some(Work { order, lines, saga }))
}
