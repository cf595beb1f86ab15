//! What runs by itself: holds that end, and cached answers that other processes made stale.

use std::time::Duration;

use chassis::db;
use chassis::feed::{self, Entry, Feed};
use chassis::outbox::EventData;
use chassis::problem::Result;
use contracts::catalog::{
    CategoryChanged, ProductCreated, ProductDeleted, ProductUpdated, StockChanged,
};
use serde_json::Value;
use uuid::Uuid;

use crate::cache::Changed;
use crate::{App, reservations, store};

/// How often holds are looked through.
const EVERY: Duration = Duration::from_secs(1);
/// Orders whose holds are ended before looking again.
const BATCH: i64 = 100;
/// Events that are looked back upon: answers older than these are not taken from other copies.
const LATELY: i64 = 10_000;
/// How long to wait after a failure.
const PAUSE: Duration = Duration::from_secs(1);

/// Ends holds whose time is over, for as long as it runs.
pub(crate) async fn expire(app: App) {
    loop {
        match expire_due(&app).await {
            Ok(ended) if ended == BATCH as usize => continue,
            Ok(_) => {}
            Err(problem) => tracing::warn!(%problem, "holds were not ended; trying again"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Ends the holds whose time is over, up to a batch; returns how many orders were looked at.
pub(crate) async fn expire_due(app: &App) -> Result<usize> {
    let orders = store::reservations::overdue(&app.db, app.clock.now(), BATCH).await?;
    for order in &orders {
        // One that cannot be ended now must not keep the others waiting.
        if let Err(problem) = expire_one(app, *order).await {
            tracing::warn!(%order, %problem, "a hold was not ended; trying again");
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
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "answers are not shared with other copies");
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
    tracing::warn!(error, "cannot follow changes; trying again");
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
