//! Bringing a database to the schema the code expects, and back.

use std::collections::BTreeSet;

use sqlx::PgConnection;
use sqlx::migrate::{Migrate, MigrateError, Migration, Migrator};

use super::lease::Server;
use super::records::Records;
use super::sqlite::PooledConnection;
use super::{Connection, Db, Engine, Result};

/// The chassis's own tables: outbox and inbox, in every service's database.
static CHASSIS: Migrator = sqlx::migrate!();

/// A service's name and its migrations.
#[derive(Clone, Copy, Debug)]
pub struct Migrations {
    pub service: &'static str,
    pub migrator: &'static Migrator,
}

/// Where one migration stands.
#[derive(Clone, Debug)]
pub struct MigrationStatus {
    /// Whose it is: `chassis` or the service.
    pub set: String,
    pub version: i64,
    pub description: String,
    pub state: MigrationState,
    /// Whether there is a way down.
    pub reversible: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MigrationState {
    Applied,
    Missing,
    /// Applied by a newer version of the program.
    Unknown,
}

impl Db {
    /// Applies what is missing: first the chassis's tables, then the service's.
    ///
    /// A file `name.sql` is for both kinds, `name.sqlite.sql` or `name.postgres.sql` for one;
    /// `name.down.sql`, `name.sqlite.down.sql` and `name.postgres.down.sql` are the ways back.
    /// On PostgreSQL an advisory lock lets one process migrate at a time.
    pub async fn migrate(&self, migrations: Migrations) -> Result<()> {
        let migrators = self.migrators(migrations);
        match &self.engine {
            Engine::Sqlite(file) => {
                let mut records = Records(file.write().await?);
                for (_, migrator) in &migrators {
                    migrator.run_direct(None, &mut records, false).await?;
                }
            }
            Engine::Postgres(Server { pool, .. }) => {
                let mut conn = pool.acquire().await?;
                sqlx::raw_sql("SET statement_timeout = 0").execute(&mut *conn).await?;
                for (_, migrator) in &migrators {
                    if let Err(error) = migrator.run_direct(None, &mut *conn, false).await {
                        // Not back to the pool: it has no statement timeout.
                        conn.close().await?;
                        return Err(error.into());
                    }
                }
                sqlx::raw_sql("RESET statement_timeout").execute(&mut *conn).await?;
            }
        }
        Ok(())
    }

    /// Takes back the migrations of a set (`chassis` or the service) that are newer than `to`,
    /// newest first, each in a transaction of its own. What their tables and columns hold is lost.
    ///
    /// For a database opened with [`Db::connect_alone`]. One without a way down is
    /// `MigrateError::VersionNotPresent`, before anything is done.
    pub async fn migrate_down(&self, migrations: Migrations, set: &str, to: i64) -> Result<()> {
        let status = self.migration_status(migrations).await?;
        let newer = |it: &&MigrationStatus| {
            it.set == set && it.version > to && it.state != MigrationState::Missing
        };
        if let Some(stuck) = status.iter().filter(newer).find(|it| !it.reversible) {
            return Err(MigrateError::VersionNotPresent(stuck.version).into());
        }
        for (_, migrator) in self.migrators(migrations).iter().filter(|(it, _)| *it == set) {
            match &self.engine {
                Engine::Sqlite(file) => {
                    undo(migrator, &mut Records(file.write().await?), to).await?
                }
                Engine::Postgres(server) => {
                    undo(migrator, &mut *server.pool.acquire().await?, to).await?;
                }
            }
        }
        Ok(())
    }

    /// Lists every migration with where it stands, the chassis's first, in the order of their
    /// versions. Changes nothing.
    pub async fn migration_status(&self, migrations: Migrations) -> Result<Vec<MigrationStatus>> {
        let mut connection = self.connection().await?;
        let mut status = Vec::new();
        for (set, migrator) in self.migrators(migrations) {
            let table = &migrator.table_name;
            let applied = match &mut connection {
                Connection::Sqlite(lent) => sqlite_applied(lent, table)?,
                Connection::Postgres(conn) => postgres_applied(conn, table).await?,
            };
            let known = |version| migrator.iter().any(|it| it.version == version);
            let reversible = |version| {
                let mut ways = migrator.iter().filter(|it| it.version == version);
                ways.any(|it| it.migration_type.is_down_migration())
            };
            let mut of_set: Vec<_> = migrator
                .iter()
                .filter(|it| it.migration_type.is_up_migration())
                .map(|it| MigrationStatus {
                    set: set.to_owned(),
                    version: it.version,
                    description: it.description.to_string(),
                    state: if applied.contains(&it.version) {
                        MigrationState::Applied
                    } else {
                        MigrationState::Missing
                    },
                    reversible: reversible(it.version),
                })
                .collect();
            of_set.extend(applied.iter().filter(|it| !known(**it)).map(|&version| {
                MigrationStatus {
                    set: set.to_owned(),
                    version,
                    description: "of a newer version".to_owned(),
                    state: MigrationState::Unknown,
                    reversible: false,
                }
            }));
            status.extend(of_set);
        }
        Ok(status)
    }

    /// The sets of a database, each with the table it is recorded in.
    fn migrators(&self, migrations: Migrations) -> [(&'static str, Migrator); 2] {
        let other = if self.is_sqlite() { ".postgres" } else { ".sqlite" };
        [("chassis", &CHASSIS), (migrations.service, migrations.migrator)].map(|(name, all)| {
            let mine: Vec<Migration> =
                all.iter().filter(|it| !it.description.ends_with(other)).cloned().collect();
            let mut migrator = Migrator::with_migrations(mine);
            migrator.dangerous_set_table_name(format!("_{name}_migrations"));
            (name, migrator)
        })
    }
}

/// Takes back what is newer than `to`, newest first, each in a transaction of its own.
async fn undo(migrator: &Migrator, records: &mut impl Migrate, to: i64) -> Result<()> {
    let table = &migrator.table_name;
    records.lock().await?;
    records.ensure_migrations_table(table).await?;
    if let Some(version) = records.dirty_version(table).await? {
        return Err(MigrateError::Dirty(version).into());
    }
    let applied = records.list_applied_migrations(table).await?;
    let newer = |it: &&Migration| {
        it.migration_type.is_down_migration()
            && it.version > to
            && applied.iter().any(|applied| applied.version == it.version)
    };
    for migration in migrator.iter().rev().filter(newer) {
        records.revert(table, migration).await?;
    }
    Ok(records.unlock().await?)
}

async fn postgres_applied(conn: &mut PgConnection, table: &str) -> Result<BTreeSet<i64>> {
    let found = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL").bind(table);
    let found = found.fetch_one(&mut *conn).await?;
    applied(conn, table, found).await
}

fn sqlite_applied(lent: &PooledConnection, table: &str) -> Result<BTreeSet<i64>> {
    if !lent.table_exists(None, table)? {
        return Ok(BTreeSet::new());
    }
    let mut versions = lent.prepare(&format!("SELECT version FROM {table}"))?;
    let versions = versions.query_map([], |row| row.get(0))?;
    Ok(versions.collect::<rusqlite::Result<_>>()?)
}

async fn applied<C: Migrate>(conn: &mut C, table: &str, found: bool) -> Result<BTreeSet<i64>> {
    if !found {
        return Ok(BTreeSet::new());
    }
    let applied = conn.list_applied_migrations(table).await?;
    Ok(applied.into_iter().map(|it| it.version).collect())
}
