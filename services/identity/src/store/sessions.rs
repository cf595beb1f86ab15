//! `sessions` and `refresh_tokens`.

use chassis::auth::Revocations;
use chassis::db::{Db, Record, Result, Select, Session as On, Tx, sql};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A session of a user.
#[derive(Clone, Debug, PartialEq, Serialize, Record, ToSchema)]
#[record(table = "sessions")]
pub struct Session {
    pub id: Uuid,
    #[serde(skip)]
    pub user_id: Uuid,
    /// The `User-Agent` of the client.
    pub user_agent: Option<String>,
    /// The IP address it was last used from.
    pub address: Option<String>,
    pub created_at: DateTime<Utc>,
    pub last_used_at: DateTime<Utc>,
    /// When it expires if it is not used.
    pub expires_at: DateTime<Utc>,
    #[serde(skip)]
    pub ended_at: Option<DateTime<Utc>>,
    /// Whether its refresh token stays the same when it is used.
    pub fixed: bool,
}

/// A refresh token, known by its hash.
#[derive(Clone, Debug, PartialEq, Record)]
pub struct RefreshToken {
    pub hash: Vec<u8>,
    pub session_id: Uuid,
    /// The token this one was given for.
    pub parent: Option<Vec<u8>>,
    pub expires_at: DateTime<Utc>,
    pub spent_at: Option<DateTime<Utc>>,
    /// The token given for this one, sealed with this one, until it is used.
    pub successor: Option<Vec<u8>>,
}

pub async fn insert_session(tx: &mut Tx, session: &Session) -> Result<()> {
    tx.insert(session).execute().await.map(drop)
}

pub async fn find_session(db: impl On<'_>, id: Uuid) -> Result<Option<Session>> {
    db.query(sql!("SELECT {Session.*} FROM sessions WHERE id = {id}")).optional().await
}

/// Notes that a session was used.
pub async fn touch_session(tx: &mut Tx, session: &Session) -> Result<()> {
    tx.query(sql!(
        "UPDATE sessions SET user_agent = {session.user_agent}, address = {session.address},
             last_used_at = {session.last_used_at}, expires_at = {session.expires_at}
         WHERE id = {session.id}"
    ))
    .execute()
    .await
    .map(drop)
}

/// A user's live sessions, newest first, from after the one with the id `after`.
pub async fn list_sessions(
    db: impl On<'_>,
    user: Uuid,
    after: Option<Uuid>,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Session>> {
    let mut list = Select::from("sessions");
    list.equal("user_id", Some(user)).filter("ended_at IS NULL");
    list.compare("expires_at", ">", Some(now)).compare("id", "<", after);
    list.order("id DESC").limit(limit).records::<Session>(db, "").all().await
}

/// Ends a live session of a user; false if there is none.
pub async fn end_session(tx: &mut Tx, user: Uuid, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let ended = tx
        .query(sql!(
            "UPDATE sessions SET ended_at = {now}
             WHERE id = {id} AND user_id = {user} AND ended_at IS NULL AND expires_at > {now}"
        ))
        .execute()
        .await?;
    Ok(ended == 1)
}

/// Ends a user's live sessions but one, and returns their ids.
pub async fn end_sessions(
    tx: &mut Tx,
    user: Uuid,
    except: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>> {
    let ended: Vec<(Uuid,)> = tx
        .query(sql!(
            "UPDATE sessions SET ended_at = {now}
             WHERE user_id = {user} AND ({except} IS NULL OR id <> {except}) AND ended_at IS NULL
               AND expires_at > {now}
             RETURNING id"
        ))
        .all()
        .await?;
    Ok(ended.into_iter().map(|(id,)| id).collect())
}

/// The live sessions of a user beyond the newest `keep`.
pub async fn surplus_sessions(
    tx: &mut Tx,
    user: Uuid,
    keep: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>> {
    let surplus: Vec<(Uuid,)> = tx
        .query(sql!(
            "SELECT id FROM sessions WHERE user_id = {user} AND ended_at IS NULL
                 AND expires_at > {now}
             ORDER BY id DESC LIMIT 1000 OFFSET {keep}"
        ))
        .all()
        .await?;
    Ok(surplus.into_iter().map(|(id,)| id).collect())
}

/// Adds a token that was not used yet.
pub async fn insert_refresh_token(tx: &mut Tx, token: &RefreshToken) -> Result<()> {
    let RefreshToken { hash, session_id, parent, expires_at, .. } = token;
    let insert = sql!(
        "INSERT INTO refresh_tokens (hash, session_id, parent, expires_at)
         VALUES ({hash}, {session_id}, {parent}, {expires_at})"
    );
    tx.query(insert).execute().await.map(drop)
}

pub async fn find_refresh_token(db: impl On<'_>, hash: &[u8]) -> Result<Option<RefreshToken>> {
    db.query(sql!("SELECT {RefreshToken.*} FROM refresh_tokens WHERE hash = {hash}"))
        .optional()
        .await
}

/// Spends a token and keeps its sealed successor; false if it was spent before. Of several at once,
/// one succeeds.
pub async fn spend_refresh_token(
    tx: &mut Tx,
    hash: &[u8],
    successor: &[u8],
    now: DateTime<Utc>,
) -> Result<bool> {
    let spent = tx
        .query(sql!(
            "UPDATE refresh_tokens SET spent_at = {now}, successor = {successor}
             WHERE hash = {hash} AND spent_at IS NULL"
        ))
        .execute()
        .await?;
    Ok(spent == 1)
}

/// Forgets what was given for a spent token: it has been used.
pub async fn forget_successor(tx: &mut Tx, hash: &[u8]) -> Result<()> {
    tx.query(sql!("UPDATE refresh_tokens SET successor = NULL WHERE hash = {hash}"))
        .execute()
        .await
        .map(drop)
}

/// Sessions ended, and users whose tokens were voided, since then.
pub async fn revocations(db: &Db, since: DateTime<Utc>) -> Result<Revocations> {
    let sessions: Vec<(Uuid,)> =
        db.query(sql!("SELECT id FROM sessions WHERE ended_at > {since}")).all().await?;
    let users: Vec<(Uuid, i64)> = db
        .query(sql!("SELECT id, token_version FROM users WHERE token_version_at > {since}"))
        .all()
        .await?;
    Ok(Revocations {
        sessions: sessions.into_iter().map(|(id,)| id).collect(),
        users: users.into_iter().collect(),
    })
}

/// Forgets some of what ended or expired before `before`; returns how many rows.
pub async fn tidy_sessions(db: &Db, before: DateTime<Utc>) -> Result<u64> {
    let tokens = sql!(
        "DELETE FROM refresh_tokens WHERE hash IN
             (SELECT hash FROM refresh_tokens WHERE expires_at < {before} LIMIT 1000)"
    );
    let ended = sql!(
        "DELETE FROM sessions WHERE id IN
             (SELECT id FROM sessions WHERE ended_at < {before} LIMIT 500)"
    );
    let expired = sql!(
        "DELETE FROM sessions WHERE id IN
             (SELECT id FROM sessions WHERE expires_at < {before} LIMIT 500)"
    );
    Ok(db.query(tokens).execute().await?
        + db.query(ended).execute().await?
        + db.query(expired).execute().await?)
}
