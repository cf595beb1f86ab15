//! Moving one database, in one transaction of the target: a kill leaves all of it or nothing.

use anyhow::{Context, Result, anyhow, bail};
use chassis::db::{Connection, Db, Migrations, PooledConnection};
use futures::{Stream, StreamExt, TryStreamExt};
use rusqlite::{Transaction, TransactionBehavior::Immediate};
use sha2::{Digest as _, Sha256};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::cell::Cell;
use super::layout::{self, RECORD, Table, quoted};

/// Bytes that go to PostgreSQL at once.
const BATCH: usize = 256 * 1024;

/// A database about to be moved.
#[derive(Debug)]
pub struct Move {
    pub name: &'static str,
    /// Rows in the files.
    pub rows: u64,
    tables: Vec<Table>,
    /// Whether an earlier transfer has filled the target, and nobody has used it since.
    recorded: Option<Vec<Sum>>,
}

/// What became of a database.
#[derive(Debug)]
pub struct Moved {
    pub tables: usize,
    pub rows: u64,
    /// Whether all of it was there already.
    pub before: bool,
}

/// What a table holds: the same for the same rows in both databases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sum {
    rows: u64,
    sha256: Vec<u8>,
}

impl Move {
    /// Looks at both sides and brings the target to the newest schema, which the source has.
    /// Fails where their tables differ, and, before anything is changed, where the target holds
    /// anything that no transfer brought.
    pub async fn prepare(
        name: &'static str,
        from: &Db,
        to: &Db,
        migrations: Migrations,
    ) -> Result<Self> {
        let recorded = {
            let mut target = to.connection().await?;
            unused(postgres(&mut target)?, migrations).await?
        };
        to.migrate(migrations).await.context("cannot migrate PostgreSQL to the latest schema")?;
        let (source, mut target) = (from.connection().await?, to.connection().await?);
        let (source, target) = (sqlite(&source)?, postgres(&mut target)?);
        let tables = Table::all(target, migrations.service).await?;
        layout::compare(&tables, source, migrations.service)?;
        let mut rows = 0;
        for table in &tables {
            let count = format!("SELECT count(*) FROM {}", quoted(&table.name));
            let count: i64 = source.query_row(&count, [], |row| row.get(0))?;
            rows += count.unsigned_abs();
        }
        Ok(Self { name, rows, tables, recorded })
    }

    /// Copies, compares and commits.
    pub async fn run(&self, from: &Db, to: &Db, progress: impl Fn(u64, &str)) -> Result<Moved> {
        let (source, mut target) = (from.connection().await?, to.connection().await?);
        let (source, target) = (sqlite(&source)?, postgres(&mut target)?);
        // A write transaction, so that no command changes the files meanwhile.
        let _undisturbed = Transaction::new_unchecked(source, Immediate)?;
        let mut sums = Vec::new();
        if let Some(recorded) = &self.recorded {
            for table in &self.tables {
                sums.push(sum_of_files(source, table)?);
            }
            if sums == *recorded {
                progress(self.rows, "");
                return Ok(self.moved(&sums, true));
            }
            sums.clear();
        }
        let mut tx = target.begin().await?;
        self.clear(&mut tx).await?;
        let keys = layout::foreign_keys(&mut tx).await?;
        for (table, key) in &keys {
            alter(&mut tx, table, key, "DEFERRABLE INITIALLY DEFERRED").await?;
        }
        for table in &self.tables {
            let copied = copy(source, &mut tx, table, |rows| progress(rows, &table.name));
            let copied = copied.await.with_context(|| format!("cannot copy {}", table.name))?;
            let arrived = sum(postgres_rows(&mut tx, table)).await?;
            if arrived != copied {
                bail!(
                    "{} differs after copying: {} rows in SQLite, {} in PostgreSQL{}",
                    table.name,
                    copied.rows,
                    arrived.rows,
                    if copied.rows == arrived.rows { ", and their checksums differ" } else { "" }
                );
            }
            number_on(source, &mut tx, table).await?;
            sums.push(copied);
        }
        // Foreign keys are checked here, all at once.
        sqlx::raw_sql("SET CONSTRAINTS ALL IMMEDIATE").execute(&mut *tx).await?;
        for (table, key) in &keys {
            alter(&mut tx, table, key, "NOT DEFERRABLE").await?;
        }
        self.record(&mut tx, &sums).await?;
        tx.commit().await?;
        // PostgreSQL would plan by what the tables were before, until its autovacuum comes by.
        sqlx::raw_sql("ANALYZE")
            .execute(&mut *target)
            .await
            .context("cannot analyse the tables")?;
        Ok(self.moved(&sums, false))
    }

