//! The sandbox's SQL, all of it: charges and refunds in its own database.

use chassis::db::{Db, Result, Session};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A charge as the sandbox knows it.
#[derive(Clone, Debug, PartialEq, chassis::db::Record)]
pub(crate) struct Booked {
    pub(crate) id: Uuid,
    pub(crate) token: String,
    pub(crate) amount: i64,
    pub(crate) state: BookedState,
    pub(crate) reason: Option<String>,
    pub(crate) captured: i64,
    pub(crate) refunded: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, chassis::db::Word)]
pub(crate) enum BookedState {
    RequiresAction,
    Authorized,
    Declined,
    Captured,
    Voided,
}

pub(crate) struct NewCharge<'a> {
    pub(crate) id: Uuid,
    pub(crate) token: &'a str,
    pub(crate) amount: i64,
    pub(crate) currency: &'a str,
    pub(crate) state: BookedState,
    pub(crate) reason: Option<&'a str>,
}

/// Books a charge; false if its key is booked already.
pub(crate) async fn insert(
    db: impl Session<'_>,
    charge: &NewCharge<'_>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let rows = db
        .query(
            "INSERT INTO sandbox_charges
                 (id, token, amount, currency, state, reason, captured, refunded,
                  created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, 0, 0, $7, $7) ON CONFLICT (id) DO NOTHING",
        )
        .bind(charge.id)
        .bind(charge.token.to_owned())
        .bind(charge.amount)
        .bind(charge.currency.to_owned())
        .bind(charge.state.as_str())
        .bind(charge.reason.map(str::to_owned))
        .bind(now)
        .execute()
        .await?;
    Ok(rows == 1)
}

pub(crate) async fn find(db: impl Session<'_>, id: Uuid) -> Result<Option<Booked>> {
    db.query(
        "SELECT id, token, amount, state, reason, captured, refunded
         FROM sandbox_charges WHERE id = $1",
    )
    .bind(id)
    .optional()
    .await
}

/// Takes in the customer's word, the first time it comes.
pub(crate) async fn confirm(
    db: impl Session<'_>,
    id: Uuid,
    state: BookedState,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    db.query(
        "UPDATE sandbox_charges SET state = $2, reason = $3, updated_at = $4
         WHERE id = $1 AND state = 'requires_action'",
    )
    .bind(id)
    .bind(state.as_str())
    .bind(reason.map(str::to_owned))
    .bind(now)
    .execute()
    .await
    .map(drop)
}

/// Captures what is held and returns the charge's token; none if nothing is.
pub(crate) async fn capture(
    db: impl Session<'_>,
    id: Uuid,
    amount: i64,
    now: DateTime<Utc>,
) -> Result<Option<String>> {
    let captured: Option<(String,)> = db
        .query(
            "UPDATE sandbox_charges SET state = 'captured', captured = $2, updated_at = $3
             WHERE id = $1 AND state = 'authorized' AND amount >= $2 RETURNING token",
        )
        .bind(id)
        .bind(amount)
        .bind(now)
        .optional()
        .await?;
    Ok(captured.map(|(token,)| token))
}

/// Lets go of what is held; false if nothing is.
pub(crate) async fn void(db: impl Session<'_>, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let rows = db
        .query(
            "UPDATE sandbox_charges SET state = 'voided', updated_at = $2
             WHERE id = $1 AND state IN ('authorized', 'requires_action')",
        )
        .bind(id)
        .bind(now)
        .execute()
        .await?;
    Ok(rows == 1)
}

/// Gives back `amount` under the refund's key, once; false if less is left.
pub(crate) async fn refund(
    db: &Db,
    id: Uuid,
    charge: Uuid,
    amount: i64,
    now: DateTime<Utc>,
) -> Result<bool> {
    let mut tx = db.begin().await?;
    let rows = tx
        .query(
            "UPDATE sandbox_charges SET refunded = refunded + $2, updated_at = $3
             WHERE id = $1 AND state = 'captured' AND captured - refunded >= $2",
        )
        .bind(charge)
        .bind(amount)
        .bind(now)
        .execute()
        .await?;
    if rows == 0 {
        drop(tx);
        // The same request may have been here before.
        return refunded(db, id).await;
    }
    let rows = tx
        .query(
            "INSERT INTO sandbox_refunds (id, charge_id, amount, created_at)
             VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING",
        )
        .bind(id)
        .bind(charge)
        .bind(amount)
        .bind(now)
        .execute()
        .await?;
    // Without a commit, where the refund is there already, nothing is taken twice.
    if rows == 1 {
        tx.commit().await?;
    }
    Ok(true)
}

/// Whether a refund with this key has taken place.
pub(crate) async fn refunded(db: impl Session<'_>, id: Uuid) -> Result<bool> {
    let found: Option<(i64,)> =
        db.query("SELECT amount FROM sandbox_refunds WHERE id = $1").bind(id).optional().await?;
    Ok(found.is_some())
}

/// Charges after `after` by id, up to and including `last`.
pub(crate) async fn page(
    db: impl Session<'_>,
    after: Uuid,
    last: Uuid,
    limit: i64,
) -> Result<Vec<Booked>> {
    db.query(
        "SELECT id, token, amount, state, reason, captured, refunded FROM sandbox_charges
         WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3",
    )
    .bind(after)
    .bind(last)
    .bind(limit)
    .all()
    .await
}

/// Charges whose refunded amount is not the sum of their refunds.
pub(crate) async fn refunds_that_disagree(db: impl Session<'_>) -> Result<Vec<(Uuid,)>> {
    db.query(
        "SELECT c.id FROM sandbox_charges c
         WHERE c.refunded <> (SELECT CAST(COALESCE(SUM(r.amount), 0) AS BIGINT)
                              FROM sandbox_refunds r WHERE r.charge_id = c.id)
         ORDER BY c.id",
    )
    .all()
    .await
}
