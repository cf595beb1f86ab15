//! The books: a transaction that changes products or stock. Every change of a count goes through
//! [`StockTx::write`], which keeps ledger and events in step with it.

use std::borrow::Cow;

use chassis::db::Tx;
use chassis::id;
use chassis::outbox::Events;
use chassis::problem::{OnDuplicate, Result};
use chrono::{DateTime, Utc};
use contracts::catalog::{StockChanged, StockLow};
use uuid::Uuid;

use crate::cache::Changed;
use crate::model::{Draft, Figure, Policy, Product, Stock, StockChange, Variant};
use crate::problems;
use crate::store::stock::{self, Change, Kind, Noted, Opening, Step};

/// A transaction on the books, and which products it changed so far.
pub(crate) struct StockTx<'a> {
    pub(crate) tx: &'a mut Tx,
    pub(crate) now: DateTime<Utc>,
    /// At how many available units `stock.low` is published.
    pub(crate) low: i64,
    /// Why somebody writes stock, in their words.
    pub(crate) reason: Option<String>,
    changed: Vec<Changed>,
}

impl<'a> StockTx<'a> {
    pub(crate) fn open(tx: &'a mut Tx, now: DateTime<Utc>, low: i64) -> Self {
        Self { tx, now, low, reason: None, changed: vec![] }
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

    /// Records a change that led to `stock`, and publishes it.
    pub(crate) async fn write(&mut self, stock: &Stock, change: Change<'_>) -> Result<()> {
        self.write_all(&[(stock, change)]).await
    }

    /// The same of several SKUs, whose events are published in this order.
    pub(crate) async fn write_all(&mut self, changes: &[(&Stock, Change<'_>)]) -> Result<()> {
        let (reason, at) = (self.reason.as_deref(), self.now);
        let noted = changes.iter().map(|(stock, change)| {
            let (sku, version, change) = (&stock.sku, stock.version, *change);
            Noted { sku, version, change, reason, at }
        });
        let noted: Vec<Noted<'_>> = noted.collect();
        stock::note(self.tx, &noted).await?;
        let mut events = Events::default();
        for (stock, change) in changes {
            self.touch(Changed::Stock(stock.product_id));
            self.publish(&mut events, stock, change)?;
        }
        Ok(events.publish(self.tx).await?)
    }

    /// Changes the counts of SKUs, records that and publishes it; returns their stock, without
    /// those that are gone.
    pub(crate) async fn add(
        &mut self,
        kind: Kind,
        steps: &[Step<'_>],
        reference: &str,
    ) -> Result<Vec<Stock>> {
        if steps.is_empty() {
            return Ok(vec![]);
        }
        let mut changed = stock::add_all(self.tx, steps, self.now).await?;
        changed.sort_by(|a, b| a.sku.cmp(&b.sku));
        let changes = changed.iter().filter_map(|stock| {
            let Step { on_hand, allocated, reserved, .. } =
                *steps.iter().find(|it| it.sku == stock.sku)?;
            Some((stock, Change { kind, on_hand, allocated, reserved, reference }))
        });
        let changes: Vec<_> = changes.collect();
        self.write_all(&changes).await?;
        Ok(changed)
    }

    fn publish(&self, events: &mut Events, stock: &Stock, change: &Change<'_>) -> Result<()> {
        let subject = subject(&stock.sku);
        let event = StockChanged {
            sku: stock.sku.clone(),
            product_id: stock.product_id,
            on_hand: stock.on_hand,
            allocated: stock.allocated,
            reserved: stock.reserved,
            available: stock.free(),
        };
        events.add(subject, stock.version, &event, self.now)?;
        let before = stock.free() - (change.on_hand - change.allocated - change.reserved);
        if stock.policy != Policy::Untracked && before > self.low && event.available <= self.low {
            let event = StockLow {
                sku: stock.sku.clone(),
                product_id: stock.product_id,
                available: event.available,
                threshold: self.low,
            };
            events.add(subject, stock.version, &event, self.now)?;
        }
        Ok(())
    }

    /// Records a change without an event.
    async fn note(&mut self, sku: &str, version: i64, change: Change<'_>) -> Result<()> {
        let reason = self.reason.as_deref();
        let noted = Noted { sku, version, change, reason, at: self.now };
        Ok(stock::note(self.tx, &[noted]).await?)
    }

    /// Changes what is on hand, or the policy, of a SKU; what is absent stays. Returns whether
    /// anything changed.
    pub(crate) async fn set(
        &mut self,
        sku: &str,
        wish: StockChange,
        reference: &str,
    ) -> Result<(Stock, bool)> {
        let found = stock::find_locked(self.tx, sku).await?;
        let old = found.ok_or_else(problems::sku_not_found)?;
        let policy = wish.policy.unwrap_or(old.policy);
        let (figure, reference) = self.up_to_date(sku, wish.figure, reference).await?;
        let on_hand = figure.map_or(Ok(old.on_hand), |it| it.on(&old))?;
        if policy == Policy::Deny && on_hand < old.taken() {
            return Err(problems::stock_below_reserved(sku, old.allocated, old.reserved));
        }
        if (policy, on_hand) == (old.policy, old.on_hand) {
            return Ok((old, false));
        }
        let stock = stock::set(self.tx, sku, (policy, on_hand), self.now).await?;
        let kind = if figure.is_some_and(Figure::is_adjustment) { Kind::Adjust } else { Kind::Set };
        let (on_hand, reference) = (on_hand - old.on_hand, reference.as_ref());
        let change = Change { kind, on_hand, allocated: 0, reserved: 0, reference };
        self.write(&stock, change).await?;
        Ok((stock, true))
    }

    /// A figure by what is known under the lock of its SKU, and what it refers to.
    async fn up_to_date<'r>(
        &mut self,
        sku: &str,
        figure: Option<Figure>,
        reference: &'r str,
    ) -> Result<(Option<Figure>, Cow<'r, str>)> {
        let Some(Figure::Edited { on_hand, at_export, export, .. }) = figure else {
            return Ok((figure, reference.into()));
        };
        let reference = exported(export);
        let added = stock::added_by(&mut *self.tx, sku, &reference, at_export).await?;
        let figure = Figure::Edited { on_hand, at_export, export, added };
        Ok((Some(figure), reference.into()))
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
                if wish.figure.is_some() || wish.policy.is_some() {
                    let reference = reference(new.product.id);
                    changed |= self.set(&variant.sku, *wish, &reference).await?.1;
                }
                continue;
            }
            let carried = carried.iter().find(|(id, _)| *id == variant.id).map(|(_, it)| it);
            let reference = reference(new.product.id);
            match carried {
                Some(Stock { policy, on_hand, allocated, .. }) => {
                    let (policy, on_hand, allocated) = (*policy, *on_hand, *allocated);
                    let as_it_was = Opening { policy, on_hand, allocated };
                    self.create(variant, as_it_was, &reference).await?;
                    self.set(&variant.sku, *wish, &reference).await?;
                }
                None => self.open_stock(variant, *wish, &reference).await?,
            }
            changed = true;
        }
        Ok(changed)
    }

    /// Creates the stock of a variant that is new.
    async fn open_stock(
        &mut self,
        variant: &Variant,
        wish: StockChange,
        reference: &str,
    ) -> Result<()> {
        let policy = wish.policy.unwrap_or_default();
        let on_hand = wish.figure.map_or(0, Figure::opening);
        let opening = Opening { policy, on_hand, allocated: 0 };
        match wish.figure {
            // What the file says beyond its export is in it already.
            Some(Figure::Edited { export, .. }) => {
                self.create(variant, opening, &exported(export)).await
            }
            _ => self.create(variant, opening, reference).await,
        }
    }

    async fn create(&mut self, variant: &Variant, opening: Opening, reference: &str) -> Result<()> {
        let (sku, Opening { policy, on_hand, allocated }) = (&variant.sku, opening);
        if policy == Policy::Deny && on_hand < allocated {
            return Err(problems::stock_below_reserved(sku, allocated, 0));
        }
        let inserted = stock::insert(self.tx, variant, opening, self.now).await;
        let stock = inserted.on_duplicate(|| problems::sku_taken(sku))?;
        let kind = Kind::Created;
        let change = Change { kind, on_hand, allocated, reserved: 0, reference };
        self.note(sku, stock.version, change).await
    }

    /// Removes the stock of a SKU, unless orders hold some of it. What of it is sold and not
    /// shipped goes with it.
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
        self.note(sku, stock.version + 1, change).await?;
        Ok(stock)
    }
}

/// Whom events about a SKU's stock are about.
fn subject(sku: &str) -> Uuid {
    id::derive(Uuid::NAMESPACE_OID, format!("sku:{sku}"))
}

/// What the ledger calls an export whose file was edited and imported again.
pub(crate) fn exported(export: Uuid) -> String {
    format!("export:{export}")
}

fn reference(product: Uuid) -> String {
    format!("product:{product}")
}

/// Units that can be bought of a stock that is counted; 0 where there is none.
pub(crate) fn left(stock: Option<&Stock>) -> i64 {
    stock.and_then(Stock::available).unwrap_or(0)
}
