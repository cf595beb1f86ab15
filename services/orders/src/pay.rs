//! Another try to pay an order whose payment was declined.

use chassis::idempotency;
use chassis::problem::{Problem, Result};

use crate::checkout::{self, Payment};
use crate::model::{MORE_ATTEMPTS, Order, PaymentStatus, Saga, Step};
use crate::saga::{LEASE, Work};
use crate::{App, problems, store};

/// What asking for a payment came to.
#[expect(clippy::large_enum_variant, reason = "one at a time, moved once")]
pub(crate) enum Paying {
    /// It was started; how the order stands by now is the answer. How this request has left it,
    /// where it knows.
    Begun(Option<Work>),
    /// It had been started before, under the same key, and is the last one.
    Replayed,
    /// It had been started before, and others since: what came of it then.
    Earlier(Problem),
}

/// The client's name for an attempt, and what it asks for.
struct Key {
    name: String,
    fingerprint: Vec<u8>,
}

/// Starts the attempt and waits for its outcome as long as a request may.
pub(crate) async fn again(
    app: &App,
    order: Order,
    saga: Saga,
    payment: Payment,
    key: Option<String>,
) -> Result<Paying> {
    let fingerprint = idempotency::fingerprint(&payment)?;
    let key = key.map(|name| Key { name, fingerprint });
    if let Some(known) = known(app, &order, &saga, key.as_ref()).await? {
        return Ok(known);
    }
    if saga.step == Step::Release {
        // It still releases what it held.
        return Err(problems::order_changed());
    }
    if saga.step != Step::AwaitPayment {
        return Err(problems::payment_not_expected(&order));
    }
    if saga.attempt > MORE_ATTEMPTS {
        return Err(problems::attempts_exhausted());
    }
    payment.check(order.placed_by())?;
    app.providers.check(&payment.provider).await?;
    if let Some(work) = begin(app, order.clone(), saga.clone(), payment, key.as_ref()).await? {
        return Ok(Paying::Begun(checkout::run_inline(app, work).await?));
    }
    // It moved meanwhile, perhaps by this same request sent twice at once.
    known(app, &order, &saga, key.as_ref()).await?.ok_or_else(problems::order_changed)
}

/// The attempt that was started under this key before. `saga` is as it was before the key is
/// looked for.
async fn known(app: &App, order: &Order, saga: &Saga, key: Option<&Key>) -> Result<Option<Paying>> {
    let Some(key) = key else { return Ok(None) };
    let found = store::payment_key(&app.db, order.id, &key.name).await?;
    let Some(found) = found else { return Ok(None) };
    if found.fingerprint.is_some_and(|it| it != key.fingerprint) {
        return Err(idempotency::idempotency_key_reused());
    }
    if let Some(refusal) = found.refusal {
        return Ok(Some(Paying::Earlier(refusal.0)));
    }
    if found.attempt >= saga.attempt {
        checkout::wait_settled(app, order.id).await?;
        return Ok(Some(Paying::Replayed));
    }
    Ok(Some(Paying::Earlier(problems::payment_not_expected(order))))
}

/// One transaction: the next attempt with a payment of its own, and what came of the one before.
/// Its stock is reserved again first. None: the order has moved since it was read.
async fn begin(
    app: &App,
    mut order: Order,
    mut saga: Saga,
    payment: Payment,
    key: Option<&Key>,
) -> Result<Option<Work>> {
    let now = app.clock.now();
    let from = order.status;
    let refusal = saga.refusal.take();
    saga.attempt += 1;
    saga.step = Step::Reserve;
    saga.provider = payment.provider;
    saga.token = Some(payment.token);
    saga.save = payment.save;
    saga.next_action = None;
    saga.tries = 0;
    saga.due_at = now;
    saga.lease_until = now + LEASE;
    saga.deadline = app.deadline();
    order.payment_id = Some(checkout::payment_id(order.id, saga.attempt));
    order.payment_status = PaymentStatus::Pending;
    order.reason = None;
    let lines = store::lines(&app.db, order.id).await?;
    let mut tx = app.db.begin().await?;
    if !store::save(&mut tx, &mut saga, &mut order, from, &lines, now).await? {
        return Ok(None);
    }
    store::keep_refusal(&mut tx, order.id, refusal).await?;
    if let Some(Key { name, fingerprint }) = key {
        store::insert_payment_key(&mut tx, order.id, name, fingerprint, saga.attempt).await?;
    }
    tx.commit().await?;
    Ok(Some(Work { order, lines, saga }))
}
