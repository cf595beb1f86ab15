//! What the catalog does when others tell something: products carry the rating reviews gave them.

use chassis::db::Tx;
use chassis::inbox::{Failure, Handler};
use chassis::outbox::{self, Envelope, EventData};
use contracts::catalog::ProductUpdated;
use contracts::reviews::RatingChanged;
use futures::future::BoxFuture;

use crate::App;
use crate::model::Rating;
use crate::store::products;

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
            // Whoever caches the product, this process too, hears of it.
            let event = ProductUpdated { product_id: id, slug };
            Ok(outbox::tell(tx, id, version, &event, now).await?)
        })
    }
}