    fn moved(&self, sums: &[Sum], before: bool) -> Moved {
        Moved { tables: sums.len(), rows: sums.iter().map(|it| it.rows).sum(), before }
    }

    /// Empties the tables. TRUNCATE, because some refuse that rows are deleted.
    async fn clear(&self, tx: &mut PgConnection) -> Result<()> {
        let all: Vec<String> = self.tables.iter().map(|it| quoted(&it.name)).collect();
        let truncate = format!("TRUNCATE {}", all.join(", "));
        sqlx::raw_sql(AssertSqlSafe(truncate)).execute(tx).await?;
        Ok(())
    }

    /// Writes down what was brought, for another run to know it again.
    async fn record(&self, tx: &mut PgConnection, sums: &[Sum]) -> Result<()> {
        let create = format!(
            "CREATE TABLE IF NOT EXISTS {RECORD} (name TEXT NOT NULL PRIMARY KEY,
                 rows BIGINT NOT NULL, sha256 BYTEA NOT NULL);
             TRUNCATE {RECORD}"
        );
        sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut *tx).await?;
        for (table, sum) in self.tables.iter().zip(sums) {
            let insert = format!("INSERT INTO {RECORD} (name, rows, sha256) VALUES ($1, $2, $3)");
            sqlx::query(AssertSqlSafe(insert))
                .bind(&table.name)
                .bind(i64::try_from(sum.rows)?)
                .bind(&sum.sha256)
                .execute(&mut *tx)
                .await?;
        }
        Ok(())
    }
}

/// Fails where the target has been used; else returns what an earlier transfer left there.
async fn unused(target: &mut PgConnection, migrations: Migrations) -> Result<Option<Vec<Sum>>> {
    let tables = Table::all(target, migrations.service).await?;
    let recorded = recorded(target, &tables).await?;
    let expected = match &recorded {
        Some(sums) => sums.clone(),
        None => fresh(&tables, migrations).await?,
    };
    for (table, expected) in tables.iter().zip(&expected) {
        let found = sum(postgres_rows(target, table)).await?;
        let (name, rows) = (&table.name, found.rows);
        match &recorded {
            _ if found == *expected => {}
            Some(_) => bail!(
                "{name} has changed since it was moved to PostgreSQL ({rows} rows now, {} then): \
                 a shop has been using it",
                expected.rows
            ),
            None => bail!("{name} has {rows} rows in PostgreSQL that are not from a transfer"),
        }
    }
    Ok(recorded)
}

/// What an earlier transfer wrote down, in the order of the tables.
async fn recorded(target: &mut PgConnection, tables: &[Table]) -> Result<Option<Vec<Sum>>> {
    let found = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL").bind(RECORD);
    if !found.fetch_one(&mut *target).await? {
        return Ok(None);
    }
    let select = format!("SELECT name, rows, sha256 FROM {RECORD}");
    let rows: Vec<(String, i64, Vec<u8>)> =
        sqlx::query_as(AssertSqlSafe(select)).fetch_all(target).await?;
    let of = |table: &Table| {
        let found = rows.iter().find(|(name, ..)| *name == table.name);
        // A table that came with a later version was not moved.
        found.map_or_else(Sum::none, |(_, rows, sha256)| Sum {
            rows: rows.unsigned_abs(),
            sha256: sha256.clone(),
        })
    };
    Ok(Some(tables.iter().map(of).collect()))
}

/// What the tables hold right after the migrations, which may have put rows in.
async fn fresh(tables: &[Table], migrations: Migrations) -> Result<Vec<Sum>> {
    let db = Db::connect_alone("sqlite::memory:").await?;
    db.migrate(migrations).await?;
    let connection = db.connection().await?;
    let connection = sqlite(&connection)?;
    let mut sums = Vec::new();
    for table in tables {
        // One that no migration made must be empty.
        sums.push(if connection.table_exists(None, table.name.as_str())? {
            sum_of_files(connection, table)?
        } else {
            Sum::none()
        });
    }
    Ok(sums)
}

