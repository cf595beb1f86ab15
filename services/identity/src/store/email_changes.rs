//! `email_changes`: the addresses an account can go back to.

use chassis::db::{Db, Result, Session, Tx, sql};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// An address that an account had.
#[derive(Clone, Debug, PartialEq, chassis::db::Record)]
pub struct EmailChange {
    pub user_id: Uuid,
    pub email: String,
    /// Of the account, when it left it. An older one goes before a younger one.
    pub version: i64,
}

/// Notes that the account leaves an address. One that it left before keeps its place, and can be
/// gone back to for longer.
pub async fn insert_email_change(
    tx: &mut Tx,
    change: &EmailChange,
    (now, expires_at): (DateTime<Utc>, DateTime<Utc>),
) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO email_changes (user_id, email, version, expires_at)
             VALUES ({change.user_id}, {change.email}, {change.version}, {expires_at})
         ON CONFLICT (user_id, email) DO UPDATE
         SET version = CASE WHEN email_changes.expires_at > {now} THEN email_changes.version
                            ELSE excluded.version END,
             expires_at = excluded.expires_at"
    ))
    .execute()
    .await
    .map(drop)
}

/// Gives the link to an address its token, instead of any before; false if the account cannot go
/// back to that address.
pub async fn set_undo_token(
    db: impl Session<'_>,
    (user, email): (Uuid, &str),
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<bool> {
    let set = db
        .query(sql!(
            "UPDATE email_changes SET hash = {hash}
             WHERE user_id = {user} AND email = {email} AND expires_at > {now}"
        ))
        .execute()
        .await?;
    Ok(set == 1)
}

/// The change that this token undoes, as long as it counts.
pub async fn find_email_change(
    db: impl Session<'_>,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<EmailChange>> {
    db.query(sql!(
        "SELECT {EmailChange.*} FROM email_changes WHERE hash = {hash} AND expires_at > {now}"
    ))
    .optional()
    .await
}

/// Forgets an address that was gone back to, and all that the account had after it: who reads the
/// e-mails of those came later.
pub async fn forget_email_changes(tx: &mut Tx, from: &EmailChange) -> Result<()> {
    tx.query(sql!(
        "DELETE FROM email_changes WHERE user_id = {from.user_id} AND version >= {from.version}"
    ))
    .execute()
    .await
    .map(drop)
}

/// Forgets all addresses an account had.
pub async fn forget_all_email_changes(tx: &mut Tx, user: Uuid) -> Result<()> {
    tx.query(sql!("DELETE FROM email_changes WHERE user_id = {user}")).execute().await.map(drop)
}

/// Whether another account can go back to this address.
pub async fn is_email_kept(
    db: impl Session<'_>,
    email: &str,
    by_other_than: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let found: Option<(Uuid,)> = db
        .query(sql!(
            "SELECT user_id FROM email_changes
             WHERE email = {email} AND expires_at > {now}
                 AND ({by_other_than} IS NULL OR user_id <> {by_other_than}) LIMIT 1"
        ))
        .optional()
        .await?;
    Ok(found.is_some())
}

/// Forgets the addresses nobody can go back to any more; returns how many.
pub async fn tidy_email_changes(db: &Db, now: DateTime<Utc>) -> Result<u64> {
    db.query(sql!("DELETE FROM email_changes WHERE expires_at < {now}")).execute().await
}
