//! Links that open an order from a mail.
//!
//! The key of a link is no token of the order: it expires, can be revoked, and only its hash is
//! stored. Each mail has one of its own, so that which were sent does not show in another.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chassis::Secret;
use chassis::db;
use chassis::id;
use chassis::outbox;
use chassis::problem::Result;
use chrono::TimeDelta;
use contracts::orders::OrderLinkRequested;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::store::NewKey;
use crate::{App, store, token};

/// The most valid keys of an order.
const MOST: i64 = 20;
/// How often what no longer counts is deleted.
pub(crate) const TIDY: Duration = Duration::from_secs(3_600);

/// Makes a key of an order. Where it has many, the oldest becomes invalid.
pub(crate) async fn issue(app: &App, order: Uuid) -> db::Result<Secret> {
    let key = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    let now = app.clock.now();
    let expires_at = now + TimeDelta::days(app.config.link_days);
    let new = NewKey { id: id::new(), order_id: order, hash: hash(&key), expires_at };
    let mut tx = app.db.begin().await?;
    store::insert_key(&mut tx, &new, MOST, now).await?;
    tx.commit().await?;
    Ok(key.into())
}

/// Whether this is a valid key of the order.
pub(crate) async fn opens(app: &App, key: &str, order: Uuid) -> db::Result<bool> {
    Ok(token::is_secret(key) && store::has_key(&app.db, order, &hash(key), app.clock.now()).await?)
}

/// Has a link to an order sent to its address, if that is `email`, and not too often. The caller
/// cannot tell: apart from the event, the same is read and written in any case.
pub(crate) async fn request(app: &App, number: &str, email: &str) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let search = hash(&format!("{number}\n{email}"));
    let granted = store::count_search(&mut tx, &search, now).await?;
    let order = store::find_by_number(&mut tx, number).await?;
    let order = order.filter(|it| it.is_placed() && it.email == email);
    let lines = store::lines(&mut tx, order.as_ref().map_or(Uuid::nil(), |it| it.id)).await?;
    if let Some(order) = order.filter(|_| granted) {
        let event = OrderLinkRequested { order: order.to_event(&lines) };
        // Each request is a subject of its own: it changes nothing about the order.
        outbox::publish(&mut tx, id::new(), 1, &event, now).await?;
    }
    Ok(tx.commit().await?)
}

/// Deletes keys and searches that no longer count.
pub(crate) async fn tidy(app: &App) -> db::Result<()> {
    let now = app.clock.now();
    while store::tidy_keys(&app.db, now).await? > 0 {}
    while store::tidy_searches(&app.db, now).await? > 0 {}
    Ok(())
}

fn hash(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}
