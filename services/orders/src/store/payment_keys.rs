//! The SQL of `payment_keys`: under which keys further payments were asked for.

use chassis::db::Json;
use chassis::db::{Result, Session, Tx, sql};
use chassis::problem::Problem;
use uuid::Uuid;

/// A further payment that was asked for under a key.
#[derive(Debug, chassis::db::Record)]
pub struct PaymentKey {
    /// What was asked for; none where it was not kept yet.
    pub fingerprint: Option<Vec<u8>>,
    pub attempt: i64,
    /// What came of it, once there is a later attempt.
    pub refusal: Option<Json<Problem>>,
}

/// The attempt a client has asked for under this key.
pub async fn payment_key(
    db: impl Session<'_>,
    order: Uuid,
    key: &str,
) -> Result<Option<PaymentKey>> {
    let find =
        sql!("SELECT {PaymentKey.*} FROM payment_keys WHERE order_id = {order} AND key = {key}");
    db.query(find).optional().await
}

/// Keeps what came of the last attempt, before the next one begins. One that found the goods gone
/// does not count, so the next may have its number.
pub async fn keep_refusal(tx: &mut Tx, order: Uuid, refusal: Option<Json<Problem>>) -> Result<()> {
    let keep = sql!(
        "UPDATE payment_keys SET refusal = {refusal} WHERE order_id = {order} AND refusal IS NULL"
    );
    tx.query(keep).execute().await.map(drop)
}

/// Keeps the key of an attempt that begins.
pub async fn insert_payment_key(
    tx: &mut Tx,
    order: Uuid,
    key: &str,
    fingerprint: &[u8],
    attempt: i64,
) -> Result<()> {
    let keep = sql!(
        "INSERT INTO payment_keys (order_id, key, fingerprint, attempt)
         VALUES ({order}, {key}, {fingerprint}, {attempt})"
    );
    tx.query(keep).execute().await.map(drop)
}
