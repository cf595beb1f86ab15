//! `signing_keys`, `one_time_tokens` and `attempts`.

use chassis::db::{Db, Insert, Result, Session, Tx, Word, sql};
use chrono::{DateTime, Utc};
use contracts::identity::Purpose;
use uuid::Uuid;

use crate::keys::StoredKey;

/// What an attempt was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Word)]
pub enum Kind {
    Login,
    Reset,
}

/// Something that may be done only so often.
#[derive(Clone, Debug, Insert)]
#[record(table = "attempts")]
pub struct Attempt {
    pub id: Uuid,
    pub kind: Kind,
    /// What it counts against.
    pub account: String,
    /// Where it came from, as far as it counts apart; else empty.
    pub network: String,
    pub address: Option<String>,
    pub at: DateTime<Utc>,
}

/// A token that works once, known by its hash.
#[derive(Clone, Debug)]
pub struct OneTimeToken {
    pub user_id: Uuid,
    pub purpose: Purpose,
    pub hash: Vec<u8>,
    pub email: String,
    pub expires_at: DateTime<Utc>,
}

/// The keys that are not retired, or were only after `since`; oldest first.
pub async fn keys(db: impl Session<'_>, since: DateTime<Utc>) -> Result<Vec<StoredKey>> {
    db.query(sql!(
        "SELECT {StoredKey.*} FROM signing_keys
         WHERE retired_at IS NULL OR retired_at > {since} ORDER BY generation"
    ))
    .all()
    .await
}

/// Stores a key as the first one. If another process was faster, its key stays the only one.
pub async fn insert_first_key(db: impl Session<'_>, key: &StoredKey) -> Result<()> {
    db.query(sql!(
        "INSERT INTO signing_keys (kid, generation, private_pem, created_at)
         VALUES ({key.kid}, 1, {key.private_pem}, {key.created_at})
             ON CONFLICT (generation) DO NOTHING"
    ))
    .execute()
    .await
    .map(drop)
}

/// Every key there is, oldest first.
pub async fn all_keys(db: impl Session<'_>) -> Result<Vec<StoredKey>> {
    db.query(sql!("SELECT {StoredKey.*} FROM signing_keys ORDER BY generation")).all().await
}

/// Stores a key as the newest one; those before it are retired at `retired_at`. A duplicate if
/// another process adds one at the same time.
pub async fn insert_next_key(
    tx: &mut Tx,
    key: &StoredKey,
    retired_at: DateTime<Utc>,
) -> Result<()> {
    // First, so that others who create one wait here.
    tx.query(sql!(
        "INSERT INTO signing_keys (kid, generation, private_pem, created_at)
         SELECT {key.kid}, coalesce(max(generation), 0) + 1, {key.private_pem},
             {key.created_at} FROM signing_keys"
    ))
    .execute()
    .await?;
    tx.query(sql!(
        "UPDATE signing_keys SET retired_at = {retired_at} WHERE retired_at IS NULL
             AND kid <> {key.kid}"
    ))
    .execute()
    .await
    .map(drop)
}

/// Stores a token; an earlier one of the user for the same purpose no longer counts.
pub async fn insert_one_time_token(db: impl Session<'_>, token: &OneTimeToken) -> Result<()> {
    db.query(sql!(
        "INSERT INTO one_time_tokens (user_id, purpose, hash, email, expires_at)
         VALUES ({token.user_id}, {purpose(token.purpose)}, {token.hash}, {token.email},
             {token.expires_at})
         ON CONFLICT (user_id, purpose) DO UPDATE
         SET hash = excluded.hash, email = excluded.email, expires_at = excluded.expires_at"
    ))
    .execute()
    .await
    .map(drop)
}

