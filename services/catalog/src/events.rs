//! Events from reviews update the ratings of products, events from orders their sales.

use std::collections::BTreeMap;

use chassis::db::Tx;
use chassis::inbox::{Failure, Handler};
use chassis::outbox::{self, Envelope, EventData};
use contracts::catalog::ProductUpdated;
use contracts::orders::{Order, OrderRefunded, OrderStatusUpdated};
use contracts::reviews::RatingChanged;
use futures::future::BoxFuture;
use uuid::Uuid;

use crate::App;
use crate::model::Rating;
use crate::store::products::{self, Demand};

pub(crate) struct Ratings {
    pub(crate) app: App,
}

impl Handler for Ratings {
    fn types(&self) -> &'static [&'static str] {
        &[RatingChanged::TYPE]
    }

    fn handle<'a>(
        &'a self,
        tx: &'a mut Tx,
        event: &'a Envelope,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let news: RatingChanged = event.data()?;
            let now = self.app.clock.now();
            let rating = Rating { count: news.count, sum: news.sum };
            let id = news.product_id;
            // Older news than what is known, or about a product that is gone, change nothing.
            let Some((slug, version)) =
                products::set_rating(tx, id, rating, event.sequence, now).await?
            else {
                return Ok(());
            };
            // Every process that caches the product, including this one, is notified.
            let event = ProductUpdated { product_id: id, slug };
            Ok(outbox::publish(tx, id, version, &event, now).await?)
        })
    }
}

/// Counts what was bought, and off what was cancelled or given back in full. Each piece of news
/// counts once and by itself, so the order in which they arrive does not matter.
pub(crate) struct Sales;

impl Handler for Sales {
    fn types(&self) -> &'static [&'static str] {
        &[OrderStatusUpdated::TYPE, OrderRefunded::TYPE]
    }

    fn handle<'a>(
        &'a self,
        tx: &'a mut Tx,
        event: &'a Envelope,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            if event.kind == OrderRefunded::TYPE {
                let news: OrderRefunded = event.data()?;
                // One that was cancelled before it was confirmed was never counted.
                let counted = news.full && news.status != "pending";
                let sign = if counted { -1 } else { 0 };
                return count(tx, &news.order, sign).await;
            }
            let news: OrderStatusUpdated = event.data()?;
            let sold = |status: &str| matches!(status, "confirmed" | "shipped" | "delivered");
            // What was given back in full has been counted off by the refund that did it.
            let refunded = news.payment_status == "refunded" && news.order.total > 0;
            let sign = match (sold(&news.from), sold(&news.to)) {
                (false, true) => 1,
                (true, false) if news.to == "cancelled" && refunded => 0,
                (true, false) => -1,
                _ => 0,
            };
            count(tx, &news.order, sign).await
        })
    }
}

/// Adds `sign` times what an order has.
async fn count(tx: &mut Tx, order: &Order, sign: i64) -> Result<(), Failure> {
    if sign == 0 {
        return Ok(());
    }
    let mut units: BTreeMap<Uuid, i64> = BTreeMap::new();
    for line in &order.lines {
        *units.entry(line.product_id).or_default() += sign * line.quantity;
    }
    let sold = units.into_iter().map(|(id, sold)| Demand { id, sold, views: 0 });
    Ok(products::add_demand(tx, &sold.collect::<Vec<_>>()).await?)
}
