//! What migrations an SQLite file has, in the table and with the checksums of sqlx, whose driver
//! wrote them before this one did.

use std::time::{Duration, Instant};

use futures::future::{BoxFuture, ready};
use rusqlite::{OptionalExtension, params};
use sqlx::migrate::{AppliedMigration, Migrate, MigrateError, Migration};

use super::sqlite::{PooledConnection, may_block};

/// The records of the file a connection writes to.
pub(super) struct Records(pub(super) PooledConnection);

type Done<'e, T> = BoxFuture<'e, Result<T, MigrateError>>;

impl Records {
    fn with<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut PooledConnection) -> rusqlite::Result<T>,
    ) -> Done<'_, T> {
        let done = may_block(|| work(&mut self.0)).map_err(|error| driver(error).into());
        Box::pin(ready(done))
    }

    /// Carries a migration out and records that, in one transaction.
    fn step(
        &mut self,
        migration: &Migration,
        record: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<()>,
    ) -> Done<'_, Duration> {
        let begun = Instant::now();
        let done = may_block(|| {
            let tx = self.0.unchecked_transaction().map_err(driver)?;
            tx.execute_batch(migration.sql.as_str()).map_err(|error| {
                MigrateError::ExecuteMigration(driver(error), migration.version)
            })?;
            record(&tx).and_then(|()| tx.commit()).map_err(driver)?;
            Ok(begun.elapsed())
        });
        Box::pin(ready(done))
    }
}

fn driver(error: rusqlite::Error) -> sqlx::Error {
    sqlx::Error::AnyDriverError(error.into())
}

impl Migrate for Records {
    fn create_schema_if_not_exists<'e>(&'e mut self, _: &'e str) -> Done<'e, ()> {
        // No migrator here asks for one.
        Box::pin(ready(Ok(())))
    }

    fn ensure_migrations_table<'e>(&'e mut self, table: &'e str) -> Done<'e, ()> {
        self.with(|conn| {
            conn.execute_batch(&format!(
                "CREATE TABLE IF NOT EXISTS {table} (
                     version BIGINT PRIMARY KEY,
                     description TEXT NOT NULL,
                     installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
                     success BOOLEAN NOT NULL,
                     checksum BLOB NOT NULL,
                     execution_time BIGINT NOT NULL
                 )"
            ))
        })
    }

    fn dirty_version<'e>(&'e mut self, table: &'e str) -> Done<'e, Option<i64>> {
        self.with(|conn| {
            let dirty =
                format!("SELECT version FROM {table} WHERE NOT success ORDER BY version LIMIT 1");
            conn.query_row(&dirty, [], |row| row.get(0)).optional()
        })
    }

    fn list_applied_migrations<'e>(
        &'e mut self,
        table: &'e str,
    ) -> Done<'e, Vec<AppliedMigration>> {
        self.with(|conn| {
            let all = format!("SELECT version, checksum FROM {table} ORDER BY version");
            let mut all = conn.prepare(&all)?;
            let applied = all.query_map([], |row| {
                let checksum: Vec<u8> = row.get(1)?;
                Ok(AppliedMigration { version: row.get(0)?, checksum: checksum.into() })
            })?;
            applied.collect()
        })
    }

    fn lock(&mut self) -> Done<'_, ()> {
        // The writer's connection is held.
        Box::pin(ready(Ok(())))
    }

    fn unlock(&mut self) -> Done<'_, ()> {
        Box::pin(ready(Ok(())))
    }

    fn apply<'e>(&'e mut self, table: &'e str, migration: &'e Migration) -> Done<'e, Duration> {
        self.step(migration, |tx| {
            let insert = format!(
                "INSERT INTO {table} (version, description, success, checksum, execution_time)
                 VALUES (?1, ?2, TRUE, ?3, -1)"
            );
            let (version, checksum) = (migration.version, &*migration.checksum);
            tx.execute(&insert, params![version, &*migration.description, checksum]).map(drop)
        })
    }

    fn revert<'e>(&'e mut self, table: &'e str, migration: &'e Migration) -> Done<'e, Duration> {
        self.step(migration, |tx| {
            let delete = format!("DELETE FROM {table} WHERE version = ?1");
            tx.execute(&delete, [migration.version]).map(drop)
        })
    }

    fn skip<'e>(&'e mut self, _: &'e str, _: &'e Migration) -> Done<'e, ()> {
        // Nobody here skips one.
        Box::pin(ready(Err(MigrateError::ForceNotSupported)))
    }
}
