//! The SQL of disputes.

use chassis::db::{Result, Session, Tx, sql};
use uuid::Uuid;

use crate::model::Dispute;

/// The disputes of a payment, oldest first.
pub(crate) async fn disputes(db: impl Session<'_>, payment: Uuid) -> Result<Vec<Dispute>> {
    let all = sql!(
        "SELECT {Dispute.*} FROM disputes WHERE payment_id = {payment}
         ORDER BY created_at, reference LIMIT 100"
    );
    db.query(all).all().await
}

/// Notes a dispute, or how it stands by now.
pub(crate) async fn save_dispute(tx: &mut Tx, dispute: &Dispute) -> Result<()> {
    if tx.insert_new(dispute).execute().await? == 1 {
        return Ok(());
    }
    let Dispute { payment_id, reference, status, reason, amount, .. } = dispute;
    let Dispute { withdrawn, due_at, updated_at, .. } = dispute;
    let save = sql!(
        "UPDATE disputes SET status = {status}, reason = {reason}, amount = {amount},
                             withdrawn = {withdrawn}, due_at = {due_at}, updated_at = {updated_at}
         WHERE payment_id = {payment_id} AND reference = {reference}"
    );
    tx.query(save).execute().await.map(drop)
}
