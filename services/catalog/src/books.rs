//! The books: a transaction that changes products or stock. Every change of a count goes through
//! [`Books::write`], which keeps ledger and events in step with it.

use chassis::db::Tx;
use chassis::id;
use chassis::outbox;
use chassis::problem::{OnDuplicate, Result};
use chrono::{DateTime, Utc};
use contracts::catalog::{StockChanged, StockLow};
use uuid::Uuid;

use crate::cache::Changed;
use crate::model::{Draft, Policy, Product, Stock, Variant, Wish};
use crate::problems;
use crate::store::stock::{self, Change, Kind, Opening};

/// A transaction on the books, and which products it changed so far.
pub(crate) struct Books<'a> {
    pub(crate) tx: &'a mut Tx,
    pub(crate) now: DateTime<Utc>,
    /// At how many available units `stock.low` is told.
    pub(crate) low: i64,
    changed: Vec<Changed>,
}

impl<'a> Books<'a> {
    pub(crate) fn open(tx: &'a mut Tx, now: DateTime<Utc>, low: i64) -> Self {
        Self { tx, now, low, changed: vec![] }
    }

    /// Notes what cached answers shall be thrown away once this is committed.
    pub(crate) fn touch(&mut self, changed: Changed) {
        if !self.changed.contains(&changed) {
            self.changed.push(changed);
        }
    }

    /// What was changed.
    pub(crate) fn close(self) -> Vec<Changed> {
        self.changed
    }

    /// Writes down a change that led to `stock`, and tells it.
    pub(crate) async fn write(&mut self, stock: &Stock, change: Change<'_>) -> Result<()> {
        stock::note(self.tx, &stock.sku, stock.version, change, self.now).await?;
        self.touch(Changed::Stock(stock.product_id));
        let subject = subject(&stock.sku);
        let event = StockChanged {
            sku: stock.sku.clone(),
            product_id: stock.product_id,
            on_hand: stock.on_hand,
            allocated: stock.allocated,
            reserved: stock.reserved,
            available: stock.free(),
        };
        outbox::tell(self.tx, subject, stock.version, &event, self.now).await?;
        let before = stock.free() - (change.on_hand - change.allocated - change.reserved);
        if stock.policy != Policy::Untracked && before > self.low && event.available <= self.low {
            let event = StockLow {
                sku: stock.sku.clone(),
                product_id: stock.product_id,
                available: event.available,
                threshold: self.low,
            };
            outbox::tell(self.tx, subject, stock.version, &event, self.now).await?;
        }
        Ok(())
    }

    /// Sets what is on hand, or the policy, of a SKU; what is absent stays. Returns whether
    /// anything changed.
    pub(crate) async fn set(
        &mut self,
        sku: &str,
        wish: Wish,
        reference: &str,
    ) -> Result<(Stock, bool)> {
        let found = stock::find_locked(self.tx, sku).await?;
        let old = found.ok_or_else(problems::sku_not_found)?;
        let policy = wish.policy.unwrap_or(old.policy);
        let on_hand = wish.on_hand.unwrap_or(old.on_hand);
        if policy == Policy::Deny && on_hand < old.allocated + old.reserved {
            return Err(problems::stock_below_reserved(sku, old.allocated, old.reserved));
        }
        if (policy, on_hand) == (old.policy, old.on_hand) {
            return Ok((old, false));
        }
        let stock = stock::set(self.tx, sku, (policy, on_hand), self.now).await?;
        let on_hand = on_hand - old.on_hand;
        let change = Change { kind: Kind::Set, on_hand, allocated: 0, reserved: 0, reference };
        self.write(&stock, change).await?;
        Ok((stock, true))
    }

    /// Brings the stock in step with the variants of a product: SKUs that are gone lose theirs,
    /// a renamed one takes it along, new ones get one. Returns whether anything changed.
    pub(crate) async fn settle(&mut self, old: Option<&Product>, new: &Draft) -> Result<bool> {
        let variants = old.map(|it| it.variants.as_slice()).unwrap_or_default();
        let mut carried: Vec<(Uuid, Stock)> = Vec::new();
        let mut changed = false;
        let mut gone: Vec<_> = variants
            .iter()
            .filter(|old| !new.product.variants.iter().any(|it| it.sku == old.sku))
            .collect();
        // Always in the order of their SKUs, so that two transactions cannot wait for each other.
        gone.sort_by(|a, b| a.sku.cmp(&b.sku));
        for variant in gone {
            carried.push((variant.id, self.remove(&variant.sku).await?));
            changed = true;
        }
        let mut wanted: Vec<_> = new.product.variants.iter().zip(&new.stock).collect();
        wanted.sort_by(|a, b| a.0.sku.cmp(&b.0.sku));
        for (variant, wish) in wanted {
            if variants.iter().any(|old| old.sku == variant.sku) {
                if wish.on_hand.is_some() || wish.policy.is_some() {
                    let reference = reference(new.product.id);
                    changed |= self.set(&variant.sku, *wish, &reference).await?.1;
                }
                continue;
            }
            let carried = carried.iter().find(|(id, _)| *id == variant.id).map(|(_, it)| it);
            let policy = wish.policy.or(carried.map(|it| it.policy)).unwrap_or_default();
            let on_hand = wish.on_hand.or(carried.map(|it| it.on_hand)).unwrap_or(0);
            let allocated = carried.map_or(0, |it| it.allocated);
            self.create(variant, Opening { policy, on_hand, allocated }).await?;
            changed = true;
        }
        Ok(changed)
    }

    async fn create(&mut self, variant: &Variant, opening: Opening) -> Result<()> {
        let (sku, Opening { policy, on_hand, allocated }) = (&variant.sku, opening);
        if policy == Policy::Deny && on_hand < allocated {
            return Err(problems::stock_below_reserved(sku, allocated, 0));
        }
        let inserted = stock::insert(self.tx, variant, opening, self.now).await;
        let stock = inserted.on_duplicate(|| problems::sku_taken(sku))?;
        let reference = reference(variant.product_id);
        let (kind, reference) = (Kind::Created, reference.as_str());
        let change = Change { kind, on_hand, allocated, reserved: 0, reference };
        Ok(stock::note(self.tx, sku, stock.version, change, self.now).await?)
    }

    /// Removes the stock of a SKU, unless orders hold some of it. What of it is sold and not shipped
    /// goes with it.
    pub(crate) async fn remove(&mut self, sku: &str) -> Result<Stock> {
        let removed = stock::delete(self.tx, sku).await?;
        let stock = removed.ok_or_else(|| problems::stock_reserved(sku))?;
        let reference = reference(stock.product_id);
        let change = Change {
            kind: Kind::Removed,
            on_hand: -stock.on_hand,
            allocated: -stock.allocated,
            reserved: 0,
            reference: &reference,
        };
        stock::note(self.tx, sku, stock.version + 1, change, self.now).await?;
        Ok(stock)
    }
}

/// Whom events about a SKU's stock are about.
fn subject(sku: &str) -> Uuid {
    id::derive(Uuid::NAMESPACE_OID, format!("sku:{sku}"))
}

fn reference(product: Uuid) -> String {
    format!("product:{product}")
}

/// Units that can be bought of a stock that is counted; 0 where there is none.
pub(crate) fn left(stock: Option<&Stock>) -> i64 {
    stock.and_then(Stock::available).unwrap_or(0)
}