/// Whose token this is, as long as it counts.
pub async fn one_time_token_owner(
    db: impl Session<'_>,
    wanted: Purpose,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<Uuid>> {
    let found: Option<(Uuid,)> = db
        .query(sql!(
            "SELECT user_id FROM one_time_tokens
             WHERE hash = {hash} AND purpose = {purpose(wanted)} AND expires_at > {now}"
        ))
        .optional()
        .await?;
    Ok(found.map(|(user,)| user))
}

/// Uses a token up; returns whose it was and where it was sent, or none if it does not count.
pub async fn take_one_time_token(
    tx: &mut Tx,
    wanted: Purpose,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<(Uuid, String)>> {
    tx.query(sql!(
        "DELETE FROM one_time_tokens WHERE hash = {hash} AND purpose = {purpose(wanted)}
             AND expires_at > {now}
         RETURNING user_id, email"
    ))
    .optional()
    .await
}

pub async fn delete_one_time_tokens(tx: &mut Tx, user: Uuid) -> Result<()> {
    tx.query(sql!("DELETE FROM one_time_tokens WHERE user_id = {user}")).execute().await.map(drop)
}

pub async fn insert_attempt(db: impl Session<'_>, attempt: &Attempt) -> Result<()> {
    db.insert(attempt).execute().await.map(drop)
}

/// When the `nth` latest failed login on the account from the network was made, if after `since`.
pub async fn failure_from(
    db: impl Session<'_>,
    account: &str,
    network: &str,
    since: DateTime<Utc>,
    nth: i64,
) -> Result<Option<DateTime<Utc>>> {
    let found: Option<(DateTime<Utc>,)> = db
        .query(sql!(
            "SELECT at FROM attempts
             WHERE account = {account} AND network = {network} AND kind = 'login' AND at > {since}
             ORDER BY id DESC LIMIT 1 OFFSET {nth - 1}"
        ))
        .optional()
        .await?;
    Ok(found.map(|(at,)| at))
}

/// How many logins failed on the account after `since`, from everywhere; counts up to `most`.
pub async fn count_attempts(
    db: impl Session<'_>,
    account: &str,
    since: DateTime<Utc>,
    most: i64,
) -> Result<i64> {
    let (count,) = db
        .query(sql!(
            "SELECT count(*) FROM
             (SELECT id FROM attempts WHERE account = {account} AND kind = 'login' AND at > {since}
              ORDER BY id DESC LIMIT {most}) AS latest"
        ))
        .one::<(i64,)>()
        .await?;
    Ok(count)
}

/// When the `nth` latest attempt on the account was made, from anywhere, if after `since`.
pub async fn attempt_on_account(
    db: impl Session<'_>,
    kind: Kind,
    account: &str,
    since: DateTime<Utc>,
    nth: i64,
) -> Result<Option<DateTime<Utc>>> {
    let found: Option<(DateTime<Utc>,)> = db
        .query(sql!(
            "SELECT at FROM attempts WHERE account = {account} AND kind = {kind} AND at > {since}
             ORDER BY id DESC LIMIT 1 OFFSET {nth - 1}"
        ))
        .optional()
        .await?;
    Ok(found.map(|(at,)| at))
}

/// When the `nth` latest attempt from the address was made, if after `since`.
pub async fn attempt_from_address(
    db: impl Session<'_>,
    kind: Kind,
    address: &str,
    since: DateTime<Utc>,
    nth: i64,
) -> Result<Option<DateTime<Utc>>> {
    let found: Option<(DateTime<Utc>,)> = db
        .query(sql!(
            "SELECT at FROM attempts WHERE address = {address} AND kind = {kind} AND at > {since}
             ORDER BY id DESC LIMIT 1 OFFSET {nth - 1}"
        ))
        .optional()
        .await?;
    Ok(found.map(|(at,)| at))
}

/// Forgets the failed logins on an account from a network.
pub async fn forgive(tx: &mut Tx, account: &str, network: &str) -> Result<()> {
    tx.query(sql!(
        "DELETE FROM attempts WHERE account = {account} AND network = {network} AND kind = 'login'"
    ))
    .execute()
    .await
    .map(drop)
}

/// Forgets the failed logins on an account from everywhere.
pub async fn forgive_everywhere(tx: &mut Tx, account: &str) -> Result<()> {
    tx.query(sql!("DELETE FROM attempts WHERE account = {account} AND kind = 'login'"))
        .execute()
        .await
        .map(drop)
}

/// Forgets some of what has expired; returns how many rows.
pub async fn tidy_secrets(
    db: &Db,
    now: DateTime<Utc>,
    attempts_before: DateTime<Utc>,
    keys_before: DateTime<Utc>,
) -> Result<u64> {
    let attempts = sql!(
        "DELETE FROM attempts WHERE id IN
             (SELECT id FROM attempts WHERE at < {attempts_before} LIMIT 1000)"
    );
    let tokens = sql!("DELETE FROM one_time_tokens WHERE expires_at < {now}");
    let keys = sql!("DELETE FROM signing_keys WHERE retired_at < {keys_before}");
    Ok(db.query(attempts).execute().await?
        + db.query(tokens).execute().await?
        + db.query(keys).execute().await?)
}

fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::VerifyEmail => "verify_email",
        Purpose::ResetPassword => "reset_password",
        // These are with the address they put back: `email_changes`.
        Purpose::UndoEmailChange => "undo_email_change",
    }
}
