//! The SQL of refunds and the units they are for.

use chassis::db::{Result, Select, Session, Tx, sql};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::lists::older;
use crate::model::{Refund, RefundStatus};
use crate::refund_lines::RefundLine;

/// Notes a refund; false if its id is taken.
pub(crate) async fn insert_refund(db: impl Session<'_>, refund: &Refund) -> Result<bool> {
    Ok(db.insert_new(refund).execute().await? == 1)
}

pub(crate) async fn find_refund(db: impl Session<'_>, id: Uuid) -> Result<Option<Refund>> {
    db.query(sql!("SELECT {Refund.*} FROM refunds WHERE id = {id}")).optional().await
}

/// Notes which units a refund is for.
pub(crate) async fn insert_refund_lines(tx: &mut Tx, lines: &[RefundLine]) -> Result<()> {
    tx.insert_all(lines).await
}

/// The units that refunds of a payment are for, those of failed ones left out where `counted`.
pub(crate) async fn refund_lines(
    db: impl Session<'_>,
    payment: Uuid,
    counted: bool,
) -> Result<Vec<RefundLine>> {
    let lines = sql!(
        "SELECT refund_lines.{RefundLine.*}
         FROM refunds JOIN refund_lines ON refund_lines.refund_id = refunds.id
         WHERE payment_id = {payment} AND (status <> 'failed' OR NOT {counted})
         ORDER BY refund_id, sku"
    );
    db.query(lines).all().await
}

/// The refund of a payment with this key, or that the provider calls so.
pub(crate) async fn refund_by(
    db: impl Session<'_>,
    payment: Uuid,
    key: Option<Uuid>,
    reference: &str,
) -> Result<Option<Refund>> {
    let find = sql!(
        "SELECT {Refund.*} FROM refunds
         WHERE payment_id = {payment} AND (id = {key} OR reference = {reference})"
    );
    db.query(find).optional().await
}

/// Notes how a refund ended.
pub(crate) async fn settle_refund(
    tx: &mut Tx,
    id: Uuid,
    status: RefundStatus,
    reference: Option<&str>,
    failure: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    let settle = sql!(
        "UPDATE refunds SET status = {status}, reference = {reference}, failure = {failure},
                            updated_at = {now}
         WHERE id = {id} AND status = 'pending'"
    );
    tx.query(settle).execute().await.map(drop)
}

/// Notes that a refund which had taken effect came back.
pub(crate) async fn fail_refund(
    tx: &mut Tx,
    id: Uuid,
    failure: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    let fail = sql!(
        "UPDATE refunds SET status = 'failed', failure = {failure}, updated_at = {now}
         WHERE id = {id} AND status = 'succeeded'"
    );
    tx.query(fail).execute().await.map(drop)
}

/// The refunds of a payment, newest first.
pub(crate) async fn refunds(
    db: impl Session<'_>,
    payment: Uuid,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Refund>> {
    let mut list = Select::from("refunds");
    list.equal("payment_id", Some(payment));
    older(&mut list, after);
    list.limit(limit).records::<Refund>(db, "").all().await
}