/// Sends a table's rows to PostgreSQL; returns what was sent.
async fn copy(
    source: &PooledConnection,
    target: &mut PgConnection,
    table: &Table,
    progress: impl Fn(u64),
) -> Result<Sum> {
    let into = format!("COPY {} ({}) FROM STDIN", quoted(&table.name), table.columns());
    let mut copy = target.copy_in_raw(&into).await?;
    let mut statement = source.prepare(&table.select_from_sqlite())?;
    let mut rows = statement.query([])?;
    let (mut sum, mut batch, mut counted) = (Summing::default(), Vec::with_capacity(BATCH), 0);
    while let Some(row) = rows.next()? {
        let row = cells(row, table)?;
        sum.add(&row)?;
        for (at, cell) in row.iter().enumerate() {
            if at > 0 {
                batch.push(b'\t');
            }
            cell.copy(&mut batch);
        }
        batch.push(b'\n');
        counted += 1;
        if batch.len() >= BATCH {
            copy.send(batch.as_slice()).await?;
            batch.clear();
            progress(std::mem::take(&mut counted));
        }
    }
    copy.send(batch.as_slice()).await?;
    copy.finish().await?;
    progress(counted);
    Ok(sum.done())
}

/// Lets PostgreSQL number on where SQLite stopped.
async fn number_on(
    source: &PooledConnection,
    target: &mut PgConnection,
    table: &Table,
) -> Result<()> {
    for column in table.columns.iter().filter(|it| it.numbered) {
        let last = layout::last_number(source, table, &column.name)?;
        if last > 0 {
            sqlx::query("SELECT setval(pg_get_serial_sequence(quote_ident($1), $2), $3)")
                .bind(&table.name)
                .bind(&column.name)
                .bind(last)
                .execute(&mut *target)
                .await?;
        }
    }
    Ok(())
}

async fn alter(conn: &mut PgConnection, table: &str, key: &str, how: &str) -> Result<()> {
    let alter = format!("ALTER TABLE {} ALTER CONSTRAINT {} {how}", quoted(table), quoted(key));
    sqlx::raw_sql(AssertSqlSafe(alter)).execute(conn).await?;
    Ok(())
}

/// A row of the files as it is to arrive: nobody works on it.
fn cells(row: &rusqlite::Row<'_>, table: &Table) -> Result<Vec<Cell>> {
    let cells = table.columns.iter().enumerate().map(|(at, column)| {
        let cell = Cell::of_sqlite(row.get_ref(at)?, column.kind)
            .with_context(|| format!("{}.{}", table.name, column.name))?;
        Ok(match (column.is_lease(), cell) {
            (true, Cell::Time(_)) if column.nullable => Cell::Null,
            (true, Cell::Time(_)) => Cell::Time(chrono::DateTime::UNIX_EPOCH),
            (_, cell) => cell,
        })
    });
    cells.collect()
}

fn sum_of_files(files: &PooledConnection, table: &Table) -> Result<Sum> {
    let mut statement = files.prepare(&table.select_from_sqlite())?;
    let (mut rows, mut sum) = (statement.query([])?, Summing::default());
    while let Some(row) = rows.next()? {
        sum.add(&cells(row, table)?)?;
    }
    Ok(sum.done())
}

fn postgres_rows<'a>(
    conn: &'a mut PgConnection,
    table: &'a Table,
) -> impl Stream<Item = Result<Vec<Cell>>> + 'a {
    let rows = sqlx::query(AssertSqlSafe(table.select_from_postgres())).fetch(conn);
    rows.map(|row| {
        let row = row?;
        let cells = table.columns.iter().enumerate();
        cells.map(|(at, column)| Cell::of_postgres(&row, at, column.kind)).collect()
    })
}

async fn sum(rows: impl Stream<Item = Result<Vec<Cell>>>) -> Result<Sum> {
    let mut rows = std::pin::pin!(rows);
    let mut sum = Summing::default();
    while let Some(row) = rows.try_next().await? {
        sum.add(&row)?;
    }
    Ok(sum.done())
}

#[derive(Default)]
struct Summing {
    rows: u64,
    sha256: Sha256,
}

impl Summing {
    fn add(&mut self, row: &[Cell]) -> Result<()> {
        self.rows += 1;
        row.iter().try_for_each(|cell| cell.digest(&mut self.sha256))
    }

    fn done(self) -> Sum {
        Sum { rows: self.rows, sha256: self.sha256.finalize().to_vec() }
    }
}

impl Sum {
    fn none() -> Self {
        Summing::default().done()
    }
}

fn sqlite(connection: &Connection) -> Result<&PooledConnection> {
    match connection {
        Connection::Sqlite(lent) => Ok(lent),
        Connection::Postgres(_) => Err(anyhow!("files are moved, not a PostgreSQL database")),
    }
}

fn postgres(connection: &mut Connection) -> Result<&mut PgConnection> {
    match connection {
        Connection::Postgres(conn) => Ok(conn),
        Connection::Sqlite(_) => Err(anyhow!("files are moved to PostgreSQL")),
    }
}
