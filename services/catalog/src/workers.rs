//! What runs by itself: holds that end, orders of before that are booked, and cached answers that
//! other processes made stale.

use std::collections::HashSet;
use std::time::Duration;

use chassis::db;
use chassis::feed::{self, Entry, Feed};
use chassis::outbox::EventData;
use chassis::problem::Result;
use chassis::telemetry::cause;
use contracts::catalog::{
    CategoryChanged, ProductCreated, ProductDeleted, ProductUpdated, StockChanged,
};
use contracts::orders;
use serde_json::Value;
use uuid::Uuid;

use crate::cache::Changed;
use crate::{App, fulfillment, reservations, store};

/// How often holds are looked through.
pub(crate) const EVERY: Duration = Duration::from_secs(1);
/// Orders whose holds are ended before looking again.
const BATCH: i64 = 100;
/// Events that are looked back upon: answers older than these are not taken from other copies.
const LATELY: i64 = 10_000;
/// How long to wait after a failure.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest wait after one of several failures.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// When to look again for orders of before.
const LATER: Duration = Duration::from_secs(60);

/// Ends holds whose time is over; says whether there may be more of them.
pub(crate) async fn expire(app: App) -> Result<bool> {
    Ok(expire_due(&app).await? == BATCH as usize)
}

/// Ends the holds whose time is over, up to a batch; returns how many orders were looked at.
pub(crate) async fn expire_due(app: &App) -> Result<usize> {
    let orders = store::reservations::overdue(&app.db, app.clock.now(), BATCH).await?;
    for order in &orders {
        // One that cannot be ended now must not keep the others waiting.
        if let Err(problem) = expire_one(app, *order).await {
            tracing::warn!(%order, %problem, "cannot end an expired hold; trying again");
        }
    }
    Ok(orders.len())
}

async fn expire_one(app: &App, order: Uuid) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let mut books = app.books(&mut tx);
    if reservations::expire(&mut books, order).await? {
        let changed = books.close();
        app.commit(tx, changed).await?;
    }
    Ok(())
}

/// Books what was sold before sold units counted as on hand: asks orders, a page at a time, what of
/// it was not shipped. What is left is in the database, so that it goes on after whatever crash,
/// and where there is nothing, as in a new shop, orders is not asked. It keeps looking, at times,
/// since a process of an older version may still sell.
pub(crate) async fn book_sold_before(app: App, orders: orders::Client) {
    let mut pause = PAUSE;
    loop {
        pause = match book_some(&app, &orders).await {
            Ok(0) => LATER,
            Ok(booked) => {
                tracing::info!(booked, "orders of earlier versions have been booked");
                Duration::ZERO
            }
            Err(problem) => {
                tracing::warn!(%problem, "cannot book orders of earlier versions yet; trying again");
                (pause * 2).clamp(PAUSE, LONGEST_PAUSE)
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// Books a page of orders; returns how many.
async fn book_some(app: &App, orders: &orders::Client) -> Result<usize> {
    let page = store::fulfillment::unbooked(&app.db, orders::MAX_ORDERS as i64).await?;
    if page.is_empty() {
        return Ok(0);
    }
    let unshipped: HashSet<Uuid> = orders.unshipped(page.clone()).await?.into_iter().collect();
    for order in &page {
        let mut tx = app.db.begin().await?;
        let mut books = app.books(&mut tx);
        fulfillment::book(&mut books, *order, !unshipped.contains(order)).await?;
        let changed = books.close();
        app.commit(tx, changed).await?;
    }
    Ok(page.len())
}

/// Throws away cached answers when something changes, wherever it was changed.
pub(crate) async fn follow(app: &App, mut feed: Feed) {
    app.cache.followed(feed.position().xid);
    loop {
        match feed.next().await {
            Ok(entries) => {
                for entry in &entries {
                    app.cache.mark(changed(entry), entry.position.xid);
                }
                app.cache.followed(feed.position().xid);
            }
            Err(error) => {
                warn(&error);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Marks what changed lately, and from then on shares answers with other copies, if there is a
/// cache to share.
pub(crate) async fn share(app: &App) {
    if app.cache.shared().is_none() {
        return;
    }
    loop {
        match begin_to_share(app).await {
            Ok(()) => return,
            Err(db::Error::Unavailable(_)) => tokio::time::sleep(PAUSE).await,
            Err(error) => {
                tracing::warn!(error = cause(&error), "cannot share answers with other instances");
                return;
            }
        }
    }
}

async fn begin_to_share(app: &App) -> db::Result<()> {
    let since = feed::back(&app.db, LATELY).await?;
    let mut feed = Feed::after(&app.db, since);
    loop {
        let entries = feed.read().await?;
        if entries.is_empty() {
            break;
        }
        for entry in &entries {
            if let Some(changed) = changed(entry) {
                app.cache.mark_past(changed, entry.position.xid);
            }
        }
    }
    app.cache.shared().begin(&app.db, app.currency.as_str(), since.xid).await
}

fn warn(error: &(dyn std::error::Error + 'static)) {
    tracing::warn!(error, "cannot follow the outbox; trying again");
}

fn changed(entry: &Entry) -> Option<Changed> {
    let product = || entry.data.get("product_id").and_then(Value::as_str)?.parse::<Uuid>().ok();
    match entry.kind.as_str() {
        ProductCreated::TYPE | ProductUpdated::TYPE | ProductDeleted::TYPE => {
            product().map(Changed::Product)
        }
        StockChanged::TYPE => product().map(Changed::Stock),
        CategoryChanged::TYPE => Some(Changed::Categories),
        _ => None,
    }
}
