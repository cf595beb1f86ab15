//! What reviews do when others tell something: orders say who bought what, users who is gone.

use chassis::clock::Clock;
use chassis::db::Tx;
use chassis::inbox::{Failure, Handler};
use chassis::outbox::{Envelope, EventData};
use contracts::identity::UserDeleted;
use contracts::orders::{Order, OrderJoined, OrderRefunded, OrderStatusUpdated};
use futures::future::BoxFuture;

use crate::{model, store};

/// Notes purchases. News about one order may come in any order; its version says which is newer.
pub(crate) struct Orders;

impl Handler for Orders {
    fn types(&self) -> &'static [&'static str] {
        &[OrderStatusUpdated::TYPE, OrderRefunded::TYPE, OrderJoined::TYPE]
    }

    fn handle<'a>(
        &'a self,
        tx: &'a mut Tx,
        event: &'a Envelope,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let (order, counts) = match event.kind.as_str() {
                OrderRefunded::TYPE => {
                    let news: OrderRefunded = event.data()?;
                    (news.order, news.full.then_some(false))
                }
                OrderJoined::TYPE => {
                    let news: OrderJoined = event.data()?;
                    (news.order, counts(&news.status, &news.payment_status))
                }
                _ => {
                    let news: OrderStatusUpdated = event.data()?;
                    (news.order, counts(&news.to, &news.payment_status))
                }
            };
            match counts {
                Some(counts) => note(tx, &order, counts, event.sequence).await,
                None => Ok(()),
            }
        })
    }
}

/// Whether an order with this status is bought; none where that is not known yet.
fn counts(status: &str, payment_status: &str) -> Option<bool> {
    match status {
        // What was given back in full is not bought, though it may still be on its way.
        "confirmed" | "shipped" | "delivered" => Some(payment_status != "refunded"),
        // From before the money had a state of its own.
        "cancelled" | "refunded" => Some(false),
        _ => None,
    }
}

/// Notes whether what a user ordered counts as bought.
async fn note(tx: &mut Tx, order: &Order, counts: bool, version: i64) -> Result<(), Failure> {
    let Some(user) = order.user_id else { return Ok(()) };
    for line in &order.lines {
        let (id, product) = (order.order_id, line.product_id);
        store::note_purchase(&mut *tx, id, product, user, counts, version).await?;
    }
    Ok(())
}

/// Takes the names of deleted users off their reviews.
pub(crate) struct Users {
    pub(crate) clock: Clock,
}

impl Handler for Users {
    fn types(&self) -> &'static [&'static str] {
        &[UserDeleted::TYPE]
    }

    fn handle<'a>(
        &'a self,
        tx: &'a mut Tx,
        event: &'a Envelope,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let news: UserDeleted = event.data()?;
            let now = self.clock.now();
            store::rename_author(tx, news.user_id, model::ANONYMOUS, now).await?;
            Ok(())
        })
    }
}
