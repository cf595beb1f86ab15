//! Product views: counted in memory and added to the products now and then.
//!
//! A process that crashes loses the views since the last time, which is acceptable for a measure of
//! popularity.

use std::collections::HashMap;
use std::time::Duration;

use chassis::problem::Result;
use chassis::work::Loop;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::App;
use crate::cache::Changed;
use crate::store::products::{self, Demand};

/// Products whose views are counted at the same time; those of others are not.
const MAX_PRODUCTS: usize = 10_000;
/// Products whose views are added in one transaction.
const BATCH: usize = 200;

/// Views that have not been added yet.
#[derive(Debug, Default)]
pub(crate) struct Views(Mutex<HashMap<Uuid, i64>>);

impl Views {
    /// Notes that somebody looked at a product.
    pub(crate) fn seen(&self, product: Uuid) {
        self.add(product, 1);
    }

    fn add(&self, product: Uuid, count: i64) {
        let mut views = self.0.lock();
        if views.len() < MAX_PRODUCTS || views.contains_key(&product) {
            *views.entry(product).or_default() += count;
        }
    }

    /// In the order of the ids, so that two processes do not wait for each other.
    fn take(&self) -> Vec<(Uuid, i64)> {
        let mut views = self.0.lock();
        let mut taken: Vec<_> = std::mem::take(&mut *views).into_iter().collect();
        taken.sort_unstable();
        taken
    }
}

/// Adds the views to their products every so often, and once more at the end.
pub(crate) async fn keep(app: App, pause: Duration, stop: CancellationToken) -> Result<()> {
    // Not cut off: what is being added is not counted any more.
    let views = Loop::new("catalog views", pause);
    views.run(&stop, || async { add_up(&app).await.map(|()| false) }).await;
    add_up(&app).await
}

/// Adds the views counted so far. What could not be added is counted on; what may have been added
/// is not.
pub(crate) async fn add_up(app: &App) -> Result<()> {
    let mut views = app.views.take();
    while !views.is_empty() {
        let batch: Vec<_> = views.drain(..views.len().min(BATCH)).collect();
        let added = async {
            let mut tx = app.db.begin().await?;
            let demand = batch.iter().map(|&(id, views)| Demand { id, views, sold: 0 });
            products::add_demand(&mut tx, &demand.collect::<Vec<_>>()).await?;
            Ok(tx)
        };
        match added.await {
            Ok(tx) => {
                let changed = batch.iter().map(|(product, _)| Changed::Demand(*product));
                app.commit(tx, changed.collect()).await?;
            }
            Err(problem) => {
                batch
                    .into_iter()
                    .chain(views)
                    .for_each(|(product, count)| app.views.add(product, count));
                return Err(problem);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_are_counted_for_a_bounded_number_of_products() {
        let views = Views::default();
        for n in 0..=MAX_PRODUCTS as u128 {
            views.seen(Uuid::from_u128(n));
            views.seen(Uuid::from_u128(0));
        }
        let taken = views.take();
        assert_eq!(taken.len(), MAX_PRODUCTS);
        assert_eq!(taken[0], (Uuid::from_u128(0), MAX_PRODUCTS as i64 + 2));
        assert!(views.take().is_empty());
    }
}
