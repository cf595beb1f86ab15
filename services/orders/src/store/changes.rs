//! The SQL of an order's changes: the order as it is now, its history, and what is told of it.

use chassis::db::{Batch, Result, Session, Tx, sql};
use chassis::outbox;
use chrono::{DateTime, Utc};
use contracts::orders::OrderStatusUpdated;

use super::carts::note_decision_with;
use super::{refund_of_cancel, save_saga_with, wake_joins};
use crate::model::{Order, OrderLine, PaymentStatus, Saga, Status};

/// Saves a changed order if nobody else has changed it since it was read; its version rises. The
/// change goes into the history and, if the status is another, is told. Where it is false neither
/// the transaction nor the order is good for anything any more.
pub async fn save_order(
    tx: &mut Tx,
    order: &mut Order,
    from: Status,
    lines: &[OrderLine],
    now: DateTime<Utc>,
) -> Result<bool> {
    write(tx, None, order, from, lines, now).await
}

/// The same, and the step of the order's saga with it.
pub async fn save(
    tx: &mut Tx,
    saga: &mut Saga,
    order: &mut Order,
    from: Status,
    lines: &[OrderLine],
    now: DateTime<Utc>,
) -> Result<bool> {
    write(tx, Some(saga), order, from, lines, now).await
}

async fn write(
    tx: &mut Tx,
    mut saga: Option<&mut Saga>,
    order: &mut Order,
    from: Status,
    lines: &[OrderLine],
    now: DateTime<Utc>,
) -> Result<bool> {
    let news = if order.status == from { None } else { Some(news(tx, order, from, lines).await?) };
    if (from, order.status) == (Status::Pending, Status::Confirmed) && order.user_id.is_none() {
        // Before the order itself is written, as those who join orders do it.
        wake_joins(tx, &order.email, now).await?;
    }
    order.version += 1;
    order.updated_at = now;
    let mut batch = tx.batch();
    if let Some(saga) = saga.as_deref_mut() {
        save_saga_with(&mut batch, saga);
    }
    update(&mut batch, order);
    insert_change(&mut batch, order, Some(from), saga.map(|it| it.cancel.is_some()));
    if let Some(news) = news {
        if from == Status::Pending || order.status == Status::Cancelled {
            note_decision_with(&mut batch, order);
        }
        outbox::publish_with(&mut batch, order.id, order.version, &news, now)?;
    }
    batch.execute().await
}

/// The event of an order with another status.
async fn news(
    tx: &mut Tx,
    order: &Order,
    from: Status,
    lines: &[OrderLine],
) -> Result<OrderStatusUpdated> {
    let refund = match (order.status, order.payment_status) {
        (Status::Cancelled, PaymentStatus::Refunded) => Some(refund_of_cancel(tx, order.id).await?),
        _ => None,
    };
    Ok(OrderStatusUpdated {
        order: order.to_event(lines),
        from: from.as_str().to_owned(),
        to: order.status.as_str().to_owned(),
        payment_status: order.payment_status.as_str().to_owned(),
        fulfillment_status: order.fulfillment_status.as_str().to_owned(),
        reason: order.reason(),
        tracking_number: order.tracking_number.clone(),
        refund,
    })
}

/// Not all columns: who bought may be forgotten meanwhile, and what was bought does not change.
fn update(batch: &mut Batch<'_>, order: &Order) {
    let Order { id, version, updated_at, status, payment_status, fulfillment_status, .. } = order;
    let Order { payment_id, reason, tracking_number, captured, refunded, .. } = order;
    batch.must(|tx| {
        tx.query(sql!(
            "UPDATE orders SET status = {status}, payment_status = {payment_status},
                    fulfillment_status = {fulfillment_status}, payment_id = {payment_id},
                    reason = {reason}, tracking_number = {tracking_number},
                    captured = {captured}, refunded = {refunded}, version = {version}, updated_at = {updated_at}
             WHERE id = {id} AND version = {version - 1}"
        ))
    });
}

/// A change is made by the user who placed the order, or asked for it to be cancelled, else by the
/// shop itself; `sign` says otherwise. `cancelled`: whether the saga is on its way back, where that
/// is known. A version that is there already is somebody else's, and then none of this is kept.
pub(super) fn insert_change(
    batch: &mut Batch<'_>,
    order: &Order,
    from: Option<Status>,
    cancelled: Option<bool>,
) {
    let Order { id, version, status, payment_status, fulfillment_status, reason, .. } = order;
    let at = order.updated_at;
    batch.add(|tx| {
        tx.query(sql!(
            "INSERT INTO order_history (order_id, version, from_status, to_status, payment,
                                        fulfillment, reason, at, actor)
             VALUES ({id}, {version}, {from}, {status}, {payment_status}, {fulfillment_status},
                     {reason}, {at},
                     CASE WHEN {from} IS NULL THEN 'customer'
                          ELSE COALESCE((SELECT cancelled_by FROM sagas
                                         WHERE order_id = {id}
                                           AND COALESCE({cancelled}, cancel IS NOT NULL)),
                                        'system') END)
             ON CONFLICT (order_id, version) DO NOTHING"
        ))
    });
}

#[cfg(test)]
mod tests {
    use chassis::testing::{Database, databases, noon};

    use super::*;
    use crate::model::Actor;
    use crate::store::testing::placed;
    use crate::store::{history, set_cancelled_by};

    #[databases]
    async fn a_change_is_of_who_cancels_as_long_as_it_is_being_cancelled(database: Database) {
        let platform = database.platform(crate::MIGRATIONS).await;
        let db = &platform.db;
        let (mut order, lines, mut saga) = placed(db, "k", &["A"]).await.unwrap();
        let from = order.status;
        for cancel in [Some("other".to_owned()), None] {
            saga.cancel = cancel;
            let mut tx = db.begin().await.unwrap();
            set_cancelled_by(&mut tx, order.id, Actor::Customer).await.unwrap();
            assert!(save(&mut tx, &mut saga, &mut order, from, &lines, noon()).await.unwrap());
            tx.commit().await.unwrap();
        }
        let actors = history(db, order.id).await.unwrap().into_iter().map(|it| it.actor);
        let actors: Vec<_> = actors.flatten().collect();
        assert_eq!(actors, ["customer", "customer", "system"], "{}", platform.kind);
    }

    #[databases]
    async fn an_order_is_saved_with_its_saga_or_not_at_all(database: Database) {
        let platform = database.platform(crate::MIGRATIONS).await;
        let db = &platform.db;
        let (order, lines, saga) = placed(db, "k", &["A"]).await.unwrap();
        for (older_saga, older_order) in [(1, 0), (0, 1), (0, 0)] {
            let (mut order, mut saga) = (order.clone(), saga.clone());
            saga.fence -= older_saga;
            order.version -= older_order;
            order.status = Status::Confirmed;
            let mut tx = db.begin().await.unwrap();
            let from = Status::Pending;
            let saved = save(&mut tx, &mut saga, &mut order, from, &lines, noon()).await;
            assert_eq!(saved.unwrap(), older_saga + older_order == 0, "{}", platform.kind);
            tx.rollback().await.unwrap();
        }
        assert_eq!(history(db, order.id).await.unwrap().len(), 1);
    }
}
