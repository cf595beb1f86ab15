//! What reviews do when others tell something: orders say who bought what, users who is gone.

use chassis::clock::Clock;
use chassis::db::Tx;
use chassis::inbox::{Failure, Handler};
use chassis::outbox::{Envelope, EventData};
use contracts::identity::UserDeleted;
use contracts::orders::OrderStatusUpdated;
use futures::future::BoxFuture;

use crate::{model, store};

/// Notes purchases. News about one order may come in any order; its version tells which is newer.
pub(crate) struct Orders;

impl Handler for Orders {
    fn types(&self) -> &'static [&'static str] {
        &[OrderStatusUpdated::TYPE]
    }

    fn handle<'a>(
        &'a self,
        tx: &'a mut Tx,
        event: &'a Envelope,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let news: OrderStatusUpdated = event.data()?;
            let Some(user) = news.order.user_id else { return Ok(()) };
            let counts = match news.to.as_str() {
                "confirmed" | "shipped" | "delivered" => true,
                "cancelled" | "refunded" => false,
                _ => return Ok(()),
            };
            let order = news.order.order_id;
            for line in &news.order.lines {
                let version = event.sequence;
                store::note_purchase(&mut *tx, order, line.product_id, user, counts, version)
                    .await?;
            }
            Ok(())
        })
    }
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
