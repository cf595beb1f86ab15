//! Pictures of the shop's own: taken in from staff, used by products, tidied up.

mod chunks;
mod redraw;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chassis::db::{self, Db};
use chassis::id;
use chassis::problem::{FieldError, Problem, Result};
use chassis::service::PREFIX;
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use uuid::Uuid;

use crate::books::StockTx;
use crate::model::Product;
use crate::store::pictures::{self as store, Kept};
use crate::{App, problems};
use redraw::Head;

/// Bytes of a picture that is sent.
pub(crate) const MAX_BYTES: usize = 10 << 20;
/// Pictures that may be on their way at once; each may be held in memory.
const PLACES: usize = 16;
/// Files whose heads are read at once; each may be copied for it.
const LOOKS: usize = 2;
/// MiB that drawing takes in all: one picture of the largest, or two of a camera's.
const MEMORY: u32 = 512;
/// How long a picture waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a picture is kept that no product uses.
const UNUSED: TimeDelta = TimeDelta::days(1);
/// How often pictures are tidied up.
pub(crate) const EVERY: Duration = Duration::from_secs(600);
/// Pictures looked up at once for that.
const BATCH: i64 = 100;

/// Bounds what pictures take of memory and processors.
#[derive(Clone, Debug)]
pub(crate) struct PictureProcessor {
    places: Arc<Semaphore>,
    looks: Arc<Semaphore>,
    /// In MiB.
    memory: Arc<Semaphore>,
}

impl Default for PictureProcessor {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(PLACES)),
            looks: Arc::new(Semaphore::new(LOOKS)),
            memory: Arc::new(Semaphore::new(MEMORY as usize)),
        }
    }
}

impl PictureProcessor {
    /// A place for a picture, before its bytes are read.
    pub(crate) fn place(&self) -> Result<SemaphorePermit<'_>> {
        self.places.try_acquire().map_err(|_| problems::pictures_busy())
    }
}

/// So many of a few, once they are free; not for long.
async fn turn(of: &Arc<Semaphore>, count: u32) -> Result<OwnedSemaphorePermit> {
    let turn = timeout(PATIENCE, of.clone().acquire_many_owned(count)).await;
    turn.ok().and_then(|it| it.ok()).ok_or_else(problems::pictures_busy)
}

/// The id of a picture: the same bytes are the same picture.
fn id_of(bytes: &[u8]) -> Uuid {
    let name = hex::encode(Sha256::digest(bytes));
    id::derive(Uuid::NAMESPACE_OID, format!("upload:{name}"))
}

/// Takes a picture in, as somebody sent it.
pub(crate) async fn take_in(app: &App, bytes: Bytes) -> Result<(Uuid, Kept)> {
    let looked_at = {
        let (bytes, look) = (bytes.clone(), turn(&app.desk.looks, 1).await?);
        spawn_blocking(move || {
            let _look = look;
            (id_of(&bytes), Head::read(&bytes))
        })
        .await
    };
    let (id, head) = looked_at.map_err(Problem::internal)?;
    if let Some(kept) = store::seen(&app.db, id, app.clock.now()).await? {
        return Ok((id, kept));
    }
    let head = head?;
    // A test holds that no picture needs more than there is.
    let wanted = u32::try_from(head.memory().div_ceil(1 << 20)).unwrap_or(MEMORY).min(MEMORY);
    let turn = turn(&app.desk.memory, wanted).await?;
    let drawn = spawn_blocking(move || {
        // Held until it is done, even if nobody waits for it any more.
        let _turn = turn;
        redraw::redraw(&bytes, head)
    });
    let picture = drawn.await.map_err(Problem::internal)??;
    let kept = picture.kept.clone();
    let mut tx = app.db.begin().await?;
    store::insert(&mut tx, id, picture, app.clock.now()).await?;
    tx.commit().await?;
    Ok((id, kept))
}

/// The address of a picture.
pub(crate) fn url(id: Uuid) -> String {
    format!("{PREFIX}/media/{id}")
}

/// The picture of the shop's own that an address leads to; nil where that cannot be one.
pub(crate) fn in_url(url: &str) -> Option<Uuid> {
    let rest = url.strip_prefix(PREFIX)?.strip_prefix("/media/")?;
    let id = rest.split('?').next().and_then(|it| it.parse().ok());
    Some(id.unwrap_or(Uuid::nil()))
}

/// Notes which pictures a product uses, and refuses new ones that do not exist. What was broken
/// before may stay so.
pub(crate) async fn settle(
    books: &mut StockTx<'_>,
    old: Option<&Product>,
    new: &Product,
) -> Result<()> {
    let (before, wanted) = (old.map(uses).unwrap_or_default(), uses(new));
    if before.iter().map(|it| it.0).eq(wanted.iter().map(|it| it.0)) {
        return Ok(());
    }
    let mut ids: Vec<Uuid> = wanted.iter().map(|(id, _)| *id).collect();
    ids.sort_unstable();
    ids.dedup();
    let known = store::known(&mut *books.tx, &ids).await?;
    let is_new = |id: &Uuid| !before.iter().any(|(old, _)| old == id);
    let missing = wanted.iter().filter(|(id, _)| !known.contains(id) && is_new(id));
    let errors: Vec<FieldError> = missing
        .map(|(_, field)| FieldError {
            field: field.clone(),
            detail: "there is no such picture in the shop; send it to /api/v1/media first"
                .to_owned(),
        })
        .collect();
    if !errors.is_empty() {
        return Err(Problem::fields(errors));
    }
    Ok(store::use_in(books.tx, new.id, &known, books.now).await?)
}

/// Releases the pictures of a product that is about to be deleted.
pub(crate) async fn release(books: &mut StockTx<'_>, product: Uuid) -> Result<()> {
    Ok(store::use_in(books.tx, product, &[], books.now).await?)
}

/// The pictures of the shop's own in a product, and the fields they are in.
fn uses(product: &Product) -> Vec<(Uuid, String)> {
    let images = product.images.iter().enumerate();
    let images = images.map(|(at, it)| (Some(&it.url), format!("images[{at}].url")));
    let variants = product.variants.iter().enumerate();
    let variants = variants.map(|(at, it)| (it.image.as_ref(), format!("variants[{at}].image")));
    let all = images.chain(variants);
    all.filter_map(|(url, field)| Some((in_url(url?)?, field))).collect()
}

/// Removes the pictures that no product has used for a day; returns how many.
pub(crate) async fn tidy(db: &Db, now: DateTime<Utc>) -> db::Result<usize> {
    let before = now - UNUSED;
    let mut removed = 0;
    loop {
        let unused = store::unused(db, before, BATCH).await?;
        let mut here = 0;
        for id in &unused {
            here += usize::from(store::remove(db, *id, before).await?);
        }
        removed += here;
        // Those that are being taken right now are left to the next time.
        if unused.len() < BATCH as usize || here == 0 {
            return Ok(removed);
        }
    }
}

#[cfg(test)]
mod tests;
