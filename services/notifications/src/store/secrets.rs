//! The SQL of the service's secrets.

use chassis::db::{Db, Result, Session, sql};

/// The secret that links to unsubscribe are signed with; `fresh` becomes it if there is none.
pub(crate) async fn unsubscribe_secret(db: &Db, fresh: &[u8]) -> Result<Vec<u8>> {
    let mut tx = db.begin().await?;
    let keep = sql!(
        "INSERT INTO secrets (name, value) VALUES ('unsubscribe', {fresh})
         ON CONFLICT (name) DO NOTHING"
    );
    tx.query(keep).execute().await?;
    let (value,): (Vec<u8>,) =
        tx.query("SELECT value FROM secrets WHERE name = 'unsubscribe'").one().await?;
    tx.commit().await?;
    Ok(value)
}
