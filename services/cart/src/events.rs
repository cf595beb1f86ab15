//! What the cart does when others tell something: once an order is paid, what was bought leaves
//! the cart it was bought from.

use chassis::clock::Clock;
use chassis::db::Tx;
use chassis::inbox::{Failure, Handler};
use chassis::outbox::{Envelope, EventData};
use contracts::catalog::StockLine;
use contracts::orders::OrderStatusUpdated;
use futures::future::BoxFuture;

use crate::store;

pub(crate) struct Orders {
    pub(crate) clock: Clock,
}

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
            let Some(cart) = news.order.cart.filter(|_| news.to == "confirmed") else {
                return Ok(());
            };
            let bought = news.order.lines.into_iter();
            let bought: Vec<StockLine> =
                bought.map(|it| StockLine { sku: it.sku, quantity: it.quantity }).collect();
            Ok(store::settle(tx, cart.id, cart.version, &bought, self.clock.now()).await?)
        })
    }
}
