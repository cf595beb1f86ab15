//! What the cart does when others tell something: once an order is paid, what was bought leaves
//! the cart it was bought from.

use chassis::clock::Clock;
use chassis::db::Tx;
use chassis::inbox::{Failure, Handler};
use chassis::outbox::{Envelope, EventData};
use contracts::cart::Purchase;
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
            let purchase = Purchase {
                order_id: news.order.order_id,
                cart_id: cart.id,
                cart_version: cart.version,
                lines: bought.map(|it| StockLine::new(it.sku, it.quantity)).collect(),
            };
            // A checkout may have asked for it before the news came.
            Ok(store::remove_purchased(tx, &purchase, self.clock.now()).await?)
        })
    }
}
