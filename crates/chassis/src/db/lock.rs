//! Who has a PostgreSQL database open.
//!
//! Every connection of every process holds a shared advisory lock; a command that must be alone
//! holds it exclusively. So a shop cannot be running, nor start or come back in the middle, while
//! its tables are moved or dropped. The server releases the lock when the connection ends.
//!
//! Advisory locks belong to a session: a pooler between must keep sessions, not transactions.

use sqlx::PgConnection;

/// How a process uses a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Shared,
    Alone,
}

/// Waits for the lock until the statement or the connecting times out.
pub(super) async fn wait(conn: &mut PgConnection, mode: Use) -> sqlx::Result<()> {
    if mode == Use::Alone {
        // Without queueing: later requests for the shared lock would wait as well.
        return if attempt(conn, mode).await? { Ok(()) } else { Err(sqlx::Error::PoolTimedOut) };
    }
    // "cart" in ASCII, and the schema for those who have several in one database.
    const SHARED: &str = "SELECT pg_advisory_lock_shared(1667330676, \
                          hashtext(coalesce(current_schema(), '')))";
    sqlx::query(SHARED).execute(conn).await.map(drop)
}

/// Takes the lock if it is free.
pub(super) async fn attempt(conn: &mut PgConnection, mode: Use) -> sqlx::Result<bool> {
    let sql = match mode {
        Use::Shared => {
            "SELECT pg_try_advisory_lock_shared(1667330676, \
             hashtext(coalesce(current_schema(), '')))"
        }
        Use::Alone => {
            "SELECT pg_try_advisory_lock(1667330676, hashtext(coalesce(current_schema(), '')))"
        }
    };
    sqlx::query_scalar(sql).fetch_one(conn).await
}
