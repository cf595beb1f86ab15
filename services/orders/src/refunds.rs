//! Booking refunds on their order: the amount, and the goods that return to stock. One whose money
//! comes back later is taken off again.
//!
//! Payments makes the refund and publishes it; a cancelled order's own refund is booked by its
//! saga, which requested it. Each refund is booked once, by its id, in one transaction with the
//! order's history and event.

use chassis::db::{Result, Tx};
use chassis::outbox;
use chrono::{DateTime, Utc};
use contracts::orders::OrderRefunded;
use contracts::payments::Refunded;
use uuid::Uuid;

use crate::model::{Order, OrderLine, PaymentStatus};
use crate::store;

/// What became of booking a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Booked {
    /// The order has changed with it.
    Now,
    /// It was known.
    Before,
    /// Somebody else has changed the order since it was read: nothing may be stored.
    Lost,
}

/// Books a refund on its order. It can have any status, also that of a cancelled one: news of a
/// refund by staff may come after the saga has given back the rest.
pub(crate) async fn book(
    tx: &mut Tx,
    order: &mut Order,
    lines: &[OrderLine],
    refund: &Refunded,
    now: DateTime<Utc>,
) -> Result<Booked> {
    let before: i64 = store::refunds(&mut *tx, order.id).await?.iter().map(|it| it.amount).sum();
    // More than was paid is not given back, whatever is told.
    let amount = refund.amount.min(order.charged() - before).max(0);
    if !store::insert_refund(tx, order.id, refund, amount, now).await? {
        return Ok(Booked::Before);
    }
    order.refunded = before + amount;
    order.payment_status = match order.payment_status {
        PaymentStatus::Refunded => PaymentStatus::Refunded,
        _ if order.refunded == order.charged() => PaymentStatus::Refunded,
        _ => PaymentStatus::PartiallyRefunded,
    };
    if !store::save_order(tx, order, order.status, lines, now).await? {
        return Ok(Booked::Lost);
    }
    store::sign_refund(tx, order, refund, amount).await?;
    let event = OrderRefunded {
        order: order.to_event(lines),
        refund_id: refund.id,
        amount,
        refunded: order.refunded,
        full: order.refunded == order.charged() && amount > 0,
        reason: Some(refund.reason.clone()).filter(|it| !it.is_empty()),
        payment_status: order.payment_status.as_str().to_owned(),
        status: order.status.as_str().to_owned(),
    };
    outbox::publish(tx, order.id, order.version, &event, now).await?;
    Ok(Booked::Now)
}

/// Takes a refund off its order: the money came back to the shop, and the customer has not got it.
pub(crate) async fn take_off(
    tx: &mut Tx,
    order: &mut Order,
    lines: &[OrderLine],
    refund: Uuid,
    now: DateTime<Utc>,
) -> Result<Booked> {
    if !store::fail_refund(tx, order.id, refund, now).await? {
        // News of a refund can come before the refund itself.
        let known = store::is_refund(&mut *tx, refund).await?;
        return Ok(if known { Booked::Before } else { Booked::Lost });
    }
    order.refunded = store::refunds(&mut *tx, order.id).await?.iter().map(|it| it.amount).sum();
    order.payment_status = match order.refunded {
        0 => PaymentStatus::Paid,
        _ => PaymentStatus::PartiallyRefunded,
    };
    if !store::save_order(tx, order, order.status, lines, now).await? {
        return Ok(Booked::Lost);
    }
    tracing::warn!(order = %order.number, %refund, "a refund came back; the customer has not got the money");
    Ok(Booked::Now)
}
