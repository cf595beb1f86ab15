//! Bringing a database to the schema the code expects.

use std::collections::HashSet;

use sqlx::migrate::{Migrate, Migration, Migrator};

use super::{Db, Pools, Result};

/// The chassis's own tables: outbox and inbox, in every service's database.
static CHASSIS: Migrator = sqlx::migrate!();

/// A service's name and its migrations.
#[derive(Clone, Copy, Debug)]
pub struct Migrations {
    pub service: &'static str,
    pub migrator: &'static Migrator,
}

/// Whether one migration has been applied.
#[derive(Debug)]
pub struct MigrationStatus {
    pub set: String,
    pub version: i64,
    pub description: String,
    pub applied: bool,
}

impl Db {
    /// Applies what is missing: first the chassis's tables, then the service's.
    ///
    /// A file `name.sql` is for both kinds, `name.sqlite.sql` or `name.postgres.sql` for one.
    /// On PostgreSQL an advisory lock lets one process migrate at a time.
    pub async fn migrate(&self, migrations: Migrations) -> Result<()> {
        let migrators = self.migrators(migrations).map(|(table, migrator)| {
            let mut migrator = migrator;
            migrator.dangerous_set_table_name(table);
            migrator
        });
        match &self.pools {
            Pools::Sqlite { write, .. } => {
                for migrator in &migrators {
                    run(migrator, write.acquire().await?).await?;
                }
            }
            Pools::Postgres(pool) => {
                let mut conn = pool.acquire().await?;
                sqlx::raw_sql("SET statement_timeout = 0").execute(&mut *conn).await?;
                for migrator in &migrators {
                    if let Err(error) = run(migrator, &mut *conn).await {
                        // Not back to the pool: it has no statement timeout.
                        conn.close().await?;
                        return Err(error);
                    }
                }
                sqlx::raw_sql("RESET statement_timeout").execute(&mut *conn).await?;
            }
        }
        Ok(())
    }

    /// Lists every migration and whether it has been applied.
    pub async fn migration_status(&self, migrations: Migrations) -> Result<Vec<MigrationStatus>> {
        let mut status = Vec::new();
        for (table, migrator) in self.migrators(migrations) {
            let applied = match &self.pools {
                Pools::Sqlite { write, .. } => applied(&table, write.acquire().await?).await?,
                Pools::Postgres(pool) => applied(&table, pool.acquire().await?).await?,
            };
            status.extend(migrator.iter().map(|it| MigrationStatus {
                set: table.trim_matches('_').trim_end_matches("_migrations").to_owned(),
                version: it.version,
                description: it.description.to_string(),
                applied: applied.contains(&it.version),
            }));
        }
        Ok(status)
    }

    fn migrators(&self, migrations: Migrations) -> [(String, Migrator); 2] {
        let other = if self.is_sqlite() { ".postgres" } else { ".sqlite" };
        [("chassis", &CHASSIS), (migrations.service, migrations.migrator)].map(|(name, all)| {
            let mine: Vec<Migration> =
                all.iter().filter(|it| !it.description.ends_with(other)).cloned().collect();
            (format!("_{name}_migrations"), Migrator::with_migrations(mine))
        })
    }
}

async fn run<C>(migrator: &Migrator, mut conn: C) -> Result<()>
where
    C: std::ops::DerefMut,
    C::Target: Migrate + Sized,
{
    Ok(migrator.run_direct(None, &mut *conn, false).await?)
}

async fn applied<C>(table: &str, mut conn: C) -> Result<HashSet<i64>>
where
    C: std::ops::DerefMut,
    C::Target: Migrate + Sized,
{
    conn.ensure_migrations_table(table).await?;
    let applied = conn.list_applied_migrations(table).await?;
    Ok(applied.into_iter().map(|it| it.version).collect())
}
