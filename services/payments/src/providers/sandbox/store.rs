//! The sandbox's SQL, all of it: charges and refunds in its own database.

use chassis::db::{Db, Result, Session, sql};
use chrono::{DateTime, Utc};
use contracts::payments::EXPIRED;
use uuid::Uuid;

use crate::provider::ChargeState;

/// A charge as the sandbox knows it.
#[derive(Clone, Debug, PartialEq, chassis::db::Record)]
pub(crate) struct Charge {
    pub(crate) id: Uuid,
    pub(crate) token: String,
    pub(crate) amount: i64,
    pub(crate) state: ChargeState,
    pub(crate) reason: Option<String>,
    pub(crate) captured: i64,
    pub(crate) refunded: i64,
    pub(crate) created_at: DateTime<Utc>,
}

pub(crate) struct NewCharge<'a> {
    pub(crate) id: Uuid,
    pub(crate) token: &'a str,
    pub(crate) amount: i64,
    pub(crate) currency: &'a str,
    pub(crate) state: ChargeState,
    pub(crate) reason: Option<&'a str>,
}

/// Books a charge; false if its key is booked already.
pub(crate) async fn insert(
    db: impl Session<'_>,
    charge: &NewCharge<'_>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let NewCharge { id, token, amount, currency, state, reason } = charge;
    let book = sql!(
        "INSERT INTO sandbox_charges
             (id, token, amount, currency, state, reason, captured, refunded, created_at,
              updated_at)
         VALUES ({id}, {token}, {amount}, {currency}, {state}, {reason}, 0, 0, {now}, {now})
         ON CONFLICT (id) DO NOTHING"
    );
    Ok(db.query(book).execute().await? == 1)
}

pub(crate) async fn find(db: impl Session<'_>, id: Uuid) -> Result<Option<Charge>> {
    db.query(sql!("SELECT {Charge.*} FROM sandbox_charges WHERE id = {id}")).optional().await
}

/// Stores the customer's answer, the first time it comes.
pub(crate) async fn confirm(
    db: impl Session<'_>,
    id: Uuid,
    state: ChargeState,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    let confirm = sql!(
        "UPDATE sandbox_charges SET state = {state}, reason = {reason}, updated_at = {now}
         WHERE id = {id} AND state = 'requires_action'"
    );
    db.query(confirm).execute().await.map(drop)
}

/// Captures what is held; false if nothing is.
pub(crate) async fn capture(
    db: impl Session<'_>,
    id: Uuid,
    amount: i64,
    now: DateTime<Utc>,
) -> Result<bool> {
    let capture = sql!(
        "UPDATE sandbox_charges SET state = 'captured', captured = {amount}, updated_at = {now}
         WHERE id = {id} AND state = 'authorized' AND amount >= {amount}"
    );
    Ok(db.query(capture).execute().await? == 1)
}

/// Captures a charge that has been processing since `since`.
pub(crate) async fn decide(
    db: impl Session<'_>,
    id: Uuid,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    let decide = sql!(
        "UPDATE sandbox_charges SET state = 'captured', captured = amount, updated_at = {now}
         WHERE id = {id} AND state = 'processing' AND created_at <= {since}"
    );
    db.query(decide).execute().await.map(drop)
}

/// Releases what has been held since `since`.
pub(crate) async fn expire(
    db: impl Session<'_>,
    id: Uuid,
    since: DateTime<Utc>,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let expire = sql!(
        "UPDATE sandbox_charges SET state = 'voided', reason = {reason}, updated_at = {now}
         WHERE id = {id} AND state = 'authorized' AND created_at <= {since}"
    );
    db.query(expire).execute().await.map(drop)
}

/// Releases what is held; false if nothing is.
pub(crate) async fn void(db: impl Session<'_>, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let void = sql!(
        "UPDATE sandbox_charges SET state = 'voided', updated_at = {now}
         WHERE id = {id} AND state IN ('authorized', 'requires_action')"
    );
    Ok(db.query(void).execute().await? == 1)
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
    let take = sql!(
        "UPDATE sandbox_charges SET refunded = refunded + {amount}, updated_at = {now}
         WHERE id = {charge} AND state = 'captured' AND captured - refunded >= {amount}"
    );
    let rows = tx.query(take).execute().await?;
    if rows == 0 {
        drop(tx);
        // The same request may have been here before.
        return refunded(db, id).await;
    }
    let note = sql!(
        "INSERT INTO sandbox_refunds (id, charge_id, amount, created_at)
         VALUES ({id}, {charge}, {amount}, {now}) ON CONFLICT (id) DO NOTHING"
    );
    let rows = tx.query(note).execute().await?;
    // Without a commit, where the refund is there already, nothing is taken twice.
    if rows == 1 {
        tx.commit().await?;
    }
    Ok(true)
}

impl Charge {
    /// Whether what it held was released because nobody captured it.
    pub(crate) fn has_expired(&self) -> bool {
        self.state == ChargeState::Voided && self.reason.as_deref() == Some(EXPIRED)
    }
}

impl NewCharge<'_> {
    /// The charge as it is booked.
    pub(crate) fn booked(self, now: DateTime<Utc>) -> Charge {
        Charge {
            id: self.id,
            token: self.token.to_owned(),
            amount: self.amount,
            state: self.state,
            reason: self.reason.map(str::to_owned),
            captured: 0,
            refunded: 0,
            created_at: now,
        }
    }
}

/// Whether a refund with this key has taken place.
pub(crate) async fn refunded(db: impl Session<'_>, id: Uuid) -> Result<bool> {
    let found = db.query(sql!("SELECT amount FROM sandbox_refunds WHERE id = {id}"));
    let found: Option<(i64,)> = found.optional().await?;
    Ok(found.is_some())
}

/// The refunds of a charge: their keys and amounts.
pub(crate) async fn refunds(db: impl Session<'_>, charge: Uuid) -> Result<Vec<(Uuid, i64)>> {
    let all = sql!(
        "SELECT id, amount FROM sandbox_refunds WHERE charge_id = {charge} ORDER BY created_at, id"
    );
    db.query(all).all().await
}

/// Charges after `after` by id.
pub(crate) async fn page(db: impl Session<'_>, after: Uuid, limit: i64) -> Result<Vec<Charge>> {
    let page =
        sql!("SELECT {Charge.*} FROM sandbox_charges WHERE id > {after} ORDER BY id LIMIT {limit}");
    db.query(page).all().await
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
